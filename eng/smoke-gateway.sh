#!/usr/bin/env bash
# Starts the gateway's native executable (eng/publish-gateway.sh) by itself and asks it what a client would: eng/smoke-gateway.sh [folder or executable]
# Prints size, time from start to first answer, and memory when idle. Exits with 1 when an answer is wrong or a figure is over its limit.
set -euo pipefail
cd "$(dirname "$0")/.."

gateway=${1:-artifacts/gateway}
[ ! -d "$gateway" ] || gateway=$gateway/Comox.Gateway
max_bytes=$((40 * 1024 * 1024)); max_start_ms=250; max_rss_kb=$((60 * 1024))
# A machine busy with other work starts everything late: COMOX_SMOKE_START_MS says what is late there.
max_start_ms=${COMOX_SMOKE_START_MS:-$max_start_ms}

fail() { printf '\n%s\n' "$*" >&2; exit 1; }
[ -x "$gateway" ] || fail "There is no $gateway. Run eng/publish-gateway.sh first."
command -v curl >/dev/null || fail "curl is needed."

work=$(mktemp -d)
cleanup() {
  set +e
  [ -z "${pid:-}" ] || kill "$pid" 2>/dev/null
  [ -z "${pid:-}" ] || wait "$pid" 2>/dev/null
  rm -rf "$work"
}
trap cleanup EXIT

free_port() { python3 - <<'PY' 2>/dev/null || echo $((20000 + RANDOM % 20000))
import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])
PY
}

now_us() { local now=$EPOCHREALTIME; echo "${now/[.,]/}"; }

key=smoke-admin-key; faults=0
# No engine and no memory: addresses where nobody listens, so that nothing outside is asked.
start() {
  address=http://127.0.0.1:$(free_port)
  COMOX_HOME="$work/home" Comox__ServiceKey=smoke-service-key-0123456789 Comox__Gateway__AdminKey=$key Comox__Gateway__MaxRequestBytes=65536 \
    services__memory__http__0=http://127.0.0.1:1 Comox__Gateway__Nodes__0=http://127.0.0.1:1 \
    "$gateway" --urls "$address" >"$work/log" 2>&1 &
  pid=$!
}
stop() { kill "$pid"; wait "$pid" || true; pid=; }

# A connection that is refused costs a fork of curl; bash's own socket is asked until it opens, and only then curl.
first_answer_ms() {
  local begun; begun=$(now_us)
  start
  local port=${address##*:}
  until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
    kill -0 "$pid" 2>/dev/null || { cat "$work/log"; fail "The gateway ended by itself."; }
    [ $(($(now_us) - begun)) -lt 30000000 ] || { cat "$work/log"; fail "The gateway does not listen after 30 s."; }
  done
  exec 3<>"/dev/tcp/127.0.0.1/$port"
  printf 'GET /alive HTTP/1.0\r\nHost: localhost\r\n\r\n' >&3
  local line; IFS= read -r line <&3
  exec 3>&-
  case "$line" in *" 200"*) ;; *) fail "/alive answers: $line" ;; esac
  took_ms=$((($(now_us) - begun) / 1000))
}

# expect NAME STATUS WORD CURL-ARGUMENTS…: status and a word of the body.
expect() {
  local name=$1 status=$2 word=$3; shift 3
  local got; got=$(curl -s -o "$work/body" -w '%{http_code}' --max-time 30 "$@" || true)
  if [ "$got" = "$status" ] && grep -q -- "$word" "$work/body"; then
    printf '   ok      %s: %s\n' "$name" "$got"
  else
    printf '   WRONG   %s: %s instead of %s with "%s"\n' "$name" "$got" "$status" "$word"; head -c 500 "$work/body"; echo
    faults=$((faults + 1))
  fi
}

# figure NAME VALUE LIMIT UNIT
figure() {
  if [ "$2" -le "$3" ]; then printf '   ok      %s: %s %s (at most %s)\n' "$1" "$2" "$4" "$3"
  else printf '   WRONG   %s: %s %s (at most %s)\n' "$1" "$2" "$4" "$3"; faults=$((faults + 1)); fi
}

printf '\n== Start\n'
# The first start reads the executable from the disk; the best of the next ones is the program's own time.
best=
for _ in 1 2 3 4 5; do
  first_answer_ms
  [ -n "$best" ] && [ "$best" -le "$took_ms" ] || best=$took_ms
  stop
done
first_answer_ms

printf '\n== Answers\n'
auth=(-H "Authorization: Bearer $key")
json=(-H 'Content-Type: application/json')
expect 'GET /alive' 200 Healthy "$address/alive"
expect 'GET /health' 200 Healthy "$address/health"
expect 'GET /v1/models without a key' 401 invalid_api_key "$address/v1/models"
expect 'GET /v1/models' 200 '"object":"list"' "${auth[@]}" "$address/v1/models"
expect 'GET /v1/models/nobody' 404 model_not_found "${auth[@]}" "$address/v1/models/nobody"
expect 'GET /v1/nothing' 404 not_found "${auth[@]}" "$address/v1/nothing"
expect 'POST a body that is no JSON' 400 invalid_json "${auth[@]}" "${json[@]}" -d '{"model":' "$address/v1/chat/completions"
expect 'POST a body without messages' 400 messages "${auth[@]}" "${json[@]}" -d '{"model":"m"}' "$address/v1/chat/completions"
expect 'POST a body that is too large for the settings' 413 request_too_large "${auth[@]}" "${json[@]}" -d "$(head -c 70000 /dev/zero | tr '\0' ' ')" "$address/v1/chat/completions"
expect 'POST a chat without an engine' 503 '"error"' "${auth[@]}" "${json[@]}" -d '{"model":"m","messages":[{"role":"user","content":"Hi"}]}' "$address/v1/chat/completions"
expect 'GET /metrics without a key' 401 invalid_api_key "$address/metrics"
expect 'GET /metrics' 200 '^comox_gateway_requests_total{' "${auth[@]}" "$address/metrics"
[ -s "$work/home/gateway/outbox.db" ] || { printf '   WRONG   SQLite wrote no outbox\n'; faults=$((faults + 1)); }

# More clients than descriptors. Here and not in a test of the managed build: a runtime that compiles while it runs does not live through a shortage itself.
if [ -d "/proc/$pid/fd" ] && command -v prlimit >/dev/null; then
  printf '\n== Short of descriptors\n'
  open=$(find "/proc/$pid/fd" -mindepth 1 | wc -l)
  prlimit --pid "$pid" --nofile=$((open + 24)):$((open + 24))
  clients=()
  for _ in $(seq 60); do exec {client}<>"/dev/tcp/127.0.0.1/${address##*:}"; clients+=("$client"); done
  ticks() { awk '{ print $14 + $15 }' "/proc/$pid/stat"; }
  before=$(ticks); sleep 1
  figure 'busy in a second of waiting' $((($(ticks) - before) * 10)) 500 ms
  served=0
  for client in "${clients[@]}"; do
    printf 'GET /alive HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&"$client"
    line=; IFS= read -r -t 20 -u "$client" line || true
    case "$line" in *" 200"*) served=$((served + 1)) ;; esac
    exec {client}>&-
  done
  if [ "$served" = 60 ]; then printf '   ok      60 clients with descriptors for 24: all are served, one after the other\n'
  else printf '   WRONG   60 clients with descriptors for 24: %s are served\n' "$served"; faults=$((faults + 1)); fi
  prlimit --pid "$pid" --nofile=1024:1024 2>/dev/null || true
fi

printf '\n== Figures\n'
bytes=$(wc -c <"$gateway")
[ ! -e "$(dirname "$gateway")/libe_sqlite3.so" ] || bytes=$((bytes + $(wc -c <"$(dirname "$gateway")/libe_sqlite3.so")))
figure 'size' "$bytes" "$max_bytes" bytes
figure 'start to first answer' "$best" "$max_start_ms" ms
if [ -r "/proc/$pid/status" ]; then figure 'memory when idle (RSS)' "$(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$pid/status")" "$max_rss_kb" kB; fi

kill -TERM "$pid"
if wait "$pid"; then printf '   ok      ends cleanly\n'; else printf '   WRONG   does not end cleanly\n'; faults=$((faults + 1)); fi
pid=
[ "$faults" = 0 ] || { printf '\n== Log\n'; tail -n 30 "$work/log" | cut -c1-300; fail "$faults wrong."; }
printf '\nAll right.\n'
