"""A day against the same weekday of the weeks before."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_api.analytics.repository import AnalyticsRepository
from cloud_api.kit.buckets import ROLLUP, rollup_start
from cloud_api.tenancy.visible_stores import StoreView


@dataclass(frozen=True, slots=True)
class HourPair:
    """One hour of the day by the store's clock. None: no data, which is not zero."""

    hour: int
    footfall_in: int | None
    usual: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """``footfall_in`` of the day; ``usual``: the mean of the same weekdays before, up to the same time of day.

    ``days``: the weekdays that had data and are compared with. ``change``: 0.1 is ten per cent more than usual.
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


async def compare(connection: AsyncConnection, store: StoreView, day: date, *, weeks: int, now: datetime) -> Comparison:
    """``day`` against the ``weeks`` same weekdays before it. A day under way is compared up to now."""
    zone = ZoneInfo(store.timezone)
    repository = AnalyticsRepository(connection, [store])
    until = _until(day, zone, now)
    sums: dict[date, dict[int, int]] = {}
    for one in [day, *(day - timedelta(days=7 * n) for n in range(1, weeks + 1))]:
        hours = await _hours(repository, one, zone, until=until)
        if hours is not None:
            sums[one] = hours
    own = sums.pop(day, None)
    usual = _mean([sum(hours.values()) for hours in sums.values()])
    total = None if own is None else sum(own.values())
    return Comparison(
        store.id, store.timezone, day, until is None, total, usual,
        round(total / usual - 1, 4) if total is not None and usual else None,
        sorted(sums),
        [
            HourPair(
                hour, None if own is None or (until and hour > until.hour) else own.get(hour, 0),
                _mean([hours.get(hour, 0) for hours in sums.values()]),
            )
            for hour in range(24)
        ],
    )  # fmt: skip


def _until(day: date, zone: ZoneInfo, now: datetime) -> time | None:
    local = now.astimezone(zone)
    if local.date() != day:
        return None
    # Whole quarter hours only: the one under way would be compared with a full one.
    return rollup_start(now).astimezone(zone).time()


async def _hours(
    repository: AnalyticsRepository, day: date, zone: ZoneInfo, *, until: time | None
) -> dict[int, int] | None:
    start = datetime.combine(day, time(), zone).astimezone(UTC)
    end = datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)
    heard = await repository.heard_quarters(start=rollup_start(start), end=end)
    if not heard:
        return None
    hours: dict[int, int] = defaultdict(int)
    for quarter in await repository.quarter_hours(start=rollup_start(start), end=end, types=["footfall_in"]):
        local = quarter.bucket_at.astimezone(zone)
        if until is None or ((local + ROLLUP).time() <= until and local.date() == day):
            hours[local.hour] += quarter.n
    return hours


def _mean(values: list[int]) -> float | None:
    return round(sum(values) / len(values), 2) if values else None
