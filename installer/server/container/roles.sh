#!/bin/bash
# Run once by the database's image, when its volume is new: the owner of the tables, plain but for making the application's role.
set -euo pipefail
psql --no-psqlrc --set=ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --set=password="$WINK_OWNER_PASSWORD" <<'SQL'
CREATE ROLE wink_owner LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB CREATEROLE PASSWORD :'password';
ALTER DATABASE wink OWNER TO wink_owner;
ALTER SCHEMA public OWNER TO wink_owner;
SQL
