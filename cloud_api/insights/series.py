"""Daily series: what has changed for good, and what is to be expected. Pure functions.

Forecast: between the same weekday last week (seasonal naive) and the median of the same weekday in the last six weeks,
with the weight that would have done best on the weeks just past; its interval and its error are those that it would have
had there. tests/benchmarks/insights measures all of it on series whose truth is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

from cloud_api.insights.unusual import Series

HORIZON = 14
FORECAST_WEEKS = 6
FEWEST_DAYS = 42
"""Before a forecast is made: it is tried on the last weeks of them first."""
TRIED_STARTS = 9
LEFT_OUT = 0.04
"""Of the misses on either side of the interval: those of the weeks tried lie a little nearer than the next ones will."""
WEIGHTS = (0.5, 0.25, 0.75, 1.0)
"""Of last week's same weekday; the first is taken where others do no better."""
LEVEL_DAYS = 28
LEVEL_CHANGE = 0.1


@dataclass(frozen=True, slots=True)
class LevelChange:
    """The last four weeks against the four before, of weekdays that are in both; medians per weekday."""

    before: float
    after: float
    n_days: int

    @property
    def change(self) -> float:
        return self.after / self.before - 1


@dataclass(frozen=True, slots=True)
class ForecastDay:
    """Nine of ten days should fall between ``low`` and ``high``."""

    day: date
    expected: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Forecast:
    """``error``: the mean error of the method on days just past, as a share of their people; ``naive_error``: that of
    "as on the same weekday last week". ``n_tried``: days that it was tried on.
    """

    days: tuple[ForecastDay, ...]
    error: float
    naive_error: float
    n_tried: int


def level_change(series: Series, *, last: date) -> LevelChange | None:
    """Whether the last four weeks lie on another level than the four before; None: too little is known."""
    before, after, n = 0.0, 0.0, 0
    for weekday in range(7):
        new = _of_weekday(series, last, weekday, 0, LEVEL_DAYS)
        old = _of_weekday(series, last, weekday, LEVEL_DAYS, 2 * LEVEL_DAYS)
        if len(new) >= 3 and len(old) >= 3:
            before, after, n = before + median(old), after + median(new), n + len(new) + len(old)
    return LevelChange(before, after, n) if n and before else None


def _of_weekday(series: Series, last: date, weekday: int, start: int, end: int) -> list[int]:
    first = start + (last.weekday() - start - weekday) % 7
    days = (last - timedelta(days=k) for k in range(first, end, 7))
    return [series[d] for d in days if d in series]


def expected(series: Series, day: date, *, known_until: date, weight: float = 0.5) -> float | None:
    """What is expected of ``day`` by all that was known at the end of ``known_until``.

    Args:
        weight: of last week's same weekday against the median of six weeks: 1 follows the season, 0 sits out strange days.
    """
    past = [series[d] for d in _same_weekdays(day, known_until) if d in series]
    if len(past) < 3:
        return None
    return weight * past[0] + (1 - weight) * median(past[:FORECAST_WEEKS])


def naive(series: Series, day: date, *, known_until: date) -> int | None:
    """As on the same weekday of the last week known."""
    return next((series[d] for d in _same_weekdays(day, known_until) if d in series), None)


def _same_weekdays(day: date, known_until: date) -> list[date]:
    back = ((day - known_until).days + 6) // 7
    return [day - timedelta(days=7 * (back + k)) for k in range(FORECAST_WEEKS + 2)]


def forecast(series: Series, *, today: date, closed: Sequence[date] = ()) -> Forecast | None:
    """The days from ``today`` on; None: too little is known. ``closed`` days are expected to have nobody."""
    last = today - timedelta(days=1)
    if sum(1 for k in range(FEWEST_DAYS) if last - timedelta(days=k) in series) < FEWEST_DAYS * 0.7:
        return None
    best = min((_tried(series, last, weight) for weight in WEIGHTS), key=lambda t: t.missed)
    if len(best.misses) < HORIZON or not best.people:
        return None
    ordered = sorted(best.misses)
    low, high = (
        ordered[int(LEFT_OUT * len(ordered))],
        ordered[min(len(ordered) - 1, int((1 - LEFT_OUT) * len(ordered)))],
    )
    days = [_day(series, today + timedelta(days=k), last, best.weight, (low, high), closed) for k in range(HORIZON)]
    return Forecast(
        tuple(d for d in days if d), round(best.missed / best.people, 4), round(best.naive_missed / best.people, 4),
        len(best.misses),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Tried:
    """What one weight would have done on days just past. ``misses``: as shares; ``missed``: people."""

    weight: float
    misses: tuple[float, ...]
    missed: float
    naive_missed: float
    people: float


def _tried(series: Series, last: date, weight: float) -> _Tried:
    misses, missed, naive_missed, people = [], 0.0, 0.0, 0.0
    for start in range(1, TRIED_STARTS + 1):
        known_until = last - timedelta(days=7 * start)
        for k in range(1, HORIZON + 1):
            day = known_until + timedelta(days=k)
            guess = expected(series, day, known_until=known_until, weight=weight)
            plain = naive(series, day, known_until=known_until)
            if day > last or day not in series or plain is None or not guess:
                continue
            misses.append(series[day] / guess - 1)
            missed += abs(series[day] - guess)
            naive_missed += abs(series[day] - plain)
            people += series[day]
    return _Tried(weight, tuple(misses), missed, naive_missed, people)


def _day(
    series: Series, day: date, last: date, weight: float, share: tuple[float, float], closed: Sequence[date]
) -> ForecastDay | None:
    if day in closed:
        return ForecastDay(day, 0.0, 0.0, 0.0)
    guess = expected(series, day, known_until=last, weight=weight)
    if guess is None:
        return None
    return ForecastDay(day, round(guess), round(max(0.0, guess * (1 + share[0]))), round(guess * (1 + share[1])))
