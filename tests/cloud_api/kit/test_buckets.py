"""Buckets of a store's own time on the days on which its clock is set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from cloud_api.kit.buckets import bucket_start, buckets_between
from shared_models.metrics import Bucket

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize("bucket", [Bucket.QUARTER_HOUR, Bucket.HOUR])
@pytest.mark.parametrize("month_day", [(3, 29), (10, 25)], ids=["23 hours", "25 hours"])
def test_each_moment_lies_in_the_bucket_that_it_is_counted_in_also_in_the_hour_that_comes_twice(
    bucket: Bucket, month_day: tuple[int, int]
) -> None:
    start = datetime(2026, *month_day, tzinfo=BERLIN)
    end = start + timedelta(days=1)
    spans = [(a.astimezone(UTC), b.astimezone(UTC)) for a, b in buckets_between(start, end, bucket, BERLIN)]
    moment = start.astimezone(UTC) + timedelta(minutes=7)
    while moment < end.astimezone(UTC):
        (own,) = [a for a, b in spans if a <= moment < b]
        assert bucket_start(moment, bucket, BERLIN).astimezone(UTC) == own
        moment += timedelta(minutes=15)
