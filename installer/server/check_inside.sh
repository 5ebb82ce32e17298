#!/usr/bin/env bash
# The inner half of check_in_root.sh: an operator's days with a bare server. Never run it on a machine that you want to keep.
set -euo pipefail
[ -d /src/installer/server ] && [ ! -e /.wink-checked ] || { echo "check_in_root.sh runs this." >&2; exit 2; }
touch /.wink-checked

domain=counts.test
url=https://$domain
authority=/etc/wink-cloud/authority.pem
password='correct horse battery'
install=(bash /src/installer/server/install.sh)

step() { echo "-- $* ($SECONDS s)" >&2; }
die() {
    echo "FAILED: $*" >&2
    tail -20 /var/log/wink-cloud.log >&2 2>/dev/null || true
    exit 1
}
same() { [ "$2" = "$3" ] || die "$1: '$2' is not '$3'"; }
web() { curl --silent --show-error --fail --cacert "$authority" "$@"; }
field() { python3 -c "import json, sys; print(json.load(sys.stdin)$1)"; }

echo "127.0.0.1 localhost $domain" > /etc/hosts
apt-get install -y -qq -o Dpkg::Use-Pty=0 --no-install-recommends curl ca-certificates >/dev/null

log_in() {
    token=$(web "$url/api/v1/auth/login" -H 'Content-Type: application/json' \
        -d "{\"email\": \"boss@acme.example\", \"password\": \"$password\"}" | field "['access_token']")
}

upload() {
    # One person walks in.
    local now id
    now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
    id=$(PYTHONPATH=/src /opt/wink-cloud/current/bin/python -c 'from shared_models.ids import uuid7; print(uuid7())')
    printf '{"events": [{"event_id": "%s", "seq": %s, "type": "footfall_in", "camera_id": "door", "zone_id": "entrance", "zone_revision": 1, "occurred_at": "%s"}]}' \
        "$id" "$1" "$now" | gzip > /tmp/batch.gz
    web "$url/api/v1/edge/events" -H "X-EDGE-KEY: $edge_key" -H 'Content-Type: application/json' -H 'Content-Encoding: gzip' \
        --data-binary @/tmp/batch.gz | field "['results'][0]['status']"
}

footfall() {
    log_in
    web -G "$url/api/v1/analytics/footfall" -H "Authorization: Bearer $token" --data-urlencode "store_id=$store_id" \
        --data-urlencode "from=$(date -u -d '-1 day' +%Y-%m-%dT%H:%M:%SZ)" --data-urlencode "to=$(date -u -d '+1 day' +%Y-%m-%dT%H:%M:%SZ)" \
        --data-urlencode bucket=day | field "['totals']['in']"
}

doctor() {
    wink-cloud doctor --ca "$authority" --json > /tmp/doctor.json || true
    python3 - <<'P'
import json
findings = json.load(open("/tmp/doctor.json"))["findings"]
for f in findings:
    print(f"   {f['state']:8} {f['what']:24} {f['words']}")
P
    local bad
    bad=$(field '["findings"]' < /tmp/doctor.json | python3 -c "import ast, sys; print(', '.join(f['what'] for f in ast.literal_eval(sys.stdin.read()) if f['state'] != 'ok'))")
    same "what the doctor does not like" "$bad" "${1:-}"
}

is_up() { web "$url/readyz" >/dev/null; }

# --- the first day --------------------------------------------------------------------------------------------------------
"${install[@]}" && die "it installed itself without being told a name"
"${install[@]}" --domain "$domain" --tls self-signed
step "installed"
is_up || die "no answer over TLS"
same "redirect" "$(curl -s -o /dev/null -w '%{http_code} %{redirect_url}' "http://$domain/login")" "301 $url/login"
curl -s "$url/healthz" 2>/dev/null && die "a certificate of an unknown authority was accepted"
same "settings" "$(stat -c '%a %U' /etc/wink-cloud/cloud.env)" "600 root"
same "who serves" "$(stat -c %U "/proc/$(cat /var/lib/wink-cloud/wink-cloud.pid)")" wink
same "metrics from outside" "$(curl -s --cacert "$authority" -o /dev/null -w '%{http_code}' "$url/metrics")" 404

wink-cloud create-org Acme >/dev/null
store_id=$(wink-cloud create-store --org Acme --name "High Street" --timezone Europe/Berlin --json | field "['store_id']")
wink-cloud create-user --email boss@acme.example --role org_admin --org Acme --password-stdin <<< "$password" >/dev/null
edge_key=$(wink-cloud create-edge-key --store "High Street" --json | field "['edge_key']")
same "upload" "$(upload 1)" accepted
same "footfall" "$(footfall)" 1
step "a log-in, an upload, and its number"
doctor backup

# --- backup, by the unit's own command ------------------------------------------------------------------------------------
back_up() {
    # shellcheck source=/dev/null
    (set -a; . /etc/wink-cloud/cloud.env; HOME=/var/lib/wink-cloud; set +a
     runuser -u wink -- sh -c "$(sed -n 's/^ExecStart=//p' /etc/systemd/system/wink-cloud-backup.service)") >/dev/null
}
back_up
backup=$(find /var/backups/wink-cloud -name 'wink-cloud-*.backup')
same "backups" "$(stat -c '%a %U' "$backup")" "600 wink"
step "a backup"
doctor

# --- again: nothing changes -----------------------------------------------------------------------------------------------
before=$(sha256sum /etc/wink-cloud/cloud.env /etc/wink-cloud/tls/* /etc/nginx/sites-available/wink-cloud; readlink /opt/wink-cloud/current)
"${install[@]}"
same "a second run" "$(sha256sum /etc/wink-cloud/cloud.env /etc/wink-cloud/tls/* /etc/nginx/sites-available/wink-cloud; readlink /opt/wink-cloud/current)" "$before"
same "releases" "$(find /opt/wink-cloud/releases -mindepth 1 -maxdepth 1 | wc -l)" 1
same "footfall after a second run" "$(footfall)" 1
step "a second run changes nothing"

# --- upgrade --------------------------------------------------------------------------------------------------------------
former=$(readlink /opt/wink-cloud/current)
echo "# a newer release" >> /src/cloud_api/serving.py
"${install[@]}"
[ "$(readlink /opt/wink-cloud/current)" != "$former" ] || die "the upgrade made no new release"
[ -n "$(find /var/backups/wink-cloud -name 'before-upgrade-*.backup')" ] || die "no backup was made before the upgrade"
same "upload after the upgrade" "$(upload 2)" accepted
same "footfall after the upgrade" "$(footfall)" 2
step "an upgrade"

# --- an upgrade that fails ------------------------------------------------------------------------------------------------
good=$(readlink /opt/wink-cloud/current)
cp /src/cloud_api/serving.py /tmp/serving.py
echo 'raise RuntimeError("a defect of this release")' >> /src/cloud_api/serving.py
WINK_INSTALL_WAIT_S=15 "${install[@]}" && die "a broken release was taken for whole"
same "release after a broken upgrade" "$(readlink /opt/wink-cloud/current)" "$good"
same "footfall after a broken upgrade" "$(footfall)" 2
cp /tmp/serving.py /src/cloud_api/serving.py
step "a broken upgrade, and back"

# --- restore --------------------------------------------------------------------------------------------------------------
kill "$(cat /var/lib/wink-cloud/wink-cloud.pid)"
tail --pid="$(cat /var/lib/wink-cloud/wink-cloud.pid)" -f /dev/null
wink-cloud restore "$backup" 2>/dev/null && die "a restore over what is there was not refused"
wink-cloud restore --overwrite "$backup" >/dev/null
"${install[@]}" 2>/dev/null
same "footfall after the restore" "$(footfall)" 1
same "upload after the restore" "$(upload 2)" accepted
wink-cloud verify-rollups >/dev/null || die "figures do not equal events after the restore"
step "a restore"
doctor

# --- gone, and back, with a certificate of one's own -------------------------------------------------------------------------------------------------------
cp /etc/wink-cloud/tls/fullchain.pem /root/own.pem
cp /etc/wink-cloud/tls/server.key /root/own.key
"${install[@]}" --uninstall
[ ! -e /opt/wink-cloud ] && [ ! -e /etc/systemd/system/wink-cloud.service ] || die "the program is still there"
is_up 2>/dev/null && die "it still answers"
"${install[@]}" --tls own --certificate /root/own.pem --key /root/own.key 2>/dev/null
grep -q 'ssl_certificate /root/own.pem' /etc/nginx/sites-available/wink-cloud || die "the certificate of one's own is not served"
same "footfall after going and coming back" "$(footfall)" 2
"${install[@]}" --uninstall --purge
[ ! -e /etc/wink-cloud ] && [ ! -e /var/backups/wink-cloud ] && [ ! -e /var/lib/wink-cloud ] || die "data survived the purge"
same "databases after the purge" "$(runuser -u postgres -- psql -tAc "SELECT count(*) FROM pg_database WHERE datname = 'wink'")" 0
getent passwd wink >/dev/null && die "the user survived the purge"
step "uninstalled"
echo "server check: everything passed"
