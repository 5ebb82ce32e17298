from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from desktop_app.domain.detections import Detections
from desktop_app.domain.explanation import Reason
from desktop_app.services.camera_pipeline import KEEP_SOON_S, CameraPipeline, remember_size, remembered_size
from desktop_app.services.ports import CapturedFrame, HistoryPage, OutboxError
from shared_models.cameras import Camera, SourceAddress
from shared_models.events import Event, EventDraft, EventType
from shared_models.geometry import to_norm
from shared_models.ids import uuid7
from shared_models.zones import LineZone, PolygonZone, ZonePurpose

START = datetime(2026, 3, 2, 3, 50, tzinfo=UTC)
CAMERA = Camera(
    camera_id="cam",
    source=SourceAddress("0"),
    zones=(LineZone(zone_id="door", points=((0.1, 0.5), (0.9, 0.5))),),
)


class InMemoryHistory:
    """Keeps the pages, with what time the camera had when each was handed in."""

    def __init__(self) -> None:
        self.pages: list[HistoryPage] = []

    def put(self, page: HistoryPage) -> None:
        self.pages.append(page)


class InMemorySink:
    """Keeps events; refuses while ``is_full``."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.counters: dict[str, str] = {}
        self.is_full = False

    def append(self, drafts: Sequence[EventDraft], *, counters: Mapping[str, str]) -> list[Event]:
        if self.is_full:
            raise OutboxError("The disk is full.")
        new = [d.stamped(event_id=uuid7(), seq=len(self.events) + n) for n, d in enumerate(drafts, start=1)]
        self.events += new
        self.counters.update(counters)
        return new

    def load_counters(self) -> dict[str, str]:
        return dict(self.counters)


def day_from_four(moment: datetime) -> date:
    return (moment - timedelta(hours=4)).date()


def pipeline(sink: InMemorySink) -> CameraPipeline:
    return CameraPipeline("cam", camera_for=lambda _: CAMERA, sink=sink, day_of=day_from_four)


def walk_through(pipe: CameraPipeline, *, start_s: float, size: tuple[int, int] = (640, 360)) -> None:
    """One person walks down across the line, in three seconds; then the picture is empty for five."""
    scale = size[1] / 360
    for n in range(40):
        at_s = start_s + n * 0.2
        feet = (90 + n * 14) * scale
        boxes = np.array([[300 * scale, feet - 80 * scale, 330 * scale, feet]], np.float32)
        found = Detections(boxes, np.array([0.9], np.float32)) if n < 16 else Detections()
        frame = CapturedFrame(n, START + timedelta(seconds=at_s), at_s, size, lambda: np.zeros((1, 1, 3), np.uint8))
        pipe.process(frame, found)


def kinds(sink: InMemorySink) -> list[EventType]:
    return [event.type for event in sink.events if event.zone_id == "door"]


def test_a_crossing_is_an_event_and_a_figure_in_one_transaction() -> None:
    sink = InMemorySink()
    pipe = pipeline(sink)
    walk_through(pipe, start_s=0)
    assert kinds(sink) == [EventType.FOOTFALL_IN]
    assert pipe.counts()[0].in_count == 1
    assert json.loads(json.loads(sink.counters["zones/cam"])["totals"]) == {"door": [1, 0, 0]}


def test_why_somebody_was_counted_is_handed_in_within_a_second() -> None:
    sink, history = InMemorySink(), InMemoryHistory()
    walk_through(CameraPipeline("cam", camera_for=lambda _: CAMERA, sink=sink, history=history), start_s=0)
    (event,) = (e for e in sink.events if e.zone_id == "door")
    first = next(p for p in history.pages if any(e.reason is Reason.COUNTED_IN for e in p.explanations))
    waited = first.progress.last_at - event.occurred_at
    assert timedelta(0) <= waited <= timedelta(seconds=KEEP_SOON_S + 0.2)
    # Where nothing is counted it stays as it was: the film of eight seconds is three pages at the most.
    assert len(history.pages) <= 3


def test_figures_go_on_after_a_restart_on_the_same_day_and_begin_anew_on_the_next() -> None:
    sink = InMemorySink()
    walk_through(pipeline(sink), start_s=0)
    again = pipeline(sink)
    walk_through(again, start_s=60)
    assert again.counts()[0].in_count == 2
    walk_through(again, start_s=20 * 60)  # past four o'clock
    assert again.counts()[0].in_count == 1
    later = pipeline(sink)
    walk_through(later, start_s=26 * 3600)
    assert later.counts()[0].in_count == 1


@pytest.mark.expected_log("wait in memory")
def test_while_the_disk_is_full_events_wait_and_are_saved_when_there_is_room() -> None:
    sink = InMemorySink()
    pipe = pipeline(sink)
    sink.is_full = True
    walk_through(pipe, start_s=0)
    walk_through(pipe, start_s=10)
    assert sink.events == []
    sink.is_full = False
    frame = CapturedFrame(99, START + timedelta(seconds=30), 30.0, (640, 360), lambda: np.zeros((1, 1, 3), np.uint8))
    pipe.process(frame, Detections())
    assert kinds(sink) == [EventType.FOOTFALL_IN, EventType.FOOTFALL_IN]


def test_a_camera_that_comes_back_at_another_resolution_goes_on_counting_on_the_same_line() -> None:
    sink = InMemorySink()
    pipe = pipeline(sink)
    walk_through(pipe, start_s=0)
    walk_through(pipe, start_s=60, size=(1920, 1080))
    assert kinds(sink) == [EventType.FOOTFALL_IN, EventType.FOOTFALL_IN]
    assert pipe.counts()[0].in_count == 2


def test_an_outage_is_an_event_with_its_length_and_reason() -> None:
    sink = InMemorySink()
    pipeline(sink).record_gap(ended_at=START, duration_s=12.5, reason="SourceTimeout")
    (gap,) = sink.events
    assert (gap.type, gap.value, gap.attributes) == (EventType.CAMERA_GAP, 12.5, {"reason": "SourceTimeout"})


def test_the_size_at_which_pixels_were_drawn_is_kept_until_they_are_drawn_anew() -> None:
    sink = InMemorySink()
    remember_size(sink, camera_id="cam", drawn_as="abc", frame_wh=(640, 360))
    assert remembered_size(sink, camera_id="cam", drawn_as="abc") == (640, 360)
    assert remembered_size(sink, camera_id="cam", drawn_as="other") is None
    assert remembered_size(sink, camera_id="other", drawn_as="abc") is None


def test_a_mannequin_is_offered_as_an_ignore_area_until_there_is_one_and_never_dropped() -> None:
    sink = InMemorySink()
    pipe = pipeline(sink)
    box = Detections(np.array([[300, 200, 340, 359]], np.float32), np.full(1, 0.8, np.float32))
    for n in range(1300):
        view = pipe.process(frame_at(n * 0.5), box)
        assert len(view.tracked) == 1
    (area,) = pipe.furniture()
    assert all(0 <= x <= 640 and 0 <= y <= 360 for x, y in area)
    ignoring = PolygonZone(zone_id="m", purpose=ZonePurpose.IGNORE, points=to_norm(area, frame_wh=(640, 360)))
    pipe = CameraPipeline("cam", camera_for=lambda _: CAMERA.model_copy(update={"zones": (ignoring,)}), sink=sink)
    for n in range(1300):
        pipe.process(frame_at(n * 0.5), box)
    assert pipe.furniture() == ()


def frame_at(at_s: float) -> CapturedFrame:
    return CapturedFrame(
        0, START + timedelta(seconds=at_s), at_s, (640, 360), lambda: np.zeros((360, 640, 3), np.uint8)
    )


def test_the_drift_of_a_day_is_written_down_at_the_reset_hour_and_cleared() -> None:
    sink = InMemorySink()
    pipe = pipeline(sink)
    walk_through(pipe, start_s=0)
    walk_through(pipe, start_s=20 * 60)  # past four o'clock
    assert json.loads(sink.counters["drift/cam"]) == {"2026-03-01": 1}
    again = pipeline(sink)
    walk_through(again, start_s=21 * 60)
    walk_through(again, start_s=25 * 3600)
    assert json.loads(sink.counters["drift/cam"]) == {"2026-03-01": 1, "2026-03-02": 2}
    assert again.counts()[0].in_count == 1
