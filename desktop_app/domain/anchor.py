"""The point of a person's box that is tested against zones: the feet, or the best that can be said of them."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from statistics import median

from shared_models.geometry import Point

EDGE_TOLERANCE = 0.006
"""Of the frame's height: a box this near the lower edge is cut by it."""
SHORT = 0.8
"""A box below this share of the usual height is suspected to hide the legs."""
MIN_HISTORY = 3
HISTORY = 15


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

    def locate(self, xyxy: tuple[float, float, float, float], *, frame_height: int) -> Anchor:
        """The anchor of the box ``xyxy`` (pixels)."""
        left, top, right, bottom = xyxy
        x, height = (left + right) / 2, bottom - top
        usual = median(self.heights) if len(self.heights) >= MIN_HISTORY else None
        if bottom >= frame_height * (1 - EDGE_TOLERANCE):
            anchor = self._clipped(x, top, bottom, usual)
        elif usual is not None and height < SHORT * usual and self._legs_hidden(top, bottom, usual):
            anchor = Anchor((x, top + usual), usual, is_estimated=True, is_feet=True)
        else:
            self.heights.append(height)
            anchor = Anchor((x, bottom), median(self.heights), is_estimated=False, is_feet=True)
        self.last = anchor.point_px
        return anchor

    def _clipped(self, x: float, top: float, bottom: float, usual: float | None) -> Anchor:
        if usual is not None:
            return Anchor((x, max(bottom, top + usual)), usual, is_estimated=True, is_feet=True)
        return Anchor((x, (top + bottom) / 2), bottom - top, is_estimated=True, is_feet=False)

    def _legs_hidden(self, top: float, bottom: float, usual: float) -> bool:
        """A counter hides the legs: the head stays where it was. Somebody who bends keeps the feet where they were."""
        if self.last is None:
            return False
        return abs(top + usual - self.last[1]) < abs(bottom - self.last[1])
