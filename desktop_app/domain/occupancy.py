"""People in a polygon, minute by minute: the mean weighted by time, the peak as it was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

MAX_STEP_S = 3.0
"""A longer step between frames is blindness, not occupancy (COUNTING.md section 6)."""


@dataclass(frozen=True, slots=True)
class MinuteOfPeople:
    """One UTC-aligned minute of one polygon.

    Attributes:
        mean: people, weighted by the time between frames.
        seen_s: seconds of the minute in which the camera saw.
        ended_at: capture time of the minute's last frame.
    """

    mean: float
    peak: int
    seen_s: float
    ended_at: datetime


@dataclass(slots=True)
class OccupancyMeter:
    """Accumulates one polygon's people."""

    minute: datetime | None = None
    person_s: float = 0.0
    seen_s: float = 0.0
    peak: int = 0
    people: int = 0
    last_s: float = 0.0
    last_at: datetime | None = None

    def observe(self, people: int, *, at_s: float, occurred_at: datetime) -> MinuteOfPeople | None:
        """Take one frame's number of people; gives the minute that is over by it.

        A frame from an earlier minute than the current one (a clock set back) belongs to the current one.
        """
        minute = occurred_at.replace(second=0, microsecond=0)
        ended = None
        if self.minute is not None and minute > self.minute:
            ended = self.end()
        self._weigh(at_s)
        if self.minute is None or minute > self.minute:
            self.minute = minute
        self.people, self.last_at = people, occurred_at
        self.peak = max(self.peak, people)
        return ended

    def end(self) -> MinuteOfPeople | None:
        """Close the minute under way, if the camera saw anything of it."""
        if self.last_at is None or self.seen_s <= 0.0:
            return None
        result = MinuteOfPeople(self.person_s / self.seen_s, self.peak, self.seen_s, self.last_at)
        self.person_s = self.seen_s = 0.0
        self.peak = self.people
        self.minute = None
        return result

    def _weigh(self, at_s: float) -> None:
        step_s = at_s - self.last_s
        if self.last_at is not None and 0.0 < step_s <= MAX_STEP_S:
            self.person_s += self.people * step_s
            self.seen_s += step_s
        self.last_s = at_s
