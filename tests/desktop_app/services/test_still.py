"""Nobody can be recognised in what leaves the store."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.services.still import WIDEST_PX, Frame, blocks, shrink, still


def noise(height: int, width: int, *, seed: int = 1) -> Frame:
    return np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)


def test_a_person_is_a_few_blocks_and_the_rest_stays() -> None:
    frame = noise(117, WIDEST_PX)
    made = still(frame, [(100.0, 20.0, 140.0, 110.0)])
    inside = made[20:110, 100:140]
    assert len(np.unique(inside.reshape(-1, 3), axis=0)) <= 6 * 14
    assert (made[:, :80] == frame[:, :80]).all()
    assert (frame == noise(117, WIDEST_PX)).all()


def test_without_boxes_all_of_it_is_blocks() -> None:
    made = still(noise(720, 1280), None)
    assert made.shape[1] <= WIDEST_PX
    assert len(np.unique(made.reshape(-1, 3), axis=0)) <= 32 * 20


@pytest.mark.parametrize("size", [(1080, 1920), (576, 768), (48, 64), (1, 1), (721, 1283)])
def test_every_frame_becomes_small(size: tuple[int, int]) -> None:
    made = shrink(noise(*size), widest_px=WIDEST_PX)
    assert made.shape[1] <= WIDEST_PX
    assert abs(made.shape[0] / made.shape[1] - size[0] / size[1]) < 0.02 * size[0] / size[1] + 1 / made.shape[1]


number = st.floats(-500, 2500, allow_nan=False)


@given(st.lists(st.tuples(number, number, number, number), max_size=5))
def test_boxes_out_of_the_frame_harm_nothing(boxes: list[tuple[float, float, float, float]]) -> None:
    assert still(noise(90, 160), boxes).shape == (90, 160, 3)


def test_a_block_is_the_mean_of_its_pixels() -> None:
    picture = noise(8, 8)
    assert (blocks(picture, size_px=8)[0, 0] == picture.reshape(-1, 3).mean(axis=0).astype(np.uint8)).all()
