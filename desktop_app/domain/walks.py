"""What the rules remember of one track, and when two tracks are one person.

What is judged is what is kept: anchors lie on a fine grid and moments on whole milliseconds *before* any rule sees
them, so that a foot path read back from the disk gives the rules the very numbers that they had (ADR 10).
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from desktop_app.domain.anchor import Anchor, AnchorHistory
from desktop_app.domain.explanation import Approach
from desktop_app.domain.line_crossing import LineState
from desktop_app.domain.presence import Moment, PresenceState
from shared_models.geometry import Point

STITCH_S = 1.6
STITCH_MIN_HEIGHTS = 0.6
STITCH_HEIGHTS_S = 1.6
"""Within this, per second unseen, where nothing is known of how the lost one walked."""
STITCH_WALKING_HEIGHTS_S = 0.9
"""The same from the place to which the lost one was on the way."""
VELOCITY_S = 0.65
"""Time over which the velocity at the end of a track is taken; two looks further apart say nothing of it."""
VELOCITY_LOOKS = 12
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
    x, y = anchor.point_px
    return Look(
        frame,
        at_ms,
        stamp_ms,
        _step(x),
        _step(y),
        max(1, _step(anchor.height_px)),
        (ESTIMATED if anchor.is_estimated else 0) | (0 if anchor.is_feet else NO_FEET),
        round(1000 * min(1.0, max(0.0, score))),
    )


def _step(px: float) -> int:
    steps = round(px * STEPS_PER_PX)
    return steps if -_FAR <= steps <= _FAR else _FAR if steps > 0 else -_FAR


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
    newest: deque[Observation] = field(default_factory=lambda: deque(maxlen=VELOCITY_LOOKS))

    def velocity(self) -> Point | None:
        """Pixels per second at the newest look; None while it was seen too shortly."""
        base = velocity_base([round(1000 * o.moment.at_s) for o in self.newest])
        if base is None:
            return None
        before, now = self.newest[base], self.newest[-1]
        seconds = now.moment.at_s - before.moment.at_s
        (x0, y0), (x1, y1) = before.anchor.point_px, now.anchor.point_px
        return (x1 - x0) / seconds, (y1 - y0) / seconds


def velocity_base(times_ms: Sequence[int]) -> int | None:
    """The index of the look from which the velocity at the last of ``times_ms`` is taken.

    The rules and the paths that are kept for them ask the same question: that look is kept as it was.
    """
    base: int | None = None
    newest = len(times_ms) - 1
    for i in range(newest - 1, max(-1, newest - VELOCITY_LOOKS), -1):
        if not 0 < times_ms[newest] - times_ms[i] <= 1000 * VELOCITY_S:
            break
        base = i
    return base


def hand_over(old: Walk, new: Walk) -> None:
    """``new`` goes on with what ``old`` had done."""
    new.lines, new.presences, new.approaches = old.lines, old.presences, old.approaches
    new.anchors.take_over(old.anchors)


def stitch_gap(old: Walk, new: Walk, *, now_s: float, frame_width: int) -> float | None:
    """How far, in heights, a new track begins from where a lost one was going, if one person can have done it.

    ``new`` may be a few looks old by now: between the two the person is taken to have changed from the one's
    velocity to the other's evenly.
    """
    seconds = new.first.moment.at_s - old.last.moment.at_s
    if not 0.0 < seconds <= STITCH_S or old.last.anchor.is_feet != new.first.anchor.is_feet:
        return None
    if now_s - old.last.moment.at_s > STITCH_WAIT_S:
        return None
    height = max(old.last.anchor.height_px, 1.0)
    if not 0.5 <= new.first.anchor.height_px / height <= 2.0:
        return None
    was, began = old.last.anchor.point_px, new.first.anchor.point_px
    velocity = old.velocity()
    if velocity is None:
        gap = math.dist(was, began) / height
        return gap if gap <= max(STITCH_MIN_HEIGHTS, STITCH_HEIGHTS_S * seconds) else None
    if not 0 <= was[0] + velocity[0] * seconds <= frame_width:
        return None  # it left the picture, somebody else came in
    later = new.velocity() or velocity
    going = (was[0] + (velocity[0] + later[0]) / 2 * seconds, was[1] + (velocity[1] + later[1]) / 2 * seconds)
    gap = math.dist(going, began) / height
    return gap if gap <= max(STITCH_MIN_HEIGHTS, STITCH_WALKING_HEIGHTS_S * seconds) else None
