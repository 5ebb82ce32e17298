#!/usr/bin/env bash
# Installs the Debian package in a clean Debian, upgrades it, removes it and purges it, and looks at what is left each time.
#   check_deb.sh PACKAGE.deb FORMER.deb [CACHE_FOLDER]
# Needs root (debootstrap, chroot). The clean system is made once and kept as an archive in CACHE_FOLDER; it takes its packages
# from where this machine takes them. Nothing stays mounted, and nothing of it stays but that archive.
set -euo pipefail

package=$(readlink -f "${1:?usage: check_deb.sh PACKAGE.deb FORMER.deb [CACHE_FOLDER]}")
former=$(readlink -f "${2:?the package of a former version is needed too}")
cache=$(readlink -m "${3:-build/debian}")
suite=${SUITE:-bookworm}
name=wink-analytics
[ "$(id -u)" -eq 0 ] || { echo "run me as root: sudo $0 $*" >&2; exit 2; }

work=$(mktemp -d "${TMPDIR:-/tmp}/wink-deb-check.XXXXXX")
root=$work/root

leave() {
    local code=$?
    for place in sys proc dev/pts dev; do
        if mountpoint -q "$root/$place" 2>/dev/null; then umount -l "$root/$place"; fi
    done
    # Never delete through something that is still mounted.
    if grep -q " $work" /proc/mounts; then
        echo "still mounted, left where it is: $work" >&2
    else
        rm -rf "$work"
    fi
    exit "$code"
}
trap leave EXIT

step() { echo "== $*" >&2; }
die() { echo "FAILED: $*" >&2; exit 1; }
inside() { chroot "$root" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 "$@"; }

mirror() {
    # Where this machine has Debian's own packages from: deb822 or one-line form.
    awk '/^URIs:/ {print $2; exit}' /etc/apt/sources.list.d/debian.sources 2>/dev/null ||
        awk '$1 == "deb" {for (i = 2; i <= NF; i++) if ($i ~ /:\/\//) {print $i; exit}}' /etc/apt/sources.list
}

clean_system() {
    local archive
    archive=$cache/$suite-$(dpkg --print-architecture).tar
    mkdir -p "$root" "$cache"
    if [ ! -f "$archive" ]; then
        step "making a clean $suite (kept in $archive)"
        debootstrap --variant=minbase "$suite" "$root" "$(mirror)" >"$work/debootstrap.log" 2>&1 ||
            { tail -20 "$work/debootstrap.log" >&2; die "debootstrap"; }
        # What this machine knows about getting packages: sources, settings, certificates.
        rm -f "$root/etc/apt/sources.list"
        cp /etc/apt/sources.list.d/debian.sources "$root/etc/apt/sources.list.d/" 2>/dev/null || cp /etc/apt/sources.list "$root/etc/apt/"
        for setting in /etc/apt/apt.conf /etc/apt/apt.conf.d/*; do
            if [ -f "$setting" ] && grep -qiE '^[^/#]*(proxy|verify|check-(valid|date)|cainfo)' "$setting"; then
                cp "$setting" "$root/etc/apt/apt.conf.d/"
            fi
        done
        mkdir -p "$root/etc/ssl/certs"
        if [ -f /etc/ssl/certs/ca-certificates.crt ]; then cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"; fi
        apt_update
        # The package's libraries, so that the archive holds them and the next run is quick.
        cp "$former" "$root/tmp/former.deb"
        inside apt-get install -y -qq --no-install-recommends --download-only /tmp/former.deb >/dev/null
        rm "$root/tmp/former.deb"
        tar -C "$root" -cf "$archive.new" .
        mv "$archive.new" "$archive"
    else
        step "a clean $suite from $archive"
        tar -C "$root" -xf "$archive"
    fi
    # A system that starts no services, as one that is being installed.
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
    chmod +x "$root/usr/sbin/policy-rc.d"
    mount --bind /dev "$root/dev"
    mount --bind /dev/pts "$root/dev/pts"
    mount --bind -o ro /sys "$root/sys"
    mount -t proc proc "$root/proc"
}

apt_update() {
    cp /etc/resolv.conf "$root/etc/resolv.conf" 2>/dev/null || true
    inside apt-get update -qq >/dev/null 2>"$work/apt.log" || { cat "$work/apt.log" >&2; die "apt-get update in the clean system"; }
}

install_file() {
    cp "$1" "$root/tmp/package.deb"
    inside apt-get install -y -qq --no-install-recommends /tmp/package.deb >"$work/apt.log" 2>&1 ||
        { tail -30 "$work/apt.log" >&2; die "installing $(basename "$1")"; }
    rm "$root/tmp/package.deb"
}

# shellcheck disable=SC2016 # dpkg's own word
version_inside() { inside dpkg-query -W -f='${Version}' "$name"; }

counts() {
    # The program as the service runs it: its user, its folder, its configuration; until its camera is live, then ended by SIGTERM.
    step "counting as the service's user"
    local pid waited=0
    : >"$work/run.log"
    chroot --userspec=wink-edge:wink-edge "$root" env -i HOME=/var/lib/wink-edge WINK_CREDENTIALS=file PATH=/usr/bin:/bin \
        wink-edge run --config /etc/wink/config.yaml --data-dir /var/lib/wink-edge >"$work/run.log" 2>&1 &
    pid=$!
    until grep -q ': Live' "$work/run.log"; do
        if ! kill -0 "$pid" 2>/dev/null; then tail -20 "$work/run.log" >&2; die "wink-edge run ended by itself"; fi
        waited=$((waited + 1))
        if [ "$waited" -gt 240 ]; then kill -9 "$pid"; tail -20 "$work/run.log" >&2; die "no camera was live within four minutes"; fi
        sleep 1
    done
    kill -TERM "$pid"
    wait "$pid" || { tail -20 "$work/run.log" >&2; die "asked to end, wink-edge ended with $?"; }
    [ -s "$root/var/lib/wink-edge/outbox.sqlite3" ] || die "nothing was written down"
}

clean_system
[ ! -e "$root/usr/bin/python3" ] || die "this system is not bare: it has a Python"

step "installing the former version"
install_file "$former"
former_version=$(version_inside)
inside wink-edge --version
inside getent passwd wink-edge >/dev/null || die "the service's user is missing"
[ "$(stat -c '%U %a' "$root/etc/wink/config.yaml")" = "root 640" ] || die "anybody may read the configuration"
[ "$(inside stat -c '%U %a' /var/lib/wink-edge)" = "wink-edge 750" ] || die "the data folder is not the service's own"
[ ! -e "$root/etc/systemd/system/multi-user.target.wants/wink-edge.service" ] || die "the service is switched on by itself"

step "wink-edge doctor"
inside wink-edge doctor || die "the doctor finds something broken"

cat >"$root/etc/wink/config.yaml" <<'YAML'
# edited by the administrator
cameras:
  - camera_id: door
    source: virtual-store://entrance?seed=11&people=40
    zones:
      - {zone_id: entrance, type: line, coordinates: [[100, 200], [500, 200]]}
YAML
counts

step "upgrading"
install_file "$package"
[ "$(version_inside)" != "$former_version" ] || die "the version is still $former_version"
inside wink-edge --version
grep -q 'edited by the administrator' "$root/etc/wink/config.yaml" || die "the upgrade lost the configuration"
[ "$(stat -c '%U %a' "$root/etc/wink/config.yaml")" = "root 640" ] || die "the upgrade changed who may read the configuration"
[ -s "$root/var/lib/wink-edge/outbox.sqlite3" ] || die "the upgrade lost what was counted"
counts

step "every library is found"
# shellcheck disable=SC2016 # for the shell inside
lost=$(inside sh -c 'for file in /usr/lib/wink-analytics/wink-* $(find /usr/lib/wink-analytics -name "*.so*" -type f); do
    LD_LIBRARY_PATH=/usr/lib/wink-analytics/_internal ldd "$file" 2>/dev/null | grep "not found"; done | sort -u' || true)
unexpected=$(grep -v 'libOpenCL.so.1' <<<"$lost" || true)
[ -z "$unexpected" ] || die "libraries that no dependency brings: $unexpected"

step "removing"
inside apt-get remove -y -qq "$name" >/dev/null
[ ! -e "$root/usr/bin/wink-edge" ] || die "the program is still there"
[ ! -e "$root/usr/lib/wink-analytics" ] || die "files of the program are still there: $(find "$root/usr/lib/wink-analytics" | head -3)"
[ -s "$root/var/lib/wink-edge/outbox.sqlite3" ] || die "removing lost what was counted"
grep -q 'edited by the administrator' "$root/etc/wink/config.yaml" || die "removing lost the configuration"

step "purging"
inside apt-get purge -y -qq "$name" >/dev/null
for place in /var/lib/wink-edge /etc/wink /etc/xdg/autostart/wink-analytics.desktop; do
    [ ! -e "$root$place" ] || die "$place is still there after purging"
done
if inside getent passwd wink-edge >/dev/null; then die "the user is still there after purging"; fi
if inside getent group wink-edge >/dev/null; then die "the group is still there after purging"; fi
echo "installed, upgraded from $former_version, removed and purged in a clean $suite"
