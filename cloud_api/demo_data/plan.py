"""How many people come when: the shops of the demo, decided by chance with a fixed seed. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

QUARTERS_PER_HOUR = 4
WEEKDAY = (0.86, 0.84, 0.9, 0.98, 1.18, 1.46, 0.6)
SEASON = (0.86, 0.84, 0.94, 0.98, 1.0, 0.98, 0.95, 0.96, 1.0, 1.03, 1.16, 1.42)
HOLIDAYS = ((12, 25), (12, 26), (1, 1))
OUTAGE_STORE, OUTAGE_DAYS_AGO = 3, 9
FEAST_STORE, FEAST_DAYS_AGO = 1, 5
DRIFT_STORE, DRIFT_DAYS = 6, 40
FALL_STORE, FALL_DAYS = 8, 35


@dataclass(frozen=True, slots=True)
class DemoStore:
    """``per_day``: people on an average day. ``opens``, ``closes``: hours of the store's own clock."""

    name: str
    timezone: str
    per_day: int
    opens: int
    closes: int
    is_open_on_sunday: bool
    has_queue: bool = True

    @property
    def capacity(self) -> int:
        """People it has room for: a sixth of a day's."""
        return int(self.per_day * 0.016) * 10


STORES = (
    DemoStore("Berlin Alexanderplatz", "Europe/Berlin", 1500, 9, 21, is_open_on_sunday=False),
    DemoStore("Hamburg Jungfernstieg", "Europe/Berlin", 1150, 10, 20, is_open_on_sunday=False),
    DemoStore("Munich Marienplatz", "Europe/Berlin", 1300, 9, 20, is_open_on_sunday=False),
    DemoStore("Cologne Hohe Straße", "Europe/Berlin", 900, 10, 20, is_open_on_sunday=False),
    DemoStore("Leipzig Markt", "Europe/Berlin", 520, 10, 19, is_open_on_sunday=False),
    DemoStore("Vienna Graben", "Europe/Vienna", 980, 9, 19, is_open_on_sunday=False),
    DemoStore("Amsterdam Kalverstraat", "Europe/Amsterdam", 1050, 10, 20, is_open_on_sunday=True),
    DemoStore("London Covent Garden", "Europe/London", 1420, 9, 21, is_open_on_sunday=True),
    DemoStore("Manchester Arndale", "Europe/London", 760, 9, 20, is_open_on_sunday=True),
    DemoStore("Lisbon Chiado", "Europe/Lisbon", 640, 10, 21, is_open_on_sunday=True),
    DemoStore("Porto Santa Catarina", "Europe/Lisbon", 430, 10, 20, is_open_on_sunday=True),
    DemoStore("Freiburg Münsterplatz", "Europe/Berlin", 260, 10, 18, is_open_on_sunday=False, has_queue=False),
)


def is_open(store: DemoStore, day: date) -> bool:
    """Whether the shop opens at all."""
    return (day.month, day.day) not in HOLIDAYS and (day.weekday() != 6 or store.is_open_on_sunday)


def expected_people(index: int, day: date, *, today: date, chance: Random) -> float:
    """People on a day: weekday, season, weather-like noise, and the stories of the demo."""
    store = STORES[index]
    if not is_open(store, day):
        return 0.0
    month, share = day.month - 1, (day.day - 1) / 31
    season = SEASON[month] * (1 - share) + SEASON[(month + 1) % 12] * share
    growth = 1 + 0.05 * (1 - (today - day).days / 365)
    people = store.per_day * WEEKDAY[day.weekday()] * season * growth * math.exp(chance.gauss(0, 0.07))
    days_ago = (today - day).days
    if index == FEAST_STORE and days_ago == _open_day_before(FEAST_STORE, FEAST_DAYS_AGO, today):
        people *= 1.95
    if index == FALL_STORE and days_ago <= FALL_DAYS:
        people *= 0.76
    return people


def outage_day(today: date) -> date:
    """When the cameras of one store were blind for five hours."""
    return today - timedelta(days=_open_day_before(OUTAGE_STORE, OUTAGE_DAYS_AGO, today))


def _open_day_before(index: int, days_ago: int, today: date) -> int:
    while not is_open(STORES[index], today - timedelta(days=days_ago)):
        days_ago += 1
    return days_ago


def curve(store: DemoStore) -> list[float]:
    """The share of a day's people in each quarter hour from opening to closing; sums to 1."""
    n = (store.closes - store.opens) * QUARTERS_PER_HOUR
    weights = []
    for q in range(n):
        hour = store.opens + q / QUARTERS_PER_HOUR
        noon, evening = math.exp(-(((hour - 13.0) / 2.1) ** 2)), 1.15 * math.exp(-(((hour - 17.3) / 1.7) ** 2))
        weights.append(0.18 + noon + evening)
    total = sum(weights)
    return [w / total for w in weights]


def count(mean: float, chance: Random) -> int:
    """A number of people with this mean (Poisson; for larger means its normal approximation)."""
    if mean <= 0:
        return 0
    if mean > 12:
        return max(0, round(chance.gauss(mean, math.sqrt(mean))))
    limit, product, n = math.exp(-mean), chance.random(), 0
    while product > limit:
        product *= chance.random()
        n += 1
    return n
