from __future__ import annotations

import subprocess
import sys


def test_whole_addresses_are_not_logged_for_they_may_hold_one_time_links() -> None:
    program = (
        "import logging; from cloud_api.kit.logs import write_json_lines; write_json_lines(); "
        "print(*(logging.getLogger(n).hasHandlers() for n in ('uvicorn.error', 'uvicorn.access', 'wink.requests')))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.split() == ["True", "False", "True"]
