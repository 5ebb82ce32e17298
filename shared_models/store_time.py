"""A store's own time: its days, midnight to midnight, and its level, which begins anew at the reset hour (ADR 22)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

RESET_HOUR = 4
"""Where nobody said otherwise: the hour of the store's clock at which nobody is inside any more."""


@dataclass(frozen=True, slots=True)
class StoreTime:
    """What a day is, in one store. Moments are aware; bounds are UTC, the end excluded, 23 to 25 hours apart.

    Attributes:
        zone: the store's time zone, wherever the computer is that asks.
        reset_hour: 0..23, of the store's clock.
    """

    zone: tzinfo
    reset_hour: int = RESET_HOUR

    def day_of(self, moment: datetime) -> date:
        """The business day: what the calendar in the store says."""
        return moment.astimezone(self.zone).date()

    def day_bounds(self, day: date) -> tuple[datetime, datetime]:
        """From midnight to midnight."""
        return self._at(day, 0), self._at(day + timedelta(days=1), 0)

    def level_day_of(self, moment: datetime) -> date:
        """The day on which the level that holds at ``moment`` began."""
        return self.reset_before(moment).astimezone(self.zone).date()

    def level_bounds(self, day: date) -> tuple[datetime, datetime]:
        """From the reset hour of ``day`` to that of the next."""
        return self._at(day, self.reset_hour), self._at(day + timedelta(days=1), self.reset_hour)

    def reset_before(self, moment: datetime) -> datetime:
        """The latest reset at or before ``moment``."""
        day = self.day_of(moment)
        reset = self._at(day, self.reset_hour)
        return reset if reset <= moment else self._at(day - timedelta(days=1), self.reset_hour)

    def reset_after(self, moment: datetime) -> datetime:
        """The first reset after ``moment``."""
        return self.level_bounds(self.level_day_of(moment))[1]

    def _at(self, day: date, hour: int) -> datetime:
        return datetime.combine(day, time(hour), tzinfo=self.zone).astimezone(UTC)
