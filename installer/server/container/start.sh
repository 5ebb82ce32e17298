#!/bin/sh
# What a container begins with: start.sh serve | migrate | backups | any other command of wink-cloud.
set -eu

case ${1:-serve} in
    serve)
        # Platforms say by PORT where they will ask.
        exec wink-cloud serve --host 0.0.0.0 --port "${PORT:-8000}" --log-json
        ;;
    migrate)
        exec /opt/wink-cloud/libexec/migrate.sh
        ;;
    backups)
        # One at the start, then every night at the hour of WINK_CLOUD_BACKUP_HOUR (UTC). A failure is told and tried again in an hour.
        trap 'exit 0' TERM INT
        while :; do
            if /opt/wink-cloud/libexec/backup.sh; then
                wait_s=$(( ((${WINK_CLOUD_BACKUP_HOUR:-2} - $(date -u +%-H) + 23) % 24 + 1) * 3600 - $(date -u +%-M) * 60 ))
            else
                echo "the backup failed; the next try is in an hour" >&2
                wait_s=3600
            fi
            sleep "$wait_s" &
            wait $!
        done
        ;;
    *)
        exec wink-cloud "$@"
        ;;
esac
