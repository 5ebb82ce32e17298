"""Counting again over kept foot paths gives what live counting gave, event for event."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop_app.adapters.detection.openvino_yolo import OpenVinoYolo
from desktop_app.adapters.video.virtual_store.scenes import scene_zones
from desktop_app.adapters.video.virtual_store.source import VirtualStoreSource
from desktop_app.domain.detections import Detections, TrackedDetections
from desktop_app.domain.line_crossing import CUT_LOOKS
from desktop_app.domain.tracker import Tracker
from desktop_app.domain.trajectory import (
    MAX_LOOKS,
    TOLERANCE_HEIGHTS,
    Geometry,
    TrackRecord,
    Trajectory,
    TrajectoryError,
    kept_looks,
    simplified,
)
from desktop_app.domain.walks import NO_FEET, Look
from desktop_app.domain.zone_engine import ZoneEngine
from desktop_app.services.recount import RunEnd, replayed
from desktop_app.services.replay import track_source
from shared_models.cameras import SourceAddress
from shared_models.clock import ManualClock
from shared_models.events import EventDraft, EventType
from shared_models.geometry import Point, Size, to_norm
from shared_models.zones import LineZone, PolygonZone, Zone
from tests.benchmarks.counting.simulation import CROWDS, LINES, Scene
from tests.helpers.examples import EXAMPLES
from tests.helpers.walkers import FRAME, OPENED_AT, Frames, Person, boxes, in_out, line, steps, walk
from tests.helpers.weights import find_weights

REPLACED = (
    EventType.FOOTFALL_IN,
    EventType.FOOTFALL_OUT,
    EventType.DWELL,
    EventType.SHELF_INTERACTION,
    EventType.QUEUE_WAIT,
)


def polygon(zone_id: str, *points: Point, **fields: object) -> PolygonZone:
    return PolygonZone.model_validate({"zone_id": zone_id, "points": to_norm(points, frame_wh=FRAME), **fields})


ZONES: Sequence[Zone] = (
    *(LineZone(zone_id=k, points=to_norm(points, frame_wh=FRAME)) for k, points in LINES.items()),
    polygon("floor", (300, 300), (900, 300), (800, 650), (350, 600)),
    polygon("shelf", (600, 350), (1100, 320), (1000, 500), (650, 480), purpose="shelf", exit_grace_s=1.0),
    polygon("till", (100, 500), (500, 500), (500, 700), (100, 700), purpose="queue"),
    polygon("poster", (1100, 200), (1250, 200), (1250, 400), (1100, 400), purpose="ignore"),
    LineZone(zone_id="slow", points=((0.2, 0.7), (0.8, 0.7)), min_stay_s=2.0),
    LineZone(zone_id="outer", points=((0.3, 0.5), (0.7, 0.5)), entrance="main"),
    LineZone(zone_id="inner", points=((0.3, 0.65), (0.7, 0.65)), entrance="main"),
)


class Live:
    """The rules over frames as they come, with the paths that are kept of them."""

    def __init__(self, zones: Sequence[Zone], *, frame_wh: Size = FRAME) -> None:
        self.engine = ZoneEngine(camera_id="cam", zones=zones, frame_wh=frame_wh)
        self.drafts: list[EventDraft] = []
        self.records: list[TrackRecord] = []
        self.end = RunEnd(0.0, OPENED_AT)

    def see(self, tracked: TrackedDetections, at_s: float) -> None:
        moment = OPENED_AT + timedelta(seconds=at_s)
        self.drafts += self.engine.update(tracked, at_s=at_s, occurred_at=moment)
        self.records += self.engine.take_paths()
        self.end = RunEnd(round(at_s * 1000) / 1000, moment)

    def stop(self) -> list[Trajectory]:
        self.drafts += self.engine.close(at_s=0, occurred_at=OPENED_AT)
        self.records += self.engine.take_paths()
        return [simplified(record) for record in self.records]


def events(drafts: Sequence[EventDraft]) -> list[str]:
    return sorted(d.model_dump_json() for d in drafts if d.type in REPLACED)


def assert_same(live: Live, zones: Sequence[Zone], *, frame_wh: Size = FRAME) -> list[Trajectory]:
    kept = live.stop()
    again = list(replayed(kept, zones, camera_id="cam", frame_wh=frame_wh, end=live.end))
    assert events(again) == events(live.drafts)
    return kept


@pytest.mark.parametrize("fps", [10.0, 5.0, 3.0, 2.0, 1.0])
@pytest.mark.parametrize("crowd", CROWDS, ids=lambda crowd: crowd.name)
def test_simulated_walkers_are_recounted_as_they_were_counted(crowd: object, fps: float) -> None:
    scene = Scene(crowd, seed=5, seconds=60)  # type: ignore[arg-type]
    live, tracker = Live(ZONES), Tracker()
    for look in scene.looks(fps):
        found = Detections(look.xyxy.astype(np.float32), look.score.astype(np.float32))
        live.see(tracker.update(found, at_s=look.at_s, frame_wh=FRAME), look.at_s)
    kept = assert_same(live, ZONES)
    assert len(events(live.drafts)) > 10
    assert sum(len(t.body) for t in kept) / len(kept) < 700


@pytest.mark.parametrize("seed", range(8))
def test_people_whose_feet_come_into_the_picture_are_recounted_by_the_looks_before(seed: int) -> None:
    """A line just where the feet were on the looks that count is crossed again, or not, as it was."""
    rng = np.random.default_rng(seed)
    ways = 840 - 12 * np.arange(40) + rng.normal(0, 4, 40)
    zones = [line((1180, y), (100, y), zone_id=f"line {y}") for y in range(640, 720, 2)]
    live = Live(zones)
    for i, people in enumerate(walk([(640 + float(rng.normal(0, 4)), float(y)) for y in ways])):
        live.see(boxes(people), i / 5)
    assert_same(live, zones)
    assert events(live.drafts)


def test_looks_before_the_feet_came_into_the_picture_are_kept_as_they_were() -> None:
    """On a straight way nothing else keeps them, and the rules judge them again by a height known later."""
    looks = [Look(i, 200 * i, 200 * i, 9000, 22000 - 100 * i, 4000, NO_FEET if i < 30 else 0, 900) for i in range(60)]
    kept = kept_looks(looks, Geometry(FRAME))
    assert set(range(30 - CUT_LOOKS, 31)) <= set(kept)
    assert len(kept) < 30


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    st.lists(
        st.lists(
            st.tuples(st.integers(1, 5), st.floats(-50, 1400), st.floats(100, 900), st.floats(60, 300), st.booleans()),
            max_size=5,
        ),
        max_size=40,
    ),
    st.lists(st.one_of(st.floats(-0.3, 1.5), st.floats(-9, 9)), min_size=40, max_size=40),
)
def test_whatever_was_seen_is_recounted_as_it_was_counted(
    raw: list[list[tuple[int, float, float, float, bool]]], gaps: list[float]
) -> None:
    """Ids that come back after any time, steps of any length, time that runs backwards included."""
    live = Live(ZONES)
    at_s = 100.0
    for people, gap in zip(raw, gaps, strict=False):
        at_s += gap
        listed = {i: Person(i, (x, y), height, height * 0.4, sure) for i, x, y, height, sure in people}
        live.see(boxes(listed.values()), at_s)
    assert_same(live, ZONES)


@pytest.mark.parametrize("frames_between", [0, 1, 30])
@pytest.mark.parametrize("pause_s", [1.9, 2.5, 2.9, 3.1, 4.0, 60.0])
def test_an_id_that_comes_back_is_recounted_as_it_was_counted(pause_s: float, frames_between: int) -> None:
    """Whether or not somebody looked in between, a person unseen for too long is another."""
    live = Live(ZONES)
    there = walk(steps((640, 250), (640, 440), 12))
    back = walk(steps((640, 470), (640, 650), 12))
    for i, people in enumerate(there):
        live.see(boxes(people), i / 5)
    left_s = (len(there) - 1) / 5
    for i in range(frames_between):
        live.see(boxes([]), left_s + pause_s * (i + 1) / (frames_between + 1))
    for i, people in enumerate(back):
        live.see(boxes(people), left_s + pause_s + i / 5)
    assert_same(live, ZONES)


def test_a_line_drawn_today_counts_yesterday() -> None:
    live = Live([])
    there = steps((640, 250), (640, 600), 40)
    for i, (person,) in enumerate(walk(there + there[::-1])):
        live.see(boxes([person]), i / 5)
    kept = live.stop()
    drawn = [line((100, 400), (1180, 400))]
    assert in_out(list(replayed(kept, drawn, camera_id="cam", frame_wh=FRAME, end=live.end))) == (1, 1)


def test_a_path_is_kept_in_a_few_hundred_bytes_and_read_back_within_the_tolerance() -> None:
    rng = np.random.default_rng(3)
    live = Live([])
    true = []
    for i in range(200):
        x, y = 100 + 5 * i + rng.normal(0, 2), 400 + 80 * math.sin(i / 25) + rng.normal(0, 2)
        true.append((x, y))
        live.see(boxes([Person(1, (x, y))]), i / 5)
    (kept,) = live.stop()
    assert len(kept.body) < 900
    for (x, y), sighting in zip(true, kept.sightings(), strict=True):
        assert math.dist((x, y), sighting.anchor.point_px) <= TOLERANCE_HEIGHTS * 200 * 1.05 + 0.1


def test_who_stays_for_hours_is_kept_in_parts_and_counted_once() -> None:
    zones = [line((100, 400), (1180, 400)), polygon("floor", (100, 420), (1180, 420), (1180, 710), (100, 710))]
    live = Live(zones)
    rng = np.random.default_rng(1)
    inside = [(640 + rng.normal(0, 3), 600 + rng.normal(0, 3)) for _ in range(3 * MAX_LOOKS)]
    there = steps((640, 250), (640, 600), 15)
    for i, point in enumerate([*there, *inside, *there[::-1]]):
        live.see(boxes([Person(1, point)]), i / 5)
    kept = assert_same(live, zones)
    assert len(kept) == 4
    assert in_out(live.drafts) == (1, 1)


def test_nobody_who_was_never_confirmed_is_kept() -> None:
    live = Live(ZONES)
    frames: Frames = [[Person(1, p, confirmed=False)] for p in steps((640, 250), (640, 600), 15)]
    for i, people in enumerate(frames):
        live.see(boxes(people), i / 5)
    assert live.stop() == []


def test_the_paths_say_until_when_they_are_whole() -> None:
    live = Live(ZONES)
    assert live.engine.paths_complete_until() is None
    for i in range(10):
        live.see(boxes([]), i / 5)
    assert live.engine.paths_complete_until() == OPENED_AT + timedelta(seconds=1.8)
    for i in range(10, 30):
        live.see(boxes([Person(1, (600, 500))]), i / 5)
    assert live.engine.paths_complete_until() == OPENED_AT + timedelta(seconds=2.0)
    for i in range(30, 60):
        live.see(boxes([]), i / 5)
    assert live.engine.paths_complete_until() == OPENED_AT + timedelta(seconds=11.8)


def test_a_damaged_path_is_told_and_not_believed() -> None:
    live = Live([])
    for i, (person,) in enumerate(walk(steps((640, 250), (640, 600), 15))):
        live.see(boxes([person]), i / 5)
    (kept,) = live.stop()
    for body in (b"\x01nonsense", kept.body[:-4], b"\x09" + kept.body[1:], kept.body[:1]):
        broken = Trajectory(
            kept.camera_id,
            kept.run_at,
            kept.frame_wh,
            kept.track_id,
            kept.first_frame,
            kept.started_at,
            kept.ended_at,
            body,
        )
        with pytest.raises(TrajectoryError, match="track 1"):
            broken.sightings()


@pytest.mark.slow
@pytest.mark.parametrize("scene", ["entrance", "aisle"])
def test_the_virtual_store_with_real_detection_is_recounted_as_it_was_counted(scene: str) -> None:
    store = VirtualStoreSource(
        SourceAddress(f"virtual-store://{scene}?seed=7&people=40&fps=5&minutes=0.5"),
        clock=ManualClock(),
        realtime=False,
    )
    size = store.open()
    detector = OpenVinoYolo(find_weights())
    zones = scene_zones(scene, size_wh=size)
    live = Live(zones, frame_wh=size)
    for frame in track_source(store, detector, progress=lambda _: None):
        live.see(frame.tracked, frame.at_s)
    detector.close()
    store.close()
    assert_same(live, zones, frame_wh=size)
    assert events(live.drafts)
