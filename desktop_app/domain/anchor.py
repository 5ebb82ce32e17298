"""The point of a person's box that is tested against zones: the feet, or the best that can be said of them."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.perspective import Perspective, median
from shared_models.geometry import Point

EDGE_TOLERANCE = 0.006
"""Of the frame's height: a box this near the lower edge is cut by it."""
BEYOND_PX = 4
SHORT_COVERED = 0.92
"""The same while somebody nearer is seen before the legs."""
SHORT = 0.8
"""A box that is suddenly below this share of the one before is suspected to hide the legs."""
TOUCHING = 0.06
"""Of the nearer one's height: a box that ends this near above a nearer one's head is cut by it."""
COVERED_WIDTH = 0.35
"""Share of a box's width with a nearer box before its lower edge."""
MIN_HISTORY = 3
HISTORY = 7
RATIOS = 15
"""Short: who walks away from the camera shrinks by a tenth a look."""
GROWS = 1.5
OLD_S = 1.0
"""Heights from longer ago than this, while the legs are hidden, say nothing against the perspective."""
MAX_HIDDEN_S = 5.0
"""After this the short box is believed: a child was taken for an adult, or somebody sat down."""
HALF = 0.6
"""Share of the usual height below which a covered stranger is taken to be seen from the hip upwards."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where a person stands.

    Attributes:
        point_px: x, y in pixels.
        height_px: the person's height there; distances in rules are measured in it.
        is_estimated: the feet were not seen.
        is_feet: an estimate or sight of the feet; False: only the box centre was to be had.
    """

    point_px: Point
    height_px: float
    is_estimated: bool
    is_feet: bool


@dataclass(slots=True)
class AnchorHistory:
    """How tall one track was while it was wholly visible, and where it stood last.

    Attributes:
        heights: pixels.
        ratios: the same as shares of the usual height at that place, once the camera's perspective is known.
    """

    heights: deque[float] = field(default_factory=lambda: deque(maxlen=HISTORY))
    ratios: deque[float] = field(default_factory=lambda: deque(maxlen=RATIOS))
    last: Point | None = None
    last_height: float | None = None
    hidden_since_s: float | None = None
    _ratio: float | None = None

    def locate(
        self,
        xyxy: tuple[float, float, float, float],
        *,
        frame_height: int,
        at_s: float,
        perspective: Perspective | None = None,
        is_covered: bool = False,
    ) -> Anchor:
        """The anchor of the box ``xyxy`` (pixels).

        Args:
            at_s: any steady clock.
            perspective: of this camera; it learns from boxes that are whole.
            is_covered: somebody nearer stands before the legs.
        """
        left, top, right, bottom = xyxy
        x = (left + right) / 2
        expected = self._expected(top, perspective, at_s)
        if expected is None and is_covered and perspective is not None:
            expected = self._of_a_stranger(top, bottom, perspective)
        if bottom > frame_height + BEYOND_PX:
            # Nobody sees what is outside the picture: this box was made by somebody who knows where the feet are.
            anchor = self._whole(x, top, bottom, None, is_covered=is_covered)
        elif bottom >= frame_height * (1 - EDGE_TOLERANCE):
            self.last_height, self.hidden_since_s = None, None
            anchor = self._clipped(x, top, bottom, expected, perspective)
        elif expected is not None and self._legs_hidden(top, bottom, expected, at_s, is_covered):
            self.hidden_since_s = at_s if self.hidden_since_s is None else self.hidden_since_s
            anchor = Anchor((x, top + expected), expected, is_estimated=True, is_feet=True)
        else:
            anchor = self._whole(x, top, bottom, perspective, is_covered=is_covered)
        self.last = anchor.point_px
        return anchor

    def _expected(self, top: float, perspective: Perspective | None, at_s: float) -> float | None:
        """The height that this person should have with the head at ``top``."""
        own = median(self.heights) if len(self.heights) >= MIN_HISTORY else None
        if perspective is not None and len(self.ratios) >= MIN_HISTORY:
            feet_y = perspective.feet_below(top, ratio=self._usual_ratio())
            # People do not grow by half in the looks that are remembered: where they seem to, heads say too little.
            is_old = self.hidden_since_s is not None and at_s - self.hidden_since_s > OLD_S
            if feet_y is not None and (own is None or is_old or own / GROWS < feet_y - top < own * GROWS):
                return feet_y - top
        return own

    def _whole(
        self, x: float, top: float, bottom: float, perspective: Perspective | None, *, is_covered: bool
    ) -> Anchor:
        height = bottom - top
        self.hidden_since_s = None
        self.last_height = height
        self.heights.append(height)
        if perspective is not None and not is_covered:
            usual = perspective.height_at(bottom)
            if usual is not None:
                self.ratios.append(height / usual)
                self._ratio = None
            perspective.observe(feet_y=bottom, height=height)
        return Anchor((x, bottom), self._height_at(bottom, perspective), is_estimated=False, is_feet=True)

    def _usual_ratio(self) -> float:
        if self._ratio is None:
            self._ratio = median(self.ratios)
        return self._ratio

    def take_over(self, earlier: AnchorHistory) -> None:
        """This is the same person as ``earlier``, some looks later."""
        self.heights = deque([*earlier.heights, *self.heights], maxlen=HISTORY)
        self.ratios = deque([*earlier.ratios, *self.ratios], maxlen=RATIOS)
        self._ratio = None

    def _height_at(self, feet_y: float, perspective: Perspective | None) -> float:
        """How tall this person is there: by the perspective, else of late."""
        usual = perspective.height_at(feet_y) if perspective is not None else None
        if usual is None or len(self.ratios) < MIN_HISTORY:
            return median(self.heights)
        return usual * self._usual_ratio()

    def _of_a_stranger(self, top: float, bottom: float, perspective: Perspective) -> float | None:
        """The height of somebody who was never seen whole and of whom somebody nearer hides the half."""
        feet_y = perspective.feet_below(top, ratio=1.0)
        return feet_y - top if feet_y is not None and bottom - top < HALF * (feet_y - top) else None

    def _clipped(
        self, x: float, top: float, bottom: float, expected: float | None, perspective: Perspective | None
    ) -> Anchor:
        if expected is None and perspective is not None:
            feet_y = perspective.feet_below(top, ratio=1.0)
            expected = None if feet_y is None else feet_y - top
        if expected is not None:
            return Anchor((x, max(bottom, top + expected)), expected, is_estimated=True, is_feet=True)
        return Anchor((x, (top + bottom) / 2), bottom - top, is_estimated=True, is_feet=False)

    def _legs_hidden(self, top: float, bottom: float, expected: float, at_s: float, is_covered: bool) -> bool:
        """A counter or another person hides the legs: suddenly the box is short and the head is where it was.

        Somebody who bends keeps the feet where they were; somebody who walks away shrinks little by little.
        """
        height = bottom - top
        if self.hidden_since_s is not None and at_s - self.hidden_since_s > MAX_HIDDEN_S and not is_covered:
            self.heights.clear()
            self.ratios.clear()
            self._ratio = None
            return False
        if is_covered:
            return height < SHORT_COVERED * expected
        if self.hidden_since_s is not None:
            return height < SHORT * expected
        if self.last is None or self.last_height is None or height >= SHORT * self.last_height:
            return False
        return abs(top + expected - self.last[1]) < abs(bottom - self.last[1])


def are_legs_covered(xyxy: NDArray[np.float32]) -> NDArray[np.bool_]:
    """(N,): a box that stands lower in the picture, so nearer, lies over the lower edge of this one of ``xyxy``."""
    left, bottom, right = xyxy[:, 0], xyxy[:, 3], xyxy[:, 2]
    shared = np.minimum(right[:, None], right[None]) - np.maximum(left[:, None], left[None])
    is_wide = shared > COVERED_WIDTH * (right - left)[:, None]
    top, tall = xyxy[:, 1], bottom - xyxy[:, 1]
    is_before = (bottom[None] > bottom[:, None]) & (top[None] - TOUCHING * tall[None] < bottom[:, None])
    return np.asarray((is_wide & is_before).any(axis=1), np.bool_)
