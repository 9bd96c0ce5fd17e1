#!/usr/bin/env bash
#
# Puts Debian's own llama.cpp into one private folder, with the C library it was built for.
#
#   llama-from-debian.sh ENGINES
#
# makes ENGINES/llama.cpp-debian-VERSION/bin/llama-server, an ordinary executable. It needs apt, but neither root nor any change
# to the host: apt works in state folders of its own, and nothing is installed. The mirror, proxies and validity checks are those
# of the machine's own apt configuration; apt checks the signature (Debian's archive keyring) and the hashes of all it fetches.
#
# Lines for a program begin with '@':   @step 0.40 words    @done PATH    @error words
# Exit codes: 0 done · 2 wrong use · 3 this machine cannot · 4 no mirror has it · 5 a package is not what the index says · 6 it does not run
#
# Steps: (1) take the lock; (2) look what the machine has; (3) find a mirror; (4) fetch; (5) check; (6) unpack flat;
#        (7) patch; (8) publish by one rename; (9) try it and mark it complete.

set -euo pipefail
export LC_ALL=C

# The suite is a codename: 'testing' changes its meaning with a release, and unstable drops old packages with every upload.
readonly suite=forky

# What llama-server needs and no more: the closure that apt would take brings debconf and wget along.
readonly packages=(llama.cpp-tools libllama0 libggml0 libc6 libgcc-s1 libstdc++6 libgomp1 libssl3t64 libzstd1 zlib1g patchelf)

step() { echo "@step $1 $2"; }
fail() { echo "@error $2"; exit "$1"; }

[[ $# == 1 && $1 == /* ]] || fail 2 "Usage: $0 ENGINES, an absolute path"
readonly engines=$1

# (1) The lock is the kernel's, so that a killed install leaves none behind.
mkdir -p "$engines"
command -v flock > /dev/null || fail 3 "The command flock is missing"
exec 9> "$engines/.install.lock"
if ! flock --nonblock 9; then
    step 0 "Waiting for another install"
    flock 9
fi

for marker in "$engines"/llama.cpp-debian-*/.complete; do
    program=${marker%/.complete}/bin/llama-server
    if [[ -e $marker ]] && "$program" --version > /dev/null 2>&1; then
        echo "@done $program"
        exit 0
    fi
done

# (2)
for tool in apt-get apt-cache dpkg dpkg-deb sha256sum find awk; do
    command -v "$tool" > /dev/null || fail 3 "The command $tool is missing: this is no Debian system"
done
architecture=$(dpkg --print-architecture)
case $architecture in
    amd64) readonly loader=ld-linux-x86-64.so.2 ;;
    arm64) readonly loader=ld-linux-aarch64.so.1 ;;
    *) fail 3 "Debian has no llama.cpp for $architecture" ;;
esac
keyring=
for candidate in /usr/share/keyrings/debian-archive-keyring.{pgp,gpg}; do
    [[ -r $candidate ]] && { keyring=$candidate; break; }
done
[[ -n $keyring ]] || fail 3 "Debian's archive keyring is missing (package debian-archive-keyring)"

rm -rf "$engines"/.work-*
work=$engines/.work-$$
trap 'rm -rf "$work"' EXIT
trap 'exit 143' TERM INT HUP
mkdir -p "$work"/{state,lists/partial,cache/archives/partial,debs,root,dest/bin,dest/licences}
touch "$work/status"

# A file and not -o options, because only a file can #clear the host's hooks, which want root and the host's folders.
cat > "$work/apt.conf" <<CONF
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Invoke;
#clear DPkg::Post-Invoke;
Dir::State "$work/state";
Dir::State::Lists "$work/lists";
Dir::State::status "$work/status";
Dir::Cache "$work/cache";
Dir::Cache::pkgcache "pkgcache.bin";
Dir::Cache::srcpkgcache "srcpkgcache.bin";
Dir::Etc::SourceList "$work/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
APT::Architecture "$architecture";
#clear APT::Architectures;
APT::Architectures { "$architecture"; };
APT::Sandbox::User "root";
APT::Get::List-Cleanup "false";
Acquire::Languages "none";
Acquire::Retries "2";
Acquire::http::Timeout "20";
Acquire::https::Timeout "20";
#clear Acquire::IndexTargets::deb::Translations;
#clear Acquire::IndexTargets::deb::DEP-11;
CONF
private() { "$1" -c "$work/apt.conf" -qq "${@:2}"; }

# (3) apt itself says which archives the machine uses; security archives hold no whole suites.
step 0.02 "Reading the machine's package sources"
mirrors=$(apt-get update --print-uris 2> /dev/null | awk -F"'" '$2 ~ /\/dists\/.*\/InRelease$/ { sub(/\/dists\/.*/, "", $2); if ($2 !~ /security/ && !seen[$2]++) print $2 }') || true
[[ -n $mirrors ]] || fail 4 "The machine's apt names no package source"

found=
while read -r mirror; do
    step 0.05 "Reading the index of Debian $suite"
    echo "deb [arch=$architecture signed-by=$keyring] $mirror $suite main" > "$work/sources.list"
    if private apt-get update --error-on=any < /dev/null && [[ -n $(private apt-cache show llama.cpp-tools 2> /dev/null) ]]; then
        found=$mirror
        break
    fi
done <<< "$mirrors"
[[ -n $found ]] || fail 4 "None of the machine's package sources has a valid index of Debian $suite with llama.cpp in it"

version=$(private apt-cache show --no-all-versions llama.cpp-tools | awk '/^Version: / { sub(/^[0-9]+:/, "", $2); print $2; exit }')
readonly final=$engines/llama.cpp-debian-$version

# (4) One at a time, so that progress can be told.
count=0
for package in "${packages[@]}"; do
    step "$(awk -v n=$count -v all=${#packages[@]} 'BEGIN { printf "%.2f", 0.35 + 0.45 * n / all }')" "Downloading $package"
    (cd "$work/debs" && private apt-get download "$package" < /dev/null) || fail 4 "The package $package cannot be downloaded"
    count=$((count + 1))
done

# (5) apt has checked each file while fetching; this checks what lies on the disk, and that nothing is missing.
step 0.80 "Checking SHA-256"
private apt-cache show --no-all-versions "${packages[@]}" > "$work/entries"
for package in "${packages[@]}"; do
    sum=$(awk -v want="$package" '/^Package: / { name = $2 } /^SHA256: / && name == want { print $2; exit }' "$work/entries")
    file=$(find "$work/debs" -name "${package}_*.deb" | head -n 1)
    [[ -n $sum && -n $file ]] || fail 5 "The index has no SHA-256 for $package"
    echo "$sum  $file" | sha256sum --check --status || fail 5 "The SHA-256 of $package does not match the signed index"
    echo "$sum  $(basename "$file")" >> "$work/dest/packages.sha256"
done

# (6) One flat folder: ggml looks for its backends beside /proc/self/exe, and the loader's search path is then one word.
step 0.85 "Unpacking"
for file in "$work"/debs/*.deb; do
    dpkg-deb --extract "$file" "$work/root"
done
readonly bin=$work/dest/bin
find "$work/root" \( -type f -o -type l \) \( -name '*.so' -o -name '*.so.*' \) -not -path '*/lib64/*' -not -path '*/gconv/*' -not -path '*/audit/*' -not -name '*.py' -exec cp --no-dereference -t "$bin" {} +
cp --dereference "$work/root/usr/bin/llama-server" "$work/root/usr/bin/patchelf" "$bin"
for file in "$work"/root/usr/share/doc/*/copyright; do
    cp --dereference "$file" "$work/dest/licences/$(basename "$(dirname "$file")").txt"
done
[[ -e $bin/$loader ]] || fail 6 "The C library's loader $loader is not where it was expected"
chmod 0755 "$bin/$loader"

# (7) The loader is written into the executable, not called with its name as argument: llama-server starts itself again through
#     /proc/self/exe, which would then be the loader. RPATH and not RUNPATH, because only RPATH also serves what a library loads.
step 0.90 "Fitting the loader"
patchelf() { "$bin/$loader" --library-path "$bin" "$bin/patchelf" "$@"; }
for file in "$bin"/*.so*; do
    if [[ ! -L $file && -n $(patchelf --print-rpath "$file" 2> /dev/null) ]]; then
        # shellcheck disable=SC2016  # $ORIGIN is the loader's word
        patchelf --force-rpath --set-rpath '$ORIGIN' "$file"
    fi
done
# shellcheck disable=SC2016
patchelf --set-interpreter "$final/bin/$loader" --force-rpath --set-rpath '$ORIGIN' "$bin/llama-server"
rm "$bin/patchelf"

# (8) An incomplete folder of this name is what an interrupted install left.
rm -rf "$final"
mv --no-target-directory "$work/dest" "$final"

# (9)
step 0.97 "Trying llama-server"
"$final/bin/llama-server" --version > "$work/version" 2>&1 || fail 6 "The unpacked llama-server does not run: $(tail -n 1 "$work/version")"
echo bin/llama-server > "$final/.complete.new"
sync "$final/.complete.new"
mv "$final/.complete.new" "$final/.complete"
echo "@done $final/bin/llama-server"
