"""The fourteen cases of COUNTING.md section 7 by name, turned, mirrored and scaled; and the properties."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared_models.geometry import Point
from tests.helpers.examples import EXAMPLES
from tests.helpers.walkers import FRAME, Frames, Person, in_out, line, run, steps, walk

LINE_Y = 400.0
DOOR = line((100, LINE_Y), (1180, LINE_Y))
X = 640.0


def swaying(centre_y: float, amplitude_px: float, seconds: float = 60, fps: float = 5) -> Frames:
    ys = [centre_y + amplitude_px * math.sin(2 * math.pi * 0.5 * i / fps + 0.3) for i in range(int(seconds * fps))]
    return walk([(X, y) for y in ys])


def straight_in() -> Frames:
    return walk(steps((X, 250), (X, 600), 15))


def in_then_out() -> Frames:
    return walk(steps((X, 250), (X, 600), 15) + steps((X, 590), (X, 250), 15))


def id_changes(at_y: float) -> Frames:
    path = steps((X, 250), (X, 650), 17)
    return [[Person(1 if p[1] < at_y else 2, p)] for p in path]


def two_abreast() -> Frames:
    path = steps((X, 250), (X, 600), 15)
    return [[Person(1, (x - 60, y)), Person(2, (x + 60, y))] for x, y in path]


def hidden_while_crossing() -> Frames:
    frames = [list(f) for f in walk(steps((X, 280), (X, 580), 16))]
    for i in range(5, 9):
        frames[i] = []
    return frames


def leaves_by_the_lower_edge() -> Frames:
    # The line lies at 640 of 720: the feet are cut while the person crosses.
    return walk(steps((X, 450), (X, 900), 19))


CASES: dict[str, tuple[Callable[[], Frames], tuple[int, int], float]] = {
    "1 straight in": (straight_in, (1, 0), 5),
    "2 in, then out, same track": (in_then_out, (1, 1), 5),
    "3 loiters on the line, feet swaying by 1.5 % of the frame height": (
        lambda: swaying(LINE_Y, 0.015 * 720),
        (0, 0),
        5,
    ),
    "3b the same with the box centre on the line": (lambda: swaying(LINE_Y + 100, 0.015 * 720), (0, 0), 5),
    "3c shuffles by 4 % of the frame height without entering": (lambda: swaying(LINE_Y, 0.04 * 720), (0, 0), 5),
    "4 the id changes exactly when the feet are on the line": (lambda: id_changes(LINE_Y), (1, 0), 5),
    "4b the id changes when the centre is on the line": (lambda: id_changes(LINE_Y + 100), (1, 0), 5),
    "5 two side by side": (two_abreast, (2, 0), 5),
    "6 fast, 150 px per frame at 2 fps": (lambda: walk([(X, 190 + 150 * i) for i in range(4)]), (1, 0), 2),
    "7 one step over and back": (
        lambda: walk(steps((X, 300), (X, 420), 7) + steps((X, 410), (X, 300), 7)),
        (0, 0),
        5,
    ),
    "8 passes beyond the end of the line": (lambda: walk(steps((1230, 250), (1230, 600), 15)), (0, 0), 5),
    "9 hidden for 4 frames while crossing, same id": (hidden_while_crossing, (1, 0), 5),
    "12 feet leave the view 80 px past the line": (lambda: walk(steps((X, 250), (X, 480), 12)), (1, 0), 5),
}


@pytest.mark.parametrize("name", CASES)
def test_case(name: str) -> None:
    frames, truth, fps = CASES[name]
    assert in_out(run(frames(), [DOOR], fps=fps)) == truth


def test_case_11_leaves_through_the_lower_frame_edge_feet_clipped() -> None:
    low = line((100, 640), (1180, 640))
    assert in_out(run(leaves_by_the_lower_edge(), [low])) == (1, 0)


@pytest.mark.parametrize("name", CASES)
def test_case_walked_the_other_way_swaps_in_and_out(name: str) -> None:
    frames, (ins, outs), fps = CASES[name]
    turned = [[Person(p.track_id, (p.feet[0], 2 * LINE_Y - p.feet[1])) for p in people] for people in frames()]
    tall = (1280, 1400)  # nobody's feet are cut
    door = line((100, LINE_Y), (1180, LINE_Y), frame_wh=tall)
    assert in_out(run(turned, [door], fps=fps, frame_wh=tall)) == (outs, ins)


@pytest.mark.parametrize("height", [90.0, 140.0, 200.0])
@pytest.mark.parametrize("fps", [3.0, 5.0, 10.0])
@pytest.mark.parametrize("speed", [0.4, 0.8])
@pytest.mark.parametrize("angle_deg", [0, 30, -45])
def test_one_person_in_and_out_whatever_size_rate_speed_and_angle(
    height: float, fps: float, speed: float, angle_deg: float
) -> None:
    reach = 1.2 * height
    lean = math.tan(math.radians(angle_deg))
    count = max(3, int(2 * 1.2 / speed * fps))
    there = steps((X - reach * lean, LINE_Y - reach), (X + reach * lean, LINE_Y + reach), count)
    drafts = run(walk(there + there[::-1], height=height), [DOOR], fps=fps)
    assert in_out(drafts) == (1, 1)


# -- properties

lateral = st.floats(200, 1080)
deep = st.floats(150, 690)
paths = st.lists(st.tuples(lateral, deep), min_size=2, max_size=7)


def by_steps(path: list[Point], step_px: float = 40) -> list[Point]:
    walked = [path[0]]
    for a, b in itertools.pairwise(path):
        walked += steps(a, b, max(2, int(math.dist(a, b) / step_px) + 1))[1:]
    return walked


@settings(max_examples=EXAMPLES, deadline=None)
@given(paths)
def test_reversing_a_line_swaps_in_and_out(path: list[Point]) -> None:
    frames = walk(by_steps(path))
    ins, outs = in_out(run(frames, [DOOR]))
    assert in_out(run(frames, [DOOR.flipped()])) == (outs, ins)


@settings(max_examples=EXAMPLES, deadline=None)
@given(paths)
def test_mirroring_left_and_right_changes_nothing_for_a_line_mirrored_with_it(path: list[Point]) -> None:
    frames = walk(by_steps(path))
    mirrored = [[Person(p.track_id, (1280 - p.feet[0], p.feet[1])) for p in people] for people in frames]
    door = line((1180, LINE_Y), (100, LINE_Y)).flipped()
    assert in_out(run(mirrored, [door])) == in_out(run(frames, [DOOR]))


@settings(max_examples=EXAMPLES, deadline=None)
@given(paths, st.floats(0.3, 3.0))
def test_scaling_picture_and_line_together_changes_nothing(path: list[Point], scale: float) -> None:
    frames = walk(by_steps(path))
    size = (round(1280 * scale), round(720 * scale))
    kx, ky = size[0] / 1280, size[1] / 720
    scaled = [
        [Person(p.track_id, (p.feet[0] * kx, p.feet[1] * ky), p.height * ky, p.width * kx) for p in people]
        for people in frames
    ]
    assert in_out(run(scaled, [DOOR], frame_wh=size)) == in_out(run(frames, [DOOR]))


@settings(max_examples=EXAMPLES, deadline=None)
@given(paths)
def test_splitting_every_step_in_two_changes_nothing_but_where_it_turns_in_the_band(path: list[Point]) -> None:
    """The net is the same for any path; each half step adds no crossing of its own."""
    coarse = by_steps(path, step_px=20)
    fine = [p for a, b in itertools.pairwise(coarse) for p in (a, ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2))]
    fine.append(coarse[-1])
    assert in_out(run(walk(fine), [DOOR], fps=10)) == in_out(run(walk(coarse), [DOOR], fps=5))


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(st.floats(-0.119, 0.119), min_size=1, max_size=60))
def test_jitter_inside_the_band_counts_nothing(offsets: list[float]) -> None:
    assert in_out(run(walk([(X, LINE_Y + o * 200) for o in offsets]), [DOOR])) == (0, 0)


@settings(max_examples=EXAMPLES, deadline=None)
@given(paths)
def test_in_and_out_of_one_track_alternate(path: list[Point]) -> None:
    drafts = [d.type for d in run(walk(by_steps(path)), [line((0, LINE_Y), (1280, LINE_Y))]) if d.zone_id == "door"]
    assert all(a != b for a, b in itertools.pairwise(drafts))


def test_the_frame_of_these_cases_is_the_one_they_were_written_for() -> None:
    assert FRAME == (1280, 720)
