#!/usr/bin/env bash
# What saved slots spare: a conversation of some 1,750 tokens goes on after its model was away, with them and without. Stdout gets a line of medians for each.
set -euo pipefail
root=$(realpath "$(dirname "$0")/..")

usage() { cat >&2 <<'TEXT'
eng/bench-slots.sh [options]
  --agent PATH            executable to measure; default: a Release build of Comox.NodeAgent
  --engine PATH           the llama-server to run; default: llama-server on PATH, else what the agent installs
  --turns N               times that the model goes and comes back (11)
TEXT
  exit 2; }

agent=; engine=$(command -v llama-server || true); turns=11
while [ $# -gt 0 ]; do
  case $1 in
    --agent|--engine|--turns) [ $# -ge 2 ] || usage; printf -v "${1#--}" '%s' "$2"; shift 2 ;;
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
key=key-of-the-benchmark-alone

ask() { # model, words → "cached read-ms whole-ms"
  curl -sf -w ' "whole":%{time_total}' -H "Authorization: Bearer $key" -H 'Content-Type: application/json' "$url/node/engines/$1/proxy/v1/chat/completions" \
    -d "{\"model\":\"$1\",\"temperature\":0,\"max_tokens\":1,\"messages\":[{\"role\":\"user\",\"content\":\"$2\"}]}" |
    awk '{ k = split("cached_tokens prompt_ms whole", name, " "); for (i = 1; i <= k; i++) { match($0, "\"" name[i] "\":[0-9.]+"); f = substr($0, RSTART, RLENGTH); sub(/.*:/, "", f); printf "%s ", f }; print "" }'
}

median() { sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

for age in 1.00:00:00 00:00:00; do
  port=$(free_port); url=http://127.0.0.1:$port; home=$work/home-$age
  mkdir "$home"
  settings=(--urls "$url" --Comox:NodeAgent:Offline=true --Comox:NodeAgent:SavedSlots:MaxAge="$age" --Comox:NodeAgent:Swapping:MemoryBytes=140000000 --Comox:NodeAgent:Swapping:MinResidency=00:00:00
    --Comox:NodeAgent:Slots=1 --Comox:NodeAgent:ContextTokens=4096)
  [ -z "$engine" ] || settings+=(--Comox:NodeAgent:EnginePath="$engine")
  for at in 0 1; do
    cp "$root/Comox.NodeAgent/ModelCache/BuiltIn/keepsake-q8.gguf" "$work/model$at.gguf"
    settings+=(--Comox:NodeAgent:Models:$at:Model="$work/model$at.gguf" --Comox:NodeAgent:Models:$at:Name="model$at")
  done
  COMOX_HOME=$home Comox__ServiceKey=$key HF_HUB_CACHE= HF_HOME= Logging__LogLevel__Default=Warning "$agent" "${settings[@]}" >"$work/agent.log" 2>&1 &
  pid=$!; started+=("$pid")
  for _ in $(seq 300); do ask model1 warm >/dev/null 2>&1 && break; sleep 0.2; done
  for turn in $(seq "$turns"); do
    words=$(awk -v seed="$turn" 'BEGIN { srand(seed); split("the sea is green and captain likes tea with lemon at night", w, " "); for (i = 0; i < 1000; i++) printf "%s ", w[1 + int(rand() * 12)] }')
    ask model0 "$words" >>"$work/first-$age"
    ask model1 hello >>"$work/other-$age"
    ask model0 "$words more" >>"$work/again-$age"
    ask model1 hello >/dev/null
  done
  kill "$pid"; wait "$pid" || true
  echo "saved for $age: cached $(awk '{ print $1 }' "$work/again-$age" | median) tokens; prompt read in $(awk '{ print $2 }' "$work/again-$age" | median) ms (new: $(awk '{ print $2 }' "$work/first-$age" | median) ms);" \
    "answer with the swap $(awk '{ print $3 * 1000 }' "$work/again-$age" | median) ms, of the other model $(awk '{ print $3 * 1000 }' "$work/other-$age" | median) ms"
done
