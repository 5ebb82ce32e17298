"""When a line was crossed (COUNTING.md section 3): two-sided hysteresis in person heights.

A side is *held* once the anchor is further than ``HOLD`` from the line. A crossing is committed once the anchor is
``COMMIT`` past it, or when a track that came from at least as far away ends while it holds the new side; and only if
the chord between the last anchor held on the old side and the committed one meets the line. Swaying on the line
therefore leaves both counts at zero, a fast person who was never seen near the line counts, and passing beyond an end
does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from desktop_app.domain.anchor import Anchor
from desktop_app.domain.polyline import meets, signed_distance
from shared_models.geometry import Point

HOLD = 0.12
COMMIT = 0.25
CUT_LOOKS = 12
"""Looks without feet that are judged again once the feet have come into the picture."""
FLOOR_PX = 12.0
"""Tiny boxes jitter by whole pixels: they are measured as if at least this many pixels x 1/HOLD tall."""


class Decision(StrEnum):
    """What became of an approach to a line; the reasons a person may be told."""

    COUNTED_IN = "counted in"
    COUNTED_OUT = "counted out"
    PASSED_BEYOND_END = "passed beyond the end"
    TURNED_BACK = "turned back inside the band"


@dataclass(frozen=True, slots=True)
class Crossing:
    """One decision about one line.

    Attributes:
        is_estimated: feet were not seen at one end of the deciding chord.
    """

    decision: Decision
    is_estimated: bool

    @property
    def is_counted(self) -> bool:
        return self.decision in (Decision.COUNTED_IN, Decision.COUNTED_OUT)


def band_of(points: Sequence[Point], anchor: Anchor) -> int:
    """Where an anchor is for the rules: 0 in the band, +-1 holding a side, +-2 far enough beyond to commit."""
    return _band(signed_distance(points, anchor.point_px), max(anchor.height_px, FLOOR_PX))


def _band(distance: float, unit: float) -> int:
    if abs(distance) <= HOLD * unit:
        return 0
    depth = 1 if abs(distance) < COMMIT * unit else 2
    return depth if distance > 0 else -depth


@dataclass(slots=True)
class LineState:
    """What one track has done to one line.

    Attributes:
        distance: of the newest anchor, signed, in pixels.
        side: +1 the in side is held, -1 the out side, 0 none yet.
        held: the last anchor held on ``side``.
        pending: the newest anchor that holds the other side without being committed yet.
        is_deep: on ``side`` the anchor was at least ``COMMIT`` away: this is somebody who came, not one who sways.
        cut: the newest anchors, while they are box centres of somebody whose feet were never seen.
        is_centre_counted: something was decided by such a centre.
        is_ahead: such a centre has crossed before the feet, which are still to hold ``side``; until then nothing is decided.
    """

    side: int = 0
    held: Anchor | None = None
    pending: Anchor | None = None
    is_deep: bool = False
    distance: float = 0.0
    cut: list[Anchor] = field(default_factory=list)
    is_centre_counted: bool = False
    is_ahead: bool = False

    def observe(self, points: Sequence[Point], anchor: Anchor) -> Crossing | None:
        """Take the track's next observed anchor (pixels, as ``points``)."""
        if not anchor.is_feet:
            self.cut, self.is_ahead = [*self.cut[1 - CUT_LOOKS :], anchor], False
        elif self.cut:
            self._see_feet(points, anchor)
        self.distance = distance = signed_distance(points, anchor.point_px)
        unit = max(anchor.height_px, FLOOR_PX)
        if self._stays_far(distance, unit, anchor):
            self.held = anchor
            return None
        band = _band(distance, unit)
        side = 1 if band > 0 else -1 if band < 0 else 0
        if self.is_ahead and side != self.side:
            return None
        self.is_ahead = False
        if self.held is not None and self.held.is_feet != anchor.is_feet:
            self._re_anchor(side, anchor)
            return None
        if side == 0:
            return None
        if self.held is None or side == self.side:
            turned_back = self.pending is not None
            self.side, self.held, self.pending = side, anchor, None
            self.is_deep = self.is_deep or abs(band) == 2
            return Crossing(Decision.TURNED_BACK, anchor.is_estimated) if turned_back else None
        if abs(band) < 2:
            self.pending = anchor
            return None
        return self._commit(points, anchor)

    def _stays_far(self, distance: float, unit: float, anchor: Anchor) -> bool:
        """Somebody who came from far away is still there: nearly every look at nearly every line."""
        return (
            self.is_deep
            and self.pending is None
            and (distance >= COMMIT * unit if self.side > 0 else distance <= -COMMIT * unit)
            and self.held is not None
            and self.held.is_feet is anchor.is_feet
        )

    def end(self, points: Sequence[Point]) -> Crossing | None:
        """The track is over: a new side that is held, though not yet committed, counts."""
        return self._commit(points, self.pending) if self.pending is not None and self.is_deep else None

    def _commit(self, points: Sequence[Point], anchor: Anchor) -> Crossing:
        before = self.held
        if before is None:
            raise AssertionError("a crossing is committed from a held side")
        side = -self.side
        self.is_centre_counted = self.is_centre_counted or not anchor.is_feet
        self.side, self.held, self.pending, self.is_deep = side, anchor, None, True
        estimated = before.is_estimated or anchor.is_estimated
        if not meets(points, before.point_px, anchor.point_px):
            return Crossing(Decision.PASSED_BEYOND_END, estimated)
        return Crossing(Decision.COUNTED_IN if side > 0 else Decision.COUNTED_OUT, estimated)

    def _see_feet(self, points: Sequence[Point], anchor: Anchor) -> None:
        """Feet have come into the picture: by the height that is known now, say on which side they were before.

        As with a track that is confirmed late, past looks are judged too. Not where the centre has decided: the same
        crossing would be counted twice, now or when the feet follow.
        """
        cut, self.cut = self.cut, []
        if self.is_centre_counted:
            self.is_centre_counted, self.is_ahead = False, True
            return
        self.side, self.held, self.pending, self.is_deep = 0, None, None, False
        for seen in cut:
            x, y = seen.point_px
            feet_y = y - seen.height_px / 2 + anchor.height_px
            feet = Anchor((x, feet_y), anchor.height_px, is_estimated=True, is_feet=True)
            band = band_of(points, feet)
            if band:
                side = 1 if band > 0 else -1
                self.is_deep = abs(band) == 2 or (self.is_deep and side == self.side)
                self.side, self.held = side, feet

    def _re_anchor(self, side: int, anchor: Anchor) -> None:
        """From box centre to feet or back: the point jumps, the person does not, so nothing is decided by it."""
        self.pending, self.is_deep = None, False
        self.side, self.held = (side, anchor) if side else (0, None)
