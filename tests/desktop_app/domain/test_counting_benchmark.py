"""The benchmark's own parts: a film's boxes are never stale, and stays are what COUNTING.md says."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from desktop_app.services.mot_format import MotBox, MotFile
from shared_models.cameras import SourceAddress
from tests.benchmarks.counting.asking import Asked, TimeOverError
from tests.benchmarks.counting.mot import from_frame
from tests.benchmarks.counting.simulation import FRAME, STATED, TICK_HZ, Scene, Walker
from tests.benchmarks.counting.stays import matched, stays_of
from tests.benchmarks.counting.truth import HELD_HEIGHTS, Floats, Point, side_of
from tests.benchmarks.counting.virtual_store import film_path
from tests.benchmarks.counting.walkers import ratio


def test_boxes_of_a_film_are_kept_by_address_model_and_the_code_that_makes_them(tmp_path: Path) -> None:
    weights, code = tmp_path / "model.onnx", tmp_path / "store"
    code.mkdir()
    weights.write_bytes(b"one")
    (code / "renderer.py").write_text("one")

    def path(seed: int) -> Path:
        address = SourceAddress(f"virtual-store://aisle?seed={seed}")
        return film_path(address, tmp_path, weights=weights, code=[code])

    paths = [path(1), path(2)]
    assert path(1) == paths[0]
    weights.write_bytes(b"two")
    paths.append(path(1))
    (code / "renderer.py").write_text("two")
    paths.append(path(1))
    (code / "scenes.py").write_text("new")
    paths.append(path(1))
    assert len(set(paths)) == 5


def test_stays_need_a_second_inside_and_survive_two_outside() -> None:
    inside = np.zeros(30 * TICK_HZ, np.bool_)
    for begins_s, ends_s in ((1.0, 1.8), (4.0, 6.0), (7.5, 7.8), (12.0, 15.0)):
        inside[round(begins_s * TICK_HZ) : round(ends_s * TICK_HZ) + 1] = True
    assert stays_of(inside) == [(4.0, 7.8), (12.0, 15.0)]


def test_each_stay_that_was_found_is_taken_for_one_true_stay_at_most() -> None:
    told = matched([(0.0, 10.0), (1.0, 11.0), (40.0, 45.0)], [(10.5, 9.6), (44.0, 3.5)])
    assert [gap for _, _, gap in told] == [np.float64(10.0 - 9.6), math.inf, 1.5]


def test_a_film_can_begin_later() -> None:
    boxes = MotFile({n: [MotBox(n, 7, 0, 0, 10, 20, 1.0)] for n in (1, 2, 5)})
    assert sorted(from_frame(boxes, 1).frames) == [1, 4]


def test_the_standard_error_is_that_of_scenes_not_of_crossings() -> None:
    mean, error = ratio([(0, 10), (2, 10), (1, 10), (1, 10)])
    assert mean == pytest.approx(0.1)
    assert error == pytest.approx(math.sqrt(2 * 4 / 3) / 40)
    assert list(ratio([(1, 10), (2, 20), (4, 40)])) == pytest.approx([0.1, 0.0])


def test_what_was_measured_is_kept_until_the_seconds_are_over(tmp_path: Path) -> None:
    def asked(*, for_s: float, seconds: float = 12) -> Asked:
        return Asked(
            seconds=seconds, seeds=1, own_seeds=1, store_seeds=1, store_minutes=1, cache=tmp_path, peers=tmp_path,
            ultralytics=tmp_path, for_s=for_s, rates=(5.0,),
        )  # fmt: skip

    assert asked(for_s=60).saved("part", lambda: [1]) == [1]
    assert asked(for_s=-1).saved("part", lambda: [2]) == [1]
    with pytest.raises(TimeOverError):
        asked(for_s=-1, seconds=13).saved("part", lambda: [2])


def test_feet_beside_the_picture_hold_no_side() -> None:
    """Who leaves by the side within the band was never seen past the line; who was seen past it has crossed."""
    level = ((0.0, 400.0), (float(FRAME[0]), 400.0))
    within = scene_of(steps_on((200, 330), (-30, 412), 90))
    assert side_of(level, (-30, 412)) == 1
    assert math.dist((-30, 412), (0, 400)) > HELD_HEIGHTS * 150
    assert within.truth(level, until_s=20) == (0, 0)
    past = scene_of(steps_on((200, 330), (-30, 440), 90))
    assert past.truth(level, until_s=20) == (1, 0)


def test_what_comes_after_the_last_look_is_in_no_film() -> None:
    level = ((0.0, 400.0), (float(FRAME[0]), 400.0))
    crosses = scene_of(steps_on((600, 300), (600, 500), 90))
    assert crosses.truth(level, until_s=20) == (1, 0)
    assert crosses.truth(level, until_s=1.4) == (0, 0)


def steps_on(start: Point, end: Point, ticks: int) -> Floats:
    return np.linspace(start, end, ticks)


def scene_of(feet: Floats) -> Scene:
    """One person, 150 px tall, from the first tick on."""
    scene = Scene(STATED, seed=0, seconds=20)
    scene.walkers = [Walker(0, feet, np.full(len(feet), 150.0), 0.0)]
    return scene
