from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from desktop_app.domain.detections import Detections
from desktop_app.domain.explanation import Reason
from desktop_app.services.camera_pipeline import KEEP_SOON_S, CameraPipeline, remember_size, remembered_size
from desktop_app.services.ports import CapturedFrame, HistoryPage, OutboxError
from desktop_app.services.running_figures import written_drift
from shared_models.cameras import Camera, SourceAddress
from shared_models.events import RECOUNTABLE, Event, EventDraft, EventType
from shared_models.geometry import to_norm
from shared_models.ids import uuid7
from shared_models.store_time import StoreTime
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

    def counted_since(self, start_at: datetime) -> list[Event]:
        return [e for e in self.events if e.type in RECOUNTABLE and e.occurred_at >= start_at]


TIME = StoreTime(UTC, reset_hour=4)


def pipeline(sink: InMemorySink, *, time: Callable[[], StoreTime] = lambda: TIME) -> CameraPipeline:
    return CameraPipeline(
        "cam", camera_for=lambda _: CAMERA, sink=sink, days=time, counted_since=lambda at: sink.counted_since(at)
    )


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
    walk_through(again, start_s=20 * 60)  # past four o'clock: the level begins anew, the day does not
    assert again.counts()[0].in_count == 3
    walk_through(again, start_s=20.5 * 3600)  # past midnight
    assert again.counts()[0].in_count == 1
    later = pipeline(sink)
    walk_through(later, start_s=45 * 3600)
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


def test_drift_is_of_entrances_by_what_they_were_when_they_counted() -> None:
    sink = InMemorySink()
    pipe = pipeline(sink)
    walk_through(pipe, start_s=0)
    hall = LineZone(zone_id="door", points=((0.1, 0.5), (0.9, 0.5)), is_entrance=False, revision=2)
    pipe.apply_zones([hall])
    walk_through(pipe, start_s=60)
    walk_through(pipe, start_s=20 * 60)  # past four o'clock
    assert json.loads(sink.counters["drift/cam"]) == {"2026-03-01": 1}, "one of the two was no entry any more"


def test_another_time_zone_has_its_figures_at_once_and_loses_nobody() -> None:
    sink, zone = InMemorySink(), [StoreTime(UTC)]
    pipe = pipeline(sink, time=lambda: zone[0])
    walk_through(pipe, start_s=0)  # 03:50 UTC
    walk_through(pipe, start_s=3600)
    assert pipe.counts()[0].in_count == 2
    # In New York it was 22:50 and 23:50 of the day before; the next comes at 00:10 of today.
    zone[0] = StoreTime(ZoneInfo("America/New_York"))
    walk_through(pipe, start_s=80 * 60)
    assert pipe.counts()[0].in_count == 1
    zone[0] = StoreTime(UTC)
    walk_through(pipe, start_s=82 * 60)
    assert pipe.counts()[0].in_count == 4


def test_what_happened_before_midnight_and_is_known_after_it_belongs_to_yesterday() -> None:
    sink = InMemorySink()
    waits = CAMERA.zones[0].model_copy(update={"min_stay_s": 30.0})
    camera = CAMERA.model_copy(update={"zones": (waits,)})
    start_s = 20 * 3600 + 10 * 60 - 5  # 23:59:55
    for reset_hour, drift in ((0, {"2026-03-02": 1}), (4, {})):
        pipe = CameraPipeline(
            "cam", camera_for=lambda _: camera, sink=sink, days=lambda hour=reset_hour: StoreTime(UTC, hour)
        )
        walk_through(pipe, start_s=start_s)
        for n in range(200):
            pipe.process(frame_at(start_s + 8 + n * 0.2), Detections())
        (event,) = (e for e in sink.events if e.zone_id == "door")
        assert event.occurred_at.day == 2
        assert pipe.counts()[0].in_count == 0, "today nobody came"
        assert json.loads(sink.counters.get("drift/cam", "{}")) == drift
        sink = InMemorySink()


def test_the_stores_drift_is_that_of_all_its_cameras() -> None:
    counters = {
        "drift/a": json.dumps({"2026-03-01": 3, "2026-03-02": -1}),
        "drift/b": json.dumps({"2026-03-01": -1}),
        "level/c": json.dumps({"day": "2026-03-01", "from": "2026-03-01T04:00:00+00:00", "net": 2}),
        "zones/a": json.dumps({"day": "2026-03-01", "totals": "{}"}),
    }
    assert written_drift(counters, date(2026, 3, 1)) == 4
    assert written_drift(counters, date(2026, 3, 2)) == -1
    assert written_drift(counters, date(2026, 3, 3)) is None
