#!/bin/sh
# wink-cloud with the settings of the service, as its user. Written by install.sh.
set -eu
env_file=/etc/wink-cloud/cloud.env
if [ "$(id -u)" -ne 0 ]; then
    echo "Run it as root: sudo wink-cloud ...; the settings are readable by root alone." >&2
    exit 2
fi
set -a
# shellcheck disable=SC1090  # written by install.sh
. "$env_file"
HOME=/var/lib/wink-cloud
set +a
cd /var/lib/wink-cloud
exec runuser -u wink -- /opt/wink-cloud/current/bin/wink-cloud "$@"
