from __future__ import annotations

import numpy as np
import pytest

from installer.models.compose import compose
from installer.models.material import is_held_out
from installer.models.measure import Labelled
from installer.models.spoil import spoil
from installer.models.teacher import _four_to_one, cells_of, corrected

WH = (96, 64)
CELLS = 12 * 8 + 6 * 4 + 3 * 2
NOBODY = np.zeros((0, 4), np.float32)


def answers(rows: dict[int, tuple[list[float], float]]) -> np.ndarray:
    """Quiet cells, and some that say a box (corners in pixels) with a score."""
    grid, stride = cells_of(WH)
    said = np.zeros((CELLS, 5), np.float32)
    for cell, (box, score) in rows.items():
        corners = np.array(box)
        middle, size = (corners[:2] + corners[2:]) / 2, corners[2:] - corners[:2]
        said[cell] = [*(middle / stride[cell] - grid[cell]), *np.log(size / stride[cell]), score]
    return said


def test_cells_run_row_by_row_from_the_finest_stride() -> None:
    grid, stride = cells_of(WH)
    assert grid.shape == (CELLS, 2)
    assert grid[13].tolist() == [1, 1]
    assert stride[[0, 96, 120]].reshape(-1).tolist() == [8, 16, 32]


def test_of_four_cells_the_surest_speaks_for_the_cell_that_covers_them() -> None:
    fine = np.zeros((4, 5), np.float32)
    fine[3] = [0.5, 0.5, np.log(2), np.log(4), 0.7]
    (one,) = _four_to_one(fine, (2, 2))
    assert one.tolist() == pytest.approx([0.75, 0.75, 0, np.log(2), 0.7], abs=1e-6)


def test_labels_raise_the_people_and_lower_false_alarms() -> None:
    anna, ghost = [10.0, 8, 30, 56], [60.0, 8, 80, 56]
    said = answers({100: (anna, 0.3), 104: (ghost, 0.5)})
    out = corrected(said, np.array([anna], np.float32), NOBODY, wh=WH)
    assert out[100, 4] > 0.6
    assert out[104, 4] == pytest.approx(0.15)


def test_a_person_cut_in_two_is_neither_raised_nor_lowered() -> None:
    cut = [60.0, 8, 80, 56]
    out = corrected(answers({104: (cut, 0.5)}), NOBODY, np.array([cut], np.float32), wh=WH)
    assert out[104, 4] == pytest.approx(0.5)


def test_the_label_gives_the_box() -> None:
    anna = np.array([10.0, 8, 30, 56], np.float32)
    out = corrected(answers({100: ([12.0, 10, 31, 50], 0.6)}), anna[None], NOBODY, wh=WH)
    wanted = answers({100: (anna.tolist(), 0)})
    assert out[100, :4].tolist() == pytest.approx(wanted[100, :4].tolist(), abs=1e-5)


def test_every_cell_that_means_a_person_says_the_same_box_and_parts_of_people_sink() -> None:
    anna = np.array([10.0, 8, 30, 56], np.float32)
    said = answers({100: ([11.0, 9, 30, 54], 0.6), 101: ([12.0, 8, 34, 50], 0.4), 13: ([12.0, 8, 28, 24], 0.5)})
    out = corrected(said, anna[None], NOBODY, wh=WH)
    wanted = answers({100: (anna.tolist(), 0), 101: (anna.tolist(), 0)})
    assert np.allclose(out[[100, 101], :4], wanted[[100, 101], :4], atol=1e-5)
    assert out[13, 4] == pytest.approx(0.15)


def marked() -> Labelled:
    """A black picture with one white person, so that a box can be checked against what is seen."""
    picture = np.zeros((300, 400, 3), np.uint8)
    picture[100:220, 150:200] = 255
    return Labelled("marked", picture, np.array([[150, 100, 200, 220]], np.float32), NOBODY)


@pytest.mark.parametrize("seed", range(12))
def test_boxes_follow_the_people_through_every_composition(seed: int) -> None:
    made = compose([marked()], size_wh=(416, 256), source=np.random.default_rng(seed))
    assert made.picture.shape == (256, 416, 3)
    for left, top, right, bottom in made.people.round().astype(int):
        assert made.picture[top + 1 : bottom - 1, left + 1 : right - 1].mean() > 200
    outside = np.ones(made.picture.shape[:2], bool)
    for left, top, right, bottom in np.concatenate([made.people, made.ignored]).round().astype(int):
        outside[max(0, top - 2) : bottom + 2, max(0, left - 2) : right + 2] = False
    assert (made.picture[outside].min(axis=1) > 200).mean() < 0.002


def test_a_composition_is_the_same_for_the_same_seed() -> None:
    first, second = (compose([marked()], size_wh=(416, 256), source=np.random.default_rng(4)) for _ in range(2))
    assert np.array_equal(first.picture, second.picture)


def test_spoiling_keeps_the_size_and_varies() -> None:
    picture = marked().picture
    source = np.random.default_rng(1)
    spoilt = [spoil(picture, source) for _ in range(40)]
    assert all(s.shape == picture.shape and s.dtype == np.uint8 for s in spoilt)
    assert len({s.tobytes() for s in spoilt}) > 20


def test_a_photograph_is_held_out_by_its_name_for_ever() -> None:
    assert [is_held_out(f"{n:012d}.jpg") for n in (9, 25, 30, 34)] == [False, False, True, True]
