#!/bin/sh
# Writes one backup into WINK_CLOUD_BACKUP_DIR, and drops those older than WINK_CLOUD_BACKUP_DAYS, but only if it was written.
set -eu
folder=${WINK_CLOUD_BACKUP_DIR:?set WINK_CLOUD_BACKUP_DIR}
days=${WINK_CLOUD_BACKUP_DAYS:-14}
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
program=$here/../bin/wink-cloud
[ -x "$program" ] || program=wink-cloud

"$program" backup "$folder/wink-cloud-$(date -u +%Y%m%dT%H%M%SZ).backup"
find "$folder" -maxdepth 1 -type f -name 'wink-cloud-*.backup' -mtime "+$days" -delete
find "$folder" -maxdepth 1 -type f -name '*.part' -mtime +1 -delete
