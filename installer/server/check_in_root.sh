#!/usr/bin/env bash
# Runs install.sh for real: in a Debian root made by debootstrap, in a network of its own, with PostgreSQL, nginx and an authority.
# Then what an operator does: log in, upload, doctor, install again, upgrade, a broken upgrade, backup, restore, uninstall.
#
#   sudo installer/server/check_in_root.sh        (make server-check)
#
# Packages come by this machine's own apt and pip settings, before the network is shut; nothing is left running or mounted.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
project=$(cd "$here/../.." && pwd)
suite=bookworm
base=$project/build/roots/$suite-minbase.tar
debs=$project/build/roots/$suite-debs
wheels=$project/build/wheels/cp311
packages=(ca-certificates nginx openssl postgresql postgresql-client python3 python3-venv util-linux curl)

step() { echo "-- $* ($SECONDS s)" >&2; }
die() { echo "$*" >&2; exit 1; }

[ "$(id -u)" -eq 0 ] || die "A root for a system needs root: sudo $0"
command -v debootstrap >/dev/null || die "debootstrap is missing: bash installer/linux/system_packages.sh server"
unshare --mount --net --pid --fork true || die "This machine lets nobody make a network or processes of their own (unshare)."

root=$(mktemp -d "${TMPDIR:-/tmp}/wink-server-root.XXXXXX")
clean_up() {
    # All mounts were made in a namespace of their own and are gone with it.
    rm -rf --one-file-system "$root"
}
trap clean_up EXIT

# shellcheck disable=SC2016  # apt's own variables
debian_sources() { apt-get indextargets --format 'deb $(SITE) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian' | grep " $suite" | sort -u; }

make_base() {
    mkdir -p "$(dirname "$base")"
    local mirror made
    mirror=$(debian_sources | awk -v s="$suite" '$3 == s { print $2; exit }')
    [ -n "$mirror" ] || { apt-get update -qq; mirror=$(debian_sources | awk -v s="$suite" '$3 == s { print $2; exit }'); }
    [ -n "$mirror" ] || die "This machine's apt knows no mirror of Debian's $suite."
    step "debootstrap, once; kept in build/roots"
    made=$(mktemp -d)
    debootstrap --variant=minbase "$suite" "$made" "$mirror" >"$project/build/debootstrap.log" 2>&1 || { tail -5 "$project/build/debootstrap.log" >&2; exit 1; }
    tar -C "$made" --one-file-system -cf "$base.new" .
    mv "$base.new" "$base"
    rm -rf "$made"
}

fetch_packages() {
    # With network: only fetched here; install.sh installs them itself.
    step "fetching packages"
    mkdir -p "$debs/partial" "$wheels"
    echo force-unsafe-io > "$root/etc/dpkg/dpkg.cfg.d/fast"  # this root survives no power cut
    debian_sources > "$root/etc/apt/sources.list"
    local own
    for own in /etc/apt/apt.conf.d/*; do  # what somebody set up here by hand: a proxy, a way to sign in
        dpkg -S "$own" >/dev/null 2>&1 || cp "$own" "$root/etc/apt/apt.conf.d/"
    done
    cp /etc/resolv.conf "$root/etc/resolv.conf" 2>/dev/null || true
    # What was fetched before is kept: minbase would throw it away after each installation.
    rm -f "$root/etc/apt/apt.conf.d/docker-clean"
    unshare --mount --fork bash -euo pipefail -c "
        mount --bind '$debs' '$root/var/cache/apt/archives'
        mount --bind /dev '$root/dev'
        chroot '$root' apt-get update -qq
        chroot '$root' env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --download-only --no-install-recommends ${packages[*]} >/dev/null"
    local list
    list=$(mktemp)
    local words kind
    for words in "--wheels cloud" "--only-tool hatchling --only-tool setuptools" "--source cloud"; do
        # shellcheck disable=SC2086  # several words
        "$project/.venv/bin/python" "$project/installer/supply_chain/subset.py" $words > "$list"
        kind=(--only-binary :all: --python-version 3.11)
        [ "$words" != "--source cloud" ] || kind=(--no-build-isolation)
        "$project/.venv/bin/python" -m pip download -qq --disable-pip-version-check --no-deps --require-hashes "${kind[@]}" \
            --dest "$wheels" --requirement "$list"
    done
    rm -f "$list"
}

copy_project() {
    mkdir -p "$root/src"
    git -C "$project" ls-files -z --cached --others --exclude-standard | (cd "$project" && xargs -0 ls -d 2>/dev/null | tar -cf - -T -) | tar -C "$root/src" -xf -
}

check() {
    step "shutting the network, and installing"
    unshare --mount --net --pid --fork --kill-child bash -euo pipefail -c "
        python3 -c 'import fcntl, socket, struct; s = socket.socket(); fcntl.ioctl(s, 0x8914, struct.pack(\"16sh\", b\"lo\", 0x1 | 0x40))'
        mount --bind '$debs' '$root/var/cache/apt/archives'
        mkdir -p '$root/wheels'
        mount --bind '$wheels' '$root/wheels'
        mount -t proc proc '$root/proc'
        mount -t sysfs -o ro sysfs '$root/sys'
        mount -t tmpfs tmpfs '$root/run'
        mount --rbind /dev '$root/dev'
        exec chroot '$root' env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
            PIP_NO_INDEX=1 PIP_FIND_LINKS=/wheels bash /src/installer/server/check_inside.sh"
}

[ -f "$base" ] || make_base
step "unpacking"
tar -C "$root" -xf "$base"
chmod 755 "$root"  # mktemp's folder is for its owner alone, and a root that the server's users cannot enter runs nothing
fetch_packages
copy_project
check
step "done"
