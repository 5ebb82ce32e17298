"""Being in an area (COUNTING.md section 4): confirmed entry, graceful exit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

MAX_STEP_S = 1.5
"""Two looks further apart than this say nothing about the time between them."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One observation's time: monotonic seconds decide durations, UTC stamps events."""

    at_s: float
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Stay:
    """A presence that ended, at its last moment inside."""

    started: Moment
    ended: Moment

    @property
    def dwell_s(self) -> float:
        return self.ended.at_s - self.started.at_s


@dataclass(slots=True)
class PresenceState:
    """What one track has done in one polygon.

    Attributes:
        first_in, last_in: of the stay under way, or None while outside.
        inside_s: observed time inside so far.
        is_present: entry is confirmed.
        is_inside: the newest observation was inside.
    """

    first_in: Moment | None = None
    last_in: Moment | None = None
    inside_s: float = 0.0
    is_present: bool = False
    is_inside: bool = False

    def observe(self, *, is_inside: bool, moment: Moment, enter_s: float, exit_grace_s: float) -> Stay | None:
        """Take the track's next observation; gives the stay that it shows to be over."""
        if not is_inside and self.last_in is None:
            self.is_inside = False
            return None
        ended = self.expire(moment, exit_grace_s=exit_grace_s)
        if is_inside:
            self._step_in(moment, enter_s=enter_s)
        elif not self.is_present:
            self._forget()
        self.is_inside = is_inside
        return ended

    def expire(self, moment: Moment, *, exit_grace_s: float) -> Stay | None:
        """The stay that is over at ``moment`` because nobody was seen inside for ``exit_grace_s``."""
        if self.last_in is None or moment.at_s - self.last_in.at_s <= exit_grace_s:
            return None
        return self.end()

    def end(self) -> Stay | None:
        """End whatever is under way; gives it if it was a confirmed presence."""
        stay = Stay(self.first_in, self.last_in) if self.is_present and self.first_in and self.last_in else None
        self._forget()
        return stay

    def _step_in(self, moment: Moment, *, enter_s: float) -> None:
        if self.first_in is None or self.last_in is None:
            self.first_in = moment
        elif self.is_inside:
            self.inside_s += min(MAX_STEP_S, max(0.0, moment.at_s - self.last_in.at_s))
        self.last_in = moment
        if self.inside_s >= enter_s - 1e-6:
            self.is_present = True

    def _forget(self) -> None:
        self.first_in = self.last_in = None
        self.inside_s, self.is_present, self.is_inside = 0.0, False, False
