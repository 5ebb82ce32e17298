"""What the desktop program keeps in files: the store, zones, preferences, coverage, the wizard's typing."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from desktop_app.services.coverage_journal import CoverageJournal
from desktop_app.services.preferences import Appearance, DetectionProfile, Preferences, PreferencesFile
from desktop_app.services.setup_memory import SetupMemory, SetupMemoryFile
from desktop_app.services.store_document import (
    StoredCamera,
    StoreDocument,
    StoreDocumentError,
    StoreFile,
    address_with,
    edge_config,
    joined_credentials,
    new_camera_id,
    split_credentials,
)
from desktop_app.services.whole_files import write_whole
from desktop_app.services.zone_store import ZoneStore, ZoneStoreError, with_revisions
from shared_models.geometry import Size
from shared_models.zones import LineZone, PolygonZone
from tests.helpers.engine_fakes import grey_view

DOOR = LineZone(zone_id="door", points=((0.1, 0.5), (0.9, 0.5)))
AREA = PolygonZone(zone_id="area", points=((0.1, 0.1), (0.4, 0.1), (0.4, 0.4)))
FRAME: Size = (640, 360)


@pytest.mark.parametrize(
    ("typed", "bare", "user", "password"),
    [
        ("rtsp://10.0.0.3/live", "rtsp://10.0.0.3/live", "", ""),
        ("rtsp://admin:p%40ss@10.0.0.3:554/live", "rtsp://10.0.0.3:554/live", "admin", "p@ss"),
        ("rtsp://admin:a@b@10.0.0.3/live", "rtsp://10.0.0.3/live", "admin", "a@b"),
        (" http://u:@cam/mjpeg ", "http://cam/mjpeg", "u", ""),
        ("usb://0", "usb://0", "", ""),
        ("/films/a@b.mp4", "/films/a@b.mp4", "", ""),
    ],
)
def test_credentials_are_taken_out_of_an_address(typed: str, bare: str, user: str, password: str) -> None:
    assert split_credentials(typed) == (bare, user, password)


def test_credentials_come_back_into_the_address_only_for_the_engine() -> None:
    secret = joined_credentials("admin", "p@ss:/word")
    address = address_with("rtsp://10.0.0.3:554/live", secret)
    assert address.reveal() == "rtsp://admin:p%40ss%3A%2Fword@10.0.0.3:554/live"
    assert "ss" not in str(address)
    assert address_with("usb://0", secret).reveal() == "usb://0"


def test_a_store_file_cannot_hold_a_password() -> None:
    with pytest.raises(ValueError, match="password"):
        StoredCamera(camera_id="a", source="rtsp://admin:secret@10.0.0.3/live")


def test_a_store_is_read_as_it_was_written(tmp_path: Path) -> None:
    camera = StoredCamera(camera_id="a", name="Door", source="rtsp://10.0.0.3/live", target_fps=7)
    document = StoreDocument(store_name="High Street", cloud_url="https://c.example", cameras=(camera,))
    StoreFile(tmp_path / "store.json").write(document)
    assert StoreFile(tmp_path / "store.json").read() == document


@pytest.mark.expected_log("was damaged")
def test_a_damaged_store_file_is_kept_aside(tmp_path: Path) -> None:
    path = tmp_path / "store.json"
    for text in ("{", '{"version": 1, "cameras": [{"camera_id": ""}]}'):
        path.write_text(text)
        assert StoreFile(path).read() == StoreDocument()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["store.json.damaged-1", "store.json.damaged-2"]


def test_a_store_file_of_a_newer_version_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "store.json"
    path.write_text('{"version": 2, "cameras": "other"}')
    with pytest.raises(StoreDocumentError, match="newer version"):
        StoreFile(path).read()
    assert json.loads(path.read_text())["version"] == 2


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    write_whole(path, "old")
    (tmp_path / "file.json.new").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_whole(path, "new")
    assert path.read_text() == "old"


def test_camera_ids_are_readable_and_differ() -> None:
    assert new_camera_id("Front Door", taken=()) == "front-door"
    assert new_camera_id("Front Door", taken=("front-door", "front-door-2")) == "front-door-3"
    assert new_camera_id("入口", taken=()) == "camera"


def test_the_engine_gets_enabled_cameras_and_a_cloud_only_with_its_key() -> None:
    cameras = (
        StoredCamera(camera_id="a", source="usb://0"),
        StoredCamera(camera_id="b", source="usb://1", is_enabled=False),
    )
    document = StoreDocument(cloud_url="https://c.example", cameras=cameras)
    with_key = edge_config(document, edge_key="edge_x", camera_secrets={})
    assert with_key.api_url == "https://c.example"
    assert [c.camera_id for c in with_key.cameras] == ["a"]
    assert edge_config(document, edge_key=None, camera_secrets={}).api_url is None


def test_only_changed_zones_get_a_new_revision() -> None:
    wider = DOOR.model_copy(update={"points": ((0.05, 0.5), (0.9, 0.5))})
    saved = with_revisions([wider, AREA], before=[DOOR, AREA.model_copy(update={"revision": 4})])
    assert [zone.revision for zone in saved] == [2, 4]
    assert with_revisions(saved, before=saved) == saved


def test_zones_and_drafts_are_kept_per_camera(tmp_path: Path) -> None:
    store = ZoneStore(tmp_path)
    assert store.zones_of("a") is None
    store.keep_draft("a", [DOOR, AREA])
    assert ZoneStore(tmp_path).draft_of("a") == (DOOR, AREA)
    store.save("a", [DOOR], before=())
    again = ZoneStore(tmp_path)
    assert again.zones_of("a") == (DOOR,)
    assert again.draft_of("a") is None
    again.save("a", [], before=[DOOR])
    assert ZoneStore(tmp_path).zones_of("a") == ()
    again.forget("a")
    assert ZoneStore(tmp_path).zones_of("a") is None


@pytest.mark.expected_log("was damaged")
def test_a_damaged_zone_file_is_kept_aside(tmp_path: Path) -> None:
    (tmp_path / "zones.json").write_text('{"version": 1, "cameras": {"a": [{"kind": "line"}]}}')
    assert ZoneStore(tmp_path).zones_of("a") is None
    assert (tmp_path / "zones.json.damaged-1").exists()


def test_a_newer_zone_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "zones.json").write_text('{"version": 9, "cameras": {}}')
    with pytest.raises(ZoneStoreError, match="newer"):
        ZoneStore(tmp_path).zones_of("a")


@pytest.mark.expected_log("was damaged")
def test_preferences_survive_unknown_and_broken_values(tmp_path: Path) -> None:
    path = tmp_path / "preferences.json"
    assert PreferencesFile(path).read() == Preferences()
    path.write_text('{"appearance": "dark", "keep_days": 999, "from_the_future": 1}')
    read = PreferencesFile(path).read()
    assert (read.appearance, read.keep_days) == (Appearance.DARK, 30)
    path.write_text("not json")
    assert PreferencesFile(path).read() == Preferences()


@pytest.mark.parametrize(
    ("profile", "rate", "expected"),
    [("gentle", 5, 3), ("normal", 5, 5), ("thorough", 5, 8), ("thorough", 15, 15), ("gentle", 1, 1)],
)
def test_a_profile_scales_a_cameras_own_rate_within_limits(profile: str, rate: float, expected: float) -> None:
    assert Preferences(profile=DetectionProfile(profile)).profile_fps(rate) == pytest.approx(expected)


def test_coverage_counts_seen_seconds_and_survives_a_restart(tmp_path: Path) -> None:
    journal = CoverageJournal(tmp_path / "coverage.json")
    for second in (0, 1, 2, 60, 61):
        journal.record(grey_view("a", index=second))
    seen_at = grey_view("a").frame.captured_at
    hour = (seen_at.replace(minute=0, second=0), seen_at.replace(minute=0, second=0) + timedelta(hours=1))
    assert journal.seen_s("a", *hour) == pytest.approx(3.0), "the minute without frames was not seen"
    journal.save(now=seen_at)
    again = CoverageJournal(tmp_path / "coverage.json")
    assert again.seen_s("a", *hour) == pytest.approx(3.0)
    assert again.seen_s("a", hour[1], hour[1] + timedelta(hours=1)) == 0.0
    again.record(grey_view("a", index=0))
    again.record(grey_view("a", index=1))
    again.save(now=seen_at + timedelta(days=60))
    assert CoverageJournal(tmp_path / "coverage.json").seen_s("a", *hour) == 0.0


def test_an_hour_that_begins_at_half_past_has_its_own_quarters(tmp_path: Path) -> None:
    path = tmp_path / "coverage.json"
    path.write_text(json.dumps({"version": 1, "seen_s": {"old": {"2026-03-02T09": 3600.0}}}))
    half_past = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
    journal = CoverageJournal(path)
    assert journal.seen_s("old", half_past, half_past + timedelta(hours=1)) == pytest.approx(1800.0)
    for second in range(-2, 4):  # two seconds before half past, three after
        view = grey_view("a", index=0)
        frame = replace(view.frame, at_s=100.0 + second, captured_at=half_past + timedelta(seconds=second))
        journal.record(replace(view, frame=frame))
    assert journal.seen_s("a", half_past - timedelta(hours=1), half_past) == pytest.approx(1.0)
    assert journal.seen_s("a", half_past, half_past + timedelta(hours=1)) == pytest.approx(4.0)
    journal.save(now=half_past)
    assert CoverageJournal(path).seen_s("a", half_past, half_past + timedelta(hours=1)) == pytest.approx(4.0)


def test_a_camera_is_there_since_it_was_set_up_or_since_it_saw_something(tmp_path: Path) -> None:
    now = datetime(2026, 3, 2, 10, 42, tzinfo=UTC)
    path = tmp_path / "coverage.json"
    path.write_text(json.dumps({"version": 1, "seen_s": {"old": {"2026-03-01T09": 12.0, "2026-02-27T18": 3.0}}}))
    journal = CoverageJournal(path)
    assert journal.since("old") is None
    journal.note_cameras(["old", "new"], now=now)
    journal.note_cameras(["new"], now=now + timedelta(hours=1))
    journal.save(now=now)
    again = CoverageJournal(path)
    assert (again.since("old"), again.since("new")) == (datetime(2026, 2, 27, 18, tzinfo=UTC), now)
    again.forget("new")
    again.note_cameras(["new"], now=now + timedelta(hours=2))
    assert again.since("new") == now + timedelta(hours=2)


@pytest.mark.expected_log("was damaged")
def test_a_damaged_journal_is_kept_aside(tmp_path: Path) -> None:
    (tmp_path / "coverage.json").write_text("[]")
    journal = CoverageJournal(tmp_path / "coverage.json")
    assert journal.seen_s("a", datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)) == 0.0
    assert (tmp_path / "coverage.json.damaged-1").read_text() == "[]"


def test_the_wizards_typing_is_kept_and_forgotten(tmp_path: Path) -> None:
    file = SetupMemoryFile(tmp_path / "setup.json")
    file.write(SetupMemory(step=2, camera_address="rtsp://10.0.0.3/live"))
    assert SetupMemoryFile(tmp_path / "setup.json").read().step == 2
    file.forget()
    file.forget()
    assert file.read() == SetupMemory()
    (tmp_path / "setup.json").write_text("{")
    assert file.read() == SetupMemory()
