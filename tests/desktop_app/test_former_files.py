"""Files that the first version of the window wrote (by its own code, on 2026-11-23's state) are opened by today's."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from desktop_app.adapters.storage.sqlite_outbox import SqliteOutbox
from desktop_app.domain.zone_engine import ZoneEngine
from desktop_app.services.preferences import Appearance, DetectionProfile, PreferencesFile
from desktop_app.services.store_document import StoreFile
from desktop_app.services.zone_store import ZoneStore
from shared_models.clock import SystemClock
from shared_models.events import EventDraft, EventType
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
