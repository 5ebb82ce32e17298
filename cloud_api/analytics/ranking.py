"""Stores beside each other: absolute, and per hour that they were open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np

from cloud_api.analytics.coverage import days_covered
from cloud_api.analytics.questions import CROSSINGS
from cloud_api.analytics.repository import NO_ROW, AnalyticsRepository
from cloud_api.stores.opening_hours import OpeningTimes
from cloud_api.tenancy.visible_stores import StoreView


@dataclass(frozen=True, slots=True)
class RankedStore:
    """One store. None: not known. ``per_open_hour``: people in, by the hours that the store was open until now."""

    rank: int
    store_id: UUID
    name: str
    footfall_in: int | None
    footfall_out: int | None
    open_hours: float | None
    per_open_hour: float | None
    coverage: float | None


@dataclass(frozen=True, slots=True)
class Ranking:
    """Stores, the most visited first; those without data last."""

    first: date
    last: date
    by: str
    stores: list[RankedStore]


async def rank(
    repository: AnalyticsRepository,
    stores: Sequence[StoreView],
    times: Mapping[UUID, OpeningTimes],
    *,
    first: date,
    last: date,
    by: str,
    now: datetime,
) -> Ranking:
    """The stores of the repository over whole days, both included. ``by``: ``footfall_in`` or ``per_open_hour``."""
    counts = await repository.day_counts(CROSSINGS, first=first, last=last)
    went_in, went_out = (np.maximum(own, 0).sum(axis=1).tolist() for own in counts)
    heard, _blind_s = await repository.day_heard(first=first, last=last)
    is_known = np.any([own != NO_ROW for own in (*counts, heard)], axis=(0, 2)).tolist()
    covered = await days_covered(repository, stores, first=first, last=last, now=now)
    hours = _Hours(first, last, now)
    lines = []
    for n, store in enumerate(stores):
        people = (went_in[n], went_out[n]) if is_known[n] else (None, None)
        lines.append(_line(store, people, hours.of(store, times[store.id]), covered[store.id].share))
    lines.sort(key=lambda line: (getattr(line, by) is None, -(getattr(line, by) or 0), line.name))
    return Ranking(first, last, by, [replace(line, rank=n) for n, line in enumerate(lines, 1)])


class _Hours:
    """Open hours of the days ranked: chains open their stores alike."""

    def __init__(self, first: date, last: date, now: datetime) -> None:
        self._days = {"first": first, "last": last}
        self._now = now
        self._known: dict[tuple[str, OpeningTimes], float | None] = {}

    def of(self, store: StoreView, times: OpeningTimes) -> float | None:
        key = (store.timezone, times)
        if key not in self._known:
            self._known[key] = open_hours(store, times, **self._days, now=self._now)
        return self._known[key]


def _line(
    store: StoreView, people: tuple[int | None, int | None], hours: float | None, coverage: float | None
) -> RankedStore:
    went_in, went_out = people
    per_hour = round(went_in / hours, 2) if hours and went_in is not None else None
    return RankedStore(0, store.id, store.name, went_in, went_out, hours, per_hour, coverage)


def open_hours(store: StoreView, times: OpeningTimes, *, first: date, last: date, now: datetime) -> float | None:
    """Hours that a store was open in these days until now; None: its hours are not known."""
    if not times.is_known:
        return None
    zone = ZoneInfo(store.timezone)
    start = datetime.combine(first, time(), zone)
    end = min(datetime.combine(last + timedelta(days=1), time(), zone), now)
    if end <= start:
        return 0.0
    return round(sum((b - a).total_seconds() for a, b in times.open_spans(start, end, zone)) / 3600, 2)
