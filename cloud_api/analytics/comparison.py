"""A day against the same weekday of the weeks before, by the quarter hours that were seen on both sides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_api.analytics.matching import SeenDay, match, quarter_of, seen_days, silent_since, usual_quarters
from cloud_api.analytics.repository import AnalyticsRepository
from cloud_api.tenancy.visible_stores import StoreView


@dataclass(frozen=True, slots=True)
class HourPair:
    """One hour of the day by the store's clock. None: no data, which is not zero."""

    hour: int
    footfall_in: int | None
    usual: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """``footfall_in`` of the day; ``usual``: the mean of the same weekdays before, where both sides were seen.

    ``days``: the weekdays that had data and are compared with. ``change``: 0.1 is ten per cent more than usual; None: no
    verdict. ``compared_in``: the people of the day in the quarter hours that ``usual`` is of. ``share``: how much of a
    usual day's people come in these. ``silent_since``: on a day under way, when the store was heard last.
    """

    store_id: UUID
    timezone: str
    day: date
    is_over: bool
    footfall_in: int | None
    usual: float | None
    change: float | None
    days: list[date]
    hours: list[HourPair]
    compared_in: int | None = None
    share: float | None = None
    silent_since: datetime | None = None


async def compare(connection: AsyncConnection, store: StoreView, day: date, *, weeks: int, now: datetime) -> Comparison:
    """``day`` against the ``weeks`` same weekdays before it. A day under way is compared up to now."""
    zone = ZoneInfo(store.timezone)
    repository = AnalyticsRepository(connection, [store])
    before = [day - timedelta(days=7 * n) for n in range(weeks, 0, -1)]
    days = (await seen_days(repository, [store], [*before, day], now=now))[store.id]
    own = days.pop(day, None)
    until = quarter_of(now, day, zone)
    found = match(own, list(days.values()), until=until) if own else None
    is_known = found is not None and found.change is not None
    is_over = now.astimezone(zone).date() != day
    last_seen = None if is_over else (await repository.last_seen()).get(store.id)
    return Comparison(
        store.id, store.timezone, day, is_over, own.total if own else None,
        round(found.usual, 2) if found else None,
        round(found.change, 4) if found is not None and is_known and found.change is not None else None,
        sorted(days), _hours(own, days, until=until),
        found.actual if found else None, round(found.share, 4) if found else None,
        silent_since(last_seen, day, zone, now=now),
    )  # fmt: skip


def _hours(own: SeenDay | None, days: Mapping[date, SeenDay], *, until: int) -> list[HourPair]:
    usual = usual_quarters(list(days.values()))
    pairs = []
    for hour in range(24):
        quarters = range(hour * 4, hour * 4 + 4)
        seen = own is not None and quarters[0] < until and any(q in own.seen for q in quarters)
        means = [usual[q] * (own.times(q) if own is not None else 1) for q in quarters if q in usual]
        pairs.append(
            HourPair(
                hour,
                sum(own.counts.get(q, 0) for q in quarters) if own is not None and seen else None,
                round(sum(means), 2) if means else None,
            )
        )
    return pairs
