"""Footfall in buckets of the store's own time."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_api.analytics.repository import AnalyticsRepository
from cloud_api.kit.buckets import ROLLUP, bucket_start, buckets_between, rollup_start
from cloud_api.kit.errors import InvalidError
from cloud_api.tenancy.visible_stores import StoreView
from shared_models.metrics import Bucket

MAX_BUCKETS = 10_000
SHORTEST = {
    Bucket.QUARTER_HOUR: timedelta(minutes=15),
    Bucket.HOUR: timedelta(hours=1),
    Bucket.DAY: timedelta(hours=23),
    Bucket.WEEK: timedelta(days=6),
    Bucket.MONTH: timedelta(days=28),
}
LAST_YEAR = 2200


class FootfallRow(BaseModel):
    """One bucket. ``has_data``: a camera saw something in it; without it a 0 means "not known"."""

    start: datetime
    end: datetime
    footfall_in: int = Field(serialization_alias="in")
    footfall_out: int = Field(serialization_alias="out")
    has_data: bool


class FootfallTotals(BaseModel):
    """The sums of all rows."""

    footfall_in: int = Field(serialization_alias="in")
    footfall_out: int = Field(serialization_alias="out")


class Footfall(BaseModel):
    """Crossings in and out of one store."""

    store_id: UUID
    timezone: str
    bucket: Bucket
    start: datetime = Field(serialization_alias="from")
    end: datetime = Field(serialization_alias="to")
    rows: list[FootfallRow]
    totals: FootfallTotals


def parse_moment(text: str, *, zone: ZoneInfo, name: str) -> datetime:
    """An ISO date or datetime; without an offset it is the store's time.

    Raises:
        InvalidError: it is neither.
    """
    try:
        if len(text) == 10:
            return _possible(datetime.combine(date.fromisoformat(text), time(), zone), name)
        # A "+" that was not percent-encoded in a query arrives as a space.
        moment = datetime.fromisoformat(text.strip().replace(" ", "+") if "T" in text else text)
    except ValueError:
        raise InvalidError(f"{name}={text} is no date; write e.g. 2026-03-29 or 2026-03-29T08:00.") from None
    return _possible(moment if moment.tzinfo else moment.replace(tzinfo=zone), name)


def _possible(moment: datetime, name: str) -> datetime:
    # Calendars end at the years 1 and 9999: a bucket beside them has no neighbour.
    if not 1970 <= moment.year <= LAST_YEAR:
        raise InvalidError(f"{name} must lie between 1970 and {LAST_YEAR}.")
    return moment


async def footfall(
    connection: AsyncConnection, store: StoreView, *, start: datetime, end: datetime, bucket: Bucket
) -> Footfall:
    """Footfall from the bucket of ``start`` to the bucket before ``end``.

    Raises:
        InvalidError: the span is empty, or has more than ``MAX_BUCKETS`` buckets.
    """
    zone = ZoneInfo(store.timezone)
    if end <= start:
        raise InvalidError("'to' must lie after 'from'.")
    if (end - start) / SHORTEST[bucket] > MAX_BUCKETS:
        raise InvalidError(f"More than {MAX_BUCKETS} buckets; ask for a shorter time or wider buckets.")
    buckets = list(buckets_between(start, end, bucket, zone))
    quarters = await AnalyticsRepository(connection, [store]).quarter_hours(
        start=rollup_start(buckets[0][0]), end=buckets[-1][1].astimezone(UTC) + ROLLUP
    )
    sums: dict[datetime, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for quarter in quarters:
        sums[bucket_start(quarter.bucket_at, bucket, zone).astimezone(UTC)][quarter.type] += quarter.n
    rows = [_row(a, b, sums.get(a.astimezone(UTC))) for a, b in buckets]
    totals = FootfallTotals(
        footfall_in=sum(row.footfall_in for row in rows), footfall_out=sum(row.footfall_out for row in rows)
    )
    return Footfall(
        store_id=store.id,
        timezone=store.timezone,
        bucket=bucket,
        start=buckets[0][0],
        end=buckets[-1][1],
        rows=rows,
        totals=totals,
    )


def _row(start: datetime, end: datetime, counts: dict[str, int] | None) -> FootfallRow:
    counts = counts or {}
    return FootfallRow(
        start=start,
        end=end,
        footfall_in=counts.get("footfall_in", 0),
        footfall_out=counts.get("footfall_out", 0),
        has_data=any(kind != "camera_gap" for kind in counts),
    )
