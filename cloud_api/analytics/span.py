"""The time that is asked for, in the store's own buckets."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from cloud_api.kit.buckets import ROLLUP, bucket_start, buckets_between, rollup_start
from cloud_api.kit.errors import InvalidError
from shared_models.metrics import Bucket

MAX_BUCKETS = 10_000
SHORTEST = {
    Bucket.QUARTER_HOUR: timedelta(minutes=15),
    Bucket.HOUR: timedelta(hours=1),
    Bucket.DAY: timedelta(hours=23),
    Bucket.WEEK: timedelta(days=6),
    Bucket.MONTH: timedelta(days=28),
}
BY_DAY = (Bucket.DAY, Bucket.WEEK, Bucket.MONTH)
"""Buckets made of whole days: their figures come from days."""
LAST_YEAR = 2200


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """Buckets from the one that ``start`` lies in to the one before ``end``, as (start, end) in the store's zone.

    ``edges``: the start of each bucket, and the end of the last one, in UTC.
    """

    bucket: Bucket
    zone: ZoneInfo
    buckets: tuple[tuple[datetime, datetime], ...]
    edges: tuple[datetime, ...]

    @property
    def start(self) -> datetime:
        return self.buckets[0][0]

    @property
    def end(self) -> datetime:
        return self.buckets[-1][1]

    @property
    def is_by_day(self) -> bool:
        return self.bucket in BY_DAY

    @property
    def quarters(self) -> tuple[datetime, datetime]:
        """The quarter hours that belong to it, in UTC, the end excluded."""
        return rollup_start(self.start), rollup_start(self.end.astimezone(UTC) + ROLLUP - timedelta(microseconds=1))

    @property
    def days(self) -> tuple[date, date]:
        """The days that belong to it, both included."""
        return self.start.date(), (self.end - timedelta(microseconds=1)).date()

    def of_moment(self, moment: datetime) -> datetime:
        """The bucket of a moment, by its start in UTC."""
        at = bisect_right(self.edges, moment) - 1
        if 0 <= at < len(self.buckets):
            return self.edges[at]
        return bucket_start(moment, self.bucket, self.zone).astimezone(UTC)

    def of_day(self, day: date) -> datetime:
        """The bucket of a day, by its start in UTC."""
        return self.of_moment(midnight(day, self.zone))


def span_of(start: datetime, end: datetime, *, bucket: Bucket, zone: ZoneInfo) -> TimeSpan:
    """The buckets from ``start`` to before ``end``.

    Raises:
        InvalidError: the span is empty, or has more than ``MAX_BUCKETS`` buckets.
    """
    if end <= start:
        raise InvalidError("'to' must lie after 'from'.")
    if (end - start) / SHORTEST[bucket] > MAX_BUCKETS:
        raise InvalidError(f"More than {MAX_BUCKETS} buckets; ask for a shorter time or wider buckets.")
    buckets = tuple(buckets_between(start, end, bucket, zone))
    return TimeSpan(
        bucket, zone, buckets, (*(begin.astimezone(UTC) for begin, _ in buckets), buckets[-1][1].astimezone(UTC))
    )


@lru_cache(maxsize=4096)
def midnight(day: date, zone: ZoneInfo) -> datetime:
    """When a day begins, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


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
        raise InvalidError(f"{name}={text[:40]} is no date; write e.g. 2026-03-29 or 2026-03-29T08:00.") from None
    return _possible(moment if moment.tzinfo else moment.replace(tzinfo=zone), name)


def _possible(moment: datetime, name: str) -> datetime:
    # Calendars end at the years 1 and 9999: a bucket beside them has no neighbour.
    if not 1970 < moment.year <= LAST_YEAR:
        raise InvalidError(f"{name} must lie between 1971 and {LAST_YEAR}.")
    return moment
