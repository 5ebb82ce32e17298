"""How many people were inside: in minus out since the reset hour, never shown below zero."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_api.analytics import questions
from cloud_api.analytics.repository import AnalyticsRepository
from cloud_api.analytics.span import TimeSpan
from cloud_api.kit.buckets import ROLLUP
from cloud_api.tenancy.visible_stores import StoreView
from shared_models.store_time import StoreTime

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
    """What was left over when the level that began on ``day`` was reset. Below zero: more went out than came in."""

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
    first = store.time.reset_before(span.start)
    end = min(span.quarters[1], now)
    crossed, heard_rows = await AnalyticsRepository(connection, [store]).ask(
        questions.crossings_by_quarter(start=first, end=end), questions.heard_quarters(start=first, end=end)
    )
    changes = {at: went_in - went_out for at, went_in, went_out, _ in crossed}
    heard = {at for _, at, _ in heard_rows}
    levels, drifts = _levels(changes, store.time, first=first, end=end)
    by_bucket: dict[datetime, list[int]] = defaultdict(list)
    for at, level in levels:
        if at in heard and at >= span.start.astimezone(UTC):
            by_bucket[span.of_moment(at)].append(level)
    rows = [_row(a, b, by_bucket.get(at)) for (a, b), at in zip(span.buckets, span.edges, strict=False)]
    peaks = [r.peak for r in rows if r.peak is not None]
    return OccupancySeries(store.id, store.timezone, str(span.bucket), rows, max(peaks, default=None), drifts)


def _levels(
    changes: dict[datetime, int], time: StoreTime, *, first: datetime, end: datetime
) -> tuple[list[tuple[datetime, int]], list[Drift]]:
    levels, drifts, net, at = [], [], 0, first
    next_reset = time.reset_after(first)
    while at < end:
        if at >= next_reset:
            drifts.append(Drift(time.level_day_of(next_reset - ROLLUP), net))
            net, next_reset = 0, time.reset_after(at)
        net += changes.get(at, 0)
        levels.append((at, max(0, net)))
        at += ROLLUP
    return levels, drifts


def _row(start: datetime, end: datetime, levels: list[int] | None) -> OccupancyRow:
    if not levels:
        return OccupancyRow(start, end, None, None, None)
    return OccupancyRow(start, end, levels[-1], round(sum(levels) / len(levels), 2), max(levels))
