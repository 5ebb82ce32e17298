"""When people wait longest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from cloud_api.analytics.repository import AnalyticsRepository, StaysOfHour, WeekHour
from cloud_api.insights.statement import HOURS_DAYS, Kind, Statement, Weight
from cloud_api.kit.histogram import counts_of_stays, quantile
from cloud_api.kit.language import gettext as _
from cloud_api.kit.language import hour, number, weekday
from cloud_api.tenancy.visible_stores import StoreView

FEWEST_WAITS = 50
LONG_WAIT_S = 180.0
CANDIDATES = 3
"""Hours of the week with the longest mean waits, of which the one with the longest p90 is told."""
FEWEST_TOGETHER = 4
"""Stores, before what is said of each of them is said in one statement."""
KIND = "queue_wait"

Hour = WeekHour


@dataclass(frozen=True, slots=True)
class LongestWait:
    """The hour of the week in which a store's people wait longest."""

    store: StoreView
    weekday: int
    hour: int
    p90_s: float
    n: int
    overall_s: float


async def queue_statements(
    repository: AnalyticsRepository, stores: Sequence[StoreView], *, now: datetime
) -> list[Statement]:
    """Of each store, or of all together where there are several."""
    waits = await longest_waits(repository, stores, now=now)
    if len(waits) >= FEWEST_TOGETHER:
        return [_together(waits, len(stores))]
    return [_of(w) for w in waits]


async def longest_waits(
    repository: AnalyticsRepository, stores: Sequence[StoreView], *, now: datetime
) -> list[LongestWait]:
    """Those that are long, the longest first. Hours are chosen by their mean wait, then judged by their p90.

    Stores that have the same day are asked for together.
    """
    by_day: dict[date, list[StoreView]] = defaultdict(list)
    for store in stores:
        by_day[store.time.day_of(now)].append(store)
    found = []
    for today, own in by_day.items():
        first = today - timedelta(days=HOURS_DAYS)
        hours = await repository.of(own).week_hours(KIND, first=first, last=today)
        found += [wait for s in own if (wait := _longest_of(s, hours.get(s.id, {})))]
    return sorted(found, key=lambda w: -w.p90_s)


def _longest_of(store: StoreView, hours: Mapping[Hour, StaysOfHour]) -> LongestWait | None:
    chosen = _longest_means(hours)
    if not chosen:
        return None
    overall = quantile(counts_of_stays(b"".join(own.stays for own in hours.values())), 0.9)
    return _judged(store, {key: counts_of_stays(hours[key].stays) for key in chosen}, overall)


def _longest_means(hours: Mapping[Hour, StaysOfHour]) -> list[Hour]:
    known = [key for key, own in hours.items() if own.n >= FEWEST_WAITS]
    return sorted(known, key=lambda key: (-hours[key].total / hours[key].n, key))[:CANDIDATES]


def _judged(store: StoreView, steps: Mapping[Hour, Mapping[int, int]], overall: float | None) -> LongestWait | None:
    waits = {key: (p90, sum(own.values())) for key, own in steps.items() if (p90 := quantile(own, 0.9)) is not None}
    if not waits or overall is None:
        return None
    (on, at_hour), (worst, n) = max(waits.items(), key=lambda item: item[1][0])
    if worst < LONG_WAIT_S or worst < 1.2 * overall:
        return None
    return LongestWait(store, on, at_hour, worst, n, overall)


def _of(wait: LongestWait) -> Statement:
    return Statement(
        Kind.QUEUE, Weight.WARN, wait.store,
        _("Queues are longest on a %(weekday)s at %(hour)s: one in ten waits over %(n)s minutes.",
          weekday=weekday(wait.weekday), hour=hour(wait.hour), n=_minutes(wait.p90_s)),
        (_("p90 then: %(minutes)s min of %(n)s waits", minutes=_minutes(wait.p90_s), n=number(wait.n)),
         _("p90 at all times: %(minutes)s min", minutes=_minutes(wait.overall_s))),
        _reason(), 20.0 + min(20.0, 10 * (wait.p90_s / wait.overall_s - 1)), claim=f"{wait.weekday} {wait.hour}",
    )  # fmt: skip


def _together(waits: Sequence[LongestWait], n_stores: int) -> Statement:
    worst = waits[0]
    words = _(
        "In %(n)s of %(of)s stores one in ten waits over %(minutes)s minutes at the worst hour; longest in %(store)s.",
        n=len(waits), of=n_stores, minutes=number(int(waits[-1].p90_s / 6) / 10, digits=1), store=worst.store.name,
    )  # fmt: skip
    numbers = tuple(
        _("%(store)s: %(weekday)s %(hour)s, p90 %(minutes)s min (at all times %(usual)s)", store=w.store.name,
          weekday=weekday(w.weekday, "abbreviated"), hour=hour(w.hour), minutes=_minutes(w.p90_s),
          usual=_minutes(w.overall_s))
        for w in waits
    )  # fmt: skip
    rank = 20.0 + min(20.0, 10 * (worst.p90_s / worst.overall_s - 1))
    return Statement(Kind.QUEUE, Weight.WARN, None, words, numbers, _reason(), rank,
                     claim=f"together {worst.store.id} {worst.weekday} {worst.hour}")  # fmt: skip


def _minutes(seconds: float) -> str:
    return number(seconds / 60, digits=1)


def _reason() -> str:
    return _(
        "Waits of %(days)s days by weekday and hour; hours with fewer than %(n)s waits are left out.", days=HOURS_DAYS,
        n=FEWEST_WAITS,
    )  # fmt: skip
