"""Zones that are drawn while people are counted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from desktop_app.domain.detections import Detections
from desktop_app.services.camera_pipeline import CameraPipeline
from desktop_app.services.ports import CapturedFrame
from shared_models.cameras import Camera, SourceAddress
from shared_models.events import EventType
from shared_models.zones import LineZone, PolygonZone, Zone
from tests.helpers.sinks import InMemorySink

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
AREA = PolygonZone(zone_id="floor", points=((0.1, 0.1), (0.9, 0.1), (0.9, 1.0), (0.1, 1.0)))
DOOR = LineZone(zone_id="door", points=((0.1, 0.5), (0.9, 0.5)))


def pipeline(sink: InMemorySink, *zones: Zone) -> CameraPipeline:
    camera = Camera(camera_id="cam", source=SourceAddress("0"), zones=zones)
    return CameraPipeline("cam", camera_for=lambda _: camera, sink=sink)


def stand(pipe: CameraPipeline, *, start_s: float, frames: int = 20, feet: float = 300.0, step: float = 0.0) -> None:
    """One person, five frames a second, walking ``step`` pixels a frame."""
    for n in range(frames):
        at_s = start_s + n * 0.2
        y = feet + n * step
        boxes = np.array([[300, y - 80, 330, y]], np.float32)
        frame = CapturedFrame(
            n, START + timedelta(seconds=at_s), at_s, (640, 360), lambda: np.zeros((360, 640, 3), np.uint8)
        )
        pipe.process(frame, Detections(boxes, np.full(1, 0.9, np.float32)))


def test_a_stay_under_the_old_zones_is_closed_under_their_revision() -> None:
    sink = InMemorySink()
    pipe = pipeline(sink, AREA)
    stand(pipe, start_s=0)
    changed = AREA.model_copy(update={"revision": 2, "points": ((0.2, 0.2), (0.9, 0.2), (0.9, 1.0), (0.2, 1.0))})
    pipe.apply_zones([changed])
    stand(pipe, start_s=4)
    pipe.close()
    dwells = [e for e in sink.events if e.type is EventType.DWELL]
    assert [e.zone_revision for e in dwells] == [1, 2]


def test_a_line_that_is_drawn_while_running_counts_from_then_on() -> None:
    sink = InMemorySink()
    pipe = pipeline(sink)
    stand(pipe, start_s=0, feet=100, step=0)
    pipe.apply_zones([DOOR])
    stand(pipe, start_s=4, feet=100, step=10)
    assert [c.in_count for c in pipe.counts()] == [1]
    pipe.close()
    assert [e.zone_id for e in sink.events if e.type is EventType.FOOTFALL_IN] == ["door"]


def test_figures_of_zones_that_stay_are_kept() -> None:
    sink = InMemorySink()
    pipe = pipeline(sink, DOOR)
    stand(pipe, start_s=0, feet=100, step=10)
    pipe.apply_zones([DOOR, AREA])
    assert [c.in_count for c in pipe.counts() if c.is_line] == [1]
    pipe.close()


def test_before_the_first_frame_there_is_nothing_to_change() -> None:
    pipe = pipeline(InMemorySink())
    pipe.apply_zones([DOOR])
    assert pipe.counts() == ()
