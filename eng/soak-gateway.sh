#!/usr/bin/env bash
# Soaks a gateway executable: thousands of streams with clients that leave, reset, read slowly or send half a request, and an upstream that cuts,
# resets, floods, falls silent or never ends a line. It must not grow, hang, leak a descriptor or keep anything in flight for nobody.
# Progress goes to stderr; stdout gets one line of JSON; exit 1 where something of that is broken.
set -euo pipefail
root=$(realpath "$(dirname "$0")/..")

usage() { cat >&2 <<'TEXT'
eng/soak-gateway.sh [options]
  --gateway PATH           executable; default: eng/publish-gateway.sh, else the newest under artifacts/
  --config PATH            its settings; default eng/bench/soak.appsettings.json (short timeouts)
  --relay MODE             portable or linux (default linux)
  --minutes N              how long (10)              --streams N           clients at once (2000)
  --max-slope-kb-min N     growth of the memory that is still none, over the second half (1024)
  --max-rss-mb N           memory at most (512)       --seed N              of the dice (7)
  --short                  20 s of load, 300 streams: for CI; the slope is told and not judged
TEXT
  exit 2; }

gateway=; config=$root/eng/bench/soak.appsettings.json; relay=linux; minutes=10; streams=2000; max_slope_kb_min=1024; max_rss_mb=512; seed=7; short=
while [ $# -gt 0 ]; do
  case $1 in
    --gateway|--config|--relay|--minutes|--streams|--max-slope-kb-min|--max-rss-mb|--seed)
      [ $# -ge 2 ] || usage
      name=${1#--}; printf -v "${name//-/_}" '%s' "$2"; shift 2 ;;
    --short) short=1 minutes=; streams=300; shift ;;
    *) usage ;;
  esac
done
seconds=$(awk -v m="${minutes:-0}" 'BEGIN { printf "%d", m * 60 }'); [ -z "$short" ] || [ -n "$minutes" ] || seconds=20

. "$root/eng/bench/lib.sh"
[ -f "$config" ] || fail "$config does not exist."
config=$(realpath "$config"); proxy_core=
need curl curl
ulimit -n "$(ulimit -Hn)"
[ "$(ulimit -n)" = unlimited ] || [ "$(ulimit -n)" -ge $((streams * 3)) ] || fail "$streams streams need $((streams * 3)) descriptors, a process may have $(ulimit -n)."
find_gateway
build_tool chaos

upstream_port=$(free_port)
"$work/chaos" upstream "$upstream_port" tokens=40 interval_us=100000 cut=3 reset=2 no_newline=1 heartbeat=1 half_open=1 no_done=2 fail=2 flood=1 "seed=$seed" 2>"$work/upstream.log" &
upstream_pid=$!; started+=("$upstream_pid")
await_port "$upstream_port" "$upstream_pid" "$work/upstream.log"
port=$(free_port)
start_gateway gateway "$port" "$upstream_port" "Comox__Gateway__Relay__Mode=$relay"
gateway_pid=$started_pid

# A first answer, so that what is loaded once is not taken for growth.
curl -sS -m 20 -o /dev/null "http://127.0.0.1:$port/v1/models" -H "Authorization: Bearer $key" || fail "The gateway does not answer."

say "$streams streams for $seconds s"
run "$work/answer" "$work/chaos" load 127.0.0.1 "$port" "streams=$streams" "seconds=$seconds" drain_s=20 leave=20 abort=10 slow=5 half_open=2 \
  "pid=$gateway_pid" "key=$key" sample_s="$((seconds / 20 + 1))" "seed=$seed"
answer=$(cat "$work/answer")
note "$answer"
get() { printf '%s\n' "$answer" | field "$1"; }

broken=()
above() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a > b) }'; }
kill -0 "$gateway_pid" 2>/dev/null || broken+=("the gateway has ended")
[ "$(get whole)" ] || broken+=("no stream came to its end")
[ "$(get hung)" = 0 ] || broken+=("$(get hung) streams hang")
above "$(get rss_max_kb)" $((max_rss_mb * 1024)) && broken+=("$(get rss_max_kb) KB of memory")
[ -n "$short" ] || ! above "$(get rss_slope_kb_min)" "$max_slope_kb_min" || broken+=("the memory grows by $(get rss_slope_kb_min) KB a minute")

# What is left a moment after the last client: nothing. Both ends are asked, the gateway's word alone would not do.
hex=$(printf '%04X' "$port")
clients() { awk -v port=":$hex" '$4 ~ /^0[18]$/ && index($2, port) { n++ } END { print n + 0 }' /proc/net/tcp; }
busy() { curl -s -m 5 "http://127.0.0.1:$upstream_port/busy" | field busy; }
ledger() { curl -s -m 5 "http://127.0.0.1:$port/gateway/status" -H "Authorization: Bearer $admin_key" | sed -n 's/.*"ledger"\(.*\)/\1/p' |
  grep -oiE '"[a-z_]*(in_?flight|outstanding|pending|queued|waiting|open|active|running|reserved)[a-z_]*": *-?[0-9.]+' || true; }
for _ in $(seq 20); do
  open=$(clients); at_work=$(busy); counters=$(ledger); held=$(printf '%s\n' "$counters" | grep -vE ': *-?0(\.0+)?$' | grep . || true)
  [ "$open" = 0 ] && [ "$at_work" = 0 ] && [ -z "$held" ] && break
  sleep 0.5
done
[ "$open" = 0 ] || broken+=("$open connections of clients that have left")
[ "$at_work" = 0 ] || broken+=("$at_work answers of the upstream for nobody")
[ -n "$counters" ] || broken+=("GET /gateway/status tells no in-flight counters of its ledger")
[ -z "$held" ] || broken+=("in flight at the end: $(printf '%s' "$held" | tr -d '"' | tr '\n' ' ')")

list=$(printf '%s\n' "${broken[@]}" | awk 'NF { printf "%s\"%s\"", (n++ ? "," : ""), $0 }')
printf '%s,"relay":"%s","streams":%d,"client_sockets_end":%d,"upstream_busy_end":%d,"ledger_counters":%d,"broken":[%s]}\n' \
  "${answer%\}}" "$relay" "$streams" "$open" "${at_work:-0}" "$(printf '%s\n' "$counters" | grep -c . || true)" "$list"
[ "${#broken[@]}" = 0 ] || { printf '   broken: %s\n' "${broken[@]}" >&2; exit 1; }
