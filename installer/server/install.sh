#!/usr/bin/env bash
# Wink Analytics' cloud on a bare Debian 12 or Ubuntu 22.04 / 24.04 server: PostgreSQL, the program, nginx with TLS, nightly backups.
#
#   sudo bash installer/server/install.sh --domain counts.example.com --tls certbot --email you@example.com
#   sudo bash installer/server/install.sh                       # again, from a newer checkout: the upgrade
#   sudo bash installer/server/install.sh --uninstall [--purge] # --purge: database, backups and settings too
#
#   --domain NAME        the public name; kept for the next run
#   --tls HOW            certbot (needs --email), self-signed (an authority of its own), own (needs --certificate, --key)
#   --email ADDRESS      for the authority of certificates, which warns of renewals that fail
#   --certificate FILE   the whole chain in PEM form;  --key FILE  its key
#   --workers N          processes that serve; default: one per core, at most 8
#   --database-url URL   a database elsewhere (the application's role), with --database-direct-url URL (the owner)
#   --http-port N, --https-port N, --app-port N     80, 443, 8000
#   --retention-days N   how long raw events are kept; 400
#
# Running it again changes nothing that is right already. Without systemd (a container, a chroot) it starts the units'
# own commands itself, and says so.
set -euo pipefail
shopt -s inherit_errexit

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source_dir=$(cd "$here/../.." && pwd)
opt=/opt/wink-cloud etc=/etc/wink-cloud data=/var/lib/wink-cloud backups=/var/backups/wink-cloud
env_file=$etc/cloud.env
choices=$etc/install.conf
units=(wink-cloud.service wink-cloud-backup.service wink-cloud-backup.timer)
kept_releases=2

say() { echo "== $*" >&2; }
die() { echo "$*" >&2; exit 1; }
has_systemd() { [ -d /run/systemd/system ]; }

domain='' tls='' email='' certificate='' key='' workers='' database_url='' database_direct_url=''
http_port=80 https_port=443 app_port=8000 retention_days=400 is_uninstall=no is_purge=no

read_choices() {
    # What was chosen the last time stands until something else is said.
    # shellcheck disable=SC1090  # written by keep_choices
    [ ! -f "$choices" ] || . "$choices"
}

read_words() {
    while [ $# -gt 0 ]; do
        case $1 in
            --uninstall) is_uninstall=yes; shift; continue ;;
            --purge) is_purge=yes; shift; continue ;;
            --help|-h) sed -n '2,/^set -/{/^set -/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"; exit 0 ;;
        esac
        [ $# -ge 2 ] || die "$1 needs a value; see --help."
        case $1 in
            --domain) domain=$2 ;;
            --tls) tls=$2 ;;
            --email) email=$2 ;;
            --certificate) certificate=$(realpath -- "$2") ;;
            --key) key=$(realpath -- "$2") ;;
            --workers) workers=$2 ;;
            --database-url) database_url=$2 ;;
            --database-direct-url) database_direct_url=$2 ;;
            --http-port) http_port=$2 ;;
            --https-port) https_port=$2 ;;
            --app-port) app_port=$2 ;;
            --retention-days) retention_days=$2 ;;
            *) die "unknown word: $1; see --help." ;;
        esac
        shift 2
    done
}

check_choices() {
    [ -n "$domain" ] || die "Say under which name the server is reached: --domain counts.example.com"
    [[ $domain =~ ^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$ ]] || die "'$domain' is no name of a server."
    local name
    for name in http_port https_port app_port retention_days; do
        [[ ${!name} =~ ^[0-9]+$ ]] || die "--${name//_/-} takes a number, not '${!name}'."
    done
    workers=${workers:-$(n=$(nproc); echo $((n > 8 ? 8 : n)))}
    [[ $workers =~ ^[1-9][0-9]?$ ]] || die "--workers takes a number from 1 to 64, not '$workers'."
    case $tls in
        certbot) [ -n "$email" ] || die "--tls certbot needs --email: the authority writes to it when a renewal fails." ;;
        own) [ -r "$certificate" ] && [ -r "$key" ] || die "--tls own needs --certificate FILE and --key FILE." ;;
        self-signed) ;;
        *) die "Say where the certificate comes from: --tls certbot, --tls own or --tls self-signed." ;;
    esac
    if [ -n "$database_url" ] && [ -z "$database_direct_url" ]; then
        die "--database-url (the application's role) needs --database-direct-url (the owner of the tables) beside it."
    fi
}

keep_choices() {
    install -d -m 0755 "$etc"
    local name
    for name in domain tls email certificate key workers http_port https_port app_port retention_days; do
        printf '%s=%q\n' "$name" "${!name}"
    done > "$choices.new"
    mv "$choices.new" "$choices"
}

# --- packages ---------------------------------------------------------------------------------------------------------

find_python() {
    local name
    for name in "${PYTHON:-}" python3 python3.11 python3.12 python3.13; do
        [ -n "$name" ] || continue
        if "$name" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    return 1
}

install_packages() {
    command -v apt-get >/dev/null || die "This script knows Debian and Ubuntu only; elsewhere use installer/server/compose.yaml."
    local wanted=(ca-certificates nginx openssl util-linux) missing=() package
    if [ -n "$database_url" ]; then wanted+=(postgresql-client); else wanted+=(postgresql postgresql-client); fi
    [ "$tls" = certbot ] && wanted+=(certbot)
    for package in "${wanted[@]}"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    if ! find_python >/dev/null; then
        # shellcheck source=/dev/null
        case "$(. /etc/os-release && echo "$ID $VERSION_ID")" in
            "ubuntu 22.04") missing+=(python3.11 python3.11-venv) ;;  # its own python3 is 3.10
            *) missing+=(python3 python3-venv) ;;
        esac
    fi
    [ ${#missing[@]} -gt 0 ] || return 0
    say "installing packages: ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq || say "the lists of packages could not be renewed; going on with those that are here"
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
    find_python >/dev/null || die "Python 3.11, 3.12 or 3.13 with venv is needed and was not found; name one: PYTHON=/path/to/python3."
}

# --- user, folders, settings --------------------------------------------------------------------------------------------

make_user() {
    getent passwd wink >/dev/null || useradd --system --user-group --home-dir "$data" --no-create-home --shell /usr/sbin/nologin wink
    install -d -m 0755 "$opt" "$opt/releases" "$etc" /var/www/wink-cloud
    install -d -m 0700 -o wink -g wink "$data" "$backups"
}

setting() {
    # The value of one setting that is there already, or nothing.
    [ -f "$env_file" ] || return 0
    sed -n "s/^$1=\"\{0,1\}\([^\"]*\)\"\{0,1\}\$/\1/p" "$env_file" | tail -1
}

set_setting() {
    # set_setting NAME VALUE: one line of the file, renewed in place; all others stay as the operator wrote them.
    local line="$1=\"$2\"" new
    [[ $2 != *[\"\$\`\\]* ]] || die "The value of $1 holds a character that the settings file cannot: one of \" \$ \` \\"
    new=$(mktemp "$etc/.cloud.env.XXXXXX")  # mktemp makes it 0600
    name=$1 line=$line awk 'index($0, ENVIRON["name"] "=") == 1 { print ENVIRON["line"]; is_set = 1; next } { print }
        END { if (!is_set) print ENVIRON["line"] }' "$env_file" > "$new"
    mv "$new" "$env_file"
}

set_default() { [ -n "$(setting "$1")" ] || set_setting "$1" "$2"; }

write_settings() {
    say "settings in $env_file"
    if [ ! -f "$env_file" ]; then
        (umask 077; echo "# Settings of Wink Analytics' cloud; install.sh keeps what you change. Restart after a change." > "$env_file")
    fi
    chmod 0600 "$env_file"
    set_default WINK_SECRET_KEY "$(openssl rand -base64 48 | tr -d '\n')"
    set_default WINK_CLOUD_MODE production
    set_default WINK_CLOUD_COOKIE_SECURE 1
    set_default WINK_CLOUD_RETENTION_DAYS "$retention_days"
    set_default WINK_CLOUD_BACKUP_DAYS 14
    set_setting WINK_CLOUD_PUBLIC_URL "https://$(address)"
    set_setting WINK_CLOUD_DATA_DIR "$data"
    set_setting WINK_CLOUD_BACKUP_DIR "$backups"
    set_setting WINK_CLOUD_PORT "$app_port"
    set_setting WINK_CLOUD_WORKERS "$workers"
    if [ -n "$database_url" ]; then
        set_setting DATABASE_URL "$database_url"
        set_setting DATABASE_DIRECT_URL "$database_direct_url"
    fi
}

address() { if [ "$https_port" = 443 ]; then echo "$domain"; else echo "$domain:$https_port"; fi; }

# --- database -----------------------------------------------------------------------------------------------------------

psql_super() { runuser -u postgres -- psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 "$@"; }

start_postgresql() {
    if has_systemd; then systemctl enable --quiet --now postgresql; else service postgresql start >/dev/null; fi
    local tries
    for tries in $(seq 60); do
        psql_super -c 'SELECT 1' >/dev/null 2>&1 && return
        sleep 0.5
    done
    pg_lsclusters >&2 || true
    psql_super -c 'SELECT 1' >&2 || true
    tail -n 5 /var/log/postgresql/*.log >&2 || true
    die "PostgreSQL does not start ($tries tries); see: journalctl -u postgresql, or /var/log/postgresql."
}

prepare_database() {
    is_own_database || return 0
    start_postgresql
    local port owner_password app_password verb
    port=$(psql_super -c 'SHOW port')
    # The owner makes the application's role itself, so that it may also renew it; hence CREATEROLE, and nothing more.
    if [ -z "$(setting DATABASE_DIRECT_URL)" ] || [ -z "$(psql_super -c "SELECT 1 FROM pg_roles WHERE rolname = 'wink_owner'")" ]; then
        say "database 'wink' with an owner and a plain role for the program"
        owner_password=$(openssl rand -hex 24) app_password=$(openssl rand -hex 24)
        verb=CREATE
        [ -z "$(psql_super -c "SELECT 1 FROM pg_roles WHERE rolname = 'wink_owner'")" ] || verb=ALTER
        psql_super <<<"$verb ROLE wink_owner LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB CREATEROLE PASSWORD '$owner_password'"
        set_setting DATABASE_DIRECT_URL "postgresql://wink_owner:$owner_password@127.0.0.1:$port/wink"
        set_setting DATABASE_URL "postgresql://wink_app:$app_password@127.0.0.1:$port/wink"
    fi
    if [ -z "$(psql_super -c "SELECT 1 FROM pg_database WHERE datname = 'wink'")" ]; then
        psql_super -c "CREATE DATABASE wink OWNER wink_owner ENCODING 'UTF8' TEMPLATE template0"
        psql_super -c 'REVOKE ALL ON DATABASE wink FROM PUBLIC'
        psql_super -c 'GRANT CONNECT ON DATABASE wink TO PUBLIC'
        psql_super -d wink -c 'ALTER SCHEMA public OWNER TO wink_owner'
    fi
}

is_own_database() { [ -z "$database_url" ] && case "$(setting DATABASE_DIRECT_URL)" in ''|*@127.0.0.1:*/wink) true ;; *) false ;; esac; }

load_settings() {
    # Into the environment, and a home that the user wink may read.
    set -a
    # shellcheck source=/dev/null
    . "$env_file"
    HOME=$data
    set +a
    cd "$data"
}

as_wink() { (load_settings; exec runuser -u wink -- "$@"); }

migrate() {
    # migrate RELEASE
    say "schema"
    as_wink "$1/libexec/migrate.sh" >/dev/null
}

# --- program ------------------------------------------------------------------------------------------------------------

fingerprint() {
    # Of all that a release is made of.
    (cd "$source_dir" && find pyproject.toml constraints.txt shared_models desktop_app cloud_api assets installer/server installer/supply_chain \
        -type f -not -path '*/__pycache__/*' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -c1-12)
}

build_release() {
    # Makes the release aside, whole, or not at all; says its folder.
    local python release build
    python=$(find_python)
    release=$opt/releases/$(fingerprint)
    echo "$release"
    [ ! -f "$release/.whole" ] || return 0
    say "program in $release"
    rm -rf "$release"
    build=$(mktemp -d)
    local pins=("$python" "$source_dir/installer/supply_chain/subset.py")
    "${pins[@]}" --wheels cloud > "$build/run.txt"
    "${pins[@]}" --source cloud > "$build/source.txt"
    "${pins[@]}" --only-tool hatchling --only-tool setuptools > "$build/tool.txt"
    export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
    "$python" -m venv "$build/tool"
    "$build/tool/bin/pip" install --quiet --no-deps --require-hashes --only-binary :all: --requirement "$build/tool.txt"
    # What has to be built is built by the pinned tools, and by no others.
    "$build/tool/bin/pip" wheel --quiet --no-deps --no-build-isolation --require-hashes --wheel-dir "$build/wheels" --requirement "$build/source.txt"
    "$build/tool/bin/pip" wheel --quiet --no-deps --no-build-isolation --wheel-dir "$build/wheels" "$source_dir"
    "$python" -m venv "$release"
    "$release/bin/pip" install --quiet --no-deps --require-hashes --only-binary :all: --requirement "$build/run.txt"
    "$release/bin/pip" install --quiet --no-deps --no-index "$build"/wheels/*.whl
    install -D -m 0755 --target-directory="$release/libexec" "$here/backup.sh" "$here/migrate.sh"
    "$release/bin/wink-cloud" --help >/dev/null
    touch "$release/.whole"
    rm -rf "$build"
}

drop_old_releases() {
    local current folder n=0
    current=$(readlink -e "$opt/current")
    while read -r folder; do
        [ "$folder" != "$current" ] || continue
        n=$((n + 1))
        [ "$n" -lt "$kept_releases" ] || rm -rf "$folder"
    done < <(find "$opt/releases" -mindepth 1 -maxdepth 1 -type d -printf '%T@ %p\n' | sort -rn | cut -d' ' -f2-)
}

point_at() { ln -sfn "$1" "$opt/current.new" && mv -T "$opt/current.new" "$opt/current"; }

# --- services -----------------------------------------------------------------------------------------------------------

put() {
    # put FILE TARGET MODE: 0 if it has changed something.
    if cmp -s "$1" "$2"; then return 1; fi
    install -D -m "$3" "$1" "$2"
}

install_units() {
    local unit
    for unit in "${units[@]}"; do
        put "$here/$unit" "/etc/systemd/system/$unit" 0644 || true
    done
    put "$here/wink-cloud.sh" /usr/local/bin/wink-cloud 0755 || true
    if has_systemd; then systemctl daemon-reload; fi
}

unit_command() { sed -n 's/^ExecStart=//p' "/etc/systemd/system/$1"; }

start_program() {
    # start_program [SECONDS]: how long to wait for its answer
    if has_systemd; then
        systemctl enable --quiet wink-cloud wink-cloud-backup.timer
        systemctl restart wink-cloud
        systemctl start wink-cloud-backup.timer
    else
        say "no systemd here: starting the unit's command by hand; nothing restarts it, and no timer makes backups"
        stop_program
        local command
        command=$(unit_command wink-cloud.service)
        (load_settings
         exec setsid runuser -u wink -- sh -c "echo \$\$ > '$data/wink-cloud.pid'; exec $command" >> /var/log/wink-cloud.log 2>&1 < /dev/null) &
    fi
    wait_for_program "${1:-120}"
}

stop_program() {
    if has_systemd; then
        systemctl stop wink-cloud 2>/dev/null || true
    elif [ -f "$data/wink-cloud.pid" ]; then
        local pid
        pid=$(cat "$data/wink-cloud.pid")
        kill "$pid" 2>/dev/null || true
        timeout 30 tail --pid="$pid" -f /dev/null || kill -9 "$pid" 2>/dev/null || true
        rm -f "$data/wink-cloud.pid"
    fi
}

wait_for_program() {
    local tries
    for tries in $(seq "$((2 * $1))"); do
        if "$opt/current/bin/python" -c "
import sys, urllib.request
try:
    sys.exit(urllib.request.urlopen('http://127.0.0.1:$app_port/readyz', timeout=5).status != 200)
except OSError:
    sys.exit(1)"; then
            return 0
        fi
        sleep 0.5
    done
    echo "The program does not answer on port $app_port ($tries tries). Its last words:" >&2
    if has_systemd; then journalctl --unit wink-cloud --lines 20 --no-pager >&2; else tail -20 /var/log/wink-cloud.log >&2; fi
    return 1
}

# --- TLS ----------------------------------------------------------------------------------------------------------------

make_own_authority() {
    # Kept between runs; the server's certificate is renewed when it has less than 30 days.
    install -d -m 0700 "$etc/tls"
    local tls_dir=$etc/tls
    if [ ! -f "$tls_dir/authority.pem" ]; then
        say "an authority of certificates of your own: $tls_dir/authority.pem"
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj "/CN=Wink Analytics of $domain" \
            -addext basicConstraints=critical,CA:TRUE,pathlen:0 -addext keyUsage=critical,keyCertSign,cRLSign \
            -keyout "$tls_dir/authority.key" -out "$tls_dir/authority.pem" 2>/dev/null
    fi
    if ! { [ -f "$tls_dir/server.pem" ] && openssl x509 -in "$tls_dir/server.pem" -noout -checkend 2592000 >/dev/null &&
           openssl x509 -in "$tls_dir/server.pem" -noout -checkhost "$domain" | grep -q 'does match'; }; then
        printf '%s\n' "subjectAltName=DNS:$domain" extendedKeyUsage=serverAuth basicConstraints=critical,CA:FALSE > "$tls_dir/server.ext"
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$domain" \
            -keyout "$tls_dir/server.key" -out "$tls_dir/server.csr" 2>/dev/null
        openssl x509 -req -in "$tls_dir/server.csr" -CA "$tls_dir/authority.pem" -CAkey "$tls_dir/authority.key" -CAcreateserial \
            -days 397 -extfile "$tls_dir/server.ext" -out "$tls_dir/server.pem" 2>/dev/null
        cat "$tls_dir/server.pem" "$tls_dir/authority.pem" > "$tls_dir/fullchain.pem"
    fi
    # The public half is for those who are to trust it.
    install -m 0644 "$tls_dir/authority.pem" "$etc/authority.pem"
    certificate=$tls_dir/fullchain.pem key=$tls_dir/server.key
}

ask_certbot() {
    certificate=/etc/letsencrypt/live/$domain/fullchain.pem key=/etc/letsencrypt/live/$domain/privkey.pem
    [ ! -s "$certificate" ] || return 0
    say "asking for a certificate of $domain"
    write_site without-tls
    reload_nginx
    certbot certonly --webroot -w /var/www/wink-cloud -d "$domain" -m "$email" --agree-tos --non-interactive --quiet \
        --deploy-hook "nginx -s reload" || die "certbot got no certificate: $domain must point at this server, and port 80 be open. Run this script again then."
}

write_site() {
    # write_site with-tls|without-tls
    local site new
    site=/etc/nginx/sites-available/wink-cloud
    new=$(mktemp)
    sed -e "s|@SOURCE@|installer/server/nginx-site.conf|" -e "s|@DOMAIN@|$domain|g" -e "s|@ADDRESS@|$(address)|g" -e "s|@APP_PORT@|$app_port|g" \
        -e "s|@HTTP_PORT@|$http_port|g" -e "s|@HTTPS_PORT@|$https_port|g" -e "s|@CERTIFICATE@|$certificate|g" -e "s|@KEY@|$key|g" \
        "$here/nginx-site.conf" > "$new"
    [ "$1" = with-tls ] || sed -i '/^#TLS/,/^#\/TLS/d' "$new"
    [ -e /proc/net/if_inet6 ] || sed -i '/listen \[::\]/d' "$new"
    put "$new" "$site" 0644 || true
    rm -f "$new"
    ln -sfn "$site" /etc/nginx/sites-enabled/wink-cloud
}

reload_nginx() {
    nginx -t -q
    if has_systemd; then
        systemctl enable --quiet --now nginx
        systemctl reload nginx
    elif [ -s /run/nginx.pid ] && kill -0 "$(cat /run/nginx.pid)" 2>/dev/null; then
        nginx -s reload
    else
        nginx
    fi
}

set_up_tls() {
    case $tls in
        self-signed) make_own_authority ;;
        certbot) ask_certbot ;;
    esac
    write_site with-tls
    reload_nginx
}

# --- all together -------------------------------------------------------------------------------------------------------

upgrade_to() {
    # upgrade_to RELEASE: a backup first; back to the former release where the new one does not come up.
    local release=$1 former=''
    former=$(readlink -e "$opt/current" || true)
    if [ "$former" = "$release" ]; then
        migrate "$release"
        start_program
        return
    fi
    if [ -n "$former" ]; then
        say "a backup before the upgrade"
        as_wink "$former/bin/wink-cloud" backup "$backups/before-upgrade-$(date -u +%Y%m%dT%H%M%SZ).backup" >/dev/null
        stop_program
    fi
    if migrate "$release" && point_at "$release" && start_program "${WINK_INSTALL_WAIT_S:-120}"; then
        drop_old_releases
        return
    fi
    [ -n "$former" ] || die "The program does not start; see: journalctl -u wink-cloud, or /var/log/wink-cloud.log."
    point_at "$former"
    start_program || true
    die "The new release does not start; the former one is back. If the schema has changed, put the backup back as well:
wink-cloud restore --overwrite $backups/before-upgrade-...; see docs/guides/operator.md."
}

install_all() {
    [ "$(id -u)" -eq 0 ] || die "Run it as root: sudo bash $0 ..."
    check_choices
    keep_choices
    install_packages
    make_user
    write_settings
    prepare_database
    local release
    release=$(build_release)
    install_units
    upgrade_to "$release"
    set_up_tls
    say "running at https://$(address)"
    cat <<WORDS
Next, by hand, as root (passwords are asked for):
  wink-cloud create-org "Acme"
  wink-cloud create-store --org Acme --name "High Street" --timezone Europe/Berlin
  wink-cloud create-user --email you@example.com --role org_admin --org Acme
  wink-cloud doctor$([ "$tls" != self-signed ] || echo " --ca $etc/authority.pem")
WORDS
}

uninstall() {
    [ "$(id -u)" -eq 0 ] || die "Run it as root."
    say "removing the program"
    if has_systemd; then systemctl disable --quiet --now wink-cloud wink-cloud-backup.timer 2>/dev/null || true; fi
    stop_program
    local unit
    for unit in "${units[@]}"; do rm -f "/etc/systemd/system/$unit"; done
    if has_systemd; then systemctl daemon-reload; fi
    rm -f /etc/nginx/sites-enabled/wink-cloud /etc/nginx/sites-available/wink-cloud /usr/local/bin/wink-cloud
    command -v nginx >/dev/null && reload_nginx || true
    rm -rf "$opt" /var/www/wink-cloud
    if [ "$is_purge" = yes ]; then
        say "removing database, backups and settings"
        if is_own_database && command -v psql >/dev/null; then
            start_postgresql
            psql_super -c 'DROP DATABASE IF EXISTS wink WITH (FORCE)'
            psql_super -c 'DROP ROLE IF EXISTS wink_app'
            psql_super -c 'DROP ROLE IF EXISTS wink_owner'
        fi
        rm -rf "$etc" "$data" "$backups" /var/log/wink-cloud.log
        getent passwd wink >/dev/null && userdel wink
    else
        say "kept: the database 'wink', $backups, $data and $etc; --purge removes them too"
    fi
}

read_choices
read_words "$@"
if [ "$is_uninstall" = yes ]; then uninstall; else install_all; fi
