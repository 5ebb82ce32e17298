#!/usr/bin/env bash
# The peers of the benchmark, in an environment of their own: they bring an OpenCV that fights ours (docs/adr, STACK).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
peers=${1:-.cache/peers}
if [ -x "$peers/bin/python" ] && "$peers/bin/python" -c "import supervision, trackers" 2>/dev/null; then
    exit 0
fi
.venv/bin/python -m venv "$peers"
"$peers/bin/python" -m pip install --quiet --disable-pip-version-check "supervision>=0.26" "trackers>=2.0"
"$peers/bin/python" -c "import supervision, trackers"
