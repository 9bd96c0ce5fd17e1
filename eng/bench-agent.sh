#!/usr/bin/env bash
# What a node agent costs while nothing happens: memory (RSS) and processor time of the executable with one ready engine and one gateway that watches its events.
# Bars: 60 MB, 1 % of a core. Progress goes to stderr; stdout gets one line of figures for each variant. The engine itself is not counted.
set -euo pipefail
root=$(realpath "$(dirname "$0")/..")

usage() { cat >&2 <<'TEXT'
eng/bench-agent.sh [options]
  --agent PATH            executable to measure; default: a Release build of Comox.NodeAgent
  --engine PATH           the llama-server to run; default: llama-server on PATH, else what the agent installs
  --seconds N             how long it is watched (60), after it has settled
  --settle N              seconds before that (20)
  --watchers N            gateways that watch its events (1)
TEXT
  exit 2; }

agent=; engine=$(command -v llama-server || true); seconds=60; settle=20; watchers=1
while [ $# -gt 0 ]; do
  case $1 in
    --agent|--engine|--seconds|--settle|--watchers) [ $# -ge 2 ] || usage; printf -v "${1#--}" '%s' "$2"; shift 2 ;;
    *) usage ;;
  esac
done

. "$root/eng/bench/lib.sh"
need curl curl
if [ -z "$agent" ]; then
  say "Build"
  dotnet build "$root/Comox.NodeAgent" -c Release -nologo -v:quiet -clp:NoSummary >&2 || fail "The build failed."
  agent=$root/artifacts/bin/Comox.NodeAgent/release/Comox.NodeAgent
fi
[ -x "$agent" ] || fail "$agent is no executable."

port=$(free_port); key=key-of-the-benchmark-alone; url=http://127.0.0.1:$port
mkdir "$work/home"
say "Start $agent"
settings=(--urls "$url" --Comox:NodeAgent:Offline=true)
[ -z "$engine" ] || settings+=(--Comox:NodeAgent:EnginePath="$engine")
COMOX_HOME=$work/home Comox__ServiceKey=$key HF_HUB_CACHE= HF_HOME= Logging__LogLevel__Default=Warning "$agent" "${settings[@]}" >"$work/agent.log" 2>&1 &
pid=$!; started+=("$pid")

status() { curl -sf -H "Authorization: Bearer $key" "$url/node/status" || true; }
for _ in $(seq 600); do
  case $(status) in *'"state":"ready"'*) break ;; esac
  kill -0 "$pid" 2>/dev/null || { cat "$work/agent.log" >&2; fail "The agent ended."; }
  sleep 0.2
done
case $(status) in *'"state":"ready"'*) ;; *) status >&2; fail "The engine is not ready." ;; esac

for _ in $(seq "$watchers"); do
  curl -sN -H "Authorization: Bearer $key" "$url/node/events?beat=100" >"$work/events" &
  started+=("$!")
done

ticks() { local stat; stat=$(<"/proc/$pid/stat"); set -- ${stat##*) }; echo $((${12} + ${13})); }
kilobytes() { awk -v what="$1:" '$1 == what { print $2 }' "/proc/$pid/status"; }

# One answer, so that what only a first request brings into memory is in it.
curl -sf -H "Authorization: Bearer $key" -H 'Content-Type: application/json' "$url/node/engines/chat/proxy/v1/chat/completions" \
  -d '{"model":"keepsake","stream":true,"max_tokens":32,"messages":[{"role":"user","content":"Hello!"}]}' >/dev/null || fail "The engine does not answer."
say "Settle ($settle s)"; sleep "$settle"
before=$(ticks); began=$(date +%s%N)
say "Watch ($seconds s)"; sleep "$seconds"
spent=$(($(ticks) - before)); took=$(($(date +%s%N) - began))
awk -v ticks="$spent" -v ns="$took" -v hz="$(getconf CLK_TCK)" -v rss="$(kilobytes VmRSS)" -v anon="$(kilobytes RssAnon)" -v threads="$(kilobytes Threads)" -v bytes="$(stat -c %s "$work/events")" 'BEGIN {
  cpu = 100 * ticks / hz / (ns / 1e9); mb = rss / 1000
  printf "cpu_percent=%.2f rss_mb=%.1f of_it_own_mb=%.1f threads=%d bars=%s\n", cpu, mb, anon / 1000, threads, (cpu <= 1 && mb <= 60 ? "met" : "missed" (cpu > 1 ? " cpu" : "") (mb > 60 ? " memory" : ""))
}'
