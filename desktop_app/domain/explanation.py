"""Why somebody was counted at a line, or was not: a small record for every track that came near one."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from desktop_app.domain.line_crossing import HOLD, Decision

MAX_WAITING = 2000
"""Explanations kept while nobody takes them: a busy day must not fill the memory."""
MAX_PER_TRACK = 12
"""Of one track at one line: who sways on it for an hour is told a dozen times."""


class Reason(StrEnum):
    """What became of somebody at a line; the value is how a person is told."""

    COUNTED_IN = "counted in"
    COUNTED_OUT = "counted out"
    TURNED_BACK = "turned back inside the band"
    PASSED_BEYOND_END = "passed beyond the end"
    DIRECTION_NOT_COUNTED = "crossed in a direction that this line does not count"
    ENTRANCE_COUNTED_ALREADY = "counted at the entrance's other line already"
    NEVER_CONFIRMED = "never confirmed"
    STITCHED = "stitched with"
    FEET_NOT_VISIBLE = "feet not visible"
    STAYED_ON_ITS_SIDE = "came near and stayed on the same side"
    CUT = "the camera stopped before it was decided"


OF_DECISION = {
    Decision.COUNTED_IN: Reason.COUNTED_IN,
    Decision.COUNTED_OUT: Reason.COUNTED_OUT,
    Decision.TURNED_BACK: Reason.TURNED_BACK,
    Decision.PASSED_BEYOND_END: Reason.PASSED_BEYOND_END,
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """One decision about one track at one line.

    Attributes:
        occurred_at: UTC capture time of the deciding frame; where nothing was decided, of the nearest look.
        other_track_id: the track that was stitched with, for ``STITCHED``.
        nearest_heights: how near the anchor came by then, in person heights.
        is_estimated: the feet were not seen in the deciding look.
    """

    camera_id: str
    zone_id: str
    zone_revision: int
    track_id: int
    reason: Reason
    occurred_at: datetime
    other_track_id: int | None = None
    nearest_heights: float = 0.0
    is_estimated: bool = False


@dataclass(slots=True)
class Approach:
    """How near one track came to one line so far, and what was told about it.

    Attributes:
        is_decided: since the track was last nowhere near, something was told that explains it.
    """

    nearest_heights: float
    nearest_at: datetime
    is_estimated: bool
    is_feet: bool
    told: int = 0
    is_decided: bool = False
    last_reason: Reason | None = None

    def come(self, heights: float, *, at: datetime, is_estimated: bool, is_feet: bool) -> None:
        """Take a look at the track, ``heights`` from the line."""
        if heights < self.nearest_heights:
            self.nearest_heights, self.nearest_at = heights, at
            self.is_estimated, self.is_feet = is_estimated, is_feet

    def undecided(self) -> Reason:
        """Why nothing was decided about a confirmed track that is over."""
        if not self.is_feet:
            return Reason.FEET_NOT_VISIBLE
        return Reason.TURNED_BACK if self.nearest_heights <= HOLD else Reason.STAYED_ON_ITS_SIDE


@dataclass(slots=True)
class ExplanationLog:
    """Explanations of one camera until somebody takes them; the oldest go first where nobody does."""

    camera_id: str
    waiting: deque[Explanation] = field(default_factory=lambda: deque(maxlen=MAX_WAITING))

    def tell(
        self,
        approach: Approach,
        reason: Reason,
        *,
        zone_id: str,
        zone_revision: int,
        track_id: int,
        occurred_at: datetime,
        other_track_id: int | None = None,
        is_estimated: bool | None = None,
    ) -> None:
        """Note ``reason``; the same again and again (somebody sways) is noted once, and no track for ever."""
        approach.is_decided = True
        is_again = approach.last_reason is reason is Reason.TURNED_BACK
        if is_again or approach.told >= MAX_PER_TRACK:
            return
        approach.told, approach.last_reason = approach.told + 1, reason
        self.waiting.append(
            Explanation(
                self.camera_id,
                zone_id,
                zone_revision,
                track_id,
                reason,
                occurred_at,
                other_track_id,
                round(approach.nearest_heights, 2),
                approach.is_estimated if is_estimated is None else is_estimated,
            )
        )

    def take(self) -> list[Explanation]:
        """What was noted since the last time."""
        taken = list(self.waiting)
        self.waiting.clear()
        return taken
