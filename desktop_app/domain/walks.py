"""What the rules remember of one track, and when two tracks are one person.

What is judged is what is kept: anchors lie on a fine grid and moments on whole milliseconds *before* any rule sees
them, so that a foot path read back from the disk gives the rules the very numbers that they had (ADR 10).
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from desktop_app.domain.anchor import HISTORY, RATIOS, Anchor, AnchorHistory
from desktop_app.domain.explanation import Approach
from desktop_app.domain.line_crossing import LineState
from desktop_app.domain.presence import Moment, PresenceState

STITCH_S = 1.6
STITCH_MIN_HEIGHTS = 0.6
STITCH_HEIGHTS_S = 1.6
STITCH_WAIT_S = STITCH_S + 1.0
"""A lost track waits this long for a successor to be confirmed."""
STEPS_PER_PX = 32
"""The grid on which anchors lie. A power of two: whole and half pixels stay what they are."""
_FAR = 1 << 24
ESTIMATED, NO_FEET = 1, 2


class Look(NamedTuple):
    """One observation as it is kept. ``x``, ``y`` and ``height`` in steps of the grid."""

    frame: int
    at_ms: int
    stamp_ms: int
    x: int
    y: int
    height: int
    flags: int
    score_1000: int

    def anchor(self) -> Anchor:
        """The anchor in pixels."""
        return anchor_at(self.x, self.y, self.height, self.flags)


def anchor_at(x: int, y: int, height: int, flags: int) -> Anchor:
    """The anchor in pixels that stands at this place of the grid."""
    return Anchor(
        (x / STEPS_PER_PX, y / STEPS_PER_PX),
        height / STEPS_PER_PX,
        is_estimated=bool(flags & ESTIMATED),
        is_feet=not flags & NO_FEET,
    )


@dataclass(frozen=True, slots=True)
class Sighting:
    """One person in one frame, ready to be judged."""

    track_id: int
    anchor: Anchor
    score: float
    is_confirmed: bool
    look: Look


def sighting_of(look: Look, *, track_id: int, is_confirmed: bool) -> Sighting:
    """The sighting that a look was made of, to the last bit."""
    return Sighting(track_id, look.anchor(), look.score_1000 / 1000, is_confirmed, look)


def kept_moment(at_s: float, occurred_at: datetime) -> Moment:
    """The moment in whole milliseconds."""
    stamp = occurred_at.replace(microsecond=occurred_at.microsecond // 1000 * 1000)
    return Moment(round(at_s * 1000) / 1000, stamp)


def look_at(anchor: Anchor, *, score: float, frame: int, at_ms: int, stamp_ms: int) -> Look:
    """``anchor`` on the grid."""
    return Look(
        frame,
        at_ms,
        stamp_ms,
        _step(anchor.point_px[0]),
        _step(anchor.point_px[1]),
        max(1, _step(anchor.height_px)),
        (ESTIMATED if anchor.is_estimated else 0) | (0 if anchor.is_feet else NO_FEET),
        round(1000 * min(1.0, max(0.0, score))),
    )


def _step(px: float) -> int:
    return max(-_FAR, min(_FAR, round(px * STEPS_PER_PX)))


@dataclass(frozen=True, slots=True)
class Observation:
    """One sighting with its time."""

    anchor: Anchor
    moment: Moment
    score: float


@dataclass(slots=True)
class Walk:
    """What is known of one track.

    Attributes:
        looks: not handed over to the trajectories yet.
        confirmed_from: index in ``looks`` of the first one at which it was confirmed, or None.
        approaches: zone id -> how near it came to that line; only of lines that it came near.
    """

    track_id: int
    first: Observation
    last: Observation
    anchors: AnchorHistory = field(default_factory=AnchorHistory)
    waiting: list[Observation] = field(default_factory=list)
    is_confirmed: bool = False
    lines: dict[str, LineState] = field(default_factory=dict)
    presences: dict[str, PresenceState] = field(default_factory=dict)
    looks: list[Look] = field(default_factory=list)
    confirmed_from: int | None = None
    approaches: dict[str, Approach] = field(default_factory=dict)


def hand_over(old: Walk, new: Walk) -> None:
    """``new`` goes on with what ``old`` had done."""
    new.lines, new.presences, new.approaches = old.lines, old.presences, old.approaches
    new.anchors.heights = deque([*old.anchors.heights, *new.anchors.heights], maxlen=HISTORY)
    new.anchors.ratios = deque([*old.anchors.ratios, *new.anchors.ratios], maxlen=RATIOS)


def stitch_gap(old: Walk, new: Walk, *, now_s: float) -> float | None:
    """The distance in heights between a lost track's end and a new one's start, if one person can have done it."""
    seconds = new.first.moment.at_s - old.last.moment.at_s
    if not 0.0 < seconds <= STITCH_S or old.last.anchor.is_feet != new.first.anchor.is_feet:
        return None
    if now_s - old.last.moment.at_s > STITCH_WAIT_S:
        return None
    height = max(old.last.anchor.height_px, 1.0)
    gap = math.dist(old.last.anchor.point_px, new.first.anchor.point_px) / height
    ratio = new.first.anchor.height_px / height
    if not 0.5 <= ratio <= 2.0:
        return None
    return gap if gap <= max(STITCH_MIN_HEIGHTS, STITCH_HEIGHTS_S * seconds) else None
