from __future__ import annotations

import json
import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop_app.domain.polygon import contains
from desktop_app.domain.polyline import meets, signed_distance
from desktop_app.domain.zone_engine import ZoneEngine
from shared_models.events import EventDraft, EventType
from shared_models.geometry import Point, to_norm
from shared_models.zones import CountedDirection, PolygonZone
from tests.helpers.examples import EXAMPLES
from tests.helpers.walkers import FRAME, OPENED_AT, Frames, Person, boxes, in_out, line, run, steps, walk

SQUARE: Sequence[Point] = ((400, 300), (800, 300), (800, 700), (400, 700))


def area(**fields: object) -> PolygonZone:
    return PolygonZone.model_validate({"zone_id": "area", "points": to_norm(SQUARE, frame_wh=FRAME), **fields})


def standing(seconds: float, *, at: Point = (600, 500), fps: float = 5, track_id: int = 1) -> Frames:
    return walk([at] * (int(seconds * fps) + 1), track_id=track_id)


def stays(drafts: Sequence[EventDraft]) -> list[EventDraft]:
    kinds = (EventType.DWELL, EventType.SHELF_INTERACTION, EventType.QUEUE_WAIT)
    return [d for d in drafts if d.type in kinds]


AWAY: Point = (100, 500)


def test_a_stay_is_measured_from_its_first_to_its_last_moment_inside() -> None:
    frames = [*standing(1, at=AWAY), *standing(10), *standing(4, at=AWAY)]
    (stay,) = stays(run(frames, [area()]))
    assert stay.type is EventType.DWELL
    assert stay.value == pytest.approx(10.0)
    assert stay.occurred_at == OPENED_AT + timedelta(seconds=1.2 + 10.0)
    assert stay.attributes == {}


def test_walking_through_faster_than_enter_s_is_no_stay() -> None:
    assert stays(run([*standing(0.8), *standing(4, at=AWAY)], [area()])) == []


def test_stepping_out_for_less_than_the_grace_is_one_stay() -> None:
    frames = [*standing(5), *standing(1, at=AWAY), *standing(5), *standing(4, at=AWAY)]
    (stay,) = stays(run(frames, [area()]))
    assert stay.value == pytest.approx(5 + 0.2 + 1.2 + 5)


def test_stepping_out_for_longer_makes_two_stays() -> None:
    frames = [*standing(5), *standing(3, at=AWAY), *standing(5), *standing(4, at=AWAY)]
    assert [s.value for s in stays(run(frames, [area()]))] == [pytest.approx(5.0), pytest.approx(5.0)]


def test_being_unseen_for_longer_than_the_grace_ends_a_stay_where_it_was_seen_last() -> None:
    frames = [*standing(5), *[[] for _ in range(20)]]
    (stay,) = stays(run(frames, [area()]))
    assert stay.value == pytest.approx(5.0)
    assert "cut" not in stay.attributes


def test_a_shutdown_cuts_the_stay_under_way() -> None:
    (stay,) = stays(run(standing(5), [area()]))
    assert stay.value == pytest.approx(5.0)
    assert stay.attributes == {"cut": True}


def test_a_shelf_counts_from_its_threshold_on_and_names_its_category() -> None:
    shelf = area(purpose="shelf", shelf_category="snacks")
    short = [*standing(2), *standing(4, at=AWAY)]
    long = [*standing(4), *standing(4, at=AWAY)]
    assert stays(run(short, [shelf])) == []
    (stay,) = stays(run(long, [shelf]))
    assert stay.type is EventType.SHELF_INTERACTION
    assert stay.attributes["shelf_category"] == "snacks"


def test_a_queue_gives_waits() -> None:
    (stay,) = stays(run([*standing(30), *standing(4, at=AWAY)], [area(purpose="queue")]))
    assert stay.type is EventType.QUEUE_WAIT
    assert stay.value == pytest.approx(30.0)


def test_who_stands_in_an_ignore_area_counts_nowhere() -> None:
    ignore = area(zone_id="poster", purpose="ignore")
    assert stays(run([*standing(10)], [ignore, area()])) == []


def test_a_new_id_at_the_same_place_goes_on_with_the_stay() -> None:
    frames = [*standing(5), *standing(5, track_id=2), *standing(4, at=AWAY, track_id=2)]
    (stay,) = stays(run(frames, [area()]))
    assert stay.value == pytest.approx(10.2)


def test_occupancy_is_told_once_a_minute_weighted_by_time_with_the_peak() -> None:
    two = [[Person(1, (600, 500)), Person(2, (700, 600))] for _ in range(150)]
    one = [[Person(1, (600, 500))] for _ in range(165)]
    drafts = [d for d in run([*two, *one], [area(exit_grace_s=0.5)]) if d.type is EventType.OCCUPANCY]
    first = drafts[0]
    assert first.attributes["peak"] == 2
    # 1 s until entry is confirmed, two people until 30.5 s, then one.
    assert first.value == pytest.approx((29.5 * 2 + 29.3) / 59.8, abs=0.03)
    assert first.occurred_at == OPENED_AT + timedelta(seconds=59.8)


def test_a_minute_in_which_the_camera_saw_nothing_is_not_told() -> None:
    frames = standing(2)
    times = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.4, 400.0, 400.2, 400.4]
    minutes = [d.occurred_at for d in run(frames, [area()], times=times) if d.type is EventType.OCCUPANCY]
    assert [m.minute for m in minutes] == [0, 6]


def test_the_heat_map_says_where_people_stood() -> None:
    (heat,) = [d for d in run(standing(10), []) if d.type is EventType.HEATMAP]
    columns = heat.attributes["grid"][0]
    ((cell, seconds),) = heat.attributes["cells"]
    assert (cell % columns, cell // columns) == (600 * 32 // 1280, 500 * 18 // 720)
    assert seconds == pytest.approx(10.0)


def test_events_name_the_revision_that_counted_them() -> None:
    drafts = run(walk(steps((640, 250), (640, 600), 15)), [line((100, 400), (1180, 400), revision=7)])
    assert [(d.type, d.zone_revision, d.track_id) for d in drafts if d.zone_id] == [(EventType.FOOTFALL_IN, 7, 1)]


@pytest.mark.parametrize(("counts", "expected"), [("in", (1, 0)), ("out", (0, 1)), ("both", (1, 1))])
def test_a_line_tells_only_the_direction_it_counts(counts: str, expected: tuple[int, int]) -> None:
    there = steps((640, 250), (640, 600), 15)
    door = line((100, 400), (1180, 400), counts=CountedDirection(counts))
    assert in_out(run(walk(there + there[::-1]), [door])) == expected


def test_a_track_confirmed_late_is_judged_from_its_first_observation() -> None:
    path = steps((640, 250), (640, 600), 15)
    frames = [[Person(1, p, confirmed=i >= 12)] for i, p in enumerate(path)]
    (crossing,) = [d for d in run(frames, [line((100, 400), (1180, 400))]) if d.zone_id]
    assert crossing.type is EventType.FOOTFALL_IN
    assert crossing.occurred_at == OPENED_AT + timedelta(seconds=8 / 5)


def test_a_track_that_is_never_confirmed_counts_nothing() -> None:
    frames = [[Person(1, p, confirmed=False)] for p in steps((640, 250), (640, 600), 15)]
    drafts = run(frames, [line((100, 400), (1180, 400)), area()])
    assert in_out(drafts) == (0, 0)
    assert stays(drafts) == []


def test_legs_hidden_by_a_counter_do_not_move_the_feet() -> None:
    """Standing beyond the line, the lower half of the box disappears and comes back: nobody crossed."""
    tall = [[Person(1, (640, 460))] for _ in range(10)]
    short = [[Person(1, (640, 360), height=100)] for _ in range(10)]
    assert in_out(run([*tall, *short, *tall], [line((100, 400), (1180, 400))])) == (0, 0)


def test_sitting_down_and_standing_up_on_the_line_counts_nothing() -> None:
    standing_up = [[Person(1, (640, 405))] for _ in range(10)]
    sitting = [[Person(1, (640, 405), height=120)] for _ in range(10)]
    assert in_out(run([*standing_up, *sitting, *standing_up], [line((100, 400), (1180, 400))])) == (0, 0)


def test_editing_zones_closes_what_is_open_under_the_old_revision() -> None:
    engine = ZoneEngine(camera_id="cam", zones=[area(revision=1)], frame_wh=FRAME)
    for i, people in enumerate(standing(5)):
        engine.update(boxes(people), at_s=i / 5, occurred_at=OPENED_AT + timedelta(seconds=i / 5))
    drafts = engine.replace_zones([area(revision=2)], at_s=5, occurred_at=OPENED_AT + timedelta(seconds=5))
    (stay,) = stays(drafts)
    assert stay.zone_revision == 1
    assert engine.counts()[0].presences == 1


def test_counters_survive_a_restart_and_begin_anew_with_the_day() -> None:
    engine = ZoneEngine(camera_id="cam", zones=[line((100, 400), (1180, 400))], frame_wh=FRAME)
    for i, people in enumerate(walk(steps((640, 250), (640, 600), 15))):
        engine.update(boxes(people), at_s=i / 5, occurred_at=OPENED_AT + timedelta(seconds=i / 5))
    assert engine.counts()[0].in_count == 1
    again = ZoneEngine(camera_id="cam", zones=[line((100, 400), (1180, 400))], frame_wh=FRAME)
    again.restore_counters(engine.saved_counters())
    assert again.counts()[0].in_count == 1
    again.reset_counters()
    assert again.counts()[0].in_count == 0


def test_a_camera_that_runs_for_ever_keeps_nothing_of_those_who_left() -> None:
    engine = ZoneEngine(camera_id="cam", zones=[line((100, 400), (1180, 400)), area()], frame_wh=FRAME)
    most = 0
    for i in range(5000):
        person = Person(i // 10, (100 + (i * 37) % 1000, 200 + (i * 53) % 500))
        engine.update(boxes([person]), at_s=i / 5, occurred_at=OPENED_AT + timedelta(seconds=i / 5))
        most = max(most, engine.track_count)
    assert most <= 4


def test_a_clock_set_back_across_midnight_loses_no_stay_and_no_minute() -> None:
    engine = ZoneEngine(camera_id="cam", zones=[area()], frame_wh=FRAME)
    drafts: list[EventDraft] = []
    midnight = datetime(2026, 3, 3, tzinfo=UTC)
    for i in range(600):
        wall = midnight + timedelta(seconds=i / 5 - (90 if i > 200 else 0))
        drafts += engine.update(boxes([Person(1, (600, 500))]), at_s=i / 5, occurred_at=wall)
    drafts += engine.close(at_s=120, occurred_at=midnight)
    (stay,) = stays(drafts)
    assert stay.value == pytest.approx(599 / 5)


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    st.lists(
        st.lists(st.tuples(st.integers(1, 4), st.floats(-50, 1400), st.floats(-50, 900)), max_size=4), max_size=30
    ),
    st.lists(st.floats(-5, 5), min_size=30, max_size=30),
)
def test_whatever_comes_in_the_same_input_gives_the_same_events_and_never_an_error(
    raw: list[list[tuple[int, float, float]]], jumps: list[float]
) -> None:
    frames = [[Person(i, (x, y)) for i, (x, y) in {t: (x, y) for t, x, y in people}.items()] for people in raw]
    times = [100.0 + sum(jumps[:k]) for k in range(len(frames))]
    zones = [line((100, 400), (600, 200), (1180, 400)), area()]
    first, second = (run(frames, zones, times=times) for _ in range(2))
    assert first == second
    assert all(d.value is None or (math.isfinite(d.value) and d.value >= 0) for d in first)
    assert all(len(json.dumps(d.attributes)) < 16_000 for d in first)


BENT: Sequence[Point] = ((0, 0), (100, 0), (100, 100))


@pytest.mark.parametrize(
    ("p", "expected"),
    [((50, 10), 10.0), ((50, -10), -10.0), ((110, 50), -10.0), ((90, 50), 10.0), ((110, -10), -math.hypot(10, 10))],
)
def test_the_side_of_a_bent_line_is_that_of_its_nearest_part(p: Point, expected: float) -> None:
    assert signed_distance(BENT, p) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ((50, -10), (50, 10), True),
        ((90, 10), (110, -10), True),  # through the joint
        ((50, 10), (110, 50), True),
        ((150, -10), (150, 10), False),
        ((130, 20), (70, -40), False),  # past the outside of the bend
    ],
)
def test_a_chord_meets_a_bent_line_where_it_passes_through(start: Point, end: Point, expected: bool) -> None:
    assert meets(BENT, start, end) is expected


def test_inside_and_outside_of_a_polygon() -> None:
    assert contains(SQUARE, (600, 500))
    assert not contains(SQUARE, (399, 500))
    assert not contains(SQUARE, (600, 701))
