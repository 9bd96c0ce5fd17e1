#!/usr/bin/env bash
# Measures a gateway executable against nginx (and HAProxy, where installed) on the same work in one run: the data-plane table of the
# performance bars. A mock upstream and the load client share one core, the proxies have the other; runs are interleaved (A B A B) and
# what is reported is medians, and medians of the ratios of each round. Progress goes to stderr; stdout gets one line of JSON, which ends with
# the bars that were missed. All of it takes a quarter of an hour; on a machine that does anything else meanwhile, only the ratios say something.
set -euo pipefail
root=$(realpath "$(dirname "$0")/..")

usage() { cat >&2 <<'TEXT'
eng/bench-gateway.sh [options]
  --gateway PATH          executable to measure; default: eng/publish-gateway.sh, else the newest under artifacts/
  --config PATH           its settings; default eng/bench/gateway.appsettings.json (the first backend's address and the keys are overridden)
  --relay MODE            portable, linux or both (default linux)
  --only LIST             measures to run, of start,cpu,lag,ttft,body,whole,memory,huge (default all)
  --rounds N              interleaved rounds per measure (default 3)
  --streams N             streams of the CPU measure (300)          --tokens N        events per stream of cpu and lag (300)
  --interval-us N         time between two events of cpu and lag (20000)
  --lag-streams N         streams of the lag measure (1000)         --ttft-streams N  streams of the low load (20)
  --memory-streams A,B    streams of the RSS slope (1000,8000)      --huge-streams N  streams at once in one process (9000)
  --load-core N           core of upstream and client (0)           --proxy-core N    core of the proxies (1)
  --quick                 one round and small numbers: proves that everything works, measures nothing
TEXT
  exit 2; }

gateway=; config=$root/eng/bench/gateway.appsettings.json; relay=linux; only=start,cpu,lag,ttft,body,whole,memory,huge; rounds=3
streams=300; tokens=300; interval_us=20000; lag_streams=1000; ttft_streams=20; ttft_total=1000; memory_streams=1000,8000; huge_streams=9000
hold_tokens=30; whole_total=5000; body_total=500; load_core=0; proxy_core=1
while [ $# -gt 0 ]; do
  case $1 in
    --gateway|--config|--relay|--only|--rounds|--streams|--tokens|--interval-us|--lag-streams|--ttft-streams|--memory-streams|--huge-streams|--load-core|--proxy-core)
      [ $# -ge 2 ] || usage
      name=${1#--}; printf -v "${name//-/_}" '%s' "$2"; shift 2 ;;
    --quick) rounds=1 tokens=100 streams=50 lag_streams=100 ttft_total=100 memory_streams=100,400 huge_streams=500 hold_tokens=5 whole_total=500 body_total=100; shift ;;
    *) usage ;;
  esac
done
case $relay in linux|portable) variants=("$relay") ;; both) variants=(linux portable) ;; *) usage ;; esac

. "$root/eng/bench/lib.sh"
[ -f "$config" ] || fail "$config does not exist."
config=$(realpath "$config")
need taskset util-linux
need nginx nginx
[ "$(nproc)" -ge 2 ] || fail "Two cores are needed: one for the load, one for the proxy."
ulimit -n "$(ulimit -Hn)"
[ "$(ulimit -n)" = unlimited ] || [ "$(ulimit -n)" -ge $((huge_streams * 2 + 500)) ] ||
  fail "$huge_streams streams need $((huge_streams * 2 + 500)) descriptors, a process may have $(ulimit -n): lower --huge-streams or raise ulimit -n."
find_gateway
build_tool ssebench
figures=$work/figures; : >"$figures"

wants() { case ",$only," in *",$1,"*) true ;; *) false ;; esac; }
record() { printf '%s %s %s %s\n' "$@" >>"$figures"; } # measure metric subject value

. "$root/eng/bench/proxies.sh"

upstream_port=$(free_port); upstream_pid=
upstream() {
  [ -z "$upstream_pid" ] || end "$upstream_pid"
  taskset -c "$load_core" "$work/ssebench" upstream "$upstream_port" "$@" >"$work/upstream.log" 2>&1 &
  upstream_pid=$!; started+=("$upstream_pid")
  await_port "$upstream_port" "$upstream_pid" "$work/upstream.log"
}

# load SUBJECT [k=v]...: one run of the client; leaves its line of JSON in $answer.
load() {
  local subject=$1; shift
  local pid=(); [ "$subject" = direct ] || pid=("pid=${pid_of[$subject]}")
  run "$work/answer" taskset -c "$load_core" "$work/ssebench" load 127.0.0.1 "${port_of[$subject]}" key="$key" header=X-Comox-Route-Trace:1 "${pid[@]}" "$@"
  answer=$(cat "$work/answer")
  note "$subject: $answer"
}
get() { printf '%s\n' "$answer" | field "$1"; }
per() { awk -v a="$1" -v b="$2" 'BEGIN { if (b > 0) printf "%.3f", a * 1e6 / b; else exit 1 }'; }
answers_none() { tail -n 20 "$work/$1.log" >&2 || true; fail "$1 answers no request: $answer"; }
# Nothing that failed may pass as fast.
faults() { record "$1" faults "$2" "$(($(get failed) + $(get hung) + $(get connect_failed)))"; }

# Compiles what a runtime compiles late and opens the pools, so that no subject pays for it inside a figure.
warm() { for subject in "${subjects[@]}"; do load "$subject" streams=50 total=500 ramp_s=0 timeout_s=20; [ "$(get ok)" -gt 0 ] || answers_none "$subject"; done; }

measure_cpu() { # NAME STREAMS: also what the lag is
  say "$1: $2 streams, an event each $interval_us us"
  upstream tokens=20 interval_us=10000; start_subjects; warm
  upstream "tokens=$tokens" "interval_us=$interval_us"
  for round in $(seq "$rounds"); do
    for subject in direct "${subjects[@]}"; do
      load "$subject" "streams=$2" "total=$2" ramp_s=1 timeout_s=120
      faults "$1" "$subject"
      [ "$subject" = direct ] || record "$1" cpu_us_per_event "$subject" "$(per "$(get pid_cpu_s)" "$(get tokens)")"
      record "$1" lag_us_p50 "$subject" "$(get token_us_p50)"; record "$1" lag_us_p99 "$subject" "$(get token_us_p99)"
    done
  done
  stop_subjects
}

measure_ttft() {
  say "ttft: $ttft_streams streams of 0.2 s, each on a connection of its own"
  upstream tokens=20 interval_us=10000; start_subjects; warm
  for round in $(seq "$rounds"); do
    for subject in direct "${subjects[@]}"; do
      load "$subject" "streams=$ttft_streams" "total=$ttft_total" ramp_s=0.2 timeout_s=120
      faults ttft "$subject"
      record ttft us_p50 "$subject" "$(get ttft_us_p50)"; record ttft us_p99 "$subject" "$(get ttft_us_p99)"
    done
  done
  stop_subjects
}

measure_body() {
  say "body: 100 requests a second of 256 KiB beside 100 small ones"
  upstream tokens=20 interval_us=10000; start_subjects; warm
  local big
  for round in $(seq "$rounds"); do
    for subject in "${subjects[@]}"; do
      load "$subject" streams=20 "total=$body_total" ramp_s=0.2 timeout_s=60
      faults body "$subject"; record body small_alone_us_p99 "$subject" "$(get ttft_us_p99)"
      taskset -c "$load_core" "$work/ssebench" load 127.0.0.1 "${port_of[$subject]}" key="$key" streams=20 "total=$((body_total * 3 / 2))" ramp_s=0.2 prompt_bytes=262144 timeout_s=60 >"$work/big" &
      big=$!; started+=("$big")
      load "$subject" streams=20 "total=$body_total" ramp_s=0.2 timeout_s=60
      faults body "$subject"; record body small_beside_us_p99 "$subject" "$(get ttft_us_p99)"
      wait "$big"; forget "$big"; answer=$(cat "$work/big"); note "$subject, the large ones: $answer"
      faults body "$subject"; record body large_per_s "$subject" "$(get rps)"; record body large_us_p99 "$subject" "$(get ttft_us_p99)"
    done
  done
  stop_subjects
}

measure_whole() {
  say "whole: answers in one piece, 32 at a time"
  upstream tokens=4 interval_us=0; start_subjects; warm
  for round in $(seq "$rounds"); do
    for subject in direct "${subjects[@]}"; do
      load "$subject" stream=0 streams=32 "total=$whole_total" ramp_s=0 timeout_s=60
      faults whole "$subject"; record whole per_s "$subject" "$(get rps)"; record whole us_p99 "$subject" "$(get ttft_us_p99)"
      [ "$subject" = direct ] || record whole cpu_us_per_request "$subject" "$(per "$(get pid_cpu_s)" "$(get ok)")"
    done
  done
  stop_subjects
}

measure_memory() {
  local few=${memory_streams%,*} many=${memory_streams#*,} first
  say "memory: RSS from $few to $many streams, an event a second each"
  upstream "tokens=$hold_tokens" interval_us=1000000
  for subject in "${all[@]}"; do
    start_subject "$subject"
    load "$subject" "streams=$few" "total=$few" "ramp_s=$((few / 1000 + 1))" timeout_s=120
    faults memory "$subject"; first=$(get pid_rss_max_kb)
    load "$subject" "streams=$many" "total=$many" "ramp_s=$((many / 1000 + 1))" timeout_s=180
    faults memory "$subject"; record memory peak_streams "$subject" "$(get peak_streams)"
    record memory kb_per_stream "$subject" "$(awk -v a="$first" -v b="$(get pid_rss_max_kb)" -v n=$((many - few)) 'BEGIN { printf "%.2f", (b - a) / n }')"
    stop_subjects
  done
}

measure_huge() {
  say "huge: $huge_streams streams at once"
  upstream "tokens=$hold_tokens" interval_us=1000000
  for subject in "${all[@]}"; do
    start_subject "$subject"
    load "$subject" "streams=$huge_streams" "total=$huge_streams" "ramp_s=$((huge_streams / 1000 + 1))" timeout_s=180
    faults huge "$subject"
    for metric in peak_streams failed cut_short hung connect_failed; do record huge "$metric" "$subject" "$(get "$metric")"; done
    record huge rss_mb "$subject" "$(awk -v kb="$(get pid_rss_max_kb)" 'BEGIN { printf "%.1f", kb / 1024 }')"
    stop_subjects
  done
}

measure_start() {
  say "start: size, start to the first answer, idle RSS"
  upstream tokens=1 interval_us=0
  local from
  for round in $(seq "$rounds"); do
    for subject in "${variants[@]}"; do
      record start size_mb "$subject" "$(awk -v b="$(stat -Lc %s "$gateway")" 'BEGIN { printf "%.1f", b / 1e6 }')"
      from=$(date +%s%N)
      start_subject "$subject"
      load "$subject" streams=1 total=1 ramp_s=0 timeout_s=20
      [ "$(get ok)" = 1 ] || answers_none "$subject"
      record start first_answer_ms "$subject" $((($(date +%s%N) - from) / 1000000))
      sleep 1
      record start idle_rss_mb "$subject" "$(awk '/^VmRSS/ { printf "%.1f", $2 / 1024 }' "/proc/${pid_of[$subject]}/status")"
      stop_subjects
    done
  done
}

subjects=("${variants[@]}" "${others[@]}"); all=("${subjects[@]}")
for measure in ${only//,/ }; do
  case $measure in
    cpu) measure_cpu cpu "$streams" ;;
    lag) measure_cpu lag "$lag_streams" ;;
    start|ttft|body|whole|memory|huge) "measure_$measure" ;;
    *) fail "There is no measure '$measure'." ;;
  esac
done

awk -v rounds="$rounds" -v processor="$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1 | tr -d '"\\')" -v cores="$(nproc)" \
  -v settings="$streams $lag_streams $ttft_streams $memory_streams $huge_streams" -f "$root/eng/bench/figures.awk" "$figures"
