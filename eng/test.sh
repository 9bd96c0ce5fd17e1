#!/usr/bin/env bash
# Runs every test of Comox. As root on Debian or Ubuntu it installs what the tests need; elsewhere it uses what is there and says what it skips.
# Everything it starts is private (temporary folders, loopback, free ports) and ends with it. Last line: N passed, N failed, N skipped
set -euo pipefail
export DOTNET_CLI_UI_LANGUAGE=en # The summary is read below.
cd "$(dirname "$0")/.."

say() { printf '\n== %s\n' "$*"; }
skip() { printf '   skipped: %s\n' "$*"; }
fail() { printf '\n%s\n0 passed, 1 failed, 0 skipped\n' "$*"; told=1; exit 1; }

work=$(mktemp -d)
postgres_user=nobody
drop_policy() { [ -z "${our_policy:-}" ] || rm -f "$our_policy"; our_policy=; }
cleanup() {
  set +e
  drop_policy
  [ -z "${postgres_data:-}" ] || as_postgres "$postgres_bin/pg_ctl" -D "$postgres_data" -m immediate stop >/dev/null 2>&1
  rm -rf "$work"
  # Whatever ended it, there is a last line.
  [ -n "${told:-}" ] || printf '\n0 passed, 1 failed, 0 skipped\n'
}
trap cleanup EXIT

free_port() { python3 - <<'PY' 2>/dev/null || echo $((20000 + RANDOM % 20000))
import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])
PY
}

# PostgreSQL refuses to run as root.
as_postgres() { if [ "$(id -u)" = 0 ]; then runuser -u "$postgres_user" -- "$@"; else "$@"; fi; }

find_postgres() { { find /usr/lib/postgresql -maxdepth 3 -name initdb 2>/dev/null || true; } | sort -V | tail -n 1 | xargs -r dirname; }

find_chromium() { command -v chromium || command -v chromium-browser || command -v google-chrome || true; }

say "What the tests need"
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  missing=()
  [ -n "$(find_postgres)" ] || missing+=(postgresql)
  # Ubuntu's package of the name is none.
  [ -n "$(find_chromium)" ] || grep -qi '^ID=ubuntu' /etc/os-release || missing+=(chromium fonts-dejavu-core)
  command -v clang >/dev/null || missing+=(clang lld)
  command -v g++ >/dev/null || missing+=(g++)
  for tool in curl gpgv xz-utils zlib1g-dev libsqlite3-dev; do dpkg -s "$tool" >/dev/null 2>&1 || missing+=("$tool"); done
  if [ "${#missing[@]}" -gt 0 ]; then
    printf '   installing %s\n' "${missing[*]}"
    apt-get update -qq >/dev/null || printf '   apt-get update failed; going on with the lists that are there\n'
    # Debian starts a server with its package; the tests bring up their own.
    printf '#!/bin/sh\nexit 101\n' > "$work/policy"; chmod +x "$work/policy"
    if [ ! -e /usr/sbin/policy-rc.d ]; then
      our_policy=/usr/sbin/policy-rc.d
      cp "$work/policy" "$our_policy"
    fi
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >"$work/apt.log" 2>&1 || { tail -n 20 "$work/apt.log"; fail "Packages could not be installed."; }
    drop_policy
  fi
fi

postgres_bin=$(find_postgres)
if [ -n "$postgres_bin" ]; then
  id postgres >/dev/null 2>&1 && postgres_user=postgres
  mkdir "$work/postgres"; chmod 755 "$work"
  [ "$(id -u)" != 0 ] || chown "$postgres_user" "$work/postgres"
  postgres_data=$work/postgres/data; port=$(free_port)
  as_postgres "$postgres_bin/initdb" -D "$postgres_data" -U comox -A trust --no-locale -E UTF8 --no-sync >"$work/initdb.log" 2>&1 || { cat "$work/initdb.log"; fail "PostgreSQL could not be set up."; }
  as_postgres "$postgres_bin/pg_ctl" -D "$postgres_data" -w -l "$work/postgres/log" \
    -o "-c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories=$work/postgres -c fsync=off" start >/dev/null || { cat "$work/postgres/log"; fail "PostgreSQL did not start."; }
  export COMOX_TEST_POSTGRES="Host=127.0.0.1;Port=$port;Username=comox;Database=postgres"
  printf '   PostgreSQL on 127.0.0.1:%s\n' "$port"
else
  skip "PostgreSQL is not installed: the store tests run on SQLite only."
fi

chromium=$(find_chromium)
if [ -n "$chromium" ]; then
  export COMOX_TEST_CHROMIUM=$chromium
  printf '   Chromium at %s\n' "$chromium"
else
  skip "no Chromium: the tests that drive the page in a browser are skipped."
fi

say "Build"
dotnet build Comox.sln -nologo -clp:NoSummary -v:minimal || fail "The build failed."

say "Tests"
set +e
# A test that hangs is named after two minutes, and ends its module after twenty: the longest takes three.
dotnet test --solution Comox.sln --no-build --max-parallel-test-modules 1 --long-running 120 --timeout 20m --results-directory artifacts/TestResults 2>&1 | tee "$work/tests.log"
result=${PIPESTATUS[0]}
set -e

say "Native gateway"
# One line each: publishes without a warning, answers as it should, and comes through a short soak with nothing left over.
native() {
  if "$@" >"$work/native.log" 2>&1; then tail -n 4 "$work/native.log"; native_passed=$((native_passed + 1)); else cat "$work/native.log"; native_failed=$((native_failed + 1)); fi
}
native_passed=0; native_failed=0; native_skipped=0
if command -v clang >/dev/null && command -v g++ >/dev/null; then
  native eng/publish-gateway.sh artifacts/gateway
  native env COMOX_SMOKE_START_MS="${COMOX_SMOKE_START_MS:-2000}" eng/smoke-gateway.sh artifacts/gateway
  native eng/soak-gateway.sh --short --gateway artifacts/gateway/Comox.Gateway
else
  skip "no clang or no g++: the native gateway is not published, tried or soaked."; native_skipped=3
fi

# "  total: 6", "  failed: 0", "  succeeded: 6", "  skipped: 0": the runner's own summary is the last of each.
count() { sed -n "s/^ *$1: *\([0-9][0-9]*\).*/\1/p" "$work/tests.log" | tail -n 1; }
passed=$(count succeeded); failed=$(count failed); skipped=$(count skipped)
[ -n "$passed" ] || fail "The test run ended without a summary."
[ "$result" = 0 ] || [ "${failed:-0}" -gt 0 ] || failed=1

# What failed, once more: where it was printed first there are a thousand lines after it.
awk '/^failed / { lines = 30 } /^[^ ]/ && !/^failed / { lines = 0 } lines-- > 0' "$work/tests.log" >"$work/failed.log"
[ ! -s "$work/failed.log" ] || { say "Failed"; cat "$work/failed.log"; }
passed=$((passed + native_passed)); failed=$((${failed:-0} + native_failed)); skipped=$((${skipped:-0} + native_skipped))
told=1
printf '\n%s passed, %s failed, %s skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
