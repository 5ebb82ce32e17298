"""``wink-edge explain`` over what a camera really left."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from typer.testing import CliRunner

from desktop_app.adapters.storage.sqlite_history import SqliteHistory
from desktop_app.adapters.storage.sqlite_outbox import SqliteOutbox
from desktop_app.cli import app
from desktop_app.domain.detections import Detections
from desktop_app.services.camera_pipeline import CameraPipeline
from desktop_app.services.moments import parse_moment
from desktop_app.services.ports import CapturedFrame
from desktop_app.settings import EdgeSettings
from shared_models.cameras import Camera, SourceAddress
from shared_models.clock import ManualClock
from shared_models.zones import LineZone

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CAMERA = Camera(
    camera_id="cam",
    source=SourceAddress("0"),
    zones=(LineZone(zone_id="door", name="Entrance", points=((0.1, 0.5), (0.9, 0.5))),),
)


@pytest.fixture
def settings(tmp_path: Path) -> EdgeSettings:
    """A morning: at nine one walks in, a minute later one comes near and goes again."""
    settings = EdgeSettings(data_dir=tmp_path)
    clock = ManualClock(START)
    outbox, history = (
        SqliteOutbox(settings.outbox_path, clock=clock),
        SqliteHistory(settings.history_path, clock=clock),
    )
    pipe = CameraPipeline("cam", camera_for=lambda _: CAMERA, sink=outbox, history=history)
    walk(pipe, [90 + 14 * n for n in range(16)], start_s=0)
    walk(pipe, [90 + 8 * n for n in range(8)] + [146 - 8 * n for n in range(8)], start_s=120)
    pipe.close()
    history.close()
    outbox.close()
    return settings


def walk(pipe: CameraPipeline, feet: Sequence[float], *, start_s: float) -> None:
    for n in range(40):
        at_s = start_s + n * 0.2
        boxes = np.array([[300, feet[n] - 80, 330, feet[n]]] if n < len(feet) else [], np.float32).reshape(-1, 4)
        frame = CapturedFrame(
            n, START + timedelta(seconds=at_s), at_s, (640, 360), lambda: np.zeros((1, 1, 3), np.uint8)
        )
        pipe.process(frame, Detections(boxes, np.full(len(boxes), 0.9, np.float32)))


def run(settings: EdgeSettings, *words: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["explain", "--data-dir", str(settings.data_dir), *words])
    return result.exit_code, result.stdout, result.stderr


def test_sentences_say_who_was_counted_and_who_was_not(settings: EdgeSettings) -> None:
    code, out, _ = run(settings, "--camera", "cam", "--at", "2026-03-02T09:00:00Z")
    assert code == 0
    assert out.count("\n") == 1
    assert "line 'Entrance': track 1 was counted in." in out
    _, out, _ = run(settings, "--camera", "cam", "--at", "2026-03-02T09:02:05Z", "--zone", "door")
    assert "track 2 came near and stayed on the same side, so it was not counted; it came within 0.4" in out


def test_json_is_for_programs(settings: EdgeSettings) -> None:
    _, out, _ = run(settings, "--camera", "cam", "--at", "2026-03-02T09:00:00Z", "--json")
    (one,) = json.loads(out)["decisions"]
    assert (one["reason"], one["zone_id"], one["track_id"]) == ("counted in", "door", 1)
    assert datetime.fromisoformat(one["occurred_at"]) > START


def test_a_quiet_moment_and_one_without_a_camera_are_told_apart(settings: EdgeSettings) -> None:
    _, out, _ = run(settings, "--camera", "cam", "--at", "2026-03-02T09:01:00Z")
    assert "Nobody came near a line" in out
    _, out, _ = run(settings, "--camera", "cam", "--at", "2026-02-02T09:00:40Z")
    assert "was not counted at that moment" in out


def test_wrong_words_are_answered_with_the_right_ones(settings: EdgeSettings, tmp_path: Path) -> None:
    for words, answer in (
        (("--camera", "cem", "--at", "09:00"), "there is something of: cam"),
        (("--camera", "cam", "--at", "09:00", "--zone", "dor"), "it has: door"),
        (("--camera", "cam", "--at", "yesterday"), "write e.g. 2026-03-02T09:12:30"),
        (("--camera", "cam", "--at", "2026-13-02"), "is no moment"),
    ):
        code, _, said = run(settings, *words)
        assert code == 2
        assert answer in said
    code, _, said = run(EdgeSettings(data_dir=tmp_path / "empty"), "--camera", "cam", "--at", "09:00")
    assert code == 2
    assert "Nothing is kept of the past yet" in said


def test_a_moment_without_a_zone_is_the_stores_and_a_time_alone_is_of_today() -> None:
    now, tokyo = datetime(2026, 3, 2, 20, 0, tzinfo=UTC), ZoneInfo("Asia/Tokyo")
    assert parse_moment("2026-03-02T09:12:30Z", now=now, zone=tokyo) == datetime(2026, 3, 2, 9, 12, 30, tzinfo=UTC)
    assert parse_moment("9:12", now=now, zone=tokyo) == datetime(2026, 3, 3, 0, 12, tzinfo=UTC), "there it is tomorrow"
    assert parse_moment("2026-03-02", now=now, zone=tokyo) == datetime(2026, 3, 1, 15, tzinfo=UTC)
    assert parse_moment("2026-03-02 09:12", now=now, zone=tokyo) == datetime(2026, 3, 2, 0, 12, tzinfo=UTC)
