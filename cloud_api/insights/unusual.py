"""Days of a series that stand out. Pure functions.

What a day should have had is its weekday's share of the level of the days around it: both by trimmed means, in turns,
so that neither a strange day nor a season moves them. How far the day is from that is measured where counts scatter
evenly: people come by chance (a variance as large as the mean) in numbers that themselves differ from day to day (a share
``scatter`` of the mean, more or less the same all year), and ``2 / scatter * asinh(scatter * sqrt(n))`` of such a
negative binomial count has the variance 1 (Anscombe, "The transformation of Poisson, binomial and negative-binomial data",
1948). ``scatter`` is the shop's own: that which makes the middle four fifths of its days as wide as they should be.

tests/benchmarks/insights measures it on series whose truth is known, beside an oracle that knows each shop's law.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

WEEKS_BACK = 16
FEWEST_WEEKDAYS = 5
"""Of a weekday, beside the day judged, before anything is said about it."""
FEWEST_AROUND = 5
LIMIT = 3.0
"""Standard deviations: of ordinary days, one in 370 lies beyond."""
SMALLEST_CHANGE = 0.2
"""Below it a day is not called unusual, however regular the others were."""
SMALLEST_SCATTER = 0.05
AROUND = 12
"""Days nearest to a day, that tell its level."""
TRIMMED = 0.25
_TURNS = 3
_MIDDLE, _MIDDLE_SIGMAS = 0.1, 2.5631
"""A tenth of the days left out on either side; how far apart the tenths of a normal law are."""

Series = Mapping[date, int]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class UnusualDay:
    """``usual``: of such a weekday at the level of the days around; ``n`` such weekdays. ``score``: in deviations."""

    day: date
    value: int
    usual: float
    score: float
    n: int

    @property
    def change(self) -> float:
        return self.value / self.usual - 1 if self.usual else 0.0


def unusual_days(series: Series, *, first: date, last: date, limit: float = LIMIT) -> list[UnusualDay]:
    """Days from ``first`` to ``last`` that are far from what they should have had; the farthest first."""
    found = [d for d in _judged(series, last) if d.day >= first]
    far = [d for d in found if abs(d.score) > limit and abs(d.change) >= SMALLEST_CHANGE and d.usual >= 1]
    return sorted(far, key=lambda d: -abs(d.score))


def judge(series: Series, day: date) -> UnusualDay | None:
    """How far a day is from what it should have had, by the days before it; None: too little is known."""
    return next((d for d in _judged(series, day) if d.day == day), None)


def _judged(series: Series, last: date) -> list[UnusualDay]:
    back = (last - timedelta(days=k) for k in range(7 * WEEKS_BACK + 14))
    days = sorted(d for d in back if d in series)
    counts = [series[d] for d in days]
    means, n_alike = _means(days, counts)
    known = [k for k in range(len(days)) if n_alike[k] > FEWEST_WEEKDAYS and means[k] > 0]
    if not known:
        return []
    # A day takes part in its own weekday's mean, and so lies nearer to it than to the truth.
    freed = [n_alike[k] / (n_alike[k] - 1) for k in known]
    own, wanted = (np.sqrt(np.array([values[k] for k in known]) + 0.375) for values in (counts, means))
    roots = _Roots(own, wanted, np.array(freed))
    scores = roots.deviations(_scatter(roots)).tolist()
    return [
        UnusualDay(days[k], counts[k], round(means[k], 1), score, n_alike[k] - 1)
        for k, score in zip(known, scores, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class _Roots:
    """Square roots of what days had and should have had, and by how much more a day scatters than it seems to."""

    own: Floats
    wanted: Floats
    freed: Floats

    def deviations(self, scatter: float) -> Floats:
        """How far each day is from what it should have had, where counts scatter by 1."""
        far: Floats = 2 / scatter * (np.arcsinh(scatter * self.own) - np.arcsinh(scatter * self.wanted)) * self.freed
        return far


def _means(days: Sequence[date], counts: Sequence[int]) -> tuple[list[float], list[int]]:
    """What each day should have had, and how many days of its weekday there are."""
    places = [day.toordinal() for day in days]
    around = [_around(places, k) for k in range(len(days))]
    weekdays = [d.weekday() for d in days]
    share = dict.fromkeys(range(7), 1.0)
    level = [0.0] * len(days)
    alike: dict[int, list[float]] = defaultdict(list)
    for _turn in range(_TURNS):
        # A weekday on which nobody ever comes tells no level.
        plain = [n / share[w] if share[w] > 0.02 else None for n, w in zip(counts, weekdays, strict=True)]
        alike = defaultdict(list)
        for k, near in enumerate(around):
            told = [v for m in near if (v := plain[m]) is not None]
            level[k] = _trimmed(told) if len(told) >= FEWEST_AROUND else 0.0
            if level[k] > 0:
                alike[weekdays[k]].append(counts[k] / level[k])
        share |= {w: _trimmed(own) for w, own in alike.items()}
    return [level[k] * share[w] for k, w in enumerate(weekdays)], [len(alike[w]) for w in weekdays]


def _around(days: Sequence[int], k: int) -> list[int]:
    """The places of the days nearest to one, without itself."""
    own = days[k]
    near = [m for m in range(max(0, k - AROUND), min(len(days), k + AROUND + 1)) if m != k]
    return sorted(near, key=lambda m: abs(days[m] - own))[:AROUND]


def _trimmed(values: Sequence[float]) -> float:
    """The mean without a quarter on either side."""
    cut = int(len(values) * TRIMMED)
    kept = sorted(values)[cut : len(values) - cut]
    return sum(kept) / len(kept)


def _scatter(roots: _Roots) -> float:
    """The share by which days differ beyond chance, by halving."""
    low, high = SMALLEST_SCATTER, 1.5
    if _width(roots, low) <= 1:
        return low
    for _half in range(12):
        middle = (low + high) / 2
        low, high = (middle, high) if _width(roots, middle) > 1 else (low, middle)
    return high


def _width(roots: _Roots, scatter: float) -> float:
    """How wide the middle of the days lies, in deviations; 1 where ``scatter`` is right."""
    far = np.sort(roots.deviations(scatter))
    at = int(_MIDDLE * len(far))
    return float(far[len(far) - 1 - at] - far[at]) / _MIDDLE_SIGMAS
