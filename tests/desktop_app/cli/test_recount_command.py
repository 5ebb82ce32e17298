"""``wink-edge recount`` over what a camera really left, and what becomes of the outbox."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from typer.testing import CliRunner

from desktop_app.adapters.storage.recount_writer import counted_before
from desktop_app.adapters.storage.sqlite_outbox import SqliteOutbox
from desktop_app.cli import app
from desktop_app.services.store_document import STORE_FILE, StoredCamera, StoreDocument, StoreFile
from desktop_app.services.trajectories import Span
from desktop_app.settings import EdgeSettings
from shared_models.clock import ManualClock
from tests.helpers.counted_camera import START, CountedCamera, inwards, outwards

CONFIG = """\
cameras:
  - camera_id: cam
    source: virtual-store://entrance
    zones:
      - {zone_id: door, type: line, coordinates: [[64, 180], [576, 180]]}
      - {zone_id: half, name: Left half, type: line, coordinates: [[64, 200], [320, 200]]}
"""
DAY = ("--from", "2026-03-28T00:00Z", "--to", "2026-03-29T00:00Z")


@pytest.fixture
def settings(tmp_path: Path) -> EdgeSettings:
    """A morning on which five walk in and two out, three of them in the left half of the picture."""
    settings = EdgeSettings(data_dir=tmp_path)
    camera = CountedCamera(settings)
    for n in range(5):
        camera.walk(inwards(), at_s=60 * n, x=150 if n < 2 else 450)
    for n in range(5, 7):
        camera.walk(outwards(), at_s=60 * n, x=150 if n < 6 else 450)
    camera.close()
    return settings


def run(settings: EdgeSettings, *words: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["recount", "--data-dir", str(settings.data_dir), *words])
    return result.exit_code, result.stdout, result.stderr


def recount(settings: EdgeSettings, *words: str) -> dict[str, Any]:
    code, out, said = run(settings, *DAY, "--json", *words)
    assert code == 0, said
    value: dict[str, Any] = json.loads(out)
    return value


def outbox_events(settings: EdgeSettings) -> list[dict[str, Any]]:
    outbox = SqliteOutbox(settings.outbox_path, clock=ManualClock())
    rows = outbox.claim(limit=1000, max_bytes=10**8)
    outbox.close()
    return [json.loads(row.body) for row in rows]


def drawn(settings: EdgeSettings, text: str = CONFIG) -> tuple[str, str]:
    path = settings.data_dir / "config.yaml"
    path.write_text(text)
    return "--config", str(path)


def test_the_unchanged_zone_gives_what_was_counted_and_nothing_is_written(settings: EdgeSettings) -> None:
    before = outbox_events(settings)
    value = recount(settings, "--zone", "door")
    assert value["before"] == value["after"] == {"in": 5, "out": 2, "stays": 0}
    assert (value["changes_anything"], value["is_written"], value["void"]) == (False, False, 0)
    assert outbox_events(settings) == before


def test_a_line_drawn_today_counts_the_past(settings: EdgeSettings) -> None:
    dry = recount(settings, "--zone", "half", *drawn(settings), "--dry-run")
    assert (dry["before"], dry["after"]) == ({"in": 0, "out": 0, "stays": 0}, {"in": 2, "out": 1, "stays": 0})
    assert not dry["is_written"]
    assert all(e["zone_id"] != "half" for e in outbox_events(settings))
    done = recount(settings, "--zone", "half", *drawn(settings))
    assert done["is_written"]
    marker, *events = [e for e in outbox_events(settings) if e["zone_id"] == "half"]
    assert (marker["type"], marker["attributes"]["events"]) == ("zone_recounted", 3)
    assert [e["type"] for e in events] == ["footfall_in", "footfall_in", "footfall_out"]
    assert all(e["attributes"]["recounted"] is True for e in events)
    assert [e["seq"] for e in events] == [marker["seq"] + n for n in (1, 2, 3)]


def test_a_line_that_was_moved_replaces_what_it_counted_and_again_changes_nothing(settings: EdgeSettings) -> None:
    moved = drawn(settings, CONFIG.replace("[[64, 180], [576, 180]]", "[[320, 190], [576, 190]]"))
    first = recount(settings, "--zone", "door", *moved)
    assert (first["before"], first["after"]) == ({"in": 5, "out": 2, "stays": 0}, {"in": 3, "out": 1, "stays": 0})
    assert first["void"] == 7
    pending = [e for e in outbox_events(settings) if e["type"].startswith("footfall")]
    assert len(pending) == 4
    second = recount(settings, "--zone", "door", *moved)
    assert not second["changes_anything"]
    # And back: as it was counted by the camera itself.
    third = recount(settings, "--zone", "door")
    assert (third["before"], third["after"], third["void"]) == (first["after"], first["before"], 4)


def test_only_the_span_asked_for_is_touched(settings: EdgeSettings) -> None:
    moved = drawn(settings, CONFIG.replace("[[64, 180], [576, 180]]", "[[320, 190], [576, 190]]"))
    code, out, _ = run(
        settings, "--zone", "door", "--from", "2026-03-28T09:00:30Z", "--to", "2026-03-28T09:03:30Z", "--json", *moved
    )
    assert code == 0
    value = json.loads(out)
    assert (value["before"]["in"], value["after"]["in"]) == (3, 2)
    assert value["missing_s"] == 0
    assert len([e for e in outbox_events(settings) if e["type"] == "footfall_in"]) == 4


def turned_at(settings: EdgeSettings, moment: datetime) -> None:
    camera = StoredCamera(camera_id="cam", source="virtual-store://entrance", rotation=180, mounted_at=moment)
    StoreFile(settings.data_dir / STORE_FILE).write(StoreDocument().with_camera(camera))


def test_ways_of_before_a_camera_was_turned_are_not_counted_by_the_lines_of_now(settings: EdgeSettings) -> None:
    turned_at(settings, datetime(2026, 3, 28, 9, 2, 30, tzinfo=UTC))
    moved = drawn(settings, CONFIG.replace("[[64, 180], [576, 180]]", "[[320, 190], [576, 190]]"))
    before = recount(settings, "--zone", "door", "--dry-run")
    value = recount(settings, "--zone", "door", *moved)
    # Of five who came in the last two came since; and two went out, one of them by the left half.
    assert (before["before"]["in"], before["after"]["in"]) == (2, 2)
    assert (value["before"]["in"], value["after"]["in"], value["after"]["out"]) == (2, 2, 1)
    assert value["missing_s"] > 9 * 3600 + 150
    assert len([e for e in outbox_events(settings) if e["type"] == "footfall_in"]) == 5


def test_a_camera_that_was_turned_after_the_span_recounts_nothing(settings: EdgeSettings) -> None:
    turned_at(settings, datetime(2026, 3, 30, tzinfo=UTC))
    value = recount(settings, "--zone", "door", *drawn(settings))
    assert (value["spans"], value["changes_anything"]) == ([], False)
    assert value["missing_s"] == pytest.approx(24 * 3600)


def test_a_store_file_of_a_newer_version_is_refused_in_words(settings: EdgeSettings) -> None:
    (settings.data_dir / STORE_FILE).write_text('{"version": 99}')
    code, _, said = run(settings, *DAY, "--zone", "door")
    assert code == 2
    assert "newer version" in said


def test_what_was_never_seen_is_said_and_not_touched(settings: EdgeSettings) -> None:
    value = recount(settings, "--zone", "door", "--dry-run")
    seen_s = 24 * 3600 - value["missing_s"]
    assert seen_s == pytest.approx(360 + 40 * 0.2, abs=1.0)
    _, out, _ = run(settings, *DAY, "--zone", "door", "--dry-run")
    assert "Of 23.9 hours no foot paths are kept" in out
    assert "2026-03-28" in out
    assert "5 -> 5" in out


def test_it_works_while_the_camera_counts_on(tmp_path: Path) -> None:
    settings = EdgeSettings(data_dir=tmp_path)
    camera = CountedCamera(settings)
    for n in range(4):
        camera.walk(inwards(), at_s=60 * n)
    # Somebody is on the line while the recount runs, and is counted by the camera alone.
    camera.walk(inwards()[:8], at_s=300)
    camera.history.close()
    value = recount(settings, "--zone", "half", *drawn(settings))
    assert value["after"]["in"] == 4
    camera.walk(inwards(), at_s=360)
    seqs = [row.seq for row in camera.outbox.claim(limit=1000, max_bytes=10**8)]
    assert seqs == list(range(1, len(seqs) + 1))
    camera.close()


def test_void_events_are_told_to_the_cloud_as_no_holes_and_are_never_sent(settings: EdgeSettings) -> None:
    moved = drawn(settings, CONFIG.replace("[[64, 180], [576, 180]]", "[[320, 190], [576, 190]]"))
    void = [e for e in outbox_events(settings) if e["type"].startswith("footfall")]
    recount(settings, "--zone", "door", *moved)
    outbox = SqliteOutbox(settings.outbox_path, clock=ManualClock())
    seqs = [e["seq"] for e in void]
    assert outbox.dead_letter_seqs(above=0, limit=100) == seqs
    # A receipt that was under way when they became void does not bring them back.
    outbox.settle(accepted=[void[0]["event_id"]], rejected={void[1]["event_id"]: "too late"})
    assert outbox.dead_letter_seqs(above=0, limit=100) == seqs
    assert outbox.retry_dead_letters() == 0
    outbox.close()


def test_a_recount_is_claimed_whole_or_not_yet(settings: EdgeSettings) -> None:
    recount(settings, "--zone", "half", *drawn(settings))
    outbox = SqliteOutbox(settings.outbox_path, clock=ManualClock())
    everything = outbox.claim(limit=1000, max_bytes=10**8)
    at = next(i for i, row in enumerate(everything) if "zone_recounted" in row.body)
    for limit in range(at + 1, at + 4):
        assert len(outbox.claim(limit=limit, max_bytes=10**8)) == at
    assert len(outbox.claim(limit=at + 4, max_bytes=10**8)) == at + 4
    live = outbox.claim(limit=1000, max_bytes=10**8, since=START)
    assert live
    assert not any("recounted" in row.body for row in live)
    outbox.settle(accepted=[row.event_id for row in everything[:at]], rejected={})
    assert len(outbox.claim(limit=2, max_bytes=1)) == 1, "what fits nowhere goes in parts"
    outbox.close()


def test_pieces_are_small_and_meet_without_a_gap(tmp_path: Path) -> None:
    settings = EdgeSettings(data_dir=tmp_path)
    camera = CountedCamera(settings)
    for n in range(230):
        camera.walk(inwards(), at_s=10 * n)
    camera.close()
    value = recount(settings, "--zone", "half", *drawn(settings))
    assert value["after"]["in"] == 230
    markers = [e for e in outbox_events(settings) if e["type"] == "zone_recounted"]
    assert [m["attributes"]["events"] for m in markers] == [200, 30]
    assert markers[0]["attributes"]["to"] == markers[1]["attributes"]["from"]


def test_wrong_words_are_answered_with_the_right_ones(settings: EdgeSettings) -> None:
    for words, answer in (
        ((*DAY, "--zone", "dor"), "there is: cam/door"),
        (("--zone", "door", "--from", "2026-03-29", "--to", "2026-03-28"), "--from must lie before --to"),
        (("--zone", "door", "--from", "soon", "--to", "2026-03-28"), "is no moment"),
        ((*DAY, "--zone", "door", "--camera", "other"), "there is: none"),
    ):
        code, _, said = run(settings, *words)
        assert code == 2
        assert answer in said


def test_what_was_counted_before_is_read_by_zone_camera_and_span(settings: EdgeSettings) -> None:
    span = Span(START, START.replace(hour=23))
    assert len(counted_before(settings.outbox_path, camera_id="cam", zone_id="door", span=span)) == 7
    assert counted_before(settings.outbox_path, camera_id="other", zone_id="door", span=span) == []
    assert counted_before(settings.outbox_path.with_name("none"), camera_id="cam", zone_id="door", span=span) == []


def test_ways_of_before_the_camera_was_turned_are_left_out_however_it_was_turned(tmp_path: Path) -> None:
    settings = EdgeSettings(data_dir=tmp_path)
    for hour, rotation in ((0, 0), (1, 180), (2, 0)):
        camera = CountedCamera(settings, start=START + timedelta(hours=hour), rotation=rotation)
        camera.walk(inwards(), at_s=0, x=150)
        camera.close()
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG)
    words = ("--zone", "half", "--config", str(config), "--dry-run")
    assert recount(settings, *words)["after"] == {"in": 1, "out": 0, "stays": 0}, "only since the last turn"
    # The file says that it was turned since: nothing that is kept is of the picture as it is now.
    config.write_text(CONFIG.replace("    source:", "    rotation: 90\n    source:"))
    told = recount(settings, *words)
    assert (told["after"], told["spans"]) == ({"in": 0, "out": 0, "stays": 0}, [])


def test_ways_that_an_older_version_kept_are_of_the_picture_as_it_is_unless_it_was_turned_since(tmp_path: Path) -> None:
    settings = EdgeSettings(data_dir=tmp_path)
    camera = CountedCamera(settings)
    camera.walk(inwards(), at_s=0, x=150)
    camera.close()
    with closing(sqlite3.connect(settings.history_path)) as history:
        history.execute("ALTER TABLE runs DROP COLUMN rotation")
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG)
    words = ("--zone", "half", "--config", str(config), "--dry-run")
    assert recount(settings, *words)["after"]["in"] == 1, "a file that nobody wrote to yet"
    for hour, rotation, expected in ((1, 0, 2), (2, 90, 1)):
        camera = CountedCamera(settings, start=START + timedelta(hours=hour), rotation=rotation)
        camera.walk(inwards(), at_s=0, x=150)
        camera.close()
        config.write_text(CONFIG.replace("    source:", f"    rotation: {rotation}\n    source:"))
        assert recount(settings, *words)["after"]["in"] == expected


def test_days_and_moments_are_the_stores_and_not_the_laptops(tmp_path: Path) -> None:
    settings = EdgeSettings(data_dir=tmp_path)
    camera = CountedCamera(settings, start=datetime(2026, 3, 28, 14, 30, tzinfo=UTC))
    camera.walk(inwards(), at_s=0)
    camera.walk(inwards(), at_s=3600)
    camera.close()
    StoreFile(tmp_path / STORE_FILE).write(StoreDocument(time_zone="Asia/Tokyo"))
    words = ("--zone", "door", "--dry-run", "--json")
    code, out, said = run(settings, "--from", "2026-03-28", "--to", "2026-03-30", *words)
    assert code == 0, said
    assert [(d["day"], d["after"]["in"]) for d in json.loads(out)["days"]] == [("2026-03-28", 1), ("2026-03-29", 1)]
    code, out, said = run(settings, "--from", "2026-03-29", "--to", "2026-03-30", *words)
    assert json.loads(out)["after"]["in"] == 1, said


SHORT = CONFIG.replace("[576, 180]", "[320, 180]")
"""The door with its right half, where nobody is a customer, left out."""


@pytest.mark.parametrize("is_told", [True, False], ids=["by its own window", "by another process"])
def test_a_wink_that_runs_follows_a_recount(tmp_path: Path, is_told: bool) -> None:
    camera = CountedCamera(EdgeSettings(data_dir=tmp_path))
    for n in range(3):
        camera.walk(inwards(), at_s=60 * n, x=450)
    camera.walk(outwards(), at_s=180, x=150)
    assert running(camera) == (3, 1, 2)
    recounted_shorter(camera, at_s=190, after={"in": 0, "out": 1, "stays": 0})
    if is_told:
        camera.pipeline.follow_recount()
        assert running(camera) == (0, 1, -1)
    camera.walk(inwards(), at_s=270, x=450)
    assert running(camera) == (1, 1, 0), "what was counted since then stays"
    assert restarted(camera) == (1, 1, 0)


def test_a_recount_just_before_the_end_is_followed_at_the_next_start(tmp_path: Path) -> None:
    camera = CountedCamera(EdgeSettings(data_dir=tmp_path))
    camera.walk(inwards(), at_s=0, x=450)
    recounted_shorter(camera, at_s=10, after={"in": 0, "out": 0, "stays": 0})
    camera.pipeline.record_gap(ended_at=START + timedelta(seconds=80), duration_s=1.0, reason="unplugged")
    assert running(camera) == (1, 0, 1), "nobody told it yet"
    assert restarted(camera) == (0, 0, 0)


def recounted_shorter(camera: CountedCamera, *, at_s: float, after: dict[str, int]) -> None:
    """Nobody comes for a minute; then another process counts by the shorter door what was kept until then."""
    for n in range(12):
        camera.walk([], at_s=at_s + 5 * n)
    door, deadline = ("--zone", "door", *drawn(camera.settings, SHORT)), monotonic() + 30
    while recount(camera.settings, *door, "--dry-run")["after"] != after:
        assert monotonic() < deadline, "the ways were not written"
    assert recount(camera.settings, *door)["is_written"]


def running(camera: CountedCamera) -> tuple[int, int, int]:
    """In and out of the door today, and the level, as they run."""
    (door,) = camera.pipeline.counts()
    kept = camera.outbox.load_counters()
    return door.in_count, door.out_count, json.loads(kept["level/cam"])["net"]


def restarted(camera: CountedCamera) -> tuple[int, int, int]:
    """The same after the program was ended and started again."""
    camera.close()
    again = CountedCamera(camera.settings, start=START + timedelta(minutes=10))
    again.walk([], at_s=0)
    again.pipeline.record_gap(ended_at=again.start, duration_s=1.0, reason="started")
    try:
        return running(again)
    finally:
        again.close()
