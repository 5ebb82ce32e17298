"""A camera that hangs turned: upright pictures, and zones that stay where they are in the room."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.adapters.storage.sqlite_outbox import SqliteOutbox
from desktop_app.adapters.video.open_source import make_source
from desktop_app.domain.polyline import signed_distance
from desktop_app.services.config_document import ConfigError
from desktop_app.services.config_import import parse_config, read_yaml
from desktop_app.services.desk import CameraPast
from desktop_app.services.rotation import turned
from desktop_app.services.trajectories import Span
from desktop_app.settings import EdgeSettings
from shared_models.cameras import Rotation, SourceAddress
from shared_models.clock import SteadyClock
from shared_models.events import EventDraft, EventType
from shared_models.zones import LineZone
from tests.helpers.counted_camera import DOOR, CountedCamera, inwards
from tests.helpers.desks import host_of, make_desk

STORE = SourceAddress("virtual-store://entrance?seed=7&fps=5")
norm = st.floats(0.05, 0.95).map(lambda v: round(v, 6))


@pytest.mark.parametrize(
    ("rotation", "size", "turns"), [(0, (640, 360), 0), (90, (360, 640), 3), (180, (640, 360), 2), (270, (360, 640), 1)]
)
def test_the_picture_is_set_upright(rotation: Rotation, size: tuple[int, int], turns: int) -> None:
    plain = make_source(STORE, clock=SteadyClock(), realtime=False)
    source = make_source(STORE, clock=SteadyClock(), realtime=False, rotation=rotation)
    try:
        plain.open()
        assert source.open() == size
        frame, upright = plain.read(), source.read()
        assert upright.size_wh == size
        # numpy turns the other way round.
        assert np.array_equal(upright.bgr(), np.rot90(frame.bgr(), turns))
        assert upright.bgr() is upright.bgr(), "it is turned once"
    finally:
        plain.close()
        source.close()


@given(x=norm, y=norm, px=norm, py=norm, degrees=st.sampled_from([90, 180, 270]))
def test_inner_sides_stay_inner_sides_and_turning_back_gives_the_same(
    x: float, y: float, px: float, py: float, degrees: int
) -> None:
    line = LineZone(zone_id="door", points=((x, y), (min(1.0, x + 0.05), y)))
    (after,) = turned((line,), degrees=degrees)
    assert after.zone_id == "door"
    (back,) = turned((after,), degrees=-degrees)
    assert np.allclose(back.points, line.points, atol=1e-8)
    point = LineZone(zone_id="p", points=((px, py), (1.0, 1.0)))
    (moved,) = turned((point,), degrees=degrees)
    side = signed_distance(line.points, (px, py))
    if abs(side) > 1e-6:
        assert (signed_distance(after.points, moved.points[0]) > 0) == (side > 0)


def test_zones_follow_a_camera_that_is_turned_and_ways_of_before_are_no_past_of_it(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, "cam")
    desk.save_zones("cam", (DOOR,))
    camera = CountedCamera(
        EdgeSettings(data_dir=tmp_path), zones=(DOOR,), start=desk.ports.clock.utc_now() - timedelta(minutes=2)
    )
    camera.walk(inwards(), at_s=0)
    camera.close()
    now = desk.ports.clock.utc_now()
    span = Span(now - timedelta(hours=1), now)
    assert desk.past.count("cam", (DOOR,), span=span).zones[0].after.went_in == 1
    stored = desk.document.cameras[0]
    desk.save_store(desk.document.with_camera(stored.model_copy(update={"rotation": 90})))
    (zone,) = desk.zones_of("cam")
    assert zone.points == ((0.5, 0.1), (0.5, 0.9))
    assert zone.revision == 2
    assert host_of(desk).configs[-1].cameras[0].rotation == 90
    since = desk.past.known_since("cam")
    assert since is not None
    assert since >= now
    assert desk.past.count("cam", desk.zones_of("cam"), span=span).zones[0].after.went_in == 0
    renamed = desk.document.cameras[0].model_copy(update={"name": "New"})
    desk.save_store(desk.document.with_camera(renamed))
    assert desk.zones_of("cam") == (zone,)
    assert desk.past.known_since("cam") == since


@pytest.mark.parametrize(("written", "degrees"), [("", 0), ("rotation: 0", 0), ("rotation: 270", 270)])
def test_a_file_says_how_a_camera_hangs(tmp_path: Path, written: str, degrees: int) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(f"cameras:\n  - camera_id: a\n    source: 'usb://0'\n    {written}\n")
    assert parse_config(read_yaml(file)).cameras[0].rotation == degrees


@pytest.mark.parametrize("written", ["45", "true", "[90]", "'90'"])
def test_a_turn_that_is_no_quarter_is_refused_with_what_to_write(tmp_path: Path, written: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(f"cameras:\n  - {{camera_id: a, source: 'usb://0', rotation: {written}}}\n")
    with pytest.raises(ConfigError, match="0, 90, 180 or 270"):
        parse_config(read_yaml(file))


def test_a_file_says_which_line_is_a_walkway(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(
        "cameras:\n  - camera_id: a\n    source: 'usb://0'\n    zones:\n"
        "      - {zone_id: door, type: line, coordinates: [[0, 10], [90, 10]]}\n"
        "      - {zone_id: walk, type: line, coordinates: [[0, 20], [90, 20]], is_entrance: false}\n"
    )
    zones = parse_config(read_yaml(file)).cameras[0].camera(frame_wh=(100, 100)).zones
    assert [zone.is_entrance for zone in zones if isinstance(zone, LineZone)] == [True, False]


@pytest.mark.parametrize(
    ("past", "events", "has_ways"),
    [(CameraPast.KEEP, 1, True), (CameraPast.FORGET_WAYS, 1, False), (CameraPast.FORGET_ALL, 0, False)],
)
def test_a_removed_cameras_past_is_what_its_owner_wants(
    tmp_path: Path, past: CameraPast, events: int, has_ways: bool
) -> None:
    desk = make_desk(tmp_path, "cam", "till")
    camera = CountedCamera(EdgeSettings(data_dir=tmp_path), start=desk.ports.clock.utc_now() - timedelta(minutes=2))
    camera.walk(inwards(), at_s=0)
    other = EventDraft(
        type=EventType.FOOTFALL_IN, camera_id="till", zone_id="z", zone_revision=1, occurred_at=camera.start
    )
    camera.outbox.append([other], counters={})
    camera.close()
    removed = desk.remove_camera("cam", past=past)
    assert removed is not None
    desk.forget_past(removed)
    now = desk.ports.clock.utc_now()
    kept = desk.ports.archive.events(start_at=now - timedelta(hours=1), end_at=now)
    assert [e.camera_id for e in kept if e.type is EventType.FOOTFALL_IN].count("cam") == events
    assert [e.camera_id for e in kept].count("till") == 1
    assert (desk.past.known_since("cam") is not None) is has_ways
    outbox = SqliteOutbox(tmp_path / "outbox.sqlite3", clock=desk.ports.clock)
    try:
        told = {row.seq for row in outbox.claim(limit=500, max_bytes=10**6)} | set(
            outbox.dead_letter_seqs(above=0, limit=500)
        )
        assert told == set(range(1, outbox.depth().last_seq + 1)), "the cloud will miss nothing"
    finally:
        outbox.close()
