"""A laptop that sleeps: the whole program stands still for some seconds and goes on. A network camera and a counted one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from desktop_app.adapters.storage.event_archive import SqliteEventArchive
from desktop_app.adapters.video.virtual_store.scenes import scene_zones
from tests.e2e.test_rtsp_run import events_of
from tests.helpers.rtsp_server import RtspServer
from tests.helpers.weights import find_weights

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
SLEEP_S, AFTER_S, START_LIMIT_S = 10.0, 25.0, 120.0
STORE_WH = (640, 360)
COUNTED = ("footfall_in", "footfall_out")


def configuration(address: str) -> str:
    (line,) = scene_zones("entrance")
    points = [[round(x * STORE_WH[0]), round(y * STORE_WH[1])] for x, y in line.points]
    return (
        f"cameras:\n  - camera_id: network\n    source: {address}\n"
        "    zones: [{zone_id: all, type: polygon, coordinates: [[5, 5], [380, 5], [380, 280], [5, 280]]}]\n"
        "  - camera_id: store\n"
        f'    source: "virtual-store://entrance?seed=7&people=14&width={STORE_WH[0]}&height={STORE_WH[1]}"\n'
        f"    zones: [{{zone_id: door, type: line, coordinates: {points}}}]\n"
    )


def at(event: dict[str, object]) -> datetime:
    return datetime.fromisoformat(str(event["occurred_at"])).astimezone(UTC)


def test_a_sleep_becomes_one_gap_per_camera_and_nothing_is_counted_in_it_or_twice(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    config = tmp_path / "config.yaml"
    with RtspServer() as camera:
        config.write_text(configuration(camera.address))
        process = subprocess.Popen(
            [sys.executable, "-m", "desktop_app.cli", "run", "--config", config, "--data-dir", data_dir],
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "WINK_MODEL": str(find_weights())},
        )
        try:
            deadline = time.monotonic() + START_LIMIT_S
            while not counted(data_dir):
                assert process.poll() is None
                assert time.monotonic() < deadline, "somebody is counted"
                time.sleep(0.5)
            process.send_signal(signal.SIGSTOP)
            slept_at = datetime.now(UTC)
            time.sleep(SLEEP_S)
            woken_at = datetime.now(UTC)
            process.send_signal(signal.SIGCONT)
            time.sleep(AFTER_S)
        finally:
            process.send_signal(signal.SIGCONT)
            process.terminate()
            _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said

    events = events_of(data_dir)
    gaps: dict[str, list[float]] = {"network": [], "store": []}
    for event in events:
        if event["type"] == "camera_gap":
            gaps[str(event["camera_id"])].append(float(str(event["value"])))
    for camera_id, found in gaps.items():
        assert len(found) == 1, (camera_id, gaps, said)
        assert SLEEP_S - 0.5 <= found[0] <= SLEEP_S + AFTER_S / 2, (camera_id, gaps)

    crossings = [event for event in events if event["type"] in COUNTED]
    asleep = [e for e in crossings if slept_at + timedelta(seconds=1) < at(e) < woken_at - timedelta(seconds=1)]
    assert asleep == [], "nobody is counted while nothing is seen"
    assert any(at(event) > woken_at for event in crossings), "counting goes on"
    same = Counter((e["zone_id"], e["type"], e["track_id"], e["occurred_at"]) for e in crossings)
    assert max(same.values()) == 1, "nobody is counted twice"


def counted(data_dir: Path) -> int:
    """How many crossings are written so far; looks only."""
    now, day = datetime.now(UTC), timedelta(days=1)
    archive = SqliteEventArchive(data_dir / "outbox.sqlite3")
    return sum(event.type in COUNTED for event in archive.events(start_at=now - day, end_at=now + day))
