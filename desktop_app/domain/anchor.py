"""The point of a person's box that is tested against zones: the feet, or the best that can be said of them."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from statistics import median

from shared_models.geometry import Point

EDGE_TOLERANCE = 0.006
"""Of the frame's height: a box this near the lower edge is cut by it."""
SHORT = 0.8
"""A box that is suddenly below this share of the one before is suspected to hide the legs."""
MIN_HISTORY = 3
HISTORY = 7
"""Short: who walks away from the camera shrinks by a tenth a look."""
MAX_HIDDEN = 25
"""Observations after which the short box is believed: a child was taken for an adult, or somebody sat down."""


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
    """Heights of one track while it was wholly visible, and where it stood last."""

    heights: deque[float] = field(default_factory=lambda: deque(maxlen=HISTORY))
    last: Point | None = None
    last_height: float | None = None
    hidden_for: int = 0

    def locate(self, xyxy: tuple[float, float, float, float], *, frame_height: int) -> Anchor:
        """The anchor of the box ``xyxy`` (pixels)."""
        left, top, right, bottom = xyxy
        x, height = (left + right) / 2, bottom - top
        usual = median(self.heights) if len(self.heights) >= MIN_HISTORY else None
        if bottom >= frame_height * (1 - EDGE_TOLERANCE):
            self.last_height, self.hidden_for = None, 0
            anchor = self._clipped(x, top, bottom, usual)
        elif usual is not None and self._legs_hidden(top, bottom, usual):
            self.hidden_for += 1
            anchor = Anchor((x, top + usual), usual, is_estimated=True, is_feet=True)
        else:
            self.hidden_for = 0
            self.last_height = height
            self.heights.append(height)
            anchor = Anchor((x, bottom), median(self.heights), is_estimated=False, is_feet=True)
        self.last = anchor.point_px
        return anchor

    def _clipped(self, x: float, top: float, bottom: float, usual: float | None) -> Anchor:
        if usual is not None:
            return Anchor((x, max(bottom, top + usual)), usual, is_estimated=True, is_feet=True)
        return Anchor((x, (top + bottom) / 2), bottom - top, is_estimated=True, is_feet=False)

    def _legs_hidden(self, top: float, bottom: float, usual: float) -> bool:
        """A counter hides the legs: suddenly the box is short and the head is where it was.

        Somebody who bends keeps the feet where they were; somebody who walks away shrinks little by little.
        """
        height = bottom - top
        if self.hidden_for:
            if self.hidden_for > MAX_HIDDEN:
                self.heights.clear()
                return False
            return height < SHORT * usual
        if self.last is None or self.last_height is None or height >= SHORT * self.last_height:
            return False
        return abs(top + usual - self.last[1]) < abs(bottom - self.last[1])
