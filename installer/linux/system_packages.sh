#!/usr/bin/env bash
# Installs the system packages of the groups named, where Debian's package manager is at hand.
#   system_packages.sh [--soft] window|test|server|package ...
# --soft: say what is missing and go on.
set -euo pipefail

window=(
    libegl1 libgl1 libopengl0 libfontconfig1 libdbus-1-3 libglib2.0-0 libxkbcommon0 libxkbcommon-x11-0
    libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 libxcb-shape0
    libxcb-sync1 libxcb-xfixes0 libxcb-xkb1 libx11-xcb1 fonts-dejavu-core
)
test=(
    xvfb trayer openbox xdotool chromium ffmpeg dbus gnome-keyring
    python3-gi gir1.2-gst-rtsp-server-1.0 gir1.2-gst-plugins-base-1.0
    gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad
    postgresql-15 pgbouncer openssl
)
package=(
    # building the bundle and the package, and looking them over
    gcc libc6-dev binutils python3-dev dpkg-dev git xvfb lintian shellcheck desktop-file-utils debootstrap
)

# A Debian root in which a server is installed for real, and what reads systemd's units.
server=(debootstrap systemd util-linux)

soft=no
wanted=()
for word in "$@"; do
    case $word in
        --soft) soft=yes ;;
        window) wanted+=("${window[@]}") ;;
        test) wanted+=("${test[@]}") ;;
        server) wanted+=("${server[@]}") ;;
        package) wanted+=("${package[@]}") ;;
        *) echo "unknown group: $word (window, test, server or package)" >&2; exit 2 ;;
    esac
done

give_up() {
    echo "$1" >&2
    [ "$soft" = yes ] && exit 0
    exit 1
}

command -v dpkg-query >/dev/null || give_up "This is no Debian or Ubuntu: install what matches these yourself: ${wanted[*]}"

missing=()
for package in "${wanted[@]}"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

apt=(apt-get)
if [ "$(id -u)" -ne 0 ]; then
    sudo -n true 2>/dev/null || give_up "Missing system packages. Run by hand: sudo apt-get install ${missing[*]}"
    apt=(sudo -n apt-get)
fi
echo "installing system packages: ${missing[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
"${apt[@]}" update -qq >&2 || give_up "apt-get update failed. Run by hand: apt-get install ${missing[*]}"
"${apt[@]}" install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
    give_up "apt-get install failed. Run by hand: apt-get install ${missing[*]}"
