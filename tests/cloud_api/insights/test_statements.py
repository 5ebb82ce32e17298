"""What is said of many stores together, of hours, and of areas; on a store whose truth is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import cast
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from cloud_api.analytics.repository import AnalyticsRepository, QuarterHour, StaysOfHour, WeekHour, ZoneSum
from cloud_api.insights.areas import Area, busy_and_dead
from cloud_api.insights.hours import peak_hours, unusual_hours
from cloud_api.insights.queues import queue_statements
from cloud_api.insights.statement import Kind, Weight
from cloud_api.kit.histogram import bin_of
from cloud_api.tenancy.visible_stores import StoreView

NOW = datetime(2026, 9, 14, 12, tzinfo=UTC)


class ScriptedFigures:
    """The figures of a few stores, in memory: what ``AnalyticsRepository`` would have answered."""

    def __init__(
        self, waits: Mapping[UUID, Mapping[datetime, tuple[int, float]]], *, people: Mapping[datetime, int] | None = None,
        zones: Sequence[ZoneSum] = (), hours: Mapping[tuple[date, int], int] | None = None, clock: str = "UTC",
    ) -> None:  # fmt: skip
        self.waits, self.people, self.zones, self.hours = waits, people or {}, list(zones), hours or {}
        self.chosen, self.clock = list(waits), ZoneInfo(clock)

    def of(self, stores: Sequence[StoreView]) -> ScriptedFigures:
        some = ScriptedFigures(self.waits, clock=self.clock.key)
        some.chosen = [s.id for s in stores]
        return some

    async def quarter_hours(self, *, start: datetime, end: datetime, types: Sequence[str]) -> list[QuarterHour]:
        store = uuid4()
        return [QuarterHour(store, at, "footfall_in", n, 0.0, 0.0) for at, n in self.people.items()]

    async def week_hours(self, kind: str, *, first: date, last: date) -> dict[UUID, dict[WeekHour, StaysOfHour]]:
        found: dict[UUID, dict[WeekHour, StaysOfHour]] = {}
        for store in self.chosen:
            for at, (n, wait_s) in self.waits[store].items():
                local, hours = at.astimezone(self.clock), found.setdefault(store, {})
                if first <= local.date() <= last:
                    before = hours.get((local.weekday(), local.hour), StaysOfHour(0, 0.0, b""))
                    hours[local.weekday(), local.hour] = StaysOfHour(
                        before.n + n, before.total + n * wait_s, before.stays + bytes([bin_of(wait_s)]) * n
                    )
        return found

    async def zone_sums(self, *, start: datetime, end: datetime) -> list[ZoneSum]:
        return self.zones

    async def hourly(self, kind: str, *, first: date, last: date) -> list[tuple[UUID, date, int, int]]:
        store = uuid4()
        return [(store, day, hour, n) for (day, hour), n in self.hours.items() if first <= day <= last]


def repository(figures: ScriptedFigures) -> AnalyticsRepository:
    return cast(AnalyticsRepository, figures)


def shop(name: str, timezone: str = "UTC") -> StoreView:
    return StoreView(id=uuid4(), org_id=uuid4(), name=name, timezone=timezone, reset_hour=4, config_revision=0)


def waits(*, long_hour: int, long_s: float = 400.0) -> dict[datetime, tuple[int, float]]:
    """Four weeks of waits of a minute and a half; one hour of Tuesdays is long."""
    found = {}
    for k in range(1, 29):
        for hour in range(9, 19):
            at = (NOW - timedelta(days=k)).replace(hour=hour)
            found[at] = (20, long_s if at.weekday() == 1 and hour == long_hour else 90.0)
    return found


async def test_the_hour_of_the_longest_waits_is_found() -> None:
    store = shop("One")
    said = await queue_statements(repository(ScriptedFigures({store.id: waits(long_hour=17)})), [store], now=NOW)
    assert [s.kind for s in said] == [Kind.QUEUE]
    assert said[0].words.startswith("Queues are longest on a Tuesday at 17:00")
    assert "6.4 min of 80 waits" in said[0].numbers[0]  # 400 s, right to 5 %


async def test_many_stores_with_long_queues_are_one_statement() -> None:
    stores = [shop(f"Shop {n}") for n in range(5)]
    figures = {s.id: waits(long_hour=12 + n, long_s=300.0 + 100 * n) for n, s in enumerate(stores)}
    said = await queue_statements(repository(ScriptedFigures(figures)), stores, now=NOW)
    assert len(said) == 1
    assert "In 5 of 5 stores" in said[0].words
    assert "longest in Shop 4" in said[0].words
    assert [n.split(":")[0] for n in said[0].numbers] == ["Shop 4", "Shop 3", "Shop 2", "Shop 1", "Shop 0"]


async def test_short_queues_are_no_news() -> None:
    store = shop("One")
    figures = ScriptedFigures({store.id: waits(long_hour=17, long_s=100.0)})
    assert await queue_statements(repository(figures), [store], now=NOW) == []


async def test_of_hours_alike_that_with_the_longer_mean_is_told_whatever_their_order() -> None:
    store = shop("One")
    long = waits(long_hour=17)
    # Another hour with the same p90, whose others wait longer.
    long |= {at.replace(hour=11): (20, 400.0) for at in long if at.weekday() == 3}
    long |= {at.replace(hour=11, minute=15): (1, 900.0) for at in long if at.weekday() == 3}
    for own in (long, dict(reversed(long.items()))):
        said = await queue_statements(repository(ScriptedFigures({store.id: own})), [store], now=NOW)
        assert said[0].words.startswith("Queues are longest on a Thursday at 11:00")


async def test_stores_that_have_another_day_already_are_asked_for_that_day() -> None:
    west, east = shop("West"), shop("East", "Pacific/Kiritimati")
    figures = {s.id: waits(long_hour=17) for s in (west, east)}
    days = {}

    class Asked(ScriptedFigures):
        def of(self, stores: Sequence[StoreView]) -> ScriptedFigures:
            some = Asked(self.waits, clock=self.clock.key)
            some.chosen = [s.id for s in stores]
            return some

        async def week_hours(self, kind: str, *, first: date, last: date) -> dict[UUID, dict[WeekHour, StaysOfHour]]:
            days[tuple(self.chosen)] = (first, last)
            return await super().week_hours(kind, first=first, last=last)

    said = await queue_statements(repository(Asked(figures)), [west, east], now=NOW)
    assert days == {
        (west.id,): (date(2026, 8, 17), date(2026, 9, 14)),
        (east.id,): (date(2026, 8, 18), date(2026, 9, 15)),
    }
    assert {s.store for s in said} == {west, east}


async def test_an_hour_is_that_of_the_stores_own_clock() -> None:
    store = shop("Half past", "Asia/Kolkata")
    half_past = {at + timedelta(minutes=30): v for at, v in waits(long_hour=10).items()}
    figures = ScriptedFigures({store.id: half_past}, clock=store.timezone)
    said = await queue_statements(repository(figures), [store], now=NOW)
    assert "at 16:00" in said[0].words


@pytest.mark.parametrize(
    ("fewest", "told", "weight"),
    [(20, "'Back wall' is hardly visited.", Weight.WARN), (900, "No area is left out.", Weight.PLAIN)],
)
async def test_dead_and_busy_areas(fewest: int, told: str, weight: Weight) -> None:
    store = shop("One")
    counts = {"table": 1500, "wall": 1100, "back": fewest}
    zones = [ZoneSum(store.id, "floor", zone, "dwell", n, n * 30.0, 90.0) for zone, n in counts.items()]
    areas = [Area("floor", "table", "Table"), Area("floor", "wall", "Wall"), Area("floor", "back", "Back wall")]
    said = await busy_and_dead(repository(ScriptedFigures({}, zones=zones)), store, areas, now=NOW)
    assert said[0].words == f"Most people stop at 'Table'. {told}"
    assert said[0].weight is weight
    assert said[0].numbers[0] == "Table: 53.6 stays a day, 30 s each"


async def test_an_area_that_nobody_entered_is_dead_too_and_few_stays_say_nothing() -> None:
    store = shop("One")
    areas = [Area("floor", "table", "Table"), Area("floor", "wall", "Wall"), Area("floor", "back", "Back wall")]
    many = [ZoneSum(store.id, "floor", z, "dwell", 700, 7000.0, 20.0) for z in ("table", "wall")]
    said = await busy_and_dead(repository(ScriptedFigures({}, zones=many)), store, areas, now=NOW)
    assert "'Back wall' is hardly visited." in said[0].words
    few = [ZoneSum(store.id, "floor", "table", "dwell", 30, 300.0, 20.0)]
    assert await busy_and_dead(repository(ScriptedFigures({}, zones=few)), store, areas, now=NOW) == []


async def test_staff_is_wanted_where_the_week_is_fullest() -> None:
    store = shop("One")
    people = {}
    for k in range(1, 29):
        for hour in range(9, 19):
            at = (NOW - timedelta(days=k)).replace(hour=hour)
            people[at] = 60 if at.weekday() == 5 and hour == 14 else 10
    said = await peak_hours(repository(ScriptedFigures({}, people=people)), store, None, now=NOW)
    assert any(n.startswith("fullest: Saturday 14:00, 60 people") for n in said[0].numbers)
    assert "opening hours are not set: hours outside them cannot be told" in said[0].numbers


async def test_an_hour_without_people_on_a_usual_day_is_told_and_told_once() -> None:
    store, chance, last = shop("One"), Random(4), NOW.date() - timedelta(days=1)
    days = [last - timedelta(days=k) for k in range(110)]
    hours = {(d, h): max(0, round(chance.gauss(60, 8))) for d in days for h in range(9, 19)}
    strange = last - timedelta(days=2)
    hours[strange, 12] = 4
    figures = repository(ScriptedFigures({}, hours=hours))
    said = await unusual_hours(figures, store, trusted=days, strange=[], last=last)
    assert [(s.kind, s.day) for s in said] == [(Kind.UNUSUAL_HOUR, strange)]
    assert "at 12:00 had 9" in said[0].words
    assert "fewer people" in said[0].words
    assert await unusual_hours(figures, store, trusted=days, strange=[strange], last=last) == []
