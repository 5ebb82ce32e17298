from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_models.store_time import StoreTime

BERLIN = StoreTime(ZoneInfo("Europe/Berlin"))
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Havana", "Asia/Beirut")
MOMENTS = st.integers(0, 3 * 365 * 24 * 60).map(lambda n: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=n))
TIMES = st.builds(StoreTime, st.sampled_from(ZONES).map(ZoneInfo), st.integers(0, 23))


@pytest.mark.parametrize(
    ("moment", "day", "level_day"),
    [
        (datetime(2026, 3, 1, 22, 59, tzinfo=UTC), date(2026, 3, 1), date(2026, 3, 1)),
        (datetime(2026, 3, 1, 23, 0, tzinfo=UTC), date(2026, 3, 2), date(2026, 3, 1)),
        (datetime(2026, 3, 2, 2, 59, tzinfo=UTC), date(2026, 3, 2), date(2026, 3, 1)),
        (datetime(2026, 3, 2, 3, 0, tzinfo=UTC), date(2026, 3, 2), date(2026, 3, 2)),
    ],
)
def test_the_day_changes_at_midnight_and_the_level_at_the_reset_hour(
    moment: datetime, day: date, level_day: date
) -> None:
    assert (BERLIN.day_of(moment), BERLIN.level_day_of(moment)) == (day, level_day)


@pytest.mark.parametrize(("day", "hours"), [((2026, 3, 28), 24), ((2026, 3, 29), 23), ((2026, 10, 25), 25)])
def test_a_day_has_23_or_25_hours_twice_a_year(day: tuple[int, int, int], hours: int) -> None:
    start, end = BERLIN.day_bounds(date(*day))
    assert (end - start) / timedelta(hours=1) == hours


@given(TIMES, MOMENTS)
def test_every_moment_lies_in_one_day_and_in_one_level(time: StoreTime, moment: datetime) -> None:
    start, end = time.day_bounds(time.day_of(moment))
    assert start <= moment < end
    reset, following = time.level_bounds(time.level_day_of(moment))
    assert reset == time.reset_before(moment) <= moment < time.reset_after(moment) == following


@given(TIMES, st.dates(date(2025, 1, 1), date(2027, 12, 30)))
def test_days_and_levels_follow_each_other_without_a_hole(time: StoreTime, day: date) -> None:
    following = day + timedelta(days=1)
    assert time.day_bounds(day)[1] == time.day_bounds(following)[0]
    assert time.level_bounds(day)[1] == time.level_bounds(following)[0]
    assert time.level_day_of(time.level_bounds(day)[0]) == day
