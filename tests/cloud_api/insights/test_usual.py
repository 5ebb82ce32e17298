"""Against what is usual: by hours and days in columns the same as by each event."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from statistics import median
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update
from sqlmodel import col

from cloud_api.analytics.repository import AnalyticsRepository, DayPart
from cloud_api.insights.usual import Usual, against_usual, reference_days
from cloud_api.models import Store
from cloud_api.rollups.proof import rollup_differences
from cloud_api.tenancy.principal import Scope
from cloud_api.tenancy.transactions import maintenance
from cloud_api.tenancy.visible_stores import StoreView, VisibleStores
from tests.helpers.cloud import CloudUnderTest, crossing

QUARTER = timedelta(minutes=15)
MOMENTS = [
    ("Europe/Berlin", datetime(2026, 3, 20, 14, 37, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 3, 29, 1, 20, tzinfo=UTC)),  # 03:20, and 02:00 to 03:00 is not there
    ("Europe/Berlin", datetime(2026, 4, 5, 0, 50, tzinfo=UTC)),  # 02:50: not there on the Sunday before
    ("Europe/Berlin", datetime(2025, 10, 26, 0, 40, tzinfo=UTC)),  # 02:40 for the first time
    ("Europe/Berlin", datetime(2025, 10, 26, 1, 40, tzinfo=UTC)),  # and for the second
    ("Australia/Lord_Howe", datetime(2026, 4, 4, 15, 10, tzinfo=UTC)),  # half an hour is put back
    ("Asia/Kathmandu", datetime(2026, 3, 20, 14, 37, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 3, 21, 4, 0, tzinfo=UTC)),  # midnight
]


async def store_of(cloud: CloudUnderTest, connection: Any, timezone: str = "") -> StoreView:
    if timezone:
        await connection.execute(update(Store).where(col(Store.id) == cloud.store_id).values(timezone=timezone))
    stores = await VisibleStores(connection, Scope(await org_of(cloud, connection), None)).all()
    return next(s for s in stores if s.id == cloud.store_id)


async def org_of(cloud: CloudUnderTest, connection: Any) -> Any:
    query = select(col(Store.org_id)).where(col(Store.id) == cloud.store_id)
    return (await connection.execute(query)).scalar_one()


async def asked(cloud: CloudUnderTest, *, first: date, last: date, now: datetime) -> dict[date, Usual]:
    async with maintenance(cloud.database) as connection:
        store = await store_of(cloud, connection)
        repository = AnalyticsRepository(connection, [store])
        return (await against_usual(repository, [store], first=first, last=last, now=now))[store.id]


@pytest.mark.parametrize(("timezone", "now"), MOMENTS)
async def test_a_day_under_way_is_held_against_the_same_part_of_the_days_before(
    cloud: CloudUnderTest, timezone: str, now: datetime
) -> None:
    zone, source = ZoneInfo(timezone), random.Random(4)
    async with maintenance(cloud.database) as connection:
        await store_of(cloud, connection, timezone)
    today = now.astimezone(zone).date()
    # The hour that the spring night leaves out is compared with nothing.
    gone = 2 if now == MOMENTS[1][1] else None
    days = [today - timedelta(days=7 * k) for k in range(5)]
    events: list[dict[str, Any]] = []

    def came(at: datetime) -> None:
        events.append(crossing(len(events) + 1, occurred_at=at.isoformat()))

    for day in days:
        begin, end = (datetime.combine(d, time(), zone).astimezone(UTC) for d in (day, day + timedelta(days=1)))
        while begin < end and (day != today or begin <= now):
            for _ in range(source.randint(1, 3)):
                came(begin + timedelta(seconds=source.uniform(0, 899)))
            begin += QUARTER
    assert (await cloud.send(events)).status_code == 200

    def truth() -> Usual:
        until = (now - timedelta(seconds=now.timestamp() % 900)).astimezone(zone).time()
        counts: Counter[date] = Counter()
        for day in days:
            begin, end = (datetime.combine(day, t, zone).astimezone(UTC) for t in (time(), until))
            came_at = (datetime.fromisoformat(e["occurred_at"]) for e in events)
            counts[day] = sum(1 for at in came_at if begin <= at < end and at.astimezone(zone).hour != gone)
        return Usual(counts[today], sum(counts[d] for d in days[1:]) / 4, 1)

    wanted = truth()
    found = await asked(cloud, first=today, last=today, now=now)
    assert found.get(today, Usual(0, 0.0, 1)) == wanted
    assert (await asked(cloud, first=today - timedelta(days=2), last=today, now=now)).get(today) == found.get(today)
    # What comes late is in hours and quarter hours alike.
    sent, midnight = len(events), datetime.combine(days[2], time(), zone)
    for minutes in (5, 45, 185, 700):
        came(midnight + timedelta(minutes=minutes))
    assert (await cloud.send(events[sent:])).status_code == 200
    assert (await asked(cloud, first=today, last=today, now=now)).get(today, Usual(0, 0.0, 1)) == truth()
    async with maintenance(cloud.database) as connection:
        assert await rollup_differences(connection) == []


def by_each_day(
    people: dict[date, int], heard: dict[date, int], *, first: date, last: date, wanted: float
) -> dict[date, Usual]:
    """The rule as it is written, day by day."""
    middle = median(heard.values()) if len(heard) >= 5 else 0.0
    broken = {day for day, n in heard.items() if n < 0.8 * middle}
    found = {}
    for day, days in reference_days(first, last).items():
        before = [d for d in days if d not in broken]
        quarters = [heard[d] for d in before if d in heard]
        known = [people[d] for d in before if d in people]
        is_whole = not quarters or heard.get(day, 0) >= wanted * sum(quarters) / len(quarters)
        if day in people and known and is_whole:
            found[day] = Usual(people[day], sum(known) / len(known), 1)
    return found


@pytest.mark.parametrize("n_days", [2, 7, 10, 28])
async def test_days_that_are_over_are_held_against_those_that_were_seen(cloud: CloudUnderTest, n_days: int) -> None:
    source, zone = random.Random(n_days), ZoneInfo("Europe/Berlin")
    last = date(2026, 5, 20)
    first = last - timedelta(days=n_days - 1)
    people: dict[date, int] = {}
    heard: dict[date, int] = {}
    events: list[dict[str, Any]] = []
    for back in range(90):
        day = last - timedelta(days=back)
        if source.random() < 0.15:
            continue  # not heard of at all
        quarters = range(36, 36 + (20 if source.random() < 0.8 else source.randint(1, 14)))
        heard[day], people[day] = len(quarters), 0
        for quarter in quarters:
            at = datetime.combine(day, time(), zone) + quarter * QUARTER
            kind = "footfall_in" if source.random() < 0.8 else "footfall_out"
            people[day] += kind == "footfall_in"
            events.append(crossing(len(events) + 1, kind=kind, occurred_at=at.isoformat()))
    for n in range(0, len(events), 500):
        assert (await cloud.send(events[n : n + 500])).status_code == 200
    earliest = min(min(days) for days in reference_days(first, last).values())
    heard = {day: n for day, n in heard.items() if day >= earliest}
    people = {day: n for day, n in people.items() if day >= earliest}
    wanted = by_each_day(people, heard, first=first, last=last, wanted=0.75)
    assert await asked(cloud, first=first, last=last, now=datetime(2026, 5, 25, tzinfo=UTC)) == wanted
    assert 0 < len(wanted) < n_days or n_days == 2


async def test_a_repository_tells_nothing_of_stores_that_are_not_its_own(cloud: CloudUnderTest) -> None:
    at = datetime(2026, 3, 28, 9, 0, tzinfo=UTC)
    await cloud.send([crossing(1), crossing(2, kind="queue_wait", value=9.0)])

    def part(store_id: UUID) -> DayPart:
        return DayPart(store_id, at.date(), at - 9 * timedelta(hours=1), 9, at, at + timedelta(hours=1))

    async with maintenance(cloud.database) as connection:
        stores = await VisibleStores(connection, Scope(await org_of(cloud, connection), None)).all()
        for store in stores:
            repository = AnalyticsRepository(connection, [store])
            parts = [part(cloud.store_id), part(cloud.foreign_store_id)]
            told = (
                await repository.people_of_parts("footfall_in", parts),
                await repository.heard_of_parts(parts),
                await repository.week_hours("queue_wait", first=at.date(), last=at.date()),
            )
            is_own = store.id == cloud.store_id
            assert [set(own) for own in told] == (
                [{(cloud.store_id, at.date())}, {(cloud.store_id, at.date())}, {cloud.store_id}]
                if is_own
                else [set(), set(), set()]
            )
