"""A period against the same weekdays before it, for one store or many, in a few queries.

The rule is that of ``cloud_api.analytics.comparison``: each day against the mean of the same weekday in the four weeks
before, of those that had data; a day under way up to its last full quarter hour. A period longer than a week is
compared with the four weeks that lie before all of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from statistics import median
from uuid import UUID
from zoneinfo import ZoneInfo

from cloud_api.analytics.matching import match, quarter_of, seen_days
from cloud_api.analytics.repository import AnalyticsRepository, Span
from cloud_api.kit.buckets import rollup_start
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
    daily, _ = await _daily(repository, first=first, last=last)
    return daily


async def _daily(
    repository: AnalyticsRepository, *, first: date, last: date
) -> tuple[dict[UUID, dict[date, int]], Heard]:
    daily: dict[UUID, dict[date, int]] = defaultdict(dict)
    heard: Heard = defaultdict(dict)
    for store_id, day, quarters, _ in await repository.heard_days(first=first, last=last):
        if quarters:
            daily[store_id][day], heard[store_id][day] = 0, quarters
    for row in await repository.days(first=first, last=last, types=["footfall_in"]):
        daily[row.store_id][row.day] = row.n
    return daily, heard


def broken_days(heard: Mapping[date, int]) -> set[date]:
    """Days on which a store was heard for much less of the time than on its other days.

    "Less than usual" would be said of its people, and be true of its laptop alone. A laptop that is off every night is
    measured by its own days.
    """
    if len(heard) < FEWEST_DAYS:
        return set()
    usual = median(heard.values())
    return {day for day, quarters in heard.items() if quarters < BROKEN_BELOW * usual}


async def against_usual(
    repository: AnalyticsRepository, stores: Sequence[StoreView], *, first: date, last: date, now: datetime
) -> dict[UUID, dict[date, Usual]]:
    """Footfall per store and day of the period, each with what was usual; days without either are left out.

    So are days of which much less was heard than is usual: a silent store is not an empty one. Of a single day, the
    quarter hours that were seen on both sides are compared instead.
    """
    references = reference_days(first, last)
    earliest = min(min(days) for days in references.values())
    daily, heard = await _daily(repository, first=earliest, last=last)
    found: dict[UUID, dict[date, Usual]] = {s.id: {} for s in stores}
    thin: list[StoreView] = []
    for store in stores:
        running = now.astimezone(ZoneInfo(store.timezone)).date()
        own, broken = daily.get(store.id, {}), broken_days(heard.get(store.id, {}))
        for day, days in references.items():
            if day >= running:
                continue
            before = [d for d in days if d not in broken]
            wanted = WHOLE if first == last else NEARLY_WHOLE
            if _is_whole(day, heard.get(store.id, {}), before, wanted=wanted):
                found[store.id] |= _pair(day, own, before)
            elif first == last:
                thin.append(store)
    for store_id, usual in (await _matched(repository, thin, first, references.get(first, ()), now=now)).items():
        found[store_id][first] = usual
    for store_id, day, usual in await _running(repository, stores, daily, first=first, last=last, now=now):
        found[store_id][day] = usual
    return found


Heard = dict[UUID, dict[date, int]]
"""In how many quarter hours of a day a store was heard."""


def _is_whole(day: date, heard: Mapping[date, int], before: Sequence[date], *, wanted: float) -> bool:
    known = [heard[d] for d in before if d in heard]
    return not known or heard.get(day, 0) >= wanted * sum(known) / len(known)


def _pair(day: date, own: dict[date, int], before: Sequence[date]) -> dict[date, Usual]:
    known = [own[d] for d in before if d in own]
    return {day: Usual(own[day], sum(known) / len(known), 1)} if day in own and known else {}


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
    repository: AnalyticsRepository, stores: Sequence[StoreView], daily: dict[UUID, dict[date, int]], *, first: date,
    last: date, now: datetime,
) -> list[tuple[UUID, date, Usual]]:  # fmt: skip
    """The day under way, up to the last full quarter hour, against the same part of the days before."""
    references = reference_days(first, last)
    by_zone: dict[str, list[StoreView]] = defaultdict(list)
    for store in stores:
        by_zone[store.timezone].append(store)
    spans_of = {name: _parts(ZoneInfo(name), references, now=now) for name in by_zone}
    whose: dict[Span, list[UUID]] = defaultdict(list)  # time zones that go alike have the same spans
    for name, spans in spans_of.items():
        for span in spans.values():
            whose[span] += [s.id for s in by_zone[name]]
    came = await repository.store_spans("footfall_in", whose)
    heard_in = await repository.store_spans_heard(whose)
    found = []
    for name, spans in spans_of.items():
        if not spans:
            continue
        day, thin = now.astimezone(ZoneInfo(name)).date(), []
        for store in by_zone[name]:
            own, counts = daily.get(store.id, {}), came.get(store.id, {})
            quarters = heard_in.get(store.id, {})
            heard = {d: quarters.get(span, 0) for d, span in spans.items() if d in own}
            if not _is_whole(day, heard, references[day], wanted=WHOLE):
                thin.append(store)
                continue
            known = [counts.get(spans[d], 0) for d in references[day] if d in own]
            if day in own and known:
                found.append((store.id, day, Usual(counts.get(spans[day], 0), sum(known) / len(known), 1)))
        for store_id, usual in (await _matched(repository, thin, day, references[day], now=now)).items():
            found.append((store_id, day, usual))
    return found


def _parts(zone: ZoneInfo, references: Mapping[date, Sequence[date]], *, now: datetime) -> dict[date, Span]:
    """The day under way, and those it is compared with, each up to the time of day that it is now; empty: no such day."""
    day, until = now.astimezone(zone).date(), rollup_start(now).astimezone(zone).time()
    if day not in references:
        return {}
    return {d: (_moment(d, time(), zone), _moment(d, until, zone)) for d in (day, *references[day])}


def _moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, zone).astimezone(UTC)


def together(pairs: Sequence[Usual]) -> Usual:
    """Ratios come from sums."""
    return Usual(sum(p.actual for p in pairs), sum(p.usual for p in pairs), sum(p.n for p in pairs))


async def stays_against_usual(repository: AnalyticsRepository, kind: str, *, first: date, last: date) -> StayPair:
    """Stays of whole days of all stores of the repository, and of the same weekdays before."""
    references = reference_days(first, last)
    before = {d for days in references.values() for d in days}
    own = await repository.stay_bins(kind, days=list(references))
    usual = await repository.stay_bins(kind, days=sorted(before))
    return StayPair(
        sum(own.values()), quantile(own, 0.5), quantile(own, 0.9), sum(usual.values()), quantile(usual, 0.5),
        quantile(usual, 0.9),
    )  # fmt: skip
