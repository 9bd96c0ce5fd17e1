#!/usr/bin/env bash
#
# Builds the trainer and runs it: run.sh VERB [--option value …]; without a verb it says what there is.
#
# libtorch wants a newer libstdc++ than Debian 12 has. Where the machine's own is too old, a newer one with its C library comes from
# Debian's next release into artifacts/newer-libs, and a copy of the `dotnet` program is fitted to it. Nothing is installed.

set -euo pipefail
readonly here=$(cd "$(dirname "$0")" && pwd)
readonly root=$(cd "$here/../.." && pwd)
readonly libs=$root/artifacts/newer-libs
readonly suite=forky
readonly packages=(libc6 libgcc-s1 libstdc++6 libjemalloc2 patchelf)

fail() { echo "$0: $*" >&2; exit 1; }

fetch_libs() {
    local keyring=/usr/share/keyrings/debian-archive-keyring.gpg mirror work=$libs.work
    [[ -r $keyring ]] || keyring=${keyring%.gpg}.pgp
    [[ -r $keyring ]] || fail "this machine's libstdc++ is too old, and it is no Debian: libtorch needs GLIBCXX_3.4.32"
    rm -rf "$work"
    mkdir -p "$work"/{state,lists/partial,cache/archives/partial,debs,root,bin}
    touch "$work/status"
    # A file and not -o options, because only a file can #clear the host's hooks.
    cat > "$work/apt.conf" <<CONF
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
Dir::State "$work/state";
Dir::State::Lists "$work/lists";
Dir::State::status "$work/status";
Dir::Cache "$work/cache";
Dir::Etc::SourceList "$work/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
APT::Sandbox::User "root";
Acquire::Languages "none";
CONF
    mirror=$(apt-get update --print-uris 2> /dev/null | awk -F"'" '$2 ~ /\/dists\/.*\/InRelease$/ && $2 ~ /debian\/dists/ { sub(/\/dists\/.*/, "", $2); print $2; exit }')
    [[ -n $mirror ]] || fail "the machine's apt names no Debian mirror"
    echo "deb [signed-by=$keyring] $mirror $suite main" > "$work/sources.list"
    apt-get -c "$work/apt.conf" -qq update --error-on=any
    (cd "$work/debs" && apt-get -c "$work/apt.conf" -qq download "${packages[@]}")
    for file in "$work"/debs/*.deb; do dpkg-deb --extract "$file" "$work/root"; done
    find "$work/root" \( -type f -o -type l \) -name '*.so*' -not -path '*/lib64/*' -not -path '*/gconv/*' -not -path '*/audit/*' -not -name '*.py' \
        -exec cp --no-dereference -t "$work/bin" {} +
    cp "$work/root/usr/bin/patchelf" "$work/bin"
    chmod 0755 "$work"/bin/ld-linux-*.so.*
    rm -rf "$libs"
    mv "$work/bin" "$libs"
    rm -rf "$work"
}

# The program finds its runtime beside /proc/self/exe: so it must be a file of its own with the loader written into it, and not an argument of the loader.
fit_dotnet() {
    local home loader
    home=$(dirname "$(readlink -f "$(command -v dotnet)")")
    loader=$(find "$libs" -name 'ld-linux-*.so.*' | head -n 1)
    mkdir -p "$libs/dotnet.new"
    for folder in host shared; do ln -sfn "$home/$folder" "$libs/dotnet.new/$folder"; done
    cp --dereference "$home/dotnet" "$libs/dotnet.new/dotnet"
    "$loader" --library-path "$libs" "$libs/patchelf" --set-interpreter "$loader" "$libs/dotnet.new/dotnet"
    mv --no-target-directory "$libs/dotnet.new" "$libs/dotnet"
}

[[ -n ${COMOX_TRAINER_BUILT:-} ]] || dotnet build "$here/Comox.BuiltInModel.csproj" -c Release -v q --nologo 1>&2

# A step takes and gives back a gigabyte in pieces of ever other sizes. The C library's heap takes a third of the time for that once it is in pieces (after half an hour); jemalloc does
# not, as long as it keeps what it has for a minute and has no place of its own for large pieces. Large pages: a fresh piece of ten megabytes costs 0.8 ms instead of 5.
export MALLOC_CONF=${MALLOC_CONF:-narenas:4,oversize_threshold:0,dirty_decay_ms:60000,muzzy_decay_ms:60000,thp:always}
readonly program=$root/artifacts/bin/Comox.BuiltInModel/release/Comox.BuiltInModel.dll
if grep -qa 'GLIBCXX_3\.4\.32' /usr/lib/*-linux-gnu/libstdc++.so.6 2> /dev/null; then
    own=$(ls /usr/lib/*-linux-gnu/libjemalloc.so.2 2> /dev/null || true)
    LD_PRELOAD=$own exec dotnet "$program" "$@"
fi
[[ -e $libs/libjemalloc.so.2 ]] || fetch_libs
[[ -x $libs/dotnet/dotnet ]] || fit_dotnet
LD_PRELOAD=$libs/libjemalloc.so.2 LD_LIBRARY_PATH=$libs exec "$libs/dotnet/dotnet" "$program" "$@"
