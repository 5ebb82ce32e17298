"""`wink-edge run` on four real cameras: one is killed, one is frozen, one is locked, one is left in peace."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from desktop_app.adapters.storage.sqlite_outbox import SqliteOutbox
from desktop_app.settings import EdgeSettings
from shared_models.clock import SystemClock
from tests.helpers.rtsp_server import RtspServer
from tests.helpers.weights import find_weights

pytestmark = pytest.mark.e2e
START_S, BLIND_S, RETURN_S = 12, 8, 12


def events_of(data_dir: Path) -> list[dict[str, object]]:
    outbox = SqliteOutbox(EdgeSettings(data_dir=data_dir).outbox_path, clock=SystemClock())
    try:
        return [json.loads(event.body) for event in outbox.claim(limit=10_000, max_bytes=10**8)]
    finally:
        outbox.close()


def test_outages_of_real_cameras_become_gaps_of_the_right_length_and_harm_no_other(tmp_path: Path) -> None:
    with (
        RtspServer() as killed,
        RtspServer() as frozen,
        RtspServer(password="right-secret") as locked,
        RtspServer() as calm,
    ):
        addresses = {
            "killed": killed.address,
            "frozen": frozen.address,
            "locked": locked.address_with("wrong-secret"),
            "calm": calm.address,
        }
        zone = "    zones: [{zone_id: all, type: polygon, coordinates: [[5, 5], [380, 5], [380, 280], [5, 280]]}]\n"
        config = tmp_path / "config.yaml"
        config.write_text(
            "cameras:\n" + "".join(f"  - camera_id: {i}\n    source: {a}\n{zone}" for i, a in addresses.items())
        )
        process = subprocess.Popen(
            [sys.executable, "-m", "desktop_app.cli", "run", "--config", config, "--data-dir", tmp_path / "data"],
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "WINK_MODEL": str(find_weights())},
        )
        try:
            time.sleep(START_S)
            killed.kill()
            frozen.freeze()
            began_s = time.monotonic()
            time.sleep(BLIND_S)
            frozen.kill()
            killed.start()
            frozen.start()
            returned_s = time.monotonic()
            time.sleep(RETURN_S)
        finally:
            process.terminate()
            _, said = process.communicate(timeout=30)
    assert process.returncode == 0, said
    assert "refuses this user name or password" in said
    assert "secret" not in said

    gaps: dict[str, list[float]] = {camera_id: [] for camera_id in addresses}
    for event in events_of(tmp_path / "data"):
        if event["type"] == "camera_gap":
            gaps[str(event["camera_id"])].append(float(str(event["value"])))
    assert gaps["calm"] == []
    assert len(gaps["locked"]) == 1
    for camera_id in ("killed", "frozen"):
        assert len(gaps[camera_id]) == 1, (camera_id, gaps, said)
        assert BLIND_S - 0.5 <= gaps[camera_id][0] <= returned_s - began_s + 10
