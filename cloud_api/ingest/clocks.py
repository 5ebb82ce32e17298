"""Clocks of laptops that are wrong: what they stamped is corrected and marked, not refused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from shared_models.events import Event

SLACK = timedelta(minutes=2)
"""What an upload may take on a bad line; a clock that differs by less is right."""
FIRST_YEAR = 1971


@dataclass(frozen=True, slots=True)
class TimedEvent:
    """An event with the time it is counted at; ``stamped_at``: what its laptop said, where that was wrong."""

    event: Event
    occurred_at: datetime
    stamped_at: datetime | None = None


def timed(events: Iterable[Event], *, sent_at: datetime | None, now: datetime) -> list[TimedEvent]:
    """Each event at its time.

    The clock that stamped an upload's events also stamped the upload (the edge believes a step of its clock only
    after a minute, ADR 6): where ``sent_at`` is off by more than ``SLACK``, all are moved by that. What still lies
    in the future happened now at the latest.
    """
    offset = now - sent_at if sent_at is not None else timedelta()
    if abs(offset) <= SLACK:
        latest = now + SLACK
        return [
            TimedEvent(e, e.occurred_at) if e.occurred_at <= latest else _timed(e, timedelta(), now) for e in events
        ]
    return [_timed(event, offset, now) for event in events]


def _timed(event: Event, offset: timedelta, now: datetime) -> TimedEvent:
    stamped = event.occurred_at
    try:
        moment = stamped + offset
    except OverflowError:
        moment = now
    if moment > now + SLACK:
        moment = now
    return TimedEvent(event, moment, None if moment == stamped else stamped)


def is_possible(moment: datetime) -> bool:
    """Whether it can be counted at all: calendars of time zones end at the year 1."""
    return moment.astimezone(UTC).year >= FIRST_YEAR
