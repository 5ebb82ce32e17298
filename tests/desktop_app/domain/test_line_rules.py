"""The rest of COUNTING.md section 7 by name; visits and entrances."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from pydantic import ValidationError

from desktop_app.domain.detections import Detections, TrackedDetections
from desktop_app.domain.store_level import store_level
from desktop_app.domain.tracker import Tracker
from desktop_app.domain.zone_engine import ZoneEngine
from shared_models.events import EventDraft, EventType
from shared_models.geometry import Point, to_norm
from shared_models.zones import LineZone, PolygonZone, Zone
from tests.benchmarks.counting.simulation import LINES, STATED, Scene
from tests.helpers.walkers import FRAME, OPENED_AT, Frames, Person, boxes, in_out, line, run, steps, walk

DOOR = line((100, 400), (1180, 400))
X = 640.0


def tracked(
    frames: Frames, zones: Sequence[Zone], *, times: Sequence[float], start: datetime = OPENED_AT
) -> list[EventDraft]:
    """Boxes without ids through tracker and rules, at these seconds."""
    tracker, engine = Tracker(), ZoneEngine(camera_id="cam", zones=zones, frame_wh=FRAME)
    drafts: list[EventDraft] = []
    for at_s, people in zip(times, frames, strict=True):
        seen = boxes(people)
        found = Detections(seen.xyxy, seen.score)
        ids = tracker.update(found, at_s=at_s, frame_wh=FRAME)
        drafts += engine.update(ids, at_s=at_s, occurred_at=start + timedelta(seconds=at_s))
    return drafts + engine.close(at_s=0, occurred_at=start)


def every(fps: float, count: int) -> list[float]:
    return [i / fps for i in range(count)]


@pytest.mark.parametrize("offset", [-60, -30, -20, 0, 20, 30, 60])
def test_passing_parallel_to_the_line_counts_nothing(offset: float) -> None:
    assert in_out(run(walk(steps((150, 400 + offset), (1130, 400 + offset), 60)), [DOOR])) == (0, 0)


def test_a_grazing_angle_is_counted_once() -> None:
    assert in_out(run(walk(steps((150, 340), (1130, 460), 60)), [DOOR])) == (1, 0)
    assert in_out(run(walk(steps((150, 340), (1130, 410), 60)), [DOOR])) == (0, 0)


def test_a_sample_exactly_on_the_line_changes_nothing() -> None:
    for ys in ([300, 350, 400, 450, 500], [300, 400, 500], [300, 400, 400, 400, 500]):
        assert in_out(run(walk([(X, float(y)) for y in ys]), [DOOR])) == (1, 0)
    assert in_out(run(walk([(X, y) for y in (300.0, 400.0, 300.0)]), [DOOR])) == (0, 0)


def test_a_conga_line_is_counted_one_by_one() -> None:
    frames = [[Person(n, (X, 250 + 12.0 * (i - 8 * n))) for n in range(6) if 0 <= i - 8 * n < 40] for i in range(80)]
    assert in_out(run(frames, [DOOR])) == (6, 0)
    assert in_out(tracked(frames, [DOOR], times=every(10, 80))) == (6, 0)


def test_one_hidden_behind_another_while_both_cross_is_two() -> None:
    frames = []
    for i in range(40):
        y = 250 + 10.0 * i
        people = [Person(1, (X, y))]
        if not 12 <= i < 19:
            people.append(Person(2, (X + 95, y - 6)))
        frames.append(people)
    assert in_out(tracked(frames, [DOOR], times=every(5, 40))) == (2, 0)


def test_a_track_born_beyond_the_line_in_the_door_leaf_counts_nothing() -> None:
    assert in_out(run(walk(steps((X, 455), (X, 650), 12)), [DOOR])) == (0, 0)


def test_height_flicker_from_a_bag_or_a_raised_arm_moves_no_feet() -> None:
    frames = [[Person(1, (X, 385), height=200 + 40 * (i % 2))] for i in range(60)]
    assert in_out(run(frames, [DOOR])) == (0, 0)
    crossing = [[Person(1, p, height=200 + 40 * (i % 2))] for i, p in enumerate(steps((X, 250), (X, 600), 20))]
    assert in_out(run(crossing, [DOOR])) == (1, 0)


def test_a_child_beside_an_adult_is_one_more_person() -> None:
    frames = [
        [Person(1, (X, y)), Person(2, (X + 70, y), height=100, width=40)] for _, y in steps((X, 250), (X, 620), 25)
    ]
    assert in_out(tracked(frames, [DOOR], times=every(5, 25))) == (2, 0)


def test_a_trolley_or_pram_that_hides_the_legs_half_the_way_changes_nothing() -> None:
    frames = [
        [Person(1, (X, y if i < 10 else y - 80), height=200 if i < 10 else 120)]
        for i, (_, y) in enumerate(steps((X, 250), (X, 600), 25))
    ]
    assert in_out(run(frames, [DOOR])) == (1, 0)


def test_staff_standing_at_the_door_for_ten_minutes_count_nothing() -> None:
    rng = np.random.default_rng(4)
    frames = walk([(X + rng.normal(0, 5), 398 + rng.normal(0, 6)) for _ in range(3000)])
    assert in_out(run(frames, [DOOR])) == (0, 0)


def test_a_person_who_leaves_and_returns_within_seconds_is_out_and_in() -> None:
    out = steps((X, 600), (X, 250), 15)
    frames = [*walk(out), *[[] for _ in range(4)], *walk(out[::-1], track_id=2)]
    assert in_out(run(frames, [DOOR])) == (1, 1)


def test_ids_that_begin_anew_after_a_restart_meet_nobody_of_before() -> None:
    engine = ZoneEngine(camera_id="cam", zones=[DOOR], frame_wh=FRAME)
    drafts: list[EventDraft] = []
    for start_s in (0.0, 3.0):
        for i, people in enumerate(walk(steps((X, 250), (X, 390), 8))):
            at_s = start_s + i / 5
            drafts += engine.update(boxes(people), at_s=at_s, occurred_at=OPENED_AT + timedelta(seconds=at_s))
        drafts += engine.close(at_s=at_s, occurred_at=OPENED_AT)
    below = [[Person(1, p)] for p in steps((X, 460), (X, 600), 8)]
    for i, people in enumerate(below):
        drafts += engine.update(boxes(people), at_s=5 + i / 5, occurred_at=OPENED_AT + timedelta(seconds=5 + i / 5))
    assert in_out(drafts) == (0, 0)


@pytest.mark.parametrize(
    ("points", "words"),
    [
        (((0.5, 0.5), (0.5, 0.5)), "no length"),
        (((0.5, 0.5), (0.5, 0.5001)), "no length"),
        (((0.5, 0.5),), "two points"),
    ],
)
def test_a_zero_length_line_is_refused(points: tuple[Point, ...], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        LineZone(zone_id="door", points=points)


def test_a_one_pixel_polygon_is_refused_or_holds_nobody() -> None:
    with pytest.raises(ValidationError, match="too small"):
        PolygonZone(zone_id="dot", points=((0.5, 0.5), (0.5004, 0.5), (0.5004, 0.5007)))
    dot = PolygonZone(zone_id="dot", points=((0.5, 0.5), (0.502, 0.5), (0.502, 0.503), (0.5, 0.503)))
    drafts = run(walk(steps((X, 250), (X, 600), 60)), [dot])
    assert [d for d in drafts if d.type is EventType.DWELL] == []


def test_a_line_that_touches_the_frame_edge_counts_up_to_the_edge() -> None:
    edge_to_edge = line((0, 400), (1280, 400))
    for x in (45.0, 1235.0):
        assert in_out(run(walk(steps((x, 250), (x, 600), 15)), [edge_to_edge])) == (1, 0)


def test_a_frame_rate_that_falls_from_ten_to_two_and_back_loses_nobody() -> None:
    times = [*every(10, 20), *[2 + i / 2 for i in range(8)], *[6 + i / 10 for i in range(40)]]
    frames = []
    for at_s in times:
        ys = [250 + 140 * (at_s - start) for start in (0.0, 2.0, 4.0, 6.5)]
        frames.append([Person(n, (300 + 200 * n, y)) for n, y in enumerate(ys) if 180 < y < 690])
    assert in_out(tracked(frames, [DOOR], times=times)) == (4, 0)


def test_who_comes_in_at_the_edge_is_not_who_just_left_there() -> None:
    """One leaves above the line by the right edge; another comes in by it below the line a second later."""
    leaving = walk([(1000.0 + 40 * i, 330.0) for i in range(8)], track_id=1)
    coming = walk([(1250.0 - 40 * i, 470.0) for i in range(12)], track_id=2)
    door = line((0, 400), (1280, 400))
    assert in_out(run([*leaving, *[[] for _ in range(4)], *coming], [door])) == (0, 0)


def test_who_is_lost_on_the_way_and_found_where_the_way_went_is_one_person() -> None:
    there = [(X, 250.0 + 24 * i) for i in range(16)]
    frames = [*walk(there[:6], track_id=1), *[[] for _ in range(4)], *walk(there[10:], track_id=2)]
    assert in_out(run(frames, [DOOR])) == (1, 0)


def test_who_is_found_against_the_way_of_the_lost_one_is_another() -> None:
    """Lost on the way to the right; a second later somebody is two and a half heights to the left, across the line."""
    upright = line((520, 100), (520, 700))
    first = walk([(500.0 + 30 * i, 400.0) for i in range(8)], track_id=1)
    other = walk([(340.0 - 30 * i, 400.0) for i in range(8)], track_id=2)
    lone = in_out(run(first, [upright]))
    assert in_out(run([*first, *[[] for _ in range(5)], *other], [upright])) == lone


NAN = float("nan")


def test_boxes_that_are_none_are_left_out_and_the_others_counted() -> None:
    engine = ZoneEngine(camera_id="cam", zones=[DOOR], frame_wh=FRAME)
    drafts: list[EventDraft] = []
    for i, people in enumerate(walk(steps((X, 250), (X, 600), 15))):
        good = boxes(people)
        bad = [
            (NAN, 1, 2, 3),
            (5, 5, 5, 50),
            (9, 9, 3, 30),
            (2000, 100, 2100, 300),
            (-90, 0, -10, 50),
            (1, 1, np.inf, 9),
        ]
        mixed = TrackedDetections(
            np.vstack([good.xyxy, np.array(bad, np.float32)]),
            np.full(1 + len(bad), 0.9, np.float32),
            np.arange(1, 2 + len(bad)),
            np.ones(1 + len(bad), np.bool_),
        )
        drafts += engine.update(mixed, at_s=i / 5, occurred_at=OPENED_AT + timedelta(seconds=i / 5))
    assert in_out(drafts) == (1, 0)
    assert engine.track_count == 1


def test_a_moment_that_is_no_number_stands_still_and_loses_nobody() -> None:
    engine = ZoneEngine(camera_id="cam", zones=[DOOR], frame_wh=FRAME)
    drafts: list[EventDraft] = []
    for i, people in enumerate(walk(steps((X, 250), (X, 600), 15))):
        at_s = (NAN, math.inf, i / 5)[min(2, i % 4)]
        drafts += engine.update(boxes(people), at_s=at_s, occurred_at=OPENED_AT + timedelta(seconds=i / 5))
    assert in_out(drafts) == (1, 0)


@pytest.mark.parametrize("step_px", [10.0, 20.0, 40.0])
@pytest.mark.parametrize("end", [200.0, 640.0])
@pytest.mark.parametrize("y", [700, 710])
def test_somebody_whose_feet_come_into_the_picture_on_the_line_has_crossed_it(
    step_px: float, end: float, y: float
) -> None:
    """Never seen whole before: that she came from below it is known once her height is."""
    low = line((1180, y), (100, y))
    comes = walk([(X, y) for y in np.arange(900.0, end - 1, -step_px)])
    assert in_out(run(comes, [low])) == (1, 0)
    assert in_out(run([*comes, *reversed(comes)], [low])) == (1, 1)


@pytest.mark.parametrize("step_px", [5, 10, 20, 40])
@pytest.mark.parametrize("y", range(560, 715, 10))
def test_what_was_counted_by_the_box_centre_is_not_counted_again_by_the_feet(step_px: int, y: int) -> None:
    """Her centre went over the line while her feet were below the picture; now they go over it as well."""
    middle = line((1180, y), (100, y))
    comes = walk([(X, float(feet)) for feet in range(880, 300, -step_px)])
    assert in_out(run(comes, [middle])) == (1, 0)
    assert in_out(run([*comes, *reversed(comes)], [middle])) == (1, 1)


@pytest.mark.parametrize("fps", [15.0, 5.0, 2.0])
def test_people_who_walk_straight_across_are_counted_at_any_rate(fps: float) -> None:
    """A part of `make bench-counting`, small enough for every day."""
    scene = Scene(STATED, seed=41, seconds=90)
    zones = [LineZone(zone_id=k, points=to_norm(points, frame_wh=FRAME)) for k, points in LINES.items()]
    tracker, engine = Tracker(), ZoneEngine(camera_id="cam", zones=zones, frame_wh=FRAME)
    drafts: list[EventDraft] = []
    looks = scene.looks(fps)
    for look in looks:
        found = Detections(look.xyxy.astype(np.float32), look.score.astype(np.float32))
        people = tracker.update(found, at_s=look.at_s, frame_wh=FRAME)
        drafts += engine.update(people, at_s=look.at_s, occurred_at=OPENED_AT + timedelta(seconds=look.at_s))
    drafts += engine.close(at_s=90, occurred_at=OPENED_AT)
    pairs = [(scene.truth(points, until_s=looks[-1].at_s), in_out(drafts, name)) for name, points in LINES.items()]
    wrong = sum(abs(a - b) for true, counted in pairs for a, b in zip(true, counted, strict=True))
    assert wrong <= 0.06 * sum(sum(true) for true, _ in pairs)


@pytest.mark.parametrize("fault", ["repeat", "back", "jump"])
def test_timestamps_that_jump_repeat_or_run_backwards_count_once(fault: str) -> None:
    times = every(5, 25)
    for i in range(10, 25):
        times[i] = {"repeat": times[9] if i < 13 else times[i], "back": times[i] - 1.0, "jump": times[i] + 0.9}[fault]
    frames = walk(steps((X, 250), (X, 600), 25))
    assert in_out(tracked(frames, [DOOR], times=times)) == (1, 0)


def test_a_burst_of_old_frames_after_a_reconnect_counts_in_their_minute() -> None:
    """Frames carry the time at which they were taken; when they are analysed does not matter."""
    start = datetime(2026, 3, 2, 9, 59, 55, tzinfo=UTC)
    frames = walk(steps((X, 250), (X, 600), 25))
    (crossing,) = [d for d in tracked(frames, [DOOR], times=every(5, 25), start=start) if d.zone_id == "door"]
    assert (crossing.occurred_at.hour, crossing.occurred_at.minute) == (9, 59)


def test_a_laptop_asleep_for_an_hour_stitches_nobody_and_stretches_no_stay() -> None:
    area = PolygonZone(zone_id="area", points=((0.3, 0.4), (0.7, 0.4), (0.7, 1.0), (0.3, 1.0)))
    before = walk(steps((X, 250), (X, 390), 10))
    after = walk(steps((X, 460), (X, 600), 10))
    times = [*every(5, 10), *[3600 + i / 5 for i in range(10)]]
    drafts = tracked([*before, *after], [DOOR, area], times=times)
    assert in_out(drafts) == (0, 0)
    assert all((d.value or 0) < 10 for d in drafts if d.type is EventType.DWELL)


def test_the_hour_that_a_day_repeats_is_told_apart_by_utc() -> None:
    """2026-10-25 03:00 in Berlin happens twice; events are stamped in UTC and lie an hour apart."""
    stamps = []
    for start in (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)):
        drafts = tracked(walk(steps((X, 250), (X, 600), 25)), [DOOR], times=every(5, 25), start=start)
        stamps += [d.occurred_at for d in drafts if d.zone_id == "door"]
    assert stamps[1] - stamps[0] == timedelta(hours=1)


# -- visits

SLOW = line((100, 400), (1180, 400), min_stay_s=2.0)


def visits(drafts: Sequence[EventDraft]) -> list[bool]:
    return [d.attributes["visit"] for d in drafts if d.type is EventType.FOOTFALL_IN]


def in_and_back(seconds_inside: float) -> Frames:
    there = steps((X, 250), (X, 470), 12)
    return walk([*there, *[(X, 480.0)] * int(seconds_inside * 5), *there[::-1]])


def test_an_entry_that_stays_is_a_visit_and_keeps_its_moment() -> None:
    drafts = run([*in_and_back(6), *[[] for _ in range(20)]], [SLOW])
    plain = run([*in_and_back(6), *[[] for _ in range(20)]], [DOOR])
    assert visits(drafts) == [True]
    assert in_out(drafts) == (1, 1)
    moments = [[d.occurred_at for d in listed if d.zone_id == "door"] for listed in (drafts, plain)]
    assert moments[0] == moments[1]


def test_an_entry_that_comes_out_at_once_is_a_crossing_but_no_visit() -> None:
    drafts = run(in_and_back(0), [SLOW])
    assert visits(drafts) == [False]
    assert in_out(drafts) == (1, 1)


def test_an_entry_under_way_when_the_camera_stops_is_a_visit() -> None:
    assert visits(run(walk(steps((X, 250), (X, 470), 12)), [SLOW])) == [True]


def test_one_who_enters_is_not_judged_by_another_who_leaves() -> None:
    there = steps((X, 250), (X, 600), 12)
    frames = [[Person(1, a), Person(2, (b[0] + 300, b[1]))] for a, b in zip(there, there[::-1], strict=True)]
    assert visits(run([*frames, *[[] for _ in range(20)]], [SLOW])) == [True]


def test_the_wall_shows_visits_beside_crossings_and_a_restart_keeps_them() -> None:
    engine = ZoneEngine(camera_id="cam", zones=[SLOW], frame_wh=FRAME)
    for i, people in enumerate([*in_and_back(0), *in_and_back(6)]):
        engine.update(boxes(people), at_s=i / 5, occurred_at=OPENED_AT + timedelta(seconds=i / 5))
    assert (engine.counts()[0].in_count, engine.counts()[0].visits) == (2, 1)
    again = ZoneEngine(camera_id="cam", zones=[SLOW], frame_wh=FRAME)
    again.restore_counters(engine.saved_counters())
    assert again.counts()[0].visits == 1


def test_a_line_without_it_says_nothing_of_visits_and_waits_for_nothing() -> None:
    engine = ZoneEngine(camera_id="cam", zones=[DOOR], frame_wh=FRAME)
    told = []
    for i, people in enumerate(walk(steps((X, 250), (X, 600), 15))):
        told += engine.update(boxes(people), at_s=i / 5, occurred_at=OPENED_AT + timedelta(seconds=i / 5))
    (crossing,) = told
    assert crossing.attributes == {}


# -- entrances

OUTER = line((100, 300), (1180, 300), zone_id="outer", entrance="main")
INNER = line((100, 480), (1180, 480), zone_id="inner", entrance="main")


def both(drafts: Sequence[EventDraft]) -> tuple[int, int]:
    figures = [in_out(drafts, zone_id) for zone_id in ("outer", "inner")]
    return figures[0][0] + figures[1][0], figures[0][1] + figures[1][1]


def test_two_lines_in_a_row_count_a_person_once() -> None:
    there = steps((X, 220), (X, 650), 25)
    assert both(run(walk(there), [OUTER, INNER])) == (1, 0)
    assert both(run(walk(there + there[::-1]), [OUTER, INNER])) == (1, 1)
    assert both(run(walk((there + there[::-1]) * 2), [OUTER, INNER])) == (2, 2)


def test_who_turns_back_in_the_vestibule_is_in_and_out() -> None:
    there = steps((X, 220), (X, 400), 12)
    assert both(run(walk(there + there[::-1]), [OUTER, INNER])) == (1, 1)


def test_who_is_lost_between_the_doors_and_found_again_is_counted_once() -> None:
    frames = [*walk(steps((X, 220), (X, 390), 12)), *[[] for _ in range(30)]]
    frames += walk(steps((X, 400), (X, 650), 15), track_id=2)
    assert both(run([*frames, *[[] for _ in range(20)]], [OUTER, INNER])) == (1, 0)


def test_two_persons_between_the_doors_are_two() -> None:
    there = steps((X, 220), (X, 650), 25)
    frames = [[Person(1, a), Person(2, (a[0] + 200, a[1]))] for a in there]
    assert both(run(frames, [OUTER, INNER])) == (2, 0)


def test_lines_without_an_entrance_count_each_for_itself() -> None:
    lone = [line((100, 300), (1180, 300), zone_id="outer"), line((100, 480), (1180, 480), zone_id="inner")]
    assert both(run(walk(steps((X, 220), (X, 650), 25)), lone)) == (2, 0)


def test_events_of_an_entrance_name_it() -> None:
    drafts = [d for d in run(walk(steps((X, 220), (X, 650), 25)), [OUTER, INNER]) if d.zone_id]
    assert [d.attributes for d in drafts] == [{"entrance": "main"}]


# -- the level of the store


def test_the_level_is_all_doors_together_never_below_zero_and_the_drift_is_kept_signed() -> None:
    def draft(kind: EventType, **attributes: bool) -> EventDraft:
        return EventDraft(type=kind, camera_id="cam", zone_id="z", occurred_at=OPENED_AT, attributes=attributes)

    came, left, stayed = (draft(k) for k in (EventType.FOOTFALL_IN, EventType.FOOTFALL_OUT, EventType.DWELL))
    assert store_level([came, came, left, stayed, draft(EventType.FOOTFALL_IN, walkway=True)]).people == 1
    below = store_level([left, came, left, left])
    assert (below.people, below.drift) == (0, -2)


def test_a_wave_of_people_at_any_rate_has_in_and_out_apart() -> None:
    frames = []
    for i in range(120):
        people = []
        for n in range(6):
            phase = i - 12 * n
            if 0 <= phase < 50:
                y = 250 + 8.0 * phase if n % 2 == 0 else 650 - 8.0 * phase
                people.append(Person(n, (200 + 170.0 * n + 10 * math.sin(i / 5), y)))
        frames.append(people)
    assert in_out(tracked(frames, [DOOR], times=every(5, 120))) == (3, 3)
