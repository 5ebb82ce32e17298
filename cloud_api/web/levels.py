"""How many people are, and were at most, inside each of many stores: occupancy in one query for all of them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from cloud_api.analytics.repository import AnalyticsRepository, NetChanges
from cloud_api.kit.buckets import ROLLUP
from cloud_api.tenancy.visible_stores import StoreView


@dataclass(frozen=True, slots=True)
class Level:
    """``now``: in minus out since the last reset. ``peak``: the most in the days asked for."""

    now: int
    peak: int
    peak_at: datetime | None
    is_known: bool


async def levels_of(
    repository: AnalyticsRepository, stores: Sequence[StoreView], *, first: date, last: date, now: datetime
) -> dict[UUID, Level]:
    """Of each store, over whole days of its own: the levels that begin in them, from reset hour to reset hour."""
    changes = await changes_of(repository, stores, first=first, last=last, now=now)
    return levels_from(changes, stores, first=first, last=last, now=now)


async def changes_of(
    repository: AnalyticsRepository, stores: Sequence[StoreView], *, first: date, last: date, now: datetime
) -> dict[UUID, NetChanges]:
    """What ``levels_from`` needs for these days, and for the level that holds now where they end today or later."""
    starts, ends = [], []
    for store in {(s.timezone, s.reset_hour): s for s in stores}.values():
        day = _first_day(store, first=first, last=last, now=now)
        starts.append(store.time.level_bounds(day)[0])
        ends.append(store.time.level_bounds(last)[1])
    if not starts:
        return {}
    return await repository.net_changes(start=min(starts), end=min(now, max(ends)))


def _first_day(store: StoreView, *, first: date, last: date, now: datetime) -> date:
    # Between midnight and the reset hour the level that holds began yesterday; it is today's all the same.
    return min(first, store.time.level_day_of(now)) if last >= store.time.day_of(now) else first


def levels_from(
    changes: Mapping[UUID, NetChanges], stores: Sequence[StoreView], *, first: date, last: date, now: datetime
) -> dict[UUID, Level]:
    """Levels of some days among those that ``changes`` are of."""
    days_by_clock: dict[tuple[str, int], _Days] = {}
    levels = {}
    for store in stores:
        clock = (store.timezone, store.reset_hour)
        if clock not in days_by_clock:
            days_by_clock[clock] = _days(store, first=first, last=last, now=now)
        levels[store.id] = _level(changes.get(store.id, ([], [])), days_by_clock[clock])
    return levels


@dataclass(frozen=True, slots=True)
class _Days:
    """When levels of the days begin and end, by a clock that many stores share; ``running``: the one that holds now."""

    bounds: list[tuple[datetime, datetime]]
    running: tuple[datetime, datetime]


def _days(store: StoreView, *, first: date, last: date, now: datetime) -> _Days:
    running = store.time.level_day_of(now)
    days = {first + timedelta(days=n) for n in range((last - first).days + 1)}
    if last >= store.time.day_of(now):
        days.add(running)
    return _Days([store.time.level_bounds(day) for day in sorted(days)], store.time.level_bounds(running))


def _level(changes: NetChanges, days: _Days) -> Level:
    moments, nets = changes
    peak, peak_at, is_known = 0, None, False
    for start, end in days.bounds:
        net, begin = 0, bisect_left(moments, start)
        for n in range(begin, bisect_left(moments, end)):
            is_known, net = True, net + nets[n]
            if net > peak:
                peak, peak_at = net, moments[n] + ROLLUP
    begin, until = (bisect_left(moments, bound) for bound in days.running)
    return Level(max(0, sum(nets[begin:until])), peak, peak_at, is_known)
