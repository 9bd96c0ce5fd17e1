#!/usr/bin/env bash
# Publishes the gateway as one native executable for this machine: eng/publish-gateway.sh [output folder]
# It needs a C compiler to link with and zlib's headers. Where a static SQLite is installed (libsqlite3-dev) it is linked in and the executable is the
# only file; else libe_sqlite3.so lies beside it and belongs to it.
set -euo pipefail
output=$(realpath -m "${1:-$(dirname "$0")/../artifacts/gateway}")
cd "$(dirname "$0")/.."

say() { printf '\n== %s\n' "$*"; }
fail() { printf '\n%s\n' "$*" >&2; exit 1; }

case "$(uname -s)-$(uname -m)" in
  Linux-x86_64) rid=linux-x64 ;;
  Linux-aarch64) rid=linux-arm64 ;;
  Darwin-arm64) rid=osx-arm64 ;;
  Darwin-x86_64) rid=osx-x64 ;;
  *) fail "This script knows Linux and macOS. Elsewhere: dotnet publish Comox.Gateway -c Release -p:PublishAot=true -r RID" ;;
esac
if [ -e /etc/alpine-release ]; then rid=${rid/linux/linux-musl}; fi

missing=()
command -v dotnet >/dev/null || missing+=("the .NET 10 SDK (https://dot.net)")
compiler=$(command -v clang || command -v gcc || true)
[ -n "$compiler" ] || missing+=("clang or gcc (Debian, Ubuntu: apt-get install clang; Fedora: dnf install clang; macOS: xcode-select --install)")
if [ -n "$compiler" ] && ! printf '#include <zlib.h>\nint main(void) { return 0; }\n' | "$compiler" -x c -fsyntax-only - 2>/dev/null; then
  missing+=("zlib's headers (Debian, Ubuntu: apt-get install zlib1g-dev; Fedora: dnf install zlib-devel)")
fi
if [ "${#missing[@]}" -gt 0 ]; then
  printf 'Missing:\n' >&2
  printf '  - %s\n' "${missing[@]}" >&2
  exit 1
fi

# -print-file-name answers the bare name where the compiler does not find the file.
sqlite=
if [ "$(uname -s)" = Linux ]; then
  found=$("$compiler" -print-file-name=libsqlite3.a)
  if [ "${found#/}" != "$found" ] && [ -f "$found" ]; then sqlite=$(realpath "$found"); fi
fi

# It is made anew, but for settings that somebody put beside the executable; whatever else lies in a folder is not ours to delete.
if [ -n "$(ls -A "$output" 2>/dev/null)" ] && [ ! -f "$output/Comox.Gateway" ]; then fail "$output is not empty, and no gateway is in it. Name an empty folder, or one that does not exist."; fi
case "$output/" in //|"${HOME:-/}/"|"$PWD/") fail "$output is no folder for it: everything in it would be deleted." ;; esac

say "Publish ($rid, $(basename "$compiler"), SQLite ${sqlite:-beside the executable})"
if [ -d "$output" ]; then find "$output" -mindepth 1 -maxdepth 1 ! -name 'appsettings*.json' -exec rm -rf {} +; fi
dotnet publish Comox.Gateway -c Release -r "$rid" -p:PublishAot=true -p:CppCompilerAndLinker="$(basename "$compiler")" -p:SqliteArchive="$sqlite" \
  -o "$output" -nologo -v:quiet -clp:NoSummary || fail "The publish failed."

say "Published"
(cd "$output" && find . -type f -printf '   %s %f\n' 2>/dev/null | sort -k2 || ls -l)
printf '   %s\n' "$output/Comox.Gateway"
