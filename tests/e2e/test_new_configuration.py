"""`wink-edge run` reads its configuration again while it counts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.helpers.weights import find_weights

pytestmark = pytest.mark.e2e


def wait_until(check: Callable[[], bool], *, within_s: float = 120.0) -> None:
    deadline = time.monotonic() + within_s
    while not check():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


def test_a_new_file_is_taken_over_and_a_wrong_one_is_told_and_changes_nothing(tmp_path: Path) -> None:
    config, log = tmp_path / "config.yaml", tmp_path / "log"
    entrance = "  - {camera_id: entrance, source: 'virtual-store://entrance?fps=5'}\n"
    config.write_text("cameras:\n" + entrance + "  - {camera_id: aisle, source: 'virtual-store://aisle?fps=5'}\n")
    with log.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "desktop_app.cli", "run", "--config", config, "--data-dir", tmp_path / "data"],
            stderr=file,
            env={**os.environ, "WINK_MODEL": str(find_weights())},
        )
    try:
        wait_until(lambda: "aisle: Live" in log.read_text() and "entrance: Live" in log.read_text())
        config.write_text("cameras:\n" + entrance + "    colour: red\n")
        process.send_signal(signal.SIGHUP)
        wait_until(lambda: "the new configuration is not used" in log.read_text())
        config.write_text("cameras:\n" + entrance + "  - {camera_id: till, source: 'virtual-store://queue?fps=5'}\n")
        process.send_signal(signal.SIGHUP)
        wait_until(lambda: "was read again" in log.read_text())
        wait_until(lambda: "till: Live" in log.read_text())
    finally:
        process.terminate()
        process.wait(60)
    told = log.read_text()
    assert process.returncode == 0, told
    before, after = told.split("was read again")
    assert "camera aisle: Stopped." in before
    assert "camera entrance: Stopped." not in before, "it was not disturbed"
    assert "aisle: Live" not in after
    assert "entrance: Live" in after
