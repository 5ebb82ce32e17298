#!/usr/bin/env bash
# Everything that can be asked of the finished Debian package: lintian, its texts, its service, and a clean Debian.
#   check_package.sh build/package
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
folder=${1:-build/package}
python=.venv/bin/python

packages=("$folder"/wink-analytics_*.deb)
[ -f "${packages[0]}" ] || { echo "there is no package in $folder: run make package" >&2; exit 1; }
package=$(printf '%s\n' "${packages[@]}" | xargs ls -t | head -1)
work=$(mktemp -d "${TMPDIR:-/tmp}/wink-package-check.XXXXXX")
trap 'rm -rf "$work"' EXIT

# The same files under a lower number: what a shop has that upgrades. Not compressed, which lintian of Debian 12 asks for, too.
former=$("$python" -m installer.linux.deb --bundle "$folder/wink-analytics" --out "$work" --version 0.0.9)

echo "== lintian" >&2
lintian --allow-root --fail-on error --suppress-tags uses-no-compression-for-control-tarball,uses-no-compression-for-data-tarball "$former"

echo "== the menu entry and the service" >&2
mkdir "$work/files"
dpkg-deb --fsys-tarfile "$former" | tar -x -C "$work/files" ./etc ./usr/share/applications ./usr/lib/systemd ./usr/bin
desktop-file-validate "$work/files/usr/share/applications/"*.desktop "$work/files/etc/xdg/autostart/"*.desktop
if command -v systemd-analyze >/dev/null; then
    unit=$work/files/usr/lib/systemd/system/wink-edge.service
    # The program is not installed here: another one stands for it while the unit's words are looked at.
    sed 's|^ExecStart=/usr/bin/wink-edge|ExecStart=/bin/true|; /^Documentation=/d' "$unit" >"$work/wink-edge.service"
    told=$(systemd-analyze verify "$work/wink-edge.service" 2>&1 | grep 'wink-edge.service' || true)
    [ -z "$told" ] || { echo "$told" >&2; exit 1; }
    systemd-analyze security --offline=true --threshold=20 --no-pager "$unit" | tail -1
fi

as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo -n)
"${as_root[@]}" bash installer/linux/check_deb.sh "$package" "$former" build/debian
