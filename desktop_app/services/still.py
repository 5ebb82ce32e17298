"""A still picture for head office: small, and nobody in it to be recognised. Pure functions of pixels."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Frame = NDArray[np.uint8]
WIDEST_PX = 208
"""A head that no detector saw is two or three pixels wide: nobody's face."""
BLOCKS_ACROSS = 4
"""Of a person: a face is less than two blocks."""
MARGIN = 0.2
"""Of a box's size on each side: hair, hands and boxes that lag behind."""
BLOCKS_OF_ALL = 32
"""Across the whole picture, where nobody knows who is in it."""


def still(frame: Frame, people_xyxy: Iterable[tuple[float, float, float, float]] | None) -> Frame:
    """A frame as it may leave the store: at most ``WIDEST_PX`` wide, people in blocks.

    Args:
        frame: BGR, HxWx3.
        people_xyxy: boxes of everybody that the detector sees at its lowest score, in pixels of ``frame``;
            None where it is not known who is there: then all of it comes in blocks.
    """
    small = shrink(frame, widest_px=WIDEST_PX)
    if people_xyxy is None:
        return blocks(small, size_px=max(1, -(-small.shape[1] // BLOCKS_OF_ALL)))
    scale = small.shape[1] / frame.shape[1]
    for box in people_xyxy:
        left, top, right, bottom = _grown(box, scale=scale, shape=small.shape)
        if right > left and bottom > top:
            size_px = max(4, -(-(right - left) // BLOCKS_ACROSS))
            small[top:bottom, left:right] = blocks(small[top:bottom, left:right], size_px=size_px)
    return small


def shrink(frame: Frame, *, widest_px: int) -> Frame:
    """A copy, at most ``widest_px`` wide; each pixel is the mean of those that it stands for."""
    step = -(-frame.shape[1] // widest_px)
    return frame.copy() if step <= 1 else _means(frame, step)


def blocks(picture: Frame, *, size_px: int) -> Frame:
    """The same picture in squares of one colour each, their mean."""
    height, width = picture.shape[:2]
    coarse = _means(picture, size_px)
    fine: Frame = coarse.repeat(size_px, axis=0).repeat(size_px, axis=1)[:height, :width]
    return fine


def _means(picture: Frame, step: int) -> Frame:
    """Every ``step`` x ``step`` pixels made one; what is left over at the edges is padded with the last pixels."""
    height, width = picture.shape[:2]
    padded = np.pad(picture, ((0, -height % step), (0, -width % step), (0, 0)), mode="edge")
    squares: NDArray[Any] = padded.reshape(padded.shape[0] // step, step, padded.shape[1] // step, step, 3)
    means: Frame = squares.mean(axis=(1, 3)).astype(np.uint8)
    return means


def _grown(
    box: tuple[float, float, float, float], *, scale: float, shape: tuple[int, ...]
) -> tuple[int, int, int, int]:
    x1, y1, x2, y2 = (v * scale for v in box)
    dx, dy = MARGIN * (x2 - x1), MARGIN * (y2 - y1)
    left, top = max(0, int(x1 - dx)), max(0, int(y1 - dy))
    return left, top, min(shape[1], int(x2 + dx) + 1), min(shape[0], int(y2 + dy) + 1)
