from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from desktop_app.services.store_times import LaptopZone, checked_zone, laptops_time, store_time, zone_names
from shared_models.store_time import StoreTime


@pytest.fixture(params=["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
def laptop(request: pytest.FixtureRequest) -> Iterator[str]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = request.param
    time.tzset()
    yield request.param
    os.environ.pop("TZ")
    if before is not None:
        os.environ["TZ"] = before
    time.tzset()


def test_the_laptops_zone_is_what_its_system_says_over_a_whole_year(laptop: str) -> None:
    named, own = ZoneInfo(laptop), LaptopZone()
    moments = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=37 * n) for n in range(365 * 39)]
    for moment in moments:
        local, expected = moment.astimezone(own), moment.astimezone(named)
        assert (local.replace(tzinfo=None), local.utcoffset(), local.fold) == (
            expected.replace(tzinfo=None), expected.utcoffset(), expected.fold,
        )  # fmt: skip
        assert local.astimezone(UTC) == moment
    mine, theirs = laptops_time(), StoreTime(named)
    assert mine == laptops_time()
    assert all(mine.day_bounds(m.date()) == theirs.day_bounds(m.date()) for m in moments[::39])


@pytest.mark.parametrize(
    ("typed", "zone"),
    [
        ("", ""),
        (" europe/berlin ", "Europe/Berlin"),
        ("New York", "America/New_York"),
        ("utc", "UTC"),
        ("Tokyo", "Asia/Tokyo"),
    ],
)
def test_a_time_zone_is_understood_as_people_write_it(typed: str, zone: str) -> None:
    assert checked_zone(typed) == zone


@pytest.mark.parametrize(
    ("typed", "cure"),
    [
        ("Europe/Berln", "did you mean Europe/Berlin"),
        ("Tokio", "did you mean Asia/Tokyo"),
        ("qqqq", "write e.g. Europe/Berlin"),
    ],
)
def test_a_wrong_one_is_told_with_the_one_that_may_be_meant(typed: str, cure: str) -> None:
    with pytest.raises(ValueError, match=cure):
        checked_zone(typed)


def test_a_zone_that_has_no_name_here_is_the_laptops() -> None:
    assert store_time("", 5, otherwise="UTC+01:00") == StoreTime(LaptopZone(), 5)
    assert {"Europe/Berlin", "America/New_York", "UTC"} <= set(zone_names())
