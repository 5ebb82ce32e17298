"""Footfall in buckets of the store's own time."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_api.analytics.coverage import coverage_of
from cloud_api.analytics.repository import AnalyticsRepository, Place
from cloud_api.analytics.span import TimeSpan
from cloud_api.rollups.figures import WALKWAY_OF
from cloud_api.stores.opening_hours import OpeningTimes
from cloud_api.tenancy.visible_stores import StoreView
from shared_models.metrics import Bucket

CROSSINGS = ("footfall_in", "footfall_out")


class Hours(StrEnum):
    """Which hours count: all, or those in which the store is open."""

    ALL = "all"
    OPEN = "open"


class FootfallRow(BaseModel):
    """One bucket. ``has_data``: a camera saw something in it; without it a 0 means "not known"."""

    start: datetime
    end: datetime
    footfall_in: int = Field(serialization_alias="in")
    footfall_out: int = Field(serialization_alias="out")
    has_data: bool
    coverage: float | None = None


class FootfallTotals(BaseModel):
    """The sums of all rows."""

    footfall_in: int = Field(serialization_alias="in")
    footfall_out: int = Field(serialization_alias="out")


class Footfall(BaseModel):
    """Crossings in and out of one store, or of one camera or line in it. Walkways inside are in no sum but their own."""

    store_id: UUID
    timezone: str
    bucket: Bucket
    start: datetime = Field(serialization_alias="from")
    end: datetime = Field(serialization_alias="to")
    rows: list[FootfallRow]
    totals: FootfallTotals
    coverage: float | None = None


async def footfall(
    connection: AsyncConnection,
    store: StoreView,
    span: TimeSpan,
    *,
    now: datetime,
    place: Place | None = None,
    open_only: OpeningTimes | None = None,
) -> Footfall:
    """Footfall in the buckets of ``span``: of the store or one place in it, at all hours or the open ones."""
    repository = AnalyticsRepository(connection, [store])
    place = place or Place()
    if span.is_by_day and place.is_everywhere and open_only is None:
        sums = await _by_day(repository, span)
    else:
        sums = await _by_quarter(repository, span, place, open_only)
    coverage = await coverage_of(connection, store, span, now=now, camera_id=place.camera_id)
    rows = [
        _row(a, b, sums.get(a.astimezone(UTC)), row.coverage)
        for (a, b), row in zip(span.buckets, coverage.rows, strict=True)
    ]
    totals = FootfallTotals(
        footfall_in=sum(row.footfall_in for row in rows), footfall_out=sum(row.footfall_out for row in rows)
    )
    return Footfall(
        store_id=store.id, timezone=store.timezone, bucket=span.bucket, start=span.start, end=span.end, rows=rows,
        totals=totals, coverage=coverage.coverage,
    )  # fmt: skip


Sums = dict[datetime, dict[str, int]]
"""Events by type, per bucket."""


async def _by_day(repository: AnalyticsRepository, span: TimeSpan) -> Sums:
    first, last = span.days
    sums: Sums = defaultdict(lambda: defaultdict(int))
    for row in await repository.days(first=first, last=last):
        sums[span.of_day(row.day)][row.type] += row.n
    return sums


async def _by_quarter(
    repository: AnalyticsRepository, span: TimeSpan, place: Place, open_only: OpeningTimes | None
) -> Sums:
    start, end = span.quarters
    if place.is_everywhere:
        quarters = await repository.quarter_hours(start=start, end=end)
    else:
        quarters = await repository.zone_quarters(place, start=start, end=end, types=_SEEING)
        if place.zone_id:
            # Of one line all crossings, whatever it was; of a store or a camera only those of entrances.
            quarters = [q._replace(type=_CROSSED.get(q.type, q.type)) for q in quarters]
    spans = list(open_only.open_spans(start, end, span.zone)) if open_only is not None else None
    sums: Sums = defaultdict(lambda: defaultdict(int))
    for quarter in quarters:
        if spans is None or _is_inside(quarter.bucket_at, spans):
            sums[span.of_moment(quarter.bucket_at)][quarter.type] += quarter.n
    return sums


_CROSSED = {walkway: crossing for crossing, walkway in WALKWAY_OF.items()}
_SEEING = (*CROSSINGS, *_CROSSED, "dwell", "shelf_interaction", "queue_wait", "occupancy")


def _is_inside(moment: datetime, spans: Sequence[tuple[datetime, datetime]]) -> bool:
    # The last span that begins at or before the quarter hour; spans follow each other.
    at = bisect_right(spans, moment, key=lambda span: span[0]) - 1
    return at >= 0 and moment < spans[at][1]


def _row(start: datetime, end: datetime, counts: dict[str, int] | None, coverage: float | None) -> FootfallRow:
    counts = counts or {}
    return FootfallRow(
        start=start, end=end, footfall_in=counts.get("footfall_in", 0), footfall_out=counts.get("footfall_out", 0),
        has_data=any(kind != "camera_gap" for kind in counts), coverage=coverage,
    )  # fmt: skip
