"""What stands out, in sentences, each with the numbers that it rests on. Without enough data: how much is missing."""

from __future__ import annotations

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
    WEEKS_BACK,
    Forecast,
    UnusualDay,
    forecast,
    level_change,
    unusual_days,
)  # fmt: skip
from cloud_api.insights.usual import daily_footfall
from cloud_api.kit.histogram import quantile
from cloud_api.stores.opening_hours import WEEKDAYS, OpeningTimes
from cloud_api.tenancy.visible_stores import StoreView

DAYS_BACK = 130
LOOK_DAYS = 14
HOURS_DAYS = 28
FEWEST_WAITS = 50
LONG_WAIT_S = 180.0
THIN = 0.95
_DAY_QUARTERS_S = 900.0


class Kind(StrEnum):
    """What a statement is about."""

    COVERAGE = "coverage"
    UNUSUAL = "unusual day"
    LEVEL = "change of level"
    HOURS = "peak hours"
    QUEUE = "queue"


class Weight(StrEnum):
    """How it is marked on the page."""

    GOOD = "up-strong"
    WARN = "warn"
    BAD = "bad"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Statement:
    """``words``: the claim. ``numbers``: what it rests on. ``reason``: why we think so."""

    kind: Kind
    weight: Weight
    store: StoreView
    words: str
    numbers: tuple[str, ...]
    reason: str
    rank: float
    day: date | None = None


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
    whom = "all stores" if len(stores) > 1 else "the store"
    words = "" if made else f"A forecast needs {FEWEST_DAYS} days of {whom}; {known} are there."
    return Insights(sorted(statements, key=lambda s: -s.rank), missing, made, words)


def _is_closed(times: OpeningTimes | None, day: date) -> bool:
    return times is not None and times.is_known and not times.of_day(day)


async def thin_days(
    repository: AnalyticsRepository, store: StoreView, *, first: date, last: date, now: datetime
) -> dict[date, float]:
    """Days on which the cameras saw less than 95 %, with the share that they saw."""
    expected = expected_of(await repository.cameras(), store.id, now=now)
    zone, thin = ZoneInfo(store.timezone), {}
    for _, day, heard, blind_s in await repository.heard_days(first=first, last=last):
        start, end = (datetime.combine(d, time(), zone).astimezone(UTC) for d in (day, day + timedelta(days=1)))
        wanted_s, length_s = expected.camera_s(start, end), (end - start).total_seconds()
        if wanted_s > 0:
            seen = max(0.0, min(1.0, heard * _DAY_QUARTERS_S / length_s) - blind_s / wanted_s)
            if seen < THIN:
                thin[day] = seen
    return thin


def _coverage(store: StoreView, thin: dict[date, float], *, since: date) -> list[Statement]:
    late = sorted(d for d in thin if d >= since)
    if not late:
        return []
    listed = tuple(f"{d:%a %d %b}: {thin[d] * 100:.0f} % seen" for d in late[-6:])
    return [
        Statement(
            Kind.COVERAGE, Weight.BAD, store,
            f"Cameras missed part of {len(late)} of the last {LOOK_DAYS} days; figures of "
            f"{'these days are' if len(late) > 1 else 'that day are'} too low.",
            listed, "Days with less than 95 % coverage; they are left out of everything else that is said here.",
            100.0 + len(late), late[-1],
        )
    ]  # fmt: skip


def _unusual(store: StoreView, series: dict[date, int], today: date) -> list[Statement]:
    found = unusual_days(series, first=today - timedelta(days=LOOK_DAYS), last=today - timedelta(days=1))
    return [_unusual_words(store, day) for day in found[:3]]


def _unusual_words(store: StoreView, found: UnusualDay) -> Statement:
    name, more = WEEKDAYS[found.day.weekday()], found.change > 0
    return Statement(
        Kind.UNUSUAL, Weight.GOOD if more else Weight.BAD, store,
        f"{name}, {found.day:%d %B} had {abs(found.change) * 100:.0f} % {'more' if more else 'fewer'} people than a "
        f"{name} of these weeks.",
        (f"{found.value:,} came in", f"usual: {found.usual:,.0f}, the median of {found.n} {name}s, at the present level"),
        f"{abs(found.score):.1f} robust deviations from the median of the last {WEEKS_BACK} weeks; 3.5 is the limit.",
        40.0 + min(30.0, abs(found.score)), found.day,
    )  # fmt: skip


def _level(store: StoreView, series: dict[date, int], last: date) -> list[Statement]:
    found = level_change(series, last=last)
    if found is None or abs(found.change) < LEVEL_CHANGE:
        return []
    more = found.change > 0
    return [
        Statement(
            Kind.LEVEL, Weight.GOOD if more else Weight.WARN, store,
            f"The last four weeks had {abs(found.change) * 100:.0f} % {'more' if more else 'fewer'} people than the "
            "four before.",
            (f"a median week: {found.after:,.0f} people", f"before: {found.before:,.0f}", f"{found.n_days} days compared"),
            "Sums of the medians of each weekday: single strange days do not count. The season is not taken out.",
            30.0 + 100 * abs(found.change),
        )
    ]  # fmt: skip


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
    words = f"{share * 100:.0f} % of people come in three hours: {_clock(sorted(best))}."
    numbers = [f"{h:02d}:00: {sums[h] / total * 100:.0f} %" for h in best]
    if quiet:
        words += f" Hardly anybody comes at {_clock(quiet)}."
        numbers += [f"{h:02d}:00: {sums[h] / total * 100:.1f} %" for h in quiet]
    if spans is None:
        numbers.append("opening hours are not set: hours outside them cannot be told")
    elif outside / total > 0.02:
        words += f" {outside / total * 100:.0f} % come outside the opening hours that are set."
    return [
        Statement(
            Kind.HOURS, Weight.PLAIN, store, words, tuple(numbers),
            f"People in by hour, {HOURS_DAYS} days, {total:,} people. Put most staff where most people are.", 5.0,
        )
    ]  # fmt: skip


def _clock(hours: Sequence[int]) -> str:
    listed = [f"{h:02d}:00" for h in hours]
    return listed[0] if len(listed) == 1 else f"{', '.join(listed[:-1])} and {listed[-1]}"


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
    (weekday, hour), (worst, n) = max(waits.items(), key=lambda item: item[1][0])
    if worst < LONG_WAIT_S or worst < 1.2 * overall:
        return []
    return [
        Statement(
            Kind.QUEUE, Weight.WARN, store,
            f"Queues are longest on {WEEKDAYS[weekday]}s at {hour:02d}:00: one in ten waits over {worst / 60:.0f} minutes.",
            (f"p90 then: {worst / 60:.1f} min of {n:,} waits", f"p90 at all times: {overall / 60:.1f} min"),
            f"Waits of {HOURS_DAYS} days by weekday and hour; hours with fewer than {FEWEST_WAITS} waits are left out.",
            20.0 + min(20.0, 10 * (worst / overall - 1)),
        )
    ]  # fmt: skip


def _missing(store: StoreView, series: dict[date, int]) -> list[Missing]:
    weekdays: dict[int, int] = defaultdict(int)
    for day in series:
        weekdays[day.weekday()] += 1
    best = max(weekdays.values(), default=0)
    if best > FEWEST_WEEKDAYS:
        return []
    words = f"Unusual days need {FEWEST_WEEKDAYS + 1} weeks of data; {best} {'is' if best == 1 else 'are'} there."
    return [Missing(store, words)]


__all__ = ["HORIZON", "Insights", "Kind", "Missing", "Statement", "Weight", "insights_of"]
