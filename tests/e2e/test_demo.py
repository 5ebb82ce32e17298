"""The whole thread: somebody walks past a camera, and a number is in the cloud."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.helpers.weights import find_weights

pytestmark = pytest.mark.e2e


def test_the_demo_counts_what_happened_and_loses_nothing_on_the_way() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "desktop_app.cli", "demo", "--headless", "--seconds", "90", "--json"],
        capture_output=True,
        text=True,
        timeout=240,
        env={**os.environ, "WINK_MODEL": str(find_weights())},
        check=False,
    )
    told = json.loads(done.stdout.splitlines()[-1])
    assert done.returncode == 0, (told, done.stderr[-2000:])
    assert told["ok"] is True
    assert {row["camera"] for row in told["rows"]} == {"cam_entrance", "cam_aisle", "cam_queue", "cam_floor"}
    assert sum(row["truth"] for row in told["rows"]) >= 10
    assert all(row["counted"] == row["accepted"] == row["cloud"] for row in told["rows"])


def test_a_store_without_a_cloud_counts_and_stops_when_asked(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(
        "cameras:\n"
        "  - camera_id: door\n"
        "    source: virtual-store://entrance?seed=3&people=30\n"
        "    zones:\n"
        "      - {zone_id: in, type: line, coordinates: [[100, 140], [540, 140]]}\n"
        "  - camera_id: gone\n"
        "    source: rtsp://admin:hunter2@127.0.0.1:9/none\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "desktop_app.cli", "run", "--config", config, "--data-dir", tmp_path / "data"],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "WINK_MODEL": str(find_weights())},
    )
    time.sleep(18)
    process.terminate()
    _, said = process.communicate(timeout=30)
    assert process.returncode == 0, said
    assert "Nothing answers at 127.0.0.1:9" in said
    assert "hunter2" not in said
    assert "in: " in said


@pytest.mark.parametrize(("text", "words"), [("cameras: []", "no camera"), ("cameras: [{camera_id: a}]", "rtsp_url")])
def test_a_wrong_file_is_refused_in_words(tmp_path: Path, text: str, words: str) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "desktop_app.cli", "run", "--config", config, "--data-dir", tmp_path],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
