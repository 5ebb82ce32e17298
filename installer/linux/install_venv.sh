#!/usr/bin/env bash
# Makes the virtual environment named by $1 with every pinned package, checked by hash, and this project in it.
set -euo pipefail

venv=${1:?usage: install_venv.sh FOLDER}

find_python() {
    local name
    for name in "${PYTHON:-}" python3.11 python3.12 python3.13 python3; do
        [ -n "$name" ] || continue
        if "$name" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
    echo "Python 3.11, 3.12 or 3.13 with venv is needed and was not found." >&2
    echo "On Debian or Ubuntu: sudo apt-get install python3 python3-venv. Or name one: make install PYTHON=/path/to/python3." >&2
    exit 1
}

if ! "$venv/bin/python" -c '' 2>/dev/null; then
    python=$(find_python)
    echo "making $venv with $("$python" --version)" >&2
    "$python" -m venv --clear "$venv"
fi
export PIP_DISABLE_PIP_VERSION_CHECK=1
echo "installing pinned packages (a few minutes the first time) ..." >&2
"$venv/bin/python" -m pip install --quiet --require-hashes --requirement constraints.txt
"$venv/bin/python" -m pip install --quiet --no-deps --no-build-isolation --editable .
