"""How many people were inside: in minus out since the reset hour, never shown below zero."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_api.analytics.repository import AnalyticsRepository
from cloud_api.analytics.span import TimeSpan
from cloud_api.kit.buckets import ROLLUP
from cloud_api.tenancy.visible_stores import StoreView

LONGEST = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class OccupancyRow:
    """One bucket. ``level``: at its end; ``mean`` and ``peak``: over its quarter hours. None: nothing was heard."""

    start: datetime
    end: datetime
    level: int | None
    mean: float | None
    peak: int | None


@dataclass(frozen=True, slots=True)
class Drift:
    """What was left over when the day was reset: ins and outs that did not cancel. Below zero: more went out."""

    day: date
    people: int


@dataclass(frozen=True, slots=True)
class OccupancySeries:
    """People inside one store."""

    store_id: UUID
    timezone: str
    bucket: str
    rows: list[OccupancyRow]
    peak: int | None
    drifts: list[Drift]


async def occupancy_of(
    connection: AsyncConnection, store: StoreView, span: TimeSpan, *, now: datetime
) -> OccupancySeries:
    """Occupancy in buckets. It begins at the reset hour before the span, or people inside then would be missing."""
    repository = AnalyticsRepository(connection, [store])
    first = _reset_before(span.start, store, span)
    end = min(span.quarters[1], now)
    changes: dict[datetime, int] = defaultdict(int)
    for q in await repository.quarter_hours(start=first, end=end, types=["footfall_in", "footfall_out"]):
        changes[q.bucket_at] += q.n if q.type == "footfall_in" else -q.n
    heard = {at for _, at, _ in await repository.heard_quarters(start=first, end=end)}
    levels, drifts = _levels(changes, store, span, first=first, end=end)
    by_bucket: dict[datetime, list[int]] = defaultdict(list)
    for at, level in levels:
        if at in heard and at >= span.start.astimezone(UTC):
            by_bucket[span.of_moment(at)].append(level)
    rows = [_row(a, b, by_bucket.get(a.astimezone(UTC))) for a, b in span.buckets]
    peaks = [r.peak for r in rows if r.peak is not None]
    return OccupancySeries(store.id, store.timezone, str(span.bucket), rows, max(peaks, default=None), drifts)


def _levels(
    changes: dict[datetime, int], store: StoreView, span: TimeSpan, *, first: datetime, end: datetime
) -> tuple[list[tuple[datetime, int]], list[Drift]]:
    levels, drifts, net, at = [], [], 0, first
    reset_at, next_reset = first, _reset_after(first, store, span)
    while at < end:
        if at >= next_reset:
            drifts.append(Drift(reset_at.astimezone(span.zone).date(), net))
            net, reset_at, next_reset = 0, at, _reset_after(at, store, span)
        net += changes.get(at, 0)
        levels.append((at, max(0, net)))
        at += ROLLUP
    return levels, drifts


def _reset_before(moment: datetime, store: StoreView, span: TimeSpan) -> datetime:
    """The latest reset at or before ``moment``, in UTC."""
    local = moment.astimezone(span.zone)
    reset = local.replace(hour=store.reset_hour, minute=0, second=0, microsecond=0, fold=0)
    if reset > local:
        reset = (reset - timedelta(days=1)).replace(hour=store.reset_hour)
    return reset.astimezone(UTC)


def _reset_after(reset: datetime, store: StoreView, span: TimeSpan) -> datetime:
    # 30 hours later lies in the next business day, also where a day has 23 or 25 hours.
    return _reset_before((reset + timedelta(hours=30)).astimezone(span.zone), store, span)


def _row(start: datetime, end: datetime, levels: list[int] | None) -> OccupancyRow:
    if not levels:
        return OccupancyRow(start, end, None, None, None)
    return OccupancyRow(start, end, levels[-1], round(sum(levels) / len(levels), 2), max(levels))
