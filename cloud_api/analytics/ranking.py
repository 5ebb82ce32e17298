"""Stores beside each other: absolute, and per hour that they were open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_api.analytics.coverage import day_coverage
from cloud_api.analytics.footfall import CROSSINGS
from cloud_api.analytics.repository import AnalyticsRepository
from cloud_api.stores.opening_hours import OpeningTimes
from cloud_api.tenancy.visible_stores import StoreView


@dataclass(frozen=True, slots=True)
class RankedStore:
    """One store. None: not known. ``per_open_hour``: people in, by the hours that the store was open until now."""

    rank: int
    store_id: UUID
    name: str
    footfall_in: int | None
    footfall_out: int | None
    open_hours: float | None
    per_open_hour: float | None
    coverage: float | None


@dataclass(frozen=True, slots=True)
class Ranking:
    """Stores, the most visited first; those without data last."""

    first: date
    last: date
    by: str
    stores: list[RankedStore]


async def rank(
    connection: AsyncConnection,
    stores: Sequence[StoreView],
    times: Mapping[UUID, OpeningTimes],
    *,
    first: date,
    last: date,
    by: str,
    now: datetime,
) -> Ranking:
    """Stores over whole days, both included. ``by``: ``footfall_in`` or ``per_open_hour``."""
    repository = AnalyticsRepository(connection, stores)
    sums = await repository.store_totals(first=first, last=last, types=CROSSINGS)
    heard = await repository.heard_totals(first=first, last=last)
    coverage = await day_coverage(repository, stores, first=first, last=last, now=now, heard=heard)
    hours: dict[tuple[str, OpeningTimes], float | None] = {}  # chains open their stores alike
    for store in stores:
        key = (store.timezone, times[store.id])
        if key not in hours:
            hours[key] = open_hours(store, times[store.id], first=first, last=last, now=now)
    lines = [
        _line(s, sums.get(s.id, {} if s.id in heard else None), hours[s.timezone, times[s.id]], coverage[s.id])
        for s in stores
    ]
    lines.sort(key=lambda line: (getattr(line, by) is None, -(getattr(line, by) or 0), line.name))
    ranked = [_with_rank(line, n) for n, line in enumerate(lines, 1)]
    return Ranking(first, last, by, ranked)


def _line(store: StoreView, counts: dict[str, int] | None, hours: float | None, coverage: float | None) -> RankedStore:
    if counts is None:
        return RankedStore(0, store.id, store.name, None, None, hours, None, coverage)
    went_in = counts.get("footfall_in", 0)
    per_hour = round(went_in / hours, 2) if hours else None
    return RankedStore(0, store.id, store.name, went_in, counts.get("footfall_out", 0), hours, per_hour, coverage)


def open_hours(store: StoreView, times: OpeningTimes, *, first: date, last: date, now: datetime) -> float | None:
    """Hours that a store was open in these days until now; None: its hours are not known."""
    if not times.is_known:
        return None
    zone = ZoneInfo(store.timezone)
    start = datetime.combine(first, time(), zone)
    end = min(datetime.combine(last + timedelta(days=1), time(), zone), now)
    if end <= start:
        return 0.0
    return round(sum((b - a).total_seconds() for a, b in times.open_spans(start, end, zone)) / 3600, 2)


def _with_rank(line: RankedStore, n: int) -> RankedStore:
    return RankedStore(
        n, line.store_id, line.name, line.footfall_in, line.footfall_out, line.open_hours, line.per_open_hour,
        line.coverage,
    )  # fmt: skip
