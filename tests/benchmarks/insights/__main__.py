"""Forecast and unusual days on series whose truth is known, against "as on the same weekday last week".

``python -m tests.benchmarks.insights`` prints the tables; ``--write`` puts them into RESULTS.md. It takes about two minutes.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random
from statistics import NormalDist

from cloud_api.demo_data.plan import HOLIDAYS, SEASON
from cloud_api.insights.series import Series, forecast, naive
from cloud_api.insights.unusual import unusual_days

TODAY = date(2026, 9, 14)
NORMAL = NormalDist()
DAYS, AHEAD, SHOPS = 140, 14, 120
WEEKDAY = (0.86, 0.84, 0.9, 0.98, 1.18, 1.46, 0.6)


@dataclass(frozen=True)
class World:
    """A kind of shop. ``growth``: a week; ``noise``: of a day; ``slow``: of a week, as weather does; ``closed``: Sundays."""

    name: str
    people: int = 800
    growth: float = 0.0
    noise: float = 0.07
    slow: float = 0.0
    season: bool = False
    step: float = 0.0
    closed: bool = False
    gaps: float = 0.0


WORLDS = (
    World("steady"), World("small shop (40 a day)", people=40), World("grows 2 % a week", growth=0.02),
    World("season of a year", season=True), World("weather by the week", slow=0.12), World("noisy", noise=0.2),
    World("fell by a quarter five weeks ago", step=-0.25), World("closed on Sundays", closed=True),
    World("one day in ten missing", gaps=0.1),
)  # fmt: skip


def series_of(world: World, seed: int) -> dict[date, int]:
    """Days up to two weeks after TODAY."""
    return {day: n for day, (n, _mean) in shop_of(world, seed).items()}


def shop_of(world: World, seed: int) -> dict[date, tuple[int, float]]:
    """The same, each day with the mean that it was drawn from: before the day's own noise, and before chance."""
    chance, made = Random(f"{world.name} {seed}"), {}
    weather = 0.0
    for k in range(-DAYS, AHEAD):
        day = TODAY + timedelta(days=k)
        if day.weekday() == 0:
            weather = 0.6 * weather + chance.gauss(0, world.slow)
        mean = world.people * WEEKDAY[day.weekday()] * (1 + world.growth) ** (k / 7) * math.exp(weather)
        if world.season:
            share = (day.day - 1) / 31
            mean *= SEASON[day.month - 1] * (1 - share) + SEASON[day.month % 12] * share
        if world.step and k >= -35:
            mean *= 1 + world.step
        if (world.closed and day.weekday() == 6) or (day.month, day.day) in HOLIDAYS:
            continue
        own = mean * math.exp(chance.gauss(0, world.noise))
        if chance.random() >= world.gaps or k >= 0:
            made[day] = max(0, round(chance.gauss(own, math.sqrt(own)))), mean
    return made


def forecast_row(world: World) -> str:
    """Errors as a share of the people, and how often the interval held."""
    own = plain = people = 0.0
    inside = total = 0
    for seed in range(SHOPS):
        whole = series_of(world, seed)
        past = {d: n for d, n in whole.items() if d < TODAY}
        made = forecast(past, today=TODAY)
        if made is None:
            continue
        for day in made.days:
            if day.day not in whole:
                continue
            last_week = naive(past, day.day, known_until=TODAY - timedelta(days=1))
            if last_week is None:
                continue
            truth = whole[day.day]
            own, plain, people = own + abs(day.expected - truth), plain + abs(last_week - truth), people + truth
            inside, total = inside + (day.low <= truth <= day.high), total + 1
    return (
        f"| {world.name} | {100 * own / people:.1f} % | {100 * plain / people:.1f} % | {100 * inside / total:.0f} % |"
    )


def plain_unusual(series: Series, first: date, last: date) -> set[date]:
    """The rule to beat: a third more or less than on the same weekday last week."""
    found = set()
    for n in range((last - first).days + 1):
        day = first + timedelta(days=n)
        before = series.get(day - timedelta(days=7))
        if day in series and before and abs(series[day] / before - 1) >= 1 / 3:
            found.add(day)
    return found


def _surprise(n: int, mean: float, world: World) -> float:
    """The deviations that a count is from its mean: those of a normal law with the same tail."""
    below = weight = 0.0
    for k in range(-40, 41):
        share = math.exp(-0.5 * (k / 10) ** 2)
        own = mean * math.exp(world.noise * k / 10)
        at = n + 0.5 if n < mean else n - 0.5
        below, weight = below + share * NORMAL.cdf((at - own) / math.sqrt(own)), weight + share
    return NORMAL.inv_cdf(min(1 - 1e-12, max(1e-12, below / weight)))


def unusual_row(world: World, factor: float) -> str:
    """Precision and recall of both on one planted day a shop, among the last two weeks; and the best recall there is."""
    scores = {"own": [0, 0], "plain": [0, 0]}
    planted: list[float] = []
    ordinary: list[float] = []
    for seed in range(SHOPS):
        shop = {d: own for d, own in shop_of(world, seed).items() if d < TODAY}
        series, means = {d: n for d, (n, _mean) in shop.items()}, {d: mean for d, (_n, mean) in shop.items()}
        days = [d for d in series if (TODAY - d).days <= 14]
        strange = Random(seed).choice(days)
        series[strange] = round(series[strange] * factor)
        first, last = TODAY - timedelta(days=14), TODAY - timedelta(days=1)
        found = {"own": {u.day for u in unusual_days(series, first=first, last=last)},
                 "plain": plain_unusual(series, first, last)}  # fmt: skip
        for name, days_found in found.items():
            scores[name][0] += strange in days_found
            scores[name][1] += len(days_found - {strange})
        for day in days:
            far = _surprise(series[day], means[day], world) * (1 if factor > 1 else -1)
            (planted if day == strange else ordinary).append(far)
    # The oracle may be wrong as often as our own method was, and draws its line just there.
    line = sorted(ordinary, reverse=True)[scores["own"][1]]
    best = f"{100 * sum(far > line for far in planted) / len(planted):.0f} %"
    own, plain = (_told(scores[name], len(planted)) for name in ("own", "plain"))
    return f"| {world.name}, x {factor} | {own} | {best} | {plain} |"


def _told(score: list[int], planted: int) -> str:
    right, wrong = score
    precision = f"{100 * right / (right + wrong):.0f} %" if right + wrong else "–"
    return f"{precision} | {100 * right / planted:.0f} %"


def results() -> str:
    """RESULTS.md."""
    forecasts = "\n".join(forecast_row(w) for w in WORLDS)
    unusual = "\n".join(unusual_row(w, f) for w in WORLDS for f in (0.5, 1.7))
    return f"""# Insights on series whose truth is known

Made by `python -m tests.benchmarks.insights --write`. Each row: {SHOPS} made-up shops of {DAYS} days (Poisson people around
a mean with weekdays, and what the row says). "Last week": as on the same weekday last week.

## Forecast, the next {AHEAD} days

Mean error as a share of the people; the interval should hold nine of ten days.

| Shops | own error | last week's error | inside the interval |
|---|---|---|---|
{forecasts}

## Unusual days

One day of the last two weeks is planted at half, or 1.7 times, its people. "Oracle": what somebody would find who knows the
mean that each day was drawn from, the law of its noise and in which direction to look, and who is wrong on as many days as
our method was: no method can do better for long. "Last week": a third more or less than a week before.

| Shops and the planted day | own precision | own recall | oracle's recall | last week's precision | last week's recall |
|---|---|---|---|---|---|
{unusual}
"""


def main(words: Mapping[int, str]) -> None:
    """Print, or write."""
    told = results()
    print(told)
    if "--write" in words.values():
        (Path(__file__).parent / "RESULTS.md").write_text(told)


if __name__ == "__main__":
    main(dict(enumerate(sys.argv)))
