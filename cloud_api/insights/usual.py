"""A period against the same weekdays before it, for one store or many, in a few queries.

The rule is that of ``cloud_api.analytics.comparison``: each day against the mean of the same weekday in the four weeks
before, of those that had data; a day under way up to its last full quarter hour. A period longer than a week is
compared with the four weeks that lie before all of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from cloud_api.analytics.matching import match, quarter_of, seen_days
from cloud_api.analytics.repository import NO_ROW, AnalyticsRepository, DayPart, Days
from cloud_api.kit.buckets import ROLLUP, rollup_start
from cloud_api.kit.histogram import quantile
from cloud_api.tenancy.visible_stores import StoreView

WEEKS = 4
WHOLE, NEARLY_WHOLE = 0.95, 0.75
"""A day of which less than the first share of the usual quarter hours was heard is compared quarter hour by quarter hour;
among many days, one of which less than the second was heard is left out."""
FEWEST_DAYS = 5
"""Of a store, before one of them is called broken."""
BROKEN_BELOW = 0.8
"""Of the time for which a store is usually heard."""


class Usual(NamedTuple):
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


async def against_usual(
    repository: AnalyticsRepository, stores: Sequence[StoreView], *, first: date, last: date, now: datetime
) -> dict[UUID, dict[date, Usual]]:
    """Footfall per store and day of the period, each with what was usual; days without either are left out.

    So are days of which much less was heard than is usual: a silent store is not an empty one. Of a single day, the
    quarter hours that were seen on both sides are compared instead. ``stores``: those of the repository.
    """
    references = reference_days(first, last)
    days = await _known_days(repository, first=min(min(days) for days in references.values()), last=last)
    running = [now.astimezone(ZoneInfo(name)).date() for name in (s.timezone for s in stores)]
    is_over = np.array([[day < today for day in references] for today in running])
    pairs, is_whole = days.compared(references, wanted=WHOLE if first == last else NEARLY_WHOLE)
    found: dict[UUID, dict[date, Usual]] = {s.id: {} for s in stores}
    for row, day, usual in pairs.where(is_over & is_whole):
        found[stores[row].id][day] = usual
    if first == last:
        thin = [s for s, is_thin in zip(stores, (is_over & ~is_whole)[:, 0].tolist(), strict=True) if is_thin]
        for store_id, usual in (await _matched(repository, thin, first, references[first], now=now)).items():
            found[store_id][first] = usual
    for store_id, day, usual in await _running(repository, stores, days, references, now=now):
        found[store_id][day] = usual
    return found


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Of each store (rows) and day of the period (columns): people, the sum over the days before, and how many of them."""

    days: list[date]
    people: Days
    sums: Days
    n_before: Days
    is_known: NDArray[np.bool_]

    def where(self, wanted: NDArray[np.bool_]) -> Iterator[tuple[int, date, Usual]]:
        """Row, day and comparison where it is wanted, and both sides are known."""
        rows, columns = np.nonzero(wanted & self.is_known & (self.n_before > 0))
        people, sums, n_before = (v[rows, columns].tolist() for v in (self.people, self.sums, self.n_before))
        for row, column, own, total, n in zip(rows.tolist(), columns.tolist(), people, sums, n_before, strict=True):
            yield row, self.days[column], Usual(own, total / n, 1)


@dataclass(frozen=True, slots=True)
class _KnownDays:
    """People in, and quarter hours heard, of each store (rows) and day since ``first`` (columns).

    ``is_known``: the store was heard, or somebody came; such a day without people is 0. ``is_broken``: see below.
    """

    first: date
    people: Days
    heard: Days
    is_known: NDArray[np.bool_]
    is_broken: NDArray[np.bool_]

    def column(self, day: date) -> int:
        return (day - self.first).days

    def compared(self, references: Mapping[date, Sequence[date]], *, wanted: float) -> tuple[_Pairs, NDArray[np.bool_]]:
        """Each day beside those before it, and whether at least the share ``wanted`` of their quarter hours was heard."""
        own = [self.column(day) for day in references]
        before = np.array([[self.column(day) for day in days] for days in references.values()])
        counts, there = self.is_known & ~self.is_broken, (self.heard > 0) & ~self.is_broken
        pairs = _Pairs(
            list(references), self.people[:, own], np.where(counts, self.people, 0)[:, before].sum(axis=2),
            counts[:, before].sum(axis=2), self.is_known[:, own],
        )  # fmt: skip
        return pairs, _is_whole(
            self.heard[:, own], np.where(there, self.heard, 0)[:, before].sum(axis=2), there[:, before].sum(axis=2),
            wanted=wanted,
        )  # fmt: skip


def _is_whole(heard: Days, before: Days, n_before: Days, *, wanted: float) -> NDArray[np.bool_]:
    """Whether so much was heard as on the days before on average; where nothing is known of these, too."""
    is_whole: NDArray[np.bool_] = (n_before == 0) | (heard >= wanted * before / np.maximum(n_before, 1))
    return is_whole


async def _known_days(repository: AnalyticsRepository, *, first: date, last: date) -> _KnownDays:
    (counts,) = await repository.day_counts(["footfall_in"], first=first, last=last)
    heard, _blind_s = await repository.day_heard(first=first, last=last)
    heard = np.maximum(heard, 0)
    return _KnownDays(first, np.maximum(counts, 0), heard, (counts != NO_ROW) | (heard > 0), broken_days(heard))


def broken_days(heard: Days) -> NDArray[np.bool_]:
    """Days on which a store was heard for much less of the time than on its other days.

    "Less than usual" would be said of its people, and be true of its laptop alone. A laptop that is off every night is
    measured by its own days.
    """
    broken = np.zeros(heard.shape, bool)
    for row, own in enumerate(heard):
        known = own[own > 0]
        if len(known) >= FEWEST_DAYS:
            broken[row] = (own > 0) & (own < BROKEN_BELOW * np.median(known))
    return broken


async def _matched(
    repository: AnalyticsRepository, stores: Sequence[StoreView], day: date, before: Sequence[date], *, now: datetime
) -> dict[UUID, Usual]:
    """By the quarter hours that were seen on both sides; stores of which too little was seen are left out."""
    by_zone: dict[str, list[StoreView]] = defaultdict(list)
    for store in stores:
        by_zone[store.timezone].append(store)
    found = {}
    for name, group in by_zone.items():
        until = quarter_of(now, day, ZoneInfo(name))
        days = await seen_days(repository.of(group), group, [day, *before], now=now)
        for store in group:
            own = days[store.id].pop(day, None)
            pair = match(own, list(days[store.id].values()), until=until) if own else None
            if pair is not None and pair.change is not None:
                found[store.id] = Usual(pair.actual, pair.usual, 1)
    return found


async def _running(
    repository: AnalyticsRepository, stores: Sequence[StoreView], days: _KnownDays,
    references: Mapping[date, Sequence[date]], *, now: datetime,
) -> list[tuple[UUID, date, Usual]]:  # fmt: skip
    """The day under way, up to the last full quarter hour, against the same part of the days before."""
    parts_of = {name: _parts(ZoneInfo(name), references, now=now) for name in {s.timezone for s in stores}}
    own = {row: [p.of(s.id) for p in parts_of[s.timezone]] for row, s in enumerate(stores) if parts_of[s.timezone]}
    if not own:
        return []
    came = await repository.people_of_parts("footfall_in", [p for parts in own.values() for p in parts])
    heard = await _heard(repository, days, parts_of, stores, own)
    found, thin = [], defaultdict[date, list[StoreView]](list)
    for row, (today, *before) in own.items():
        store_id, day = stores[row].id, today.day
        known = [p for p in before if days.is_known[row, days.column(p.day)]]
        quarters = sum(heard[store_id, p.day] for p in known)
        is_heard = bool(days.is_known[row, days.column(day)])
        if known and (heard[store_id, day] if is_heard else 0) < WHOLE * quarters / len(known):
            thin[day].append(stores[row])
        elif is_heard and known:
            usual = sum(came[store_id, p.day] for p in known) / len(known)
            found.append((store_id, day, Usual(came[store_id, day], usual, 1)))
    for day, silent in thin.items():
        pairs = await _matched(repository, silent, day, references[day], now=now)
        found += [(store_id, day, usual) for store_id, usual in pairs.items()]
    return found


async def _heard(
    repository: AnalyticsRepository, days: _KnownDays, parts_of: Mapping[str, Sequence[_Part]],
    stores: Sequence[StoreView], own: Mapping[int, Sequence[DayPart]],
) -> dict[tuple[UUID, date], int]:  # fmt: skip
    """Quarter hours heard in parts of days. Of a day that was heard all day long nobody needs to ask."""
    found, asked = {}, []
    for row, parts in own.items():
        for part, (_part, n_day, n_part) in zip(parts, parts_of[stores[row].timezone], strict=True):
            if days.heard[row, days.column(part.day)] == n_day:
                found[part.store_id, part.day] = n_part
            else:
                asked.append(part)
    return found | (await repository.heard_of_parts(asked) if asked else {})


class _Part(NamedTuple):
    """A part of a day by one clock; how many quarter hours its day has, and the part."""

    part: DayPart
    n_day: int
    n_part: int

    def of(self, store_id: UUID) -> DayPart:
        return self.part._replace(store_id=store_id)


def _parts(zone: ZoneInfo, references: Mapping[date, Sequence[date]], *, now: datetime) -> list[_Part]:
    """The day under way, and those it is compared with, each up to the time of day that it is now; empty: no such day."""
    day, until = now.astimezone(zone).date(), rollup_start(now).astimezone(zone).time()
    return [_part(d, until, zone) for d in (day, *references[day])] if day in references else []


_NOBODY = UUID(int=0)


def _part(day: date, until: time, zone: ZoneInfo) -> _Part:
    start, rest, end = (_moment(day, at, zone) for at in (time(), time(until.hour), until))
    over = _moment(day + timedelta(days=1), time(), zone)
    return _Part(DayPart(_NOBODY, day, start, until.hour, rest, end), (over - start) // ROLLUP, (end - start) // ROLLUP)


def _moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, zone).astimezone(UTC)


def together(pairs: Sequence[Usual]) -> Usual:
    """Ratios come from sums."""
    return Usual(sum(p.actual for p in pairs), sum(p.usual for p in pairs), sum(p.n for p in pairs))


async def stays_against_usual(
    repository: AnalyticsRepository, kinds: Sequence[str], *, first: date, last: date
) -> dict[str, StayPair]:
    """Stays of whole days of all stores of the repository, and of the same weekdays before, of some types."""
    references = reference_days(first, last)
    days = {*references, *(d for days in references.values() for d in days)}
    bins = await repository.stay_bins(kinds, days=sorted(days), since=first)
    return {kind: _stay_pair(bins.get((kind, True), {}), bins.get((kind, False), {})) for kind in kinds}


def _stay_pair(own: Mapping[int, int], usual: Mapping[int, int]) -> StayPair:
    return StayPair(
        sum(own.values()), quantile(own, 0.5), quantile(own, 0.9), sum(usual.values()), quantile(usual, 0.5),
        quantile(usual, 0.9),
    )  # fmt: skip
