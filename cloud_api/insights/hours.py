"""When people come: where staff is needed, and hours that were not as usual. Of one store."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from cloud_api.analytics.repository import AnalyticsRepository
from cloud_api.insights.statement import HOURS_DAYS, Kind, Statement, Weight
from cloud_api.insights.unusual import WEEKS_BACK, UnusualDay, unusual_days_of
from cloud_api.kit.language import gettext as _
from cloud_api.kit.language import hour, joined, named_day, number, weekday
from cloud_api.stores.opening_hours import OpeningTimes
from cloud_api.tenancy.visible_stores import StoreView

FEWEST_PEOPLE = 200
UNUSUAL_DAYS = 7
UNUSUAL_LIMIT = 4.0
"""Deviations. Some hundred hours are judged at once, so that the limit is farther out than that of days."""
UNUSUAL_CHANGE = 1 / 3
FEWEST_USUAL = 10
MOST_UNUSUAL = 3


async def peak_hours(
    repository: AnalyticsRepository, store: StoreView, times: OpeningTimes | None, *, now: datetime
) -> list[Statement]:
    """The three hours of most people, those of hardly any, and the hour of the week that needs most staff."""
    zone = ZoneInfo(store.timezone)
    # From midnight: a span that began in the middle of a quarter hour would miss the quarter hours of figures.
    start = datetime.combine(now.astimezone(zone).date() - timedelta(days=HOURS_DAYS), time(), zone).astimezone(UTC)
    open_quarters = _open_quarters(times, start, now, zone)
    by_hour: dict[int, int] = defaultdict(int)
    by_week: dict[tuple[int, int], int] = defaultdict(int)
    outside = 0
    for q in await repository.quarter_hours(start=start, end=now, types=["footfall_in"]):
        local = q.bucket_at.astimezone(zone)
        by_hour[local.hour] += q.n
        by_week[local.weekday(), local.hour] += q.n
        if open_quarters is not None and q.bucket_at not in open_quarters:
            outside += q.n
    total = sum(by_hour.values())
    if total < FEWEST_PEOPLE:
        return []
    best = sorted(by_hour, key=lambda h: -by_hour[h])[:3]
    quiet = [h for h in sorted(by_hour) if by_hour[h] / total < 0.03]
    words, numbers = _told(by_hour, best, quiet, total)
    numbers += _staffing(by_week)
    if open_quarters is None:
        numbers.append(_("opening hours are not set: hours outside them cannot be told"))
    elif outside / total > 0.02:
        share_outside = number(outside / total * 100)
        words += " " + _("%(share)s %% come outside the opening hours that are set.", share=share_outside)
    reason = _("People in by hour, %(days)s days, %(n)s people. Put most staff where most people are.", days=HOURS_DAYS,
               n=number(total))  # fmt: skip
    return [Statement(Kind.HOURS, Weight.PLAIN, store, words, tuple(numbers), reason, 5.0,
                      claim=f"{sorted(best)} {quiet}")]  # fmt: skip


def _open_quarters(times: OpeningTimes | None, start: datetime, end: datetime, zone: ZoneInfo) -> set[datetime] | None:
    """Quarter hours that touch the opening hours; None: those are not set."""
    if times is None or not times.is_known:
        return None
    spans = times.open_spans(start, end, zone)
    return {a + timedelta(minutes=15 * k) for a, b in spans for k in range(int((b - a).total_seconds() // 900) + 1)}


def _told(by_hour: Mapping[int, int], best: Sequence[int], quiet: Sequence[int], total: int) -> tuple[str, list[str]]:
    share = sum(by_hour[h] for h in best) / total
    words = _(
        "%(share)s %% of people come in three hours: %(hours)s.", share=number(share * 100), hours=_clock(sorted(best))
    )
    numbers = [_("%(hour)s: %(share)s %%", hour=hour(h), share=number(by_hour[h] / total * 100)) for h in best]
    if quiet:
        words += " " + _("Hardly anybody comes at %(hours)s.", hours=_clock(quiet))
        numbers += [
            _("%(hour)s: %(share)s %%", hour=hour(h), share=number(by_hour[h] / total * 100, digits=1)) for h in quiet
        ]
    return words, numbers


def _staffing(by_week: Mapping[tuple[int, int], int]) -> list[str]:
    """The fullest hour of the week against an hour in which anybody comes."""
    weeks = HOURS_DAYS / 7
    (on, at), most = max(by_week.items(), key=lambda item: item[1])
    usual = sum(by_week.values()) / len(by_week)
    return [
        _("fullest: %(weekday)s %(hour)s, %(n)s people, %(times)s times an average hour", weekday=weekday(on),
          hour=hour(at), n=number(most / weeks), times=number(most / usual, digits=1))
    ]  # fmt: skip


def _clock(hours: Iterable[int]) -> str:
    return joined([hour(h) for h in hours])


async def unusual_hours(
    repository: AnalyticsRepository, store: StoreView, *, trusted: Iterable[date], strange: Iterable[date], last: date
) -> list[Statement]:
    """Hours of the last week that were not as usual, on days that as a whole were.

    Args:
        trusted: days whose figures are complete.
        strange: days that are told as a whole.
    """
    good, told = set(trusted), set(strange)
    first = last - timedelta(days=7 * WEEKS_BACK)
    counts = {(d, h): n for _id, d, h, n in await repository.hourly("footfall_in", first=first, last=last)}
    found: list[tuple[int, UnusualDay]] = []
    hours = sorted({h for _day, h in counts})
    # An hour of a day that was seen, without anybody, has no row.
    many = [{d: counts.get((d, h), 0) for d in good if d >= first} for h in hours]
    since = last - timedelta(days=UNUSUAL_DAYS - 1)
    for h, far in zip(hours, unusual_days_of(many, first=since, last=last, limit=UNUSUAL_LIMIT), strict=True):
        found += [
            (h, d) for d in far if d.day not in told and d.usual >= FEWEST_USUAL and abs(d.change) >= UNUSUAL_CHANGE
        ]
    found.sort(key=lambda pair: -abs(pair[1].score))
    return [_unusual_words(store, h, d) for h, d in found[:MOST_UNUSUAL]]


def _unusual_words(store: StoreView, at: int, found: UnusualDay) -> Statement:
    more = found.change > 0
    said = {"day": named_day(found.day), "hour": hour(at), "share": number(abs(found.change) * 100),
            "weekday": weekday(found.day.weekday())}  # fmt: skip
    words = (
        _("%(day)s at %(hour)s had %(share)s %% more people than such an hour of a %(weekday)s.", **said)
        if more
        else _("%(day)s at %(hour)s had %(share)s %% fewer people than such an hour of a %(weekday)s.", **said)
    )
    return Statement(
        Kind.UNUSUAL_HOUR, Weight.GOOD if more else Weight.WARN, store, words,
        (_("%(n)s came in", n=number(found.value)), _("usual: %(n)s", n=number(found.usual))),
        _("%(score)s deviations from what such hours of %(n)s weeks let expect; %(limit)s is the limit. The day as a "
          "whole was as usual.", score=number(abs(found.score), digits=1), n=found.n, limit=number(UNUSUAL_LIMIT)),
        15.0 + min(15.0, abs(found.score)), claim=f"{found.day} {at}", day=found.day,
    )  # fmt: skip
