# What the measuring scripts share; sourced, not run. Everything started through it ends with the script, whatever the way out.

say() { printf '== %s\n' "$*" >&2; }
note() { printf '   %s\n' "$*" >&2; }
fail() { printf '%s\n' "$*" >&2; exit 1; }

started=()
work=$(mktemp -d "${TMPDIR:-/tmp}/comox-bench.XXXXXX")

end_all() {
  set +e
  for pid in "${started[@]}"; do kill "$pid" 2>/dev/null; done
  for pid in "${started[@]}"; do
    for _ in $(seq 50); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
    kill -9 "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
  done
  rm -rf "$work"
}
trap end_all EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# forget PID: it has ended by itself, and its number may be another's next.
forget() {
  local pid kept=()
  for pid in "${started[@]}"; do [ "$pid" = "$1" ] || kept+=("$pid"); done
  started=("${kept[@]}")
}

# run FILE COMMAND...: its output into the file. Waited for and not in the foreground, so that a signal to this script is heeded at once.
run() {
  local file=$1 pid; shift
  "$@" >"$file" &
  pid=$!; started+=("$pid")
  wait "$pid" || fail "$1 failed."
  forget "$pid"
}

# end PID: one of those started, now.
end() {
  kill "$1" 2>/dev/null || true
  for _ in $(seq 50); do kill -0 "$1" 2>/dev/null || break; sleep 0.1; done
  kill -9 "$1" 2>/dev/null || true
  wait "$1" 2>/dev/null || true
  forget "$1"
}

need() {
  command -v "$1" >/dev/null || fail "$1 is missing. On Debian or Ubuntu: apt-get install $2"
}

# Below the range from which the kernel gives ports to connections, so that none of them is taken in between.
free_port() {
  local port
  for _ in $(seq 200); do
    port=$((11000 + RANDOM % 20000))
    if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then printf '%s\n' "$port"; return; fi
  done
  fail "No free port was found on 127.0.0.1."
}

# await_port PORT PID LOG
await_port() {
  for _ in $(seq 600); do
    if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then return; fi
    kill -0 "$2" 2>/dev/null || { cat "$3" >&2; fail "A process ended before it listened on 127.0.0.1:$1."; }
    sleep 0.05
  done
  cat "$3" >&2; fail "Nothing listens on 127.0.0.1:$1 after 30 s."
}

# field NAME < a line of JSON: the first number of that name, or nothing.
field() { sed -n "s/.*\"$1\":\(-\{0,1\}[0-9.][0-9.]*\).*/\1/p" | head -n 1; }

build_tool() {
  need g++ g++
  g++ -O2 -std=c++20 -o "$work/$1" "$root/eng/bench/$1.cpp" || fail "eng/bench/$1.cpp does not compile."
}

# The gateway to measure: the one named, else a freshly published one, else what was built here last.
find_gateway() {
  if [ -z "$gateway" ] && [ -x "$root/eng/publish-gateway.sh" ]; then
    say "Publishing the gateway"
    "$root/eng/publish-gateway.sh" >&2 || fail "eng/publish-gateway.sh failed."
    gateway=$root/artifacts/gateway/Comox.Gateway
  fi
  [ -n "$gateway" ] || gateway=$(find "$root/artifacts/bin" -type f -name Comox.Gateway -perm -u+x -printf '%T@ %p\n' 2>/dev/null | sort -rn | head -n 1 | cut -d' ' -f2-)
  [ -n "$gateway" ] || fail "There is no gateway to measure: name one with --gateway PATH."
  [ -x "$gateway" ] || fail "$gateway cannot be run."
  gateway=$(realpath "$gateway")
  note "gateway: $gateway"
}

key=sk-bench-0123456789abcdef
admin_key=bench-admin-key

# start_gateway NAME PORT UPSTREAM_PORT [NAME=VALUE of the environment]...; sets started_pid.
start_gateway() {
  local name=$1 port=$2 upstream=$3; shift 3
  mkdir -p "$work/$name/home"
  cp "$config" "$work/$name/appsettings.json"
  # Its settings are read from the folder it runs in; what differs per run comes from the environment, which decides over them.
  ( cd "$work/$name" && exec env COMOX_HOME="$work/$name/home" ASPNETCORE_URLS="http://127.0.0.1:$port" \
      Comox__Gateway__AdminKey="$admin_key" Comox__Gateway__Keys__0__Name=bench Comox__Gateway__Keys__0__Key="$key" \
      Comox__Gateway__Routes__0__Pools__0__Backends__0__Url="http://127.0.0.1:$upstream/v1" "$@" \
      ${proxy_core:+taskset -c "$proxy_core"} "$gateway" ) >"$work/$name.log" 2>&1 &
  started_pid=$!; started+=("$started_pid")
  await_port "$port" "$started_pid" "$work/$name.log"
}
