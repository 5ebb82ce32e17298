"""Ids over frames: rates, pauses, meetings, wrong input."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop_app.domain.appearance import clothes_colours, with_appearance
from desktop_app.domain.detections import Detections, TrackedDetections
from desktop_app.domain.tracker import Tracker, _assigned
from tests.helpers.examples import EXAMPLES

FRAME = (1280, 720)
RED = (40.0, 40.0, 200.0, 60.0, 60.0, 60.0)
BLUE = (200.0, 90.0, 30.0, 200.0, 200.0, 200.0)
Box = tuple[float, float, float, float]


def body(x: float, feet_y: float = 500, *, height: float = 200, width: float = 80) -> Box:
    return x - width / 2, feet_y - height, x + width / 2, feet_y


def seen(
    boxes: Sequence[Box], *, score: float | Sequence[float] = 0.8, clothes: Sequence[Sequence[float]] | None = None
) -> Detections:
    scores = np.broadcast_to(np.asarray(score, np.float32), len(boxes)).copy()
    colours = None if clothes is None else np.array(clothes, np.float32).reshape(-1, 6)
    return Detections(np.array(boxes, np.float32).reshape(-1, 4), scores, colours)


def follow(tracker: Tracker, frames: Sequence[Detections], *, fps: float) -> list[TrackedDetections]:
    return [tracker.update(frame, at_s=i / fps, frame_wh=FRAME) for i, frame in enumerate(frames)]


@pytest.mark.parametrize("fps", [15, 10, 5, 3, 2, 1])
@pytest.mark.parametrize("speed_heights_s", [0.0, 0.4, 0.8])
def test_one_person_is_one_track_at_any_rate(fps: float, speed_heights_s: float) -> None:
    count = int(6 * fps)
    frames = [seen([body(100 + 200 * speed_heights_s * i / fps)]) for i in range(count)]
    tracked = follow(Tracker(), frames, fps=fps)
    assert {int(i) for t in tracked for i in t.tracker_id} == {1}
    assert tracked[-1].is_confirmed.all()


def test_two_who_pass_each_other_keep_their_ids() -> None:
    frames = [
        seen([body(200 + 30 * i, 500), body(800 - 30 * i, 560)])
        for i in range(21)
    ]  # fmt: skip
    tracked = follow(Tracker(), frames, fps=5)
    first, last = (
        dict(zip(t.xyxy[:, 3].tolist(), t.tracker_id.tolist(), strict=True)) for t in (tracked[0], tracked[-1])
    )
    assert first == last


@pytest.mark.parametrize("turn_back", [True, False])
def test_two_who_meet_behind_a_pillar_are_told_apart_by_their_clothes(turn_back: bool) -> None:
    xs = [200 + 30 * i for i in range(6)]
    met = [seen([body(x), body(840 - x)], clothes=[RED, BLUE]) for x in xs]
    behind = [seen([])] * 4
    after = [seen([body(360), body(480)], clothes=[RED, BLUE] if turn_back else [BLUE, RED])]
    tracked = follow(Tracker(), [*met, *behind, *after], fps=5)
    red_before = int(tracked[5].tracker_id[np.argmin(tracked[5].xyxy[:, 0])])
    red_after = int(tracked[-1].tracker_id[(np.argmin if turn_back else np.argmax)(tracked[-1].xyxy[:, 0])])
    assert red_before == red_after


def test_a_person_hidden_for_a_second_and_a_half_comes_back_with_the_same_id() -> None:
    frames = [seen([body(200 + 25 * i)] if not 8 <= i < 15 else []) for i in range(25)]
    tracked = follow(Tracker(), frames, fps=5)
    assert {int(i) for t in tracked for i in t.tracker_id} == {1}


def test_low_scores_keep_a_track_alive_but_begin_none() -> None:
    weak = [seen([body(300)], score=0.2) for _ in range(10)]
    assert all(len(t) == 0 for t in follow(Tracker(), weak, fps=5))
    mixed = [seen([body(300)], score=0.8 if i < 4 else 0.2) for i in range(12)]
    assert [len(t) for t in follow(Tracker(), mixed, fps=5)] == [1] * 12


def test_a_box_seen_once_is_never_confirmed_and_soon_forgotten() -> None:
    tracker = Tracker()
    tracker.update(seen([body(300)]), at_s=0.0, frame_wh=FRAME)
    for i in range(1, 8):
        tracker.update(seen([]), at_s=i / 5, frame_wh=FRAME)
    assert tracker.track_count == 0
    assert tracker, "a tracker of an empty shop is a tracker all the same"


def test_after_a_pause_longer_than_memory_ids_begin_anew() -> None:
    tracker = Tracker()
    before = tracker.update(seen([body(300)]), at_s=0.0, frame_wh=FRAME)
    after = tracker.update(seen([body(300)]), at_s=3600.0, frame_wh=FRAME)
    assert before.tracker_id.tolist() == [1]
    assert after.tracker_id.tolist() == [2]


def test_time_that_repeats_or_runs_backwards_loses_nobody() -> None:
    tracker = Tracker()
    ids = [
        tracker.update(seen([body(300 + i)]), at_s=at_s, frame_wh=FRAME).tracker_id.tolist()
        for i, at_s in enumerate([0.0, 0.2, 0.2, 0.1, -50.0, 0.4, 0.6])
    ]
    assert ids == [[1]] * 7


def test_two_boxes_on_one_person_are_one_track() -> None:
    frames = [seen([body(300)])] * 3 + [seen([body(300), body(304, 502)], score=[0.8, 0.6])] * 5
    assert {int(i) for t in follow(Tracker(), frames, fps=5) for i in t.tracker_id} == {1}


@pytest.mark.parametrize("fps", [15, 5, 2])
def test_whose_legs_are_hidden_by_somebody_nearer_keeps_the_id(fps: int) -> None:
    """The box ends where the nearer one's head begins: two thirds of it are gone at once and come back at once."""
    frames = []
    for i in range(4 * fps):
        x = 300 + 120 * i / fps
        nearer = body(700, 640, height=260, width=200)
        bottom = 390.0 if 600 < x < 800 else 500.0
        frames.append(seen([(x - 40, 300, x + 40, bottom), nearer]))
    tracked = follow(Tracker(), frames, fps=fps)
    assert {int(i) for t in tracked for i in t.tracker_id} == {1, 2}


@pytest.mark.parametrize("fps", [10, 5])
def test_who_was_found_by_the_head_first_is_the_same_when_wholly_seen(fps: int) -> None:
    nearer = body(400, 640, height=260, width=200)
    half = [seen([(360, 300, 440, 390), nearer])] * fps
    whole = [seen([(360, 300, 440, 500), body(700, 640, height=260, width=200)])] * fps
    tracked = follow(Tracker(), [*half, *whole], fps=fps)
    ids = {
        round(float(b[1])): int(i) for t in (tracked[0], tracked[-1]) for b, i in zip(t.xyxy, t.tracker_id, strict=True)
    }
    assert ids[300] == tracked[0].tracker_id[tracked[0].xyxy[:, 1] == 300][0]


@pytest.mark.parametrize(("aside", "speed", "starts"), [(6, 0.9, 0), (6, 1.8, 0), (6, 0.9, 4), (12, 1.8, 4)])
def test_who_is_seen_above_somebody_nearer_does_not_swap_with_them(aside: float, speed: float, starts: int) -> None:
    """Heads side by side, legs hidden: one walks past slowly, the other stands, and starts to walk behind them."""
    frames = []
    for i in range(-20, 21):
        near, far = 384 - speed * i, 384 - aside + 10.5 * (max(0, i - starts) - max(0, -starts))
        frames.append(seen([(near - 44, 262, near + 44, 521 + 0.54 * i), (far - 36, 268, far + 36, 473)]))
    tracked = follow(Tracker(), frames, fps=5)
    assert all(t.tracker_id.tolist() == [1, 2] for t in tracked)


def test_a_sure_pair_is_not_broken_up_for_the_sake_of_two_far_ones() -> None:
    cost = np.array([[0.0, 7.7], [9.5, 1e6]])
    assert dict(_assigned(cost, limits=[24.0])) == {0: 1, 1: 0}
    assert dict(_assigned(cost, limits=[10.0, 24.0])) == {0: 0}
    assert dict(_assigned(cost[:, 1:], limits=[5.0, 24.0])) == {0: 0}


def test_who_stands_still_keeps_the_id_when_a_stranger_comes_and_somebody_else_is_lost() -> None:
    standing, lost, stranger = (body(x, 500, height=200) for x in (400, 600, 360))
    tracker = Tracker()
    follow(tracker, [seen([standing, lost])] * 10 + [seen([standing])] * 4, fps=5)
    tracked = tracker.update(seen([standing, stranger]), at_s=14 / 5, frame_wh=FRAME)
    assert tracked.tracker_id.tolist() == [1, 3]


def test_who_is_half_hidden_keeps_the_own_box_beside_one_of_two_people_as_one() -> None:
    """The box around both is much too tall, the own one a little; by the heads alone the wrong one is nearer."""
    nearer = [(490, 206, 608, 536), (482, 224, 600, 536), (474, 232, 590, 544)]
    hidden = [(532, 138, 604, 278), (527, 144, 600, 284), (518, 148, 586, 295)]
    own, both = (506, 146, 584, 328), (498, 150, 588, 544)
    tracker = Tracker()
    follow(tracker, [seen(pair, score=[0.84, 0.5]) for pair in zip(nearer, hidden, strict=True)], fps=5)
    tracked = tracker.update(seen([(460, 210, 588, 581), own, both], score=[0.75, 0.67, 0.5]), at_s=0.6, frame_wh=FRAME)
    assert dict(zip(tracked.xyxy[:, 3].tolist(), tracked.tracker_id.tolist(), strict=True)) == {581: 1, 328: 2}


def test_who_was_seen_twice_above_somebody_nearer_is_known_again_when_out_from_behind() -> None:
    nearer = body(500, 640, height=300, width=110)
    hidden, whole = (470.0, 300.0, 530.0, 400.0), body(560, 540, height=240)
    frames = [seen([nearer, hidden])] * 2 + [seen([nearer])] * 7
    tracker = Tracker()
    follow(tracker, frames, fps=5)
    tracked = tracker.update(seen([nearer, whole]), at_s=9 / 5, frame_wh=FRAME)
    assert tracked.tracker_id.tolist() == [1, 2]
    assert tracked.is_confirmed.tolist() == [True, True]


def test_time_that_is_no_number_is_no_time_at_all() -> None:
    tracker = Tracker()
    times = [0.0, float("nan"), 0.2, float("inf"), 0.4, float("-inf"), 0.6]
    ids = [tracker.update(seen([body(300)]), at_s=t, frame_wh=FRAME).tracker_id.tolist() for t in times]
    assert ids == [[1]] * 7


def test_unusable_boxes_are_left_out_and_the_others_kept() -> None:
    nan = float("nan")
    boxes = [body(300), (nan, 0, 1, 1), (5, 5, 5, 5), (-90, 0, -10, 50), (2000, 10, 2100, 60), (9, 9, 3, 3)]
    tracked = Tracker().update(seen(boxes), at_s=0.0, frame_wh=FRAME)
    assert tracked.xyxy.tolist() == [list(body(300))]


numbers = st.floats(-50, 1400, width=32)


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.floats(0, 3), st.lists(st.tuples(numbers, numbers, numbers, numbers, st.floats(0, 1)), max_size=6)
        ),
        max_size=12,
    )
)
def test_any_boxes_at_any_times_give_each_id_once_a_frame_and_only_boxes_that_were_seen(
    frames: list[tuple[float, list[tuple[float, float, float, float, float]]]],
) -> None:
    tracker, at_s = Tracker(), 0.0
    for step_s, rows in frames:
        at_s += step_s
        given_boxes = seen([r[:4] for r in rows], score=[r[4] for r in rows] if rows else 0.5)
        tracked = tracker.update(given_boxes, at_s=at_s, frame_wh=FRAME)
        assert len(set(tracked.tracker_id.tolist())) == len(tracked)
        assert {tuple(b) for b in tracked.xyxy.tolist()} <= {tuple(b) for b in given_boxes.xyxy.tolist()}


def test_clothes_colours_are_the_medians_of_trunk_and_legs() -> None:
    picture = np.zeros((400, 300, 3), np.uint8)
    picture[100:200, 100:160] = (10, 20, 200)
    picture[200:300, 100:160] = (120, 60, 30)
    found = clothes_colours(picture, np.array([[100, 100, 160, 300]], np.float32))
    assert found.tolist() == [[10, 20, 200, 120, 60, 30]]


def test_clothes_of_boxes_past_the_frame_and_of_none_are_no_error() -> None:
    picture = np.full((40, 30, 3), 7, np.uint8)
    boxes = np.array([[-50, -50, 10, 10], [20, 20, 500, 500], [np.nan, 0, 1, 1]], np.float32)
    found = with_appearance(Detections(boxes, np.ones(3, np.float32)), picture).clothes
    assert found is not None
    assert np.isfinite(found[:2]).all()
    assert np.isnan(found[2]).all()
    assert clothes_colours(picture, np.zeros((0, 4), np.float32)).shape == (0, 6)
