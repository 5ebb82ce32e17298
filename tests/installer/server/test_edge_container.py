"""What the edge's container does, without a container: no Qt, its health from outside."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

PROJECT_DIR = Path(__file__).resolve().parents[3]
HEALTH = PROJECT_DIR / "installer/edge_compose/health.py"
WITHOUT_QT = """
import sys

class NoQt:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("PySide6", "shiboken6", "pyqtgraph"):
            raise ImportError(f"{name} is not in the container")

sys.meta_path.insert(0, NoQt())
from desktop_app.cli import main
main()
"""
CONFIG = "cameras:\n  - camera_id: door\n    name: Door\n    source: virtual-store://entrance?people=4\n    zones: []\n"


def health(folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "WINK_DATA_DIR": str(folder)}
    return subprocess.run(
        [sys.executable, HEALTH], env=environment, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.e2e
@pytest.mark.parametrize("is_measuring", [False, True], ids=["counting", "measuring first"])
def test_the_edge_runs_without_qt_is_healthy_while_it_does_and_not_after(tmp_path: Path, is_measuring: bool) -> None:
    data, config = tmp_path / "data", tmp_path / "config.yaml"
    config.write_text(CONFIG)
    assert health(data).returncode == 1
    with (tmp_path / "log").open("w") as log:
        edge = subprocess.Popen(
            [sys.executable, "-c", WITHOUT_QT, "run", "--config", config, "--data-dir", data],
            cwd=PROJECT_DIR, stdout=log, stderr=log,
            env={**os.environ, "WINK_SELF_TEST_AT_START": str(int(is_measuring))},
        )  # fmt: skip
    try:
        deadline = time.monotonic() + 120
        while health(data).returncode != 0:
            assert edge.poll() is None, (tmp_path / "log").read_text()
            assert time.monotonic() < deadline, (tmp_path / "log").read_text()
            time.sleep(0.5)
        assert not (data / "runtime.json").exists(), "it is healthy before it has measured"
        edge.send_signal(signal.SIGTERM)
        assert edge.wait(60) == 0, (tmp_path / "log").read_text()
    finally:
        edge.kill()
        edge.wait()
    assert "the engine does not run" in health(data).stderr
