"""A real key ring: gnome-keyring on a D-Bus session of its own, in a home of its own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

_UNLOCK = "printf %s test-login | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1\n"


def run_with_key_ring(script: str, *, home: Path, unlock: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a shell script with an unlocked key ring that lives in ``home`` (0700), as long as the script."""
    runtime = home / "run"
    runtime.mkdir(mode=0o700, exist_ok=True)
    env = {
        k: v
        for k, v in os.environ.items()
        if k not in ("PYTHON_KEYRING_BACKEND", "DBUS_SESSION_BUS_ADDRESS", "DISPLAY")
    }
    env |= {"HOME": str(home), "XDG_RUNTIME_DIR": str(runtime), "XDG_DATA_HOME": str(home / "data")}
    return subprocess.run(
        ["dbus-run-session", "--", "bash", "-euo", "pipefail", "-c", (_UNLOCK if unlock else "") + script],
        capture_output=True, text=True, timeout=120, check=False, env=env,
        cwd=Path(__file__).resolve().parents[2],
    )  # fmt: skip
