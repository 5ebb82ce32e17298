"""Footfall in buckets of the store's own time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from operator import add
from typing import NamedTuple
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_api.analytics import questions
from cloud_api.analytics.coverage import coverage_by, coverage_questions
from cloud_api.analytics.questions import Asked
from cloud_api.analytics.repository import AnalyticsRepository, Place, Rows
from cloud_api.analytics.span import TimeSpan
from cloud_api.stores.opening_hours import OpeningTimes
from cloud_api.tenancy.visible_stores import StoreView
from shared_models.metrics import Bucket


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
    place = place or Place()
    crossings = _crossings_asked(span, place, open_only)
    asked = coverage_questions(span, camera_id=place.camera_id)
    counted, *covered = await AnalyticsRepository(connection, [store]).ask(crossings, *asked)
    sums = _sums(counted, span, open_only)
    coverage = coverage_by(covered, store, span, now=now, camera_id=place.camera_id)
    rows = [
        FootfallRow(
            start=a, end=b, footfall_in=own.went_in, footfall_out=own.went_out, has_data=own.n_seen > 0,
            coverage=row.coverage,
        )
        for (a, b), own, row in zip(
            span.buckets, (sums.get(at, _NONE) for at in span.edges), coverage.rows, strict=False
        )
    ]  # fmt: skip
    totals = FootfallTotals(
        footfall_in=sum(row.footfall_in for row in rows), footfall_out=sum(row.footfall_out for row in rows)
    )
    return Footfall(
        store_id=store.id, timezone=store.timezone, bucket=span.bucket, start=span.start, end=span.end, rows=rows,
        totals=totals, coverage=coverage.coverage,
    )  # fmt: skip


class _Sum(NamedTuple):
    """Of one bucket. ``n_seen``: figures of anything but cameras that were blind."""

    went_in: int
    went_out: int
    n_seen: int


_NONE = _Sum(0, 0, 0)


def _crossings_asked(span: TimeSpan, place: Place, open_only: OpeningTimes | None) -> Asked:
    if span.is_by_day and place.is_everywhere and open_only is None:
        first, last = span.days
        return questions.crossings_by_day(first=first, last=last)
    start, end = span.quarters
    return questions.crossings_by_quarter(start=start, end=end, camera_id=place.camera_id, zone_id=place.zone_id)


def _sums(counted: Rows, span: TimeSpan, open_only: OpeningTimes | None) -> dict[datetime, _Sum]:
    """By the starts of buckets; ``counted``: of days, or of quarter hours."""
    spans = list(open_only.open_spans(*span.quarters, span.zone)) if open_only is not None else None
    sums: dict[datetime, _Sum] = {}
    for when, *own in counted:
        if isinstance(when, datetime):
            if spans is not None and not _is_inside(when, spans):
                continue
            bucket = span.of_moment(when)
        else:
            bucket = span.of_day(when)
        sums[bucket] = _Sum(*map(add, sums.get(bucket, _NONE), own))
    return sums


def _is_inside(moment: datetime, spans: Sequence[tuple[datetime, datetime]]) -> bool:
    # The last span that begins at or before the quarter hour; spans follow each other.
    at = bisect_right(spans, moment, key=lambda span: span[0]) - 1
    return at >= 0 and moment < spans[at][1]
