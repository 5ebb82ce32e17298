"""Which size the network's input has at a camera's next look: a pure rule.

A small input costs less than half and misses people who are short in it. So a camera begins large, turns small once those
whom it saw for a while were tall, and looks with the large input every few seconds all the same: somebody small and far away,
whom the small input may not see, brings the large one back.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from enum import StrEnum

import numpy as np

from desktop_app.domain.detections import Detections
from desktop_app.services.detector_runtime import INPUT_SIDES
from shared_models.geometry import Size

NEAR_SIDE, WIDE_SIDE = INPUT_SIDES
SURE = 0.4
"""Boxes that could begin a track."""
SMALL_PX, TALL_PX = 46.0, 52.0
"""Heights in pixels of the near input: below the first the wide one is needed; people must reach the second to leave that."""
LEARN_S = 60
"""In so many seconds with somebody in the picture people must have been tall."""
LONGEST_LEARN_S = 960
"""The time doubles with each return to the wide input, up to this."""
FEW = 0.05
"""Share of boxes that may be shorter all the same: a false one now and then, somebody behind a shelf or far at the back."""
GLANCE_S = 5.0
"""A near camera is looked at with the wide one this often."""
EDGE = 0.01
"""A box that comes as near to the upper or lower edge, in picture heights, is of somebody who is cut there."""


class InputSize(StrEnum):
    """What was asked for: the program's own choice, or one for good."""

    AUTOMATIC = "automatic"
    NEAR = "near"
    WIDE = "wide"


class InputSizeChooser:
    """The input of one camera. The same looks at the same times give the same sizes.

    Args:
        wish: what its owner chose.
        learn_s: seconds with people, tall ones, that turn it near for the first time.
    """

    def __init__(self, wish: InputSize = InputSize.AUTOMATIC, *, learn_s: int = LEARN_S) -> None:
        self.wish = wish
        self._first_learn_s = self._learn_s = learn_s
        self._frame_wh: Size | None = None
        self._is_near = self._is_doubtful = False
        self._glanced_s = 0.0
        self._seconds: deque[tuple[int, list[float]]] = deque()

    @property
    def settled(self) -> int:
        """Longer side of the input that this camera's looks have, glances apart."""
        is_near = self._is_near if self.wish is InputSize.AUTOMATIC else self.wish is InputSize.NEAR
        return NEAR_SIDE if is_near else WIDE_SIDE

    def side(self, *, at_s: float) -> int:
        """Longer side of the input for a look at ``at_s`` (seconds, any origin)."""
        if self.wish is not InputSize.AUTOMATIC or not self._is_near:
            return self.settled
        is_glance = self._is_doubtful or not 0 <= at_s - self._glanced_s < GLANCE_S
        return WIDE_SIDE if is_glance else NEAR_SIDE

    def saw(self, found: Detections, *, frame_wh: Size, side: int, at_s: float) -> None:
        """What the look with an input of ``side`` at ``at_s`` found; boxes in pixels of the frame."""
        if frame_wh != self._frame_wh:
            self._frame_wh, self._learn_s = frame_wh, self._first_learn_s
            self._turn(is_near=False, at_s=at_s)
        heights = heights_px(found, frame_wh=frame_wh)
        if self._is_near:
            self._watch(heights, side=side, at_s=at_s)
        elif side == WIDE_SIDE and heights:
            self._learn(heights, at_s=at_s)

    def _learn(self, heights: list[float], *, at_s: float) -> None:
        second = math.floor(at_s)
        if self._seconds and self._seconds[-1][0] == second:
            self._seconds[-1][1].extend(heights)
        else:
            self._seconds.append((second, heights))
        if len(self._seconds) <= self._learn_s:
            return
        self._seconds.popleft()
        seen = sorted(height for _, listed in self._seconds for height in listed)
        if seen[int(FEW * len(seen))] >= TALL_PX:
            self._turn(is_near=True, at_s=at_s)

    def _watch(self, heights: Sequence[float], *, side: int, at_s: float) -> None:
        is_small_there = any(height < SMALL_PX for height in heights)
        was_doubtful, self._is_doubtful = self._is_doubtful, is_small_there
        if side != WIDE_SIDE:
            return
        self._glanced_s = at_s
        if was_doubtful and is_small_there:
            self._learn_s = min(2 * self._learn_s, LONGEST_LEARN_S)
            self._turn(is_near=False, at_s=at_s)

    def _turn(self, *, is_near: bool, at_s: float) -> None:
        """Begin anew; a wide look has just been taken."""
        self._is_near, self._is_doubtful, self._glanced_s = is_near, False, at_s
        self._seconds.clear()


def heights_px(found: Detections, *, frame_wh: Size) -> list[float]:
    """Heights of sure boxes in pixels of the near input; of people cut by the upper or lower edge only if tall still."""
    boxes = found.xyxy[found.score >= SURE]
    tall = (boxes[:, 3] - boxes[:, 1]) * (NEAR_SIDE / max(frame_wh))
    margin = EDGE * frame_wh[1]
    is_whole = (boxes[:, 1] > margin) & (boxes[:, 3] < frame_wh[1] - margin)
    return [float(height) for height in tall[np.isfinite(tall) & (is_whole | (tall >= TALL_PX))]]
