"""What stands out, in sentences, each with the numbers that it rests on. Without enough data: how much is missing."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_api.analytics.coverage import expected_of
from cloud_api.analytics.repository import AnalyticsRepository, Place
from cloud_api.insights.series import (
    FEWEST_DAYS,
    FEWEST_WEEKDAYS,
    HORIZON,
    LEVEL_CHANGE,
    LIMIT,
    WEEKS_BACK,
    Forecast,
    UnusualDay,
    forecast,
    level_change,
    unusual_days,
)  # fmt: skip
from cloud_api.insights.usual import daily_footfall
from cloud_api.kit.histogram import quantile
from cloud_api.kit.language import clock, hour, joined, mark, named_day, number, short_day, weekday
from cloud_api.kit.language import gettext as _
from cloud_api.kit.language import ngettext as _n
from cloud_api.stores.opening_hours import OpeningTimes
from cloud_api.tenancy.visible_stores import StoreView

DAYS_BACK = 130
LOOK_DAYS = 14
HOURS_DAYS = 28
FEWEST_WAITS = 50
LONG_WAIT_S = 180.0
THIN = 0.95
SILENT_AFTER = timedelta(minutes=30)
FEWEST_TOGETHER = 4
"""Stores, before what most of them share is said of them together."""
_DAY_QUARTERS_S = 900.0


class Kind(StrEnum):
    """What a statement is about."""

    COVERAGE = mark("coverage")
    UNUSUAL = mark("unusual day")
    LEVEL = mark("change of level")
    HOURS = mark("peak hours")
    QUEUE = mark("queue")


class Weight(StrEnum):
    """How it is marked on the page."""

    GOOD = "up-strong"
    WARN = "warn"
    BAD = "bad"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Statement:
    """``words``: the claim. ``numbers``: what it rests on. ``reason``: why we think so. ``store`` None: of several.

    ``claim`` says the same in no language, and stays as it is until the claim is another one. ``change``: of a level.
    """

    kind: Kind
    weight: Weight
    store: StoreView | None
    words: str
    numbers: tuple[str, ...]
    reason: str
    rank: float
    claim: str
    day: date | None = None
    change: float = 0.0

    @property
    def key(self) -> str:
        """By which a reader's dismissal is kept."""
        told = f"{self.store.id if self.store else ''} {self.kind} {self.claim}"
        return hashlib.sha256(told.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Missing:
    """What cannot be said yet, and what it would take."""

    store: StoreView
    words: str


@dataclass(frozen=True, slots=True)
class Insights:
    """Of several stores: the weightiest first. ``forecast``: of their sum, where each of them allows one."""

    statements: list[Statement]
    missing: list[Missing]
    forecast: Forecast | None
    forecast_missing: str


async def insights_of(
    connection: AsyncConnection, stores: Sequence[StoreView], times: Mapping[UUID, OpeningTimes], *, now: datetime
) -> Insights:
    """Everything that stands out in the last weeks."""
    statements: list[Statement] = []
    missing: list[Missing] = []
    sums: dict[date, int] = defaultdict(int)
    complete: dict[date, int] = defaultdict(int)
    today = now.astimezone(ZoneInfo(stores[0].timezone)).date() if stores else now.date()
    for store in stores:
        own_today = now.astimezone(ZoneInfo(store.timezone)).date()
        repository = AnalyticsRepository(connection, [store])
        first, last = own_today - timedelta(days=DAYS_BACK), own_today - timedelta(days=1)
        series = (await daily_footfall(repository, first=first, last=last)).get(store.id, {})
        thin = await thin_days(repository, store, first=first, last=last, now=now)
        statements += await _silence(repository, store, times.get(store.id), now=now)
        statements += _coverage(store, thin, since=own_today - timedelta(days=LOOK_DAYS))
        open_days = {d: n for d, n in series.items() if n or not _is_closed(times.get(store.id), d)}
        trusted = {d: n for d, n in open_days.items() if d not in thin}
        statements += _unusual(store, trusted, own_today)
        statements += _level(store, trusted, last)
        if len(stores) == 1:
            statements += await _hours(repository, store, times.get(store.id), now=now)
        statements += await _queues(repository, store, now=now)
        missing += _missing(store, trusted)
        for day, n in series.items():
            sums[day] += n
            complete[day] += 1
    whole = {d: n for d, n in sums.items() if complete[d] == len(stores)}
    made = forecast(whole, today=today) if stores else None
    known = sum(1 for d in whole if (today - d).days <= FEWEST_DAYS)
    words = "" if made else _forecast_missing(len(stores), known)
    statements = shared_levels(statements, len(stores))
    return Insights(sorted(statements, key=lambda s: -s.rank), missing, made, words)


def _forecast_missing(n_stores: int, known: int) -> str:
    if n_stores > 1:
        return _("A forecast needs %(n)s days of all stores; %(known)s are there.", n=FEWEST_DAYS, known=known)
    return _("A forecast needs %(n)s days of the store; %(known)s are there.", n=FEWEST_DAYS, known=known)


def _is_closed(times: OpeningTimes | None, day: date) -> bool:
    return times is not None and times.is_known and not times.of_day(day)


async def thin_days(
    repository: AnalyticsRepository, store: StoreView, *, first: date, last: date, now: datetime
) -> dict[date, float]:
    """Days on which the cameras saw less than 95 %, with the share that they saw."""
    expected = expected_of(await repository.cameras(), store.id, now=now)
    zone, thin = ZoneInfo(store.timezone), {}
    for _store, day, heard, blind_s in await repository.heard_days(first=first, last=last):
        start, end = (datetime.combine(d, time(), zone).astimezone(UTC) for d in (day, day + timedelta(days=1)))
        wanted_s, length_s = expected.camera_s(start, end), (end - start).total_seconds()
        if wanted_s > 0:
            seen = max(0.0, min(1.0, heard * _DAY_QUARTERS_S / length_s) - blind_s / wanted_s)
            if seen < THIN:
                thin[day] = seen
    return thin


async def _silence(
    repository: AnalyticsRepository, store: StoreView, times: OpeningTimes | None, *, now: datetime
) -> list[Statement]:
    """A laptop that says nothing while the store is open: nothing else can be said of today."""
    at, zone = (await repository.last_seen()).get(store.id), ZoneInfo(store.timezone)
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


def _unusual(store: StoreView, series: dict[date, int], today: date) -> list[Statement]:
    found = unusual_days(series, first=today - timedelta(days=LOOK_DAYS), last=today - timedelta(days=1))
    return [_unusual_words(store, day) for day in found[:3]]


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
        "usual: %(usual)s, the median of %(n)s such weekdays, at the present level",
        usual=number(found.usual),
        n=found.n,
    )
    reason = _(
        "%(score)s robust deviations from the median of the last %(weeks)s weeks; %(limit)s is the limit.",
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


async def _hours(
    repository: AnalyticsRepository, store: StoreView, times: OpeningTimes | None, *, now: datetime
) -> list[Statement]:
    zone = ZoneInfo(store.timezone)
    sums: dict[int, int] = defaultdict(int)
    outside = 0
    # From midnight: a span that began in the middle of a quarter hour would miss the quarter hours of figures.
    start = datetime.combine(now.astimezone(zone).date() - timedelta(days=HOURS_DAYS), time(), zone).astimezone(UTC)
    spans = list(times.open_spans(start, now, zone)) if times and times.is_known else None
    open_quarters = (
        None
        if spans is None
        else {a + timedelta(minutes=15 * k) for a, b in spans for k in range(int((b - a).total_seconds() // 900) + 1)}
    )
    for q in await repository.quarter_hours(start=start, end=now, types=["footfall_in"]):
        sums[q.bucket_at.astimezone(zone).hour] += q.n
        if open_quarters is not None and q.bucket_at not in open_quarters:
            outside += q.n
    total = sum(sums.values())
    if total < 200:
        return []
    best = sorted(sums, key=lambda h: -sums[h])[:3]
    share = sum(sums[h] for h in best) / total
    quiet = [h for h in sorted(sums) if sums[h] / total < 0.03]
    words = _(
        "%(share)s %% of people come in three hours: %(hours)s.", share=number(share * 100), hours=_clock(sorted(best))
    )
    numbers = [_("%(hour)s: %(share)s %%", hour=hour(h), share=number(sums[h] / total * 100)) for h in best]
    if quiet:
        words += " " + _("Hardly anybody comes at %(hours)s.", hours=_clock(quiet))
        numbers += [
            _("%(hour)s: %(share)s %%", hour=hour(h), share=number(sums[h] / total * 100, digits=1)) for h in quiet
        ]
    if spans is None:
        numbers.append(_("opening hours are not set: hours outside them cannot be told"))
    elif outside / total > 0.02:
        share_outside = number(outside / total * 100)
        words += " " + _("%(share)s %% come outside the opening hours that are set.", share=share_outside)
    return [
        Statement(
            Kind.HOURS, Weight.PLAIN, store, words, tuple(numbers),
            _("People in by hour, %(days)s days, %(n)s people. Put most staff where most people are.", days=HOURS_DAYS,
              n=number(total)),
            5.0, claim=f"{sorted(best)} {quiet}",
        )
    ]  # fmt: skip


def _clock(hours: Sequence[int]) -> str:
    return joined([hour(h) for h in hours])


async def _queues(repository: AnalyticsRepository, store: StoreView, *, now: datetime) -> list[Statement]:
    zone = ZoneInfo(store.timezone)
    steps: dict[tuple[int, int], dict[int, int]] = defaultdict(lambda: defaultdict(int))
    everywhere: dict[int, int] = defaultdict(int)
    found = await repository.quarter_bins("queue_wait", Place(), start=now - timedelta(days=HOURS_DAYS), end=now)
    for at, step, n in found:
        local = at.astimezone(zone)
        steps[local.weekday(), local.hour][step] += n
        everywhere[step] += n
    waits = {
        key: (p90, sum(own.values()))
        for key, own in steps.items()
        if sum(own.values()) >= FEWEST_WAITS and (p90 := quantile(own, 0.9)) is not None
    }
    overall = quantile(everywhere, 0.9)
    if not waits or overall is None:
        return []
    (on, at_hour), (worst, n) = max(waits.items(), key=lambda item: item[1][0])
    if worst < LONG_WAIT_S or worst < 1.2 * overall:
        return []
    return [
        Statement(
            Kind.QUEUE, Weight.WARN, store,
            _("Queues are longest on a %(weekday)s at %(hour)s: one in ten waits over %(n)s minutes.", weekday=weekday(on),
              hour=hour(at_hour), n=number(worst / 60)),
            (_("p90 then: %(minutes)s min of %(n)s waits", minutes=number(worst / 60, digits=1), n=number(n)),
             _("p90 at all times: %(minutes)s min", minutes=number(overall / 60, digits=1))),
            _("Waits of %(days)s days by weekday and hour; hours with fewer than %(n)s waits are left out.",
              days=HOURS_DAYS, n=FEWEST_WAITS),
            20.0 + min(20.0, 10 * (worst / overall - 1)), claim=f"{on} {at_hour}",
        )
    ]  # fmt: skip


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


__all__ = ["HORIZON", "Insights", "Kind", "Missing", "Statement", "Weight", "insights_of"]
