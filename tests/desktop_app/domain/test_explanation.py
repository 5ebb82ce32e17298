"""Why somebody was counted at a line, or was not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from desktop_app.domain.explanation import MAX_PER_TRACK, MAX_WAITING, Explanation, Reason
from desktop_app.domain.zone_engine import ZoneEngine
from shared_models.geometry import Point
from shared_models.zones import CountedDirection, LineZone
from tests.helpers.walkers import FRAME, OPENED_AT, Frames, Person, boxes, line, steps, walk

DOOR = line((100, 400), (1180, 400))
X = 640.0


def explained(frames: Frames, zones: Sequence[LineZone] = (DOOR,), *, is_stopped: bool = False) -> list[Explanation]:
    """What is told of these frames, and of a quiet time after them."""
    engine = ZoneEngine(camera_id="cam", zones=zones, frame_wh=FRAME)
    quiet: Frames = [] if is_stopped else [[] for _ in range(20)]
    for i, people in enumerate([*frames, *quiet]):
        engine.update(boxes(people), at_s=i / 5, occurred_at=OPENED_AT + timedelta(seconds=i / 5))
    engine.close(at_s=0, occurred_at=OPENED_AT)
    return engine.take_explanations()


def reasons(frames: Frames, zones: Sequence[LineZone] = (DOOR,), *, is_stopped: bool = False) -> list[Reason]:
    return [e.reason for e in explained(frames, zones, is_stopped=is_stopped)]


def there_and_back(deepest: float) -> Frames:
    there = steps((X, 250), (X, deepest), 12)
    return walk(there + there[::-1])


def test_who_crosses_is_told_with_the_direction_the_moment_and_the_track() -> None:
    there = steps((X, 250), (X, 600), 15)
    came, went = explained(walk(there + there[::-1], track_id=7))
    assert (came.reason, went.reason) == (Reason.COUNTED_IN, Reason.COUNTED_OUT)
    assert (came.camera_id, came.zone_id, came.zone_revision, came.track_id) == ("cam", "door", 1, 7)
    assert came.occurred_at == OPENED_AT + timedelta(seconds=8 / 5)


@pytest.mark.parametrize("deepest", [390, 400, 420, 440])
def test_who_steps_on_the_line_and_back_turned_back_inside_the_band(deepest: float) -> None:
    assert reasons(there_and_back(deepest)) == [Reason.TURNED_BACK]


def test_who_comes_near_and_goes_again_stayed_on_the_same_side() -> None:
    assert reasons(there_and_back(350)) == [Reason.STAYED_ON_ITS_SIDE]


def test_who_stays_far_away_leaves_no_record() -> None:
    assert reasons(walk(steps((200, 190), (1000, 190), 30))) == []


def test_who_passes_beyond_the_end_is_told_so() -> None:
    assert reasons(walk(steps((1230, 250), (1230, 600), 15))) == [Reason.PASSED_BEYOND_END]


def test_who_was_never_confirmed_is_told_so_once() -> None:
    frames = [[Person(1, p, confirmed=False)] for p in steps((X, 250), (X, 600), 15)]
    (told,) = explained(frames)
    assert told.reason is Reason.NEVER_CONFIRMED
    assert told.nearest_heights == 0.0


def test_a_stitched_track_names_the_other_one() -> None:
    path = steps((X, 250), (X, 650), 17)
    frames = [[Person(41 if p[1] < 400 else 42, p)] for p in path]
    stitched, counted = explained(frames)
    assert (stitched.reason, stitched.track_id, stitched.other_track_id) == (Reason.STITCHED, 42, 41)
    assert counted.reason is Reason.COUNTED_IN


def test_who_was_only_seen_without_feet_is_told_so() -> None:
    low = line((100, 560), (1180, 560))
    frames = [[Person(1, (300 + 40 * i, 760.0))] for i in range(15)]
    assert reasons(frames, [low]) == [Reason.FEET_NOT_VISIBLE]


def test_a_direction_that_the_line_does_not_count_is_told() -> None:
    only_in = line((100, 400), (1180, 400), counts=CountedDirection.IN)
    there = steps((X, 250), (X, 600), 15)
    assert reasons(walk(there + there[::-1]), [only_in]) == [Reason.COUNTED_IN, Reason.DIRECTION_NOT_COUNTED]


def test_the_other_line_of_an_entrance_is_told_as_the_reason() -> None:
    pair = [line((100, y), (1180, y), zone_id=f"door{y}", entrance="main") for y in (350, 450)]
    assert reasons(walk(steps((X, 250), (X, 600), 15)), pair) == [Reason.COUNTED_IN, Reason.ENTRANCE_COUNTED_ALREADY]


def test_every_reason_is_a_sentence_that_is_told_somewhere_in_these_tests() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    assert all(f"Reason.{reason.name}" in source for reason in Reason)
    assert len({reason.value for reason in Reason}) == len(Reason)


def test_a_stop_of_the_camera_is_told_as_the_reason() -> None:
    assert reasons(walk(steps((X, 250), (X, 350), 8)), is_stopped=True) == [Reason.CUT]


def test_who_sways_on_the_line_for_an_hour_is_told_a_few_times_and_no_more() -> None:
    band: list[Point] = [(X, 340), (X, 430), (X, 370), (X, 470)] * 1000
    told = reasons(walk(band))
    assert 0 < len(told) <= MAX_PER_TRACK


def test_what_nobody_takes_does_not_fill_the_memory() -> None:
    engine = ZoneEngine(camera_id="cam", zones=[DOOR], frame_wh=FRAME)
    for i in range(3 * MAX_WAITING):
        person = Person(i, (X, 380))
        engine.update(boxes([person]), at_s=i * 4.0, occurred_at=OPENED_AT + timedelta(seconds=i * 4))
    assert len(engine.take_explanations()) == MAX_WAITING
    assert engine.take_explanations() == []
