"""What stands out, in sentences, each with the numbers that it rests on. Without enough data: how much is missing."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_api.analytics.coverage import expected_of
from cloud_api.analytics.repository import NO_ROW, AnalyticsRepository
from cloud_api.analytics.span import midnight
from cloud_api.insights.areas import Area, busy_and_dead
from cloud_api.insights.hours import peak_hours, unusual_hours
from cloud_api.insights.memory import Insights, InsightsMemory, Question
from cloud_api.insights.queues import queue_statements
from cloud_api.insights.series import FEWEST_DAYS, LEVEL_CHANGE, forecast, level_change
from cloud_api.insights.statement import Kind, Missing, Statement, Weight
from cloud_api.insights.unusual import FEWEST_WEEKDAYS, LIMIT, WEEKS_BACK, UnusualDay, unusual_days_of
from cloud_api.kit.language import clock, named_day, number, short_day, weekday
from cloud_api.kit.language import gettext as _
from cloud_api.kit.language import ngettext as _n
from cloud_api.stores.opening_hours import OpeningTimes
from cloud_api.tenancy.visible_stores import StoreView

DAYS_BACK = 130
LOOK_DAYS = 14
THIN = 0.95
SILENT_AFTER = timedelta(minutes=30)
FEWEST_TOGETHER = 4
"""Stores, before what most of them share is said of them together."""
_DAY_QUARTERS_S = 900.0


@dataclass(frozen=True, slots=True)
class _Own:
    """What is known of one store. ``thin``: days on which its cameras saw too little, with the share that they saw."""

    series: dict[date, int]
    thin: dict[date, float]
    trusted: dict[date, int]
    today: date


async def insights_of(
    connection: AsyncConnection, stores: Sequence[StoreView], times: Mapping[UUID, OpeningTimes], *, now: datetime,
    areas: Sequence[Area] = (), memory: InsightsMemory | None = None,
) -> Insights:  # fmt: skip
    """Everything that stands out in the last weeks.

    Args:
        areas: of the store, where it is one.
        memory: of many stores, what was said a while ago of the days that are over is said again.
    """
    if not stores:
        return Insights([], [], None, "")
    repository = AnalyticsRepository(connection, stores)
    question = Question.of(stores, times, now=now)
    said = memory.recall(question, now=now) if memory and len(stores) > 1 else None
    if said is None:
        said = await _of_whole_days(repository, stores, times, areas, now=now)
        if memory:
            memory.keep(question, said, now=now)
    last_seen = await repository.last_seen()
    silent = [one for s in stores for one in _silence(last_seen.get(s.id), s, times.get(s.id), now=now)]
    return replace(said, statements=sorted([*silent, *said.statements], key=lambda s: -s.rank))


async def _of_whole_days(
    repository: AnalyticsRepository, stores: Sequence[StoreView], times: Mapping[UUID, OpeningTimes],
    areas: Sequence[Area], *, now: datetime,
) -> Insights:  # fmt: skip
    known = await _known(repository, stores, times, now=now)
    # Hundreds of stores take a tenth of a second to judge: meanwhile the database is asked, and others are answered.
    judging = asyncio.create_task(asyncio.to_thread(_judged, stores, known))
    try:
        waits = await queue_statements(repository, stores, now=now)
    finally:
        statements = await judging
    if len(stores) == 1:
        store, own = stores[0], known[stores[0].id]
        strange = {s.day for s in statements if s.kind is Kind.UNUSUAL and s.day}
        last = own.today - timedelta(days=1)
        statements += await unusual_hours(repository, store, trusted=own.trusted, strange=strange, last=last)
        statements += await peak_hours(repository, store, times.get(store.id), now=now)
        statements += await busy_and_dead(repository, store, areas, now=now)
    statements += waits
    missing = [m for s in stores for m in _missing(s, known[s.id].trusted)]
    said = shared_levels(shared_coverage(statements, len(stores)), len(stores))
    return _with_forecast(said, missing, list(known.values()))


def _judged(stores: Sequence[StoreView], known: Mapping[UUID, _Own]) -> list[Statement]:
    unusual = _unusual(stores, known)
    statements: list[Statement] = []
    for store in stores:
        own = known[store.id]
        statements += _coverage(store, own.thin, since=own.today - timedelta(days=LOOK_DAYS))
        statements += [_unusual_words(store, day) for day in unusual[store.id][:3]]
        statements += _level(store, own.trusted, own.today - timedelta(days=1))
    return statements


async def _known(
    repository: AnalyticsRepository, stores: Sequence[StoreView], times: Mapping[UUID, OpeningTimes], *, now: datetime
) -> dict[UUID, _Own]:
    todays = {s.id: now.astimezone(ZoneInfo(s.timezone)).date() for s in stores}
    first, last = min(todays.values()) - timedelta(days=DAYS_BACK), max(todays.values()) - timedelta(days=1)
    (people,) = await repository.day_counts(["footfall_in"], first=first, last=last)
    heard, blind_s = await repository.day_heard(first=first, last=last)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    cameras: dict[UUID, list[tuple[UUID, str, datetime, datetime | None]]] = defaultdict(list)
    for camera in await repository.cameras():
        cameras[camera[0]].append(camera)
    found = {}
    for n_store, store in enumerate(stores):
        row = n_store, slice(None, (todays[store.id] - first).days)
        quarters = heard[row].tolist()
        # A day on which the store was heard, and nobody came, is 0.
        series = {
            d: max(0, n) for d, n, was_heard in zip(days, people[row].tolist(), quarters, strict=False) if was_heard > 0
        }
        own = [(d, n, b) for d, n, b in zip(days, quarters, blind_s[row].tolist(), strict=False) if n != NO_ROW]
        thin = thin_days(store, own, cameras[store.id], now=now)
        is_open = {d: n for d, n in series.items() if n or not _is_closed(times.get(store.id), d)}
        trusted = {d: n for d, n in is_open.items() if d not in thin}
        found[store.id] = _Own(series, thin, trusted, todays[store.id])
    return found


def _with_forecast(statements: list[Statement], missing: list[Missing], known: Sequence[_Own]) -> Insights:
    sums: dict[date, int] = defaultdict(int)
    complete: dict[date, int] = defaultdict(int)
    for own in known:
        for day, n in own.series.items():
            sums[day] += n
            complete[day] += 1
    today = known[0].today
    whole = {d: n for d, n in sums.items() if complete[d] == len(known) and d < today}
    made = forecast(whole, today=today)
    n_known = sum(1 for d in whole if (today - d).days <= FEWEST_DAYS)
    words = "" if made else _forecast_missing(len(known), n_known)
    days = (today - timedelta(days=k) for k in range(LOOK_DAYS, 0, -1))
    return Insights(statements, missing, made, words, tuple((d, whole.get(d)) for d in days))


def _forecast_missing(n_stores: int, known: int) -> str:
    if n_stores > 1:
        return _("A forecast needs %(n)s days of all stores; %(known)s are there.", n=FEWEST_DAYS, known=known)
    return _("A forecast needs %(n)s days of the store; %(known)s are there.", n=FEWEST_DAYS, known=known)


def _is_closed(times: OpeningTimes | None, day: date) -> bool:
    return times is not None and times.is_known and not times.of_day(day)


def thin_days(
    store: StoreView, heard: Sequence[tuple[date, int, float]],
    cameras: Sequence[tuple[UUID, str, datetime, datetime | None]], *, now: datetime,
) -> dict[date, float]:  # fmt: skip
    """Days on which the cameras saw less than 95 %, with the share that they saw.

    Args:
        heard: days with the quarter hours heard, and the camera-seconds not seen.
    """
    if not heard:
        return {}
    zone = ZoneInfo(store.timezone)
    bounds = np.array([_bounds_s(day, zone) for day, _n, _s in heard])
    start, end = bounds[:, 0], bounds[:, 1]
    wanted_s = np.zeros(len(heard))
    for since, until, n in expected_of(cameras, store.id, now=now).cameras:
        wanted_s += n * np.maximum(0.0, np.minimum(end, until) - np.maximum(start, since))
    quarters, blind_s = (np.array([own[n] for own in heard], float) for n in (1, 2))
    is_expected = wanted_s > 0
    blind = blind_s / np.where(is_expected, wanted_s, 1.0)
    seen = np.maximum(0.0, np.minimum(1.0, quarters * _DAY_QUARTERS_S / (end - start)) - blind)
    is_thin = is_expected & (seen < THIN)
    return {
        heard[n][0]: share for n, share in zip(np.flatnonzero(is_thin).tolist(), seen[is_thin].tolist(), strict=True)
    }


@lru_cache(maxsize=4096)
def _bounds_s(day: date, zone: ZoneInfo) -> tuple[float, float]:
    """When a day begins and ends, in seconds since 1970: hundreds of stores have the same days."""
    return midnight(day, zone).timestamp(), midnight(day + timedelta(days=1), zone).timestamp()


def _silence(at: datetime | None, store: StoreView, times: OpeningTimes | None, *, now: datetime) -> list[Statement]:
    """A laptop that says nothing while the store is open: nothing else can be said of today."""
    zone = ZoneInfo(store.timezone)
    if at is None or now - at < SILENT_AFTER:
        return []
    if times is not None and times.is_known and not list(times.open_spans(at, now, zone)):
        return []
    own = at.astimezone(zone)
    words = _("Silent since %(day)s, %(time)s: nothing is known of what happened since.", day=short_day(own.date()),
              time=clock(own))  # fmt: skip
    reason = _("The store's laptop was heard last at that time. What it counts meanwhile arrives when it is back.")
    return [Statement(Kind.COVERAGE, Weight.BAD, store, words, (), reason, 200.0, claim=f"silent {at.isoformat()}")]


def _coverage(store: StoreView, thin: dict[date, float], *, since: date) -> list[Statement]:
    late = sorted(d for d in thin if d >= since)
    if not late:
        return []
    listed = tuple(_("%(day)s: %(share)s %% seen", day=short_day(d), share=number(thin[d] * 100)) for d in late[-6:])
    words = _n(
        "Cameras missed part of %(n)s of the last %(days)s days; figures of that day are too low.",
        "Cameras missed part of %(n)s of the last %(days)s days; figures of these days are too low.",
        len(late), days=LOOK_DAYS,
    )  # fmt: skip
    return [
        Statement(
            Kind.COVERAGE, Weight.BAD, store, words, listed,
            _("Days with less than 95 % coverage; they are left out of everything else that is said here."),
            100.0 + len(late), claim=f"{len(late)} until {late[-1]}", day=late[-1],
        )
    ]  # fmt: skip


def shared_coverage(statements: Sequence[Statement], n_stores: int) -> list[Statement]:
    """Stores whose cameras missed something are told together where they are several, or they leave room for nothing."""
    thin = [s for s in statements if s.kind is Kind.COVERAGE]
    if len(thin) < FEWEST_TOGETHER:
        return list(statements)
    ordered = sorted(thin, key=lambda s: -s.rank)
    words = _("In %(n)s of %(of)s stores cameras missed part of the last %(days)s days; figures of those days are too low.",
              n=len(thin), of=n_stores, days=LOOK_DAYS)  # fmt: skip
    numbers = tuple(f"{s.store.name if s.store else ''}: {'; '.join(s.numbers)}" for s in ordered)
    days = sorted(s.day for s in thin if s.day)
    together = Statement(
        Kind.COVERAGE, Weight.BAD, None, words, numbers, thin[0].reason, ordered[0].rank,
        claim=f"together {len(thin)} until {days[-1]}", day=days[-1],
    )  # fmt: skip
    return [together, *(s for s in statements if s.kind is not Kind.COVERAGE)]


def _unusual(stores: Sequence[StoreView], known: Mapping[UUID, _Own]) -> dict[UUID, list[UnusualDay]]:
    """Of each store; those that have the same day are judged together."""
    by_day: dict[date, list[UUID]] = defaultdict(list)
    for store in stores:
        by_day[known[store.id].today].append(store.id)
    found: dict[UUID, list[UnusualDay]] = {}
    for today, ids in by_day.items():
        first, last = today - timedelta(days=LOOK_DAYS), today - timedelta(days=1)
        found |= zip(ids, unusual_days_of([known[i].trusted for i in ids], first=first, last=last), strict=True)
    return found


def _unusual_words(store: StoreView, found: UnusualDay) -> Statement:
    more = found.change > 0
    said = {"day": named_day(found.day), "share": number(abs(found.change) * 100),
            "weekday": weekday(found.day.weekday())}  # fmt: skip
    words = (
        _("%(day)s had %(share)s %% more people than a %(weekday)s of these weeks.", **said)
        if more
        else _("%(day)s had %(share)s %% fewer people than a %(weekday)s of these weeks.", **said)
    )
    usual = _(
        "usual: %(usual)s, by %(n)s such weekdays and the level of the days around",
        usual=number(found.usual),
        n=found.n,
    )
    reason = _(
        "%(score)s deviations from what the last %(weeks)s weeks let expect, by how much this store's days differ by "
        "chance; %(limit)s is the limit.",
        score=number(abs(found.score), digits=1), weeks=WEEKS_BACK, limit=number(LIMIT, digits=1),
    )  # fmt: skip
    return Statement(
        Kind.UNUSUAL, Weight.GOOD if more else Weight.BAD, store, words,
        (_("%(n)s came in", n=number(found.value)), usual), reason, 40.0 + min(30.0, abs(found.score)),
        claim=f"{found.day} {found.value}", day=found.day,
    )  # fmt: skip


def _level(store: StoreView, series: dict[date, int], last: date) -> list[Statement]:
    found = level_change(series, last=last)
    if found is None or abs(found.change) < LEVEL_CHANGE:
        return []
    share = number(abs(found.change) * 100)
    numbers = (
        _("a median week: %(n)s people", n=number(found.after)), _("before: %(n)s", n=number(found.before)),
        _("%(n)s days compared", n=found.n_days),
    )  # fmt: skip
    return [
        Statement(
            Kind.LEVEL, Weight.GOOD if found.change > 0 else Weight.WARN, store, _level_words(found.change, share),
            numbers,
            _("Sums of the medians of each weekday: single strange days do not count. The season is not taken out."),
            30.0 + 100 * abs(found.change), claim=_band(found.change), change=found.change,
        )
    ]  # fmt: skip


def _level_words(change: float, share: str) -> str:
    if change > 0:
        return _("The last four weeks had %(share)s %% more people than the four before.", share=share)
    return _("The last four weeks had %(share)s %% fewer people than the four before.", share=share)


def _band(change: float) -> str:
    """A change that grows by a few points from one day to the next is still the same news."""
    return f"{'more' if change > 0 else 'fewer'} {int(abs(change) * 100) // 15}"


def shared_levels(statements: Sequence[Statement], n_stores: int) -> list[Statement]:
    """What most stores have in common is said once, of them together; statements of other kinds stay as they are."""
    for is_up in (True, False):
        alike = [s for s in statements if s.kind is Kind.LEVEL and (s.change > 0) is is_up]
        if n_stores >= FEWEST_TOGETHER and len(alike) * 2 > n_stores:
            rest = [s for s in statements if s not in alike]
            return [_together(alike, n_stores), *rest]
    return list(statements)


def _together(alike: Sequence[Statement], n_stores: int) -> Statement:
    ordered = sorted(alike, key=lambda s: -abs(s.change))
    low, high = (number(abs(s.change) * 100) for s in (ordered[-1], ordered[0]))
    said = {"n": len(alike), "of": n_stores, "low": low, "high": high}
    is_up = ordered[0].change > 0
    words = (
        _("%(n)s of %(of)s stores had more people in the last four weeks than in the four before: %(low)s to %(high)s %%.",
          **said)
        if is_up
        else _("%(n)s of %(of)s stores had fewer people in the last four weeks than in the four before: "
               "%(low)s to %(high)s %%.", **said)
    )  # fmt: skip
    numbers = tuple(
        _("%(store)s: %(share)s %%", store=s.store.name if s.store else "", share=number(s.change * 100))
        for s in ordered
    )
    reason = _("What most stores share is more likely the season than the stores. Single strange days do not count.")
    return Statement(
        Kind.LEVEL, Weight.GOOD if is_up else Weight.WARN, None, words, numbers, reason, 35.0,
        claim=f"together {'more' if is_up else 'fewer'} {len(alike) * 4 // n_stores}",
    )  # fmt: skip


def _missing(store: StoreView, series: dict[date, int]) -> list[Missing]:
    weekdays: dict[int, int] = defaultdict(int)
    for day in series:
        weekdays[day.weekday()] += 1
    best = max(weekdays.values(), default=0)
    if best > FEWEST_WEEKDAYS:
        return []
    words = _n(
        "Unusual days need %(weeks)s weeks of data; %(n)s is there.",
        "Unusual days need %(weeks)s weeks of data; %(n)s are there.", best, weeks=FEWEST_WEEKDAYS + 1,
    )  # fmt: skip
    return [Missing(store, words)]


__all__ = ["Insights", "Kind", "Missing", "Statement", "Weight", "insights_of"]
