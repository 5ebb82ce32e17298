"""Files that the first version of the window wrote (by its own code, on 2026-11-23's state) are opened by today's."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from desktop_app.adapters.storage.event_archive import SqliteEventArchive
from desktop_app.adapters.storage.sqlite_outbox import SqliteOutbox
from desktop_app.domain.detections import Detections
from desktop_app.domain.zone_engine import ZoneCount, ZoneEngine
from desktop_app.services.camera_pipeline import CameraPipeline
from desktop_app.services.ports import CapturedFrame
from desktop_app.services.preferences import Appearance, DetectionProfile, PreferencesFile
from desktop_app.services.store_document import StoreFile
from desktop_app.services.zone_store import ZoneStore
from shared_models.cameras import Camera, SourceAddress
from shared_models.clock import SystemClock
from shared_models.events import EventDraft, EventType
from shared_models.store_time import StoreTime
from shared_models.zones import LineZone, PolygonZone

FORMER = Path(__file__).parent / "former_files"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FORMER, tmp_path / "data"))


def test_the_store_its_cameras_and_preferences_are_as_they_were(folder: Path) -> None:
    store = StoreFile(folder / "store.json").read()
    assert (store.store_name, store.time_zone, store.is_set_up) == ("High Street", "Europe/Berlin", True)
    door, aisle = store.cameras
    assert (door.label, door.substream, door.target_fps, door.rotation, door.input_size) == (
        "Front door", "rtsp://127.0.0.1:554/sub", 4.0, 0, "automatic",
    )  # fmt: skip
    assert (aisle.camera_id, aisle.is_enabled) == ("aisle", False)
    kept = PreferencesFile(folder / "preferences.json").read()
    assert (kept.profile, kept.keep_days, kept.appearance) == (DetectionProfile.THOROUGH, 12, Appearance.SYSTEM)
    assert kept.are_people_hidden
    assert sorted(p.name for p in folder.iterdir()) == sorted(p.name for p in FORMER.iterdir())  # nothing moved aside


def test_zones_keep_their_shapes_and_revisions_and_are_entrances_as_all_lines_were(folder: Path) -> None:
    zones = ZoneStore(folder).zones_of("door")
    assert zones is not None
    line, till = zones
    assert isinstance(line, LineZone)
    assert (line.points, line.revision, line.is_entrance) == (((0.8, 0.6), (0.2, 0.6)), 2, True)
    assert isinstance(till, PolygonZone)
    assert till.purpose == "queue"


def test_events_wait_still_figures_go_on_and_the_sequence_has_no_hole(folder: Path) -> None:
    outbox = SqliteOutbox(folder / "outbox.sqlite3", clock=SystemClock())
    try:
        waiting = outbox.claim(limit=100, max_bytes=1_000_000)
        assert [json.loads(event.body)["seq"] for event in waiting] == [1, 2, 3, 4, 5, 6]
        assert outbox.depth().pending == 6
        zones = ZoneStore(folder).zones_of("door") or ()
        engine = ZoneEngine(camera_id="door", zones=zones, frame_wh=(640, 360))
        engine.restore_counters(json.loads(outbox.load_counters()["zones/door"])["totals"])
        line, till = engine.counts()
        assert (line.in_count, line.out_count, till.presences) == (2, 3, 1)
        draft = EventDraft(
            type=EventType.FOOTFALL_IN, camera_id="door", zone_id="line", zone_revision=2,
            occurred_at=datetime(2026, 3, 2, 10, tzinfo=UTC), track_id=1,
        )  # fmt: skip
        (event,) = outbox.append([draft], counters={})
        assert event.seq == 7
    finally:
        outbox.close()


@pytest.mark.parametrize(
    ("zone", "at", "people", "level"),
    [
        # What was counted at ten in the morning in Berlin is of four in New York, where inside begins anew at five.
        ("Europe/Berlin", datetime(2026, 3, 2, 11, tzinfo=UTC), (2, 3, 1), -1),
        ("America/New_York", datetime(2026, 3, 2, 11, tzinfo=UTC), (2, 3, 1), 0),
        ("America/New_York", datetime(2026, 3, 2, 9, 59, tzinfo=UTC), (2, 3, 1), -1),
        ("Europe/Berlin", datetime(2026, 3, 2, 23, 30, tzinfo=UTC), (0, 0, 0), -1),
        ("Europe/Berlin", datetime(2026, 3, 3, 11, tzinfo=UTC), (0, 0, 0), 0),
        ("Asia/Tokyo", datetime(2026, 3, 2, 16, tzinfo=UTC), (0, 0, 0), -1),
    ],
)
def test_running_figures_of_another_day_are_added_up_anew_and_nobody_is_lost_or_counted_twice(
    folder: Path, zone: str, at: datetime, people: tuple[int, int, int], level: int
) -> None:
    """The former rows are of a day from four o'clock on, by the laptop; the events say who came in the store's own."""
    line, till, kept = upgraded(folder, StoreTime(ZoneInfo(zone), 5 if zone == "America/New_York" else 4), at=at)
    assert (line.in_count, line.out_count, till.presences) == people
    assert json.loads(kept["level/door"])["net"] == level
    # Once they are of the store's day they are taken as they are: no event is asked for.
    again, _, _ = upgraded(folder, StoreTime(ZoneInfo(zone), 5 if zone == "America/New_York" else 4), at=at, says=None)
    assert again == line


def upgraded(
    folder: Path, time: StoreTime, *, at: datetime, says: str | None = "outbox.sqlite3"
) -> tuple[ZoneCount, ZoneCount, dict[str, str]]:
    """The figures of the door's camera after its first frame with today's version, and what is kept of them."""
    outbox = SqliteOutbox(folder / "outbox.sqlite3", clock=SystemClock())
    archive = SqliteEventArchive(folder / says) if says else None
    camera = Camera(camera_id="door", source=SourceAddress("0"), zones=ZoneStore(folder).zones_of("door") or ())
    pipeline = CameraPipeline(
        "door",
        camera_for=lambda _: camera,
        sink=outbox,
        days=lambda: time,
        counted_since=(lambda start_at: archive.counted_since("door", start_at)) if archive else None,
    )
    try:
        frame = CapturedFrame(0, at, 0.0, (640, 360), lambda: np.zeros((1, 1, 3), np.uint8))
        line, till = pipeline.process(frame, Detections()).counts
        pipeline.follow_recount()
        return line, till, outbox.load_counters()
    finally:
        pipeline.close()
        outbox.close()
