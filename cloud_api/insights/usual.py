"""A period against the same weekdays before it, for one store or many, in a few queries.

The rule is that of ``cloud_api.analytics.comparison``: each day against the mean of the same weekday in the four weeks
before, of those that had data; a day under way up to its last full quarter hour. A period longer than a week is
compared with the four weeks that lie before all of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from statistics import median
from uuid import UUID
from zoneinfo import ZoneInfo

from cloud_api.analytics.repository import AnalyticsRepository
from cloud_api.kit.buckets import ROLLUP, rollup_start
from cloud_api.kit.histogram import quantile
from cloud_api.tenancy.visible_stores import StoreView

WEEKS = 4
FEWEST_DAYS = 5
"""Of a store, before one of them is called broken."""
WHOLE = 0.8


@dataclass(frozen=True, slots=True)
class Usual:
    """``actual`` and ``usual`` are of the same days and stores: those with something to compare. ``n``: how many."""

    actual: int
    usual: float
    n: int

    @property
    def change(self) -> float | None:
        """0.1 is ten per cent more than usual."""
        return self.actual / self.usual - 1 if self.n and self.usual else None


@dataclass(frozen=True, slots=True)
class StayPair:
    """Stays of a period, and of the days it is compared with, in seconds. None: nobody stayed."""

    n: int
    p50_s: float | None
    p90_s: float | None
    usual_n: int
    usual_p50_s: float | None
    usual_p90_s: float | None


NOTHING = Usual(0, 0.0, 0)


def reference_days(first: date, last: date) -> dict[date, tuple[date, ...]]:
    """For each day of the period, the days it is compared with."""
    weeks_back = ((last - first).days // 7) + 1
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return {d: tuple(d - timedelta(days=7 * (weeks_back + k)) for k in range(WEEKS)) for d in days}


async def daily_footfall(repository: AnalyticsRepository, *, first: date, last: date) -> dict[UUID, dict[date, int]]:
    """People in per store and day; only days on which the store was heard: such a day without people is 0."""
    heard: dict[UUID, dict[date, int]] = defaultdict(dict)
    for store_id, day, quarters, _ in await repository.heard_days(first=first, last=last):
        if quarters:
            heard[store_id][day] = 0
    for row in await repository.days(first=first, last=last, types=["footfall_in"]):
        heard[row.store_id][row.day] = row.n
    return heard


async def broken_days(repository: AnalyticsRepository, *, first: date, last: date) -> set[tuple[UUID, date]]:
    """Days on which a store was heard for much less of the time than on its other days.

    "Less than usual" would be said of its people, and be true of its laptop alone. A laptop that is off every night is
    measured by its own days.
    """
    heard: dict[UUID, dict[date, int]] = defaultdict(dict)
    for store_id, day, quarters, _blind in await repository.heard_days(first=first, last=last):
        if quarters:
            heard[store_id][day] = quarters
    return {
        (store_id, day)
        for store_id, days in heard.items()
        if len(days) >= FEWEST_DAYS
        for day, quarters in days.items()
        if quarters < WHOLE * median(days.values())
    }


async def against_usual(
    repository: AnalyticsRepository, stores: Sequence[StoreView], *, first: date, last: date, now: datetime
) -> dict[UUID, dict[date, Usual]]:
    """Footfall per store and day of the period, each with what was usual; days without either are left out."""
    references = reference_days(first, last)
    earliest = min(min(days) for days in references.values())
    daily = await daily_footfall(repository, first=earliest, last=last)
    broken = await broken_days(repository, first=earliest, last=last)
    found: dict[UUID, dict[date, Usual]] = {s.id: {} for s in stores}
    for store in stores:
        running = now.astimezone(ZoneInfo(store.timezone)).date()
        # The day under way is short by its nature.
        own = {d: n for d, n in daily.get(store.id, {}).items() if d >= running or (store.id, d) not in broken}
        daily[store.id] = own
        for day, before in references.items():
            if day < running:
                found[store.id] |= _pair(day, own, before)
    for store_id, day, usual in await _running(repository, stores, daily, first=first, last=last, now=now):
        found[store_id][day] = usual
    return found


def _pair(day: date, own: dict[date, int], before: Sequence[date]) -> dict[date, Usual]:
    known = [own[d] for d in before if d in own]
    return {day: Usual(own[day], sum(known) / len(known), 1)} if day in own and known else {}


async def _running(
    repository: AnalyticsRepository, stores: Sequence[StoreView], daily: dict[UUID, dict[date, int]], *, first: date,
    last: date, now: datetime,
) -> list[tuple[UUID, date, Usual]]:  # fmt: skip
    """The day under way, up to the last full quarter hour, against the same part of the days before."""
    references = reference_days(first, last)
    by_zone: dict[str, list[StoreView]] = defaultdict(list)
    for store in stores:
        by_zone[store.timezone].append(store)
    found = []
    for name, group in by_zone.items():
        zone = ZoneInfo(name)
        day, until = now.astimezone(zone).date(), rollup_start(now).astimezone(zone).time()
        if day not in references:
            continue
        parts = {d: await _until(repository, d, zone, until=until) for d in (day, *references[day])}
        for store in group:
            own = daily.get(store.id, {})
            known = [parts[d].get(store.id, 0) for d in references[day] if d in own]
            if day in own and known:
                found.append((store.id, day, Usual(parts[day].get(store.id, 0), sum(known) / len(known), 1)))
    return found


async def _until(repository: AnalyticsRepository, day: date, zone: ZoneInfo, *, until: time) -> dict[UUID, int]:
    start = datetime.combine(day, time(), zone).astimezone(UTC)
    end = datetime.combine(day, until, zone).astimezone(UTC)
    sums: dict[UUID, int] = defaultdict(int)
    if end >= start + ROLLUP:
        for q in await repository.quarter_hours(start=start, end=end, types=["footfall_in"]):
            sums[q.store_id] += q.n
    return sums


def together(pairs: Sequence[Usual]) -> Usual:
    """Ratios come from sums."""
    return Usual(sum(p.actual for p in pairs), sum(p.usual for p in pairs), sum(p.n for p in pairs))


async def stays_against_usual(repository: AnalyticsRepository, kind: str, *, first: date, last: date) -> StayPair:
    """Stays of whole days of all stores of the repository, and of the same weekdays before."""
    references = reference_days(first, last)
    before = {d for days in references.values() for d in days}
    own: dict[int, int] = defaultdict(int)
    usual: dict[int, int] = defaultdict(int)
    for day, step, n in await repository.day_bins(kind, first=min(before), last=last):
        if day in references:
            own[step] += n
        elif day in before:
            usual[step] += n
    return StayPair(
        sum(own.values()), quantile(own, 0.5), quantile(own, 0.9), sum(usual.values()), quantile(usual, 0.5),
        quantile(usual, 0.9),
    )  # fmt: skip
