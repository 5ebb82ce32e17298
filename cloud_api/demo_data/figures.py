"""The rows of figures of one demo store: quarter hours for the last weeks, days for all of the time."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from math import exp
from random import Random
from statistics import NormalDist
from typing import Any
from zoneinfo import ZoneInfo

from cloud_api.demo_data.plan import (
    DRIFT_DAYS,
    DRIFT_STORE,
    OUTAGE_STORE,
    STORES,
    count,
    curve,
    expected_people,
    outage_day,
)
from cloud_api.kit.buckets import ROLLUP
from cloud_api.kit.histogram import bin_of, steps_of
from cloud_api.rollups.tables import (
    CAMERAS,
    COARSE,
    DAY,
    DAY_STEPS,
    DAYS,
    FINE,
    HOURS,
    QUARTERS,
    FigureTable,
)  # fmt: skip

QUARTER_DAYS = 64
"""As far back as figures go by quarter hours (profiles, zones); before that there are days."""
DOOR, FLOOR, TILL = "cam_entrance", "cam_floor", "cam_till"
ZONES = {"footfall_in": (DOOR, "door"), "footfall_out": (DOOR, "door"), "dwell": (FLOOR, "new_season"),
         "queue_wait": (TILL, "queue"), "shelf_interaction": (FLOOR, "shoes")}  # fmt: skip
STAYS = {"dwell": (0.55, 4.1, 0.75), "queue_wait": (0.34, 4.3, 0.55), "shelf_interaction": (0.3, 2.4, 0.6)}
"""Share of the people who come in; the logarithm's mean and spread of their seconds."""
STAYS_TO_DRAW = 1000
"""Of each distribution."""
SAMPLES_OF_A_DAY = 24
"""Of days without quarter hours: as many stays are drawn, each stands for several."""


@dataclass
class DemoFigures:
    """Rows by table, as (key..., values...) without the store, in the order of the table's own names."""

    rows: dict[FigureTable, list[tuple[Any, ...]]] = field(default_factory=lambda: defaultdict(list))
    latest: list[tuple[str, datetime]] = field(default_factory=list)
    """Type and quarter hour of what happened in the last two hours, once per event."""


def figures_of(index: int, *, now: datetime, n_days: int, chance: Random) -> DemoFigures:
    """All figures of one store until ``now``."""
    zone = ZoneInfo(STORES[index].timezone)
    today = now.astimezone(zone).date()
    shares, made = curve(STORES[index]), DemoFigures()
    for days_ago in range(n_days, -1, -1):
        day = today - timedelta(days=days_ago)
        people = expected_people(index, day, today=today, chance=chance)
        if days_ago > QUARTER_DAYS:
            _add_day(made, index, day, people, zone, chance)
        else:
            _add_quarters(made, index, day, people, shares, zone, now=now, today=today, chance=chance)
    return made


@lru_cache(maxsize=256)
def _stays(mean: float, spread: float) -> list[tuple[float, int]]:
    """Stays to draw from, each with its bin: a log-normal distribution by its quantiles."""
    normal = NormalDist(mean, spread)
    seconds = [exp(normal.inv_cdf((n + 0.5) / STAYS_TO_DRAW)) for n in range(STAYS_TO_DRAW)]
    return [(s, bin_of(s)) for s in seconds]


def _add_day(made: DemoFigures, index: int, day: date, people: float, zone: ZoneInfo, chance: Random) -> None:
    start, end = (datetime.combine(d, time(), zone).astimezone(UTC) for d in (day, day + timedelta(days=1)))
    made.rows[DAYS].append((day, int((end - start) / ROLLUP), 0.0))
    went_in = count(people, chance)
    if not went_in:
        return
    made.rows[DAY].append((day, "footfall_in", went_in, 0.0, 0.0, 0.0))
    made.rows[DAY].append((day, "footfall_out", max(0, went_in - chance.randint(0, 4)), 0.0, 0.0, 0.0))
    for kind, (portion, mean, spread) in STAYS.items():
        n = round(went_in * portion)
        if not n or (kind == "queue_wait" and not STORES[index].has_queue):
            continue
        bins: dict[int, int] = defaultdict(int)
        drawn = chance.choices(_stays(mean, spread), k=min(n, SAMPLES_OF_A_DAY))
        for k, (_seconds, step) in enumerate(drawn):
            bins[step] += n // len(drawn) + (k < n % len(drawn))
        total = sum(seconds for seconds, _step in drawn) / len(drawn) * n
        made.rows[DAY].append((day, kind, n, total, 0.0, max(drawn)[0]))
        made.rows[DAY_STEPS].append((day, kind, list(steps_of(bins))))


def _add_quarters(
    made: DemoFigures, index: int, day: date, people: float, shares: list[float], zone: ZoneInfo, *, now: datetime,
    today: date, chance: Random,
) -> None:  # fmt: skip
    store, at = STORES[index], datetime.combine(day, time(), zone).astimezone(UTC)
    end = min(datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC), now)
    sums: dict[str, list[float]] = defaultdict(lambda: [0, 0.0, 0.0, 0.0])
    bins: dict[tuple[str, int], int] = defaultdict(int)
    heard, blind_s, inside = 0, 0.0, 0
    n_before = len(made.rows[FINE])
    is_outage = index == OUTAGE_STORE and day == outage_day(today)
    loss = 0.06 if index == DRIFT_STORE and (today - day).days <= DRIFT_DAYS else 0.0
    while at < end:
        local = at.astimezone(zone)
        place = (local.hour - store.opens) * 4 + local.minute // 15
        is_blind = is_outage and 12 <= local.hour < 17
        hidden_s = 900.0 if is_blind else 0.0
        heard, blind_s = heard + 1, blind_s + hidden_s
        made.rows[QUARTERS].append((at, hidden_s))
        if is_blind:
            made.rows[CAMERAS].append((at, DOOR, 900.0))
        is_open = people > 0 and 0 <= place < len(shares)
        went_in = count(people * shares[place], chance) if is_open and not is_blind else 0
        went_out = _leaving(inside + went_in, place, people, shares, chance) if is_open and not is_blind else 0
        inside += went_in - went_out
        went_out = sum(chance.random() >= loss for _ in range(went_out)) if loss else went_out
        is_part = at + ROLLUP > now
        if is_part:
            went_in, went_out = round(went_in * (now - at) / ROLLUP), round(went_out * (now - at) / ROLLUP)
        _add_crossings(made, sums, at, went_in, went_out)
        if now - at < timedelta(hours=2):
            made.latest += [("footfall_in", at)] * went_in + [("footfall_out", at)] * went_out
        for kind, (portion, mean, spread) in STAYS.items():
            busy = 0.5 * max(0.0, shares[place] * len(shares) - 1) if is_open and kind == "queue_wait" else 0.0
            if kind != "queue_wait" or store.has_queue:
                _add_stays(
                    made, sums, bins, at, kind, count(went_in * portion, chance), mean + busy, spread, chance
                )  # fmt: skip
        at += ROLLUP
    made.rows[DAYS].append((day, heard, blind_s))
    made.rows[DAY].extend((day, kind, *row) for kind, row in sums.items())
    made.rows[HOURS].extend(
        (day, kind, hour, *row) for (kind, hour), row in _hours_of(made.rows[FINE][n_before:], zone).items()
    )
    for kind in {kind for kind, _step in bins}:
        own = {step: n for (told, step), n in bins.items() if told == kind}
        made.rows[DAY_STEPS].append((day, kind, list(steps_of(own))))


def _hours_of(fine: list[tuple[Any, ...]], zone: ZoneInfo) -> dict[tuple[str, int], tuple[Any, ...]]:
    """Figures by type and hour of the store's clock."""
    hours: dict[tuple[str, int], tuple[Any, ...]] = {}
    for at, kind, _camera, _zone, _category, n, total, _seconds, peak, stays in fine:
        key, values = (kind, at.astimezone(zone).hour), (n, total, peak, stays)
        hours[key] = HOURS.merge(hours[key], values) if key in hours else values
    return hours


def _leaving(inside: int, place: int, people: float, shares: list[float], chance: Random) -> int:
    """How many of those inside leave in a quarter hour; at closing time all of them."""
    if place >= len(shares) - 1:
        return inside
    return min(inside, count(people * shares[max(0, place - 1)] * 0.97, chance))


def _add_crossings(made: DemoFigures, sums: dict[str, list[float]], at: datetime, went_in: int, went_out: int) -> None:
    for kind, n in (("footfall_in", went_in), ("footfall_out", went_out)):
        if n:
            sums[kind][0] += n
            made.rows[COARSE].append((at, kind, n, 0.0, 0.0, 0.0))
            made.rows[FINE].append((at, kind, *ZONES[kind], "", n, 0.0, 0.0, 0.0, b""))


def _add_stays(
    made: DemoFigures, sums: dict[str, list[float]], bins: dict[tuple[str, int], int], at: datetime, kind: str, n: int,
    mean: float, spread: float, chance: Random,
) -> None:  # fmt: skip
    if not n:
        return
    drawn = chance.choices(_stays(round(mean, 1), spread), k=n)
    steps = [step for _seconds, step in drawn]
    total, longest, row = sum(seconds for seconds, _step in drawn), max(drawn)[0], sums[kind]
    row[0], row[1], row[3] = row[0] + n, row[1] + total, max(row[3], longest)
    category = "shoes" if kind == "shelf_interaction" else ""
    made.rows[COARSE].append((at, kind, n, total, 0.0, longest))
    made.rows[FINE].append((at, kind, *ZONES[kind], category, n, total, 0.0, longest, bytes(sorted(steps))))
    for step in steps:
        bins[kind, step] += 1
