#!/bin/sh
# Before each start of a new release, as the owner (DATABASE_DIRECT_URL): the schema, then the role that DATABASE_URL names, with its
# rights and its password. Running it again changes nothing that is right already.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
bin=$here/../bin
[ -x "$bin/wink-cloud" ] || bin=$(dirname "$(command -v wink-cloud)")

"$bin/wink-cloud" migrate
role=$("$bin/python" - <<'P'
import os
from urllib.parse import unquote, urlsplit

app, owner = (urlsplit(os.environ.get(name, "")) for name in ("DATABASE_URL", "DATABASE_DIRECT_URL"))
name = unquote(app.username or "")
if (app.hostname or "").endswith(".pooler.supabase.com"):
    name = name.partition(".")[0]  # its pooler wants the project's name behind the role's
if name and owner.username and name != unquote(owner.username).partition(".")[0]:
    print(name)
P
)
if [ -n "$role" ]; then
    "$bin/python" -c 'import os, urllib.parse as u; print(u.unquote(u.urlsplit(os.environ["DATABASE_URL"]).password or ""))' |
        "$bin/wink-cloud" create-app-role "$role" --password-stdin
fi
