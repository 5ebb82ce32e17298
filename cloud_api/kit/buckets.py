"""Time buckets in a store's own time: quarter hours of any zone, days of 23, 24 or 25 hours, weeks, months."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from shared_models.metrics import Bucket

ROLLUP = timedelta(minutes=15)
"""The width of stored rollups; every zone's offset is a multiple of it."""


def rollup_start(moment: datetime) -> datetime:
    """The start of the rollup that ``moment`` (aware) belongs to, in UTC."""
    utc = moment.astimezone(UTC)
    return utc.replace(minute=utc.minute // 15 * 15, second=0, microsecond=0)


def bucket_start(moment: datetime, bucket: Bucket, zone: ZoneInfo) -> datetime:
    """The start of the bucket that ``moment`` belongs to, in the store's zone."""
    local = moment.astimezone(zone)
    if bucket in (Bucket.QUARTER_HOUR, Bucket.HOUR):
        # Within an hour wall time and real time advance alike, also on the day the clocks change.
        step = 15 if bucket is Bucket.QUARTER_HOUR else 60
        # Not by subtraction, which forgets which of the two hours of that name it is when the clocks go back.
        return local.replace(minute=local.minute // step * step, second=0, microsecond=0)
    return _midnight(_first_day(local.date(), bucket), zone)


def buckets_between(
    start: datetime, end: datetime, bucket: Bucket, zone: ZoneInfo
) -> Iterator[tuple[datetime, datetime]]:
    """All buckets that touch ``start``..``end`` (aware, end excluded), as (start, end) in the store's zone."""
    current = bucket_start(start, bucket, zone)
    while current.astimezone(UTC) < end.astimezone(UTC):
        following = _next(current, bucket, zone)
        yield current, following
        current = following


def _next(start: datetime, bucket: Bucket, zone: ZoneInfo) -> datetime:
    if bucket in (Bucket.QUARTER_HOUR, Bucket.HOUR):
        step = timedelta(minutes=15 if bucket is Bucket.QUARTER_HOUR else 60)
        return (start.astimezone(UTC) + step).astimezone(zone)
    day = start.date()
    if bucket is Bucket.DAY:
        return _midnight(day + timedelta(days=1), zone)
    if bucket is Bucket.WEEK:
        return _midnight(day + timedelta(days=7), zone)
    return _midnight((day.replace(day=1) + timedelta(days=32)).replace(day=1), zone)


def _first_day(day: date, bucket: Bucket) -> date:
    if bucket is Bucket.WEEK:
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if bucket is Bucket.MONTH else day


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)
