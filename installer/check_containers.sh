#!/usr/bin/env bash
# Replays the Dockerfiles of cloud and edge in Debian roots (make container-check), and starts what they make as their users.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
[ "$(id -u)" -eq 0 ] || { echo "A root for a system needs root: sudo make container-check" >&2; exit 1; }

base=build/roots/trixie-minbase.tar
if [ ! -f "$base" ]; then
    mkdir -p build/roots
    # shellcheck disable=SC2016  # apt's own variables
    sites() { apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Origin: Debian' | sort -u | grep -v security | head -1; }
    mirror=$(sites)
    [ -n "$mirror" ] || { apt-get update -qq; mirror=$(sites); }
    made=$(mktemp -d)
    debootstrap --variant=minbase trixie "$made" "$mirror" > build/debootstrap-trixie.log 2>&1 ||
        { tail -5 build/debootstrap-trixie.log >&2; exit 1; }
    chmod 755 "$made"  # it becomes the root
    tar -C "$made" --one-file-system -cf "$base.new" .
    mv "$base.new" "$base"
    rm -rf "$made"
fi

# shellcheck disable=SC2016  # filled in inside
wait_until_healthy='for i in $(seq 90); do sleep 1; python $HEALTH 2>/dev/null && echo healthy && exit 0; done; exit 1'
# shellcheck disable=SC2016  # filled in inside
.venv/bin/python -m installer.container_replay installer/server/Dockerfile \
    --check 'test "$(id -un)" = wink && pg_dump --version && touch /var/lib/wink-cloud/x && ! touch /opt/x 2>/dev/null && ! command -v gcc pip' \
    --check 'WINK_CLOUD_MODE=development /opt/wink-cloud/libexec/start.sh serve & HEALTH=/opt/wink-cloud/libexec/health.py; '"$wait_until_healthy"
# shellcheck disable=SC2016  # filled in inside
.venv/bin/python -m installer.container_replay installer/edge_compose/Dockerfile \
    --check 'test "$(id -un)" = wink && wink-edge doctor --data-dir /tmp/doctor && ! command -v gcc pip' \
    --check 'printf "cameras:\n  - camera_id: v\n    name: V\n    source: virtual-store://entrance\n    zones: []\n" > /tmp/config.yaml
             wink-edge run --config /tmp/config.yaml & HEALTH=/opt/wink-edge/libexec/health.py; '"$wait_until_healthy"
