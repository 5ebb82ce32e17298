"""How many people are, and were at most, inside each of many stores: occupancy in one query for all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from cloud_api.analytics.repository import AnalyticsRepository
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
    start = datetime.combine(first, time(), UTC) - timedelta(hours=38)
    end = min(now, datetime.combine(last, time(), UTC) + timedelta(hours=62))
    changes: dict[UUID, dict[datetime, int]] = defaultdict(lambda: defaultdict(int))
    for q in await repository.quarter_hours(start=start, end=end, types=["footfall_in", "footfall_out"]):
        changes[q.store_id][q.bucket_at] += q.n if q.type == "footfall_in" else -q.n
    return {s.id: _level(s, changes.get(s.id, {}), first=first, last=last, now=now) for s in stores}


def _level(store: StoreView, changes: dict[datetime, int], *, first: date, last: date, now: datetime) -> Level:
    by_day: dict[date, list[datetime]] = defaultdict(list)
    for at in changes:
        by_day[store.time.level_day_of(at)].append(at)
    # Between midnight and the reset hour the level that holds began yesterday; it is today's all the same.
    running = store.time.level_day_of(now)
    shown = {running} if last >= store.time.day_of(now) else set()
    peak, peak_at, is_known = 0, None, False
    for day, moments in by_day.items():
        if day not in shown and not first <= day <= last:
            continue
        is_known, net = True, 0
        for at in sorted(moments):
            net += changes[at]
            if net > peak:
                peak, peak_at = net, at + ROLLUP
    current = by_day.get(running, [])
    return Level(max(0, sum(changes[at] for at in current)), peak, peak_at, is_known)
