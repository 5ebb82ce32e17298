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
_HALVINGS = 12
_MIDDLE, _MIDDLE_SIGMAS = 0.1, 2.5631
"""A tenth of the days left out on either side; how far apart the tenths of a normal law are."""

Series = Mapping[date, int]
Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]


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
    return unusual_days_of([series], first=first, last=last, limit=limit)[0]


def unusual_days_of(many: Sequence[Series], *, first: date, last: date, limit: float = LIMIT) -> list[list[UnusualDay]]:
    """The same of each of many series, which takes hardly longer than of one."""
    return [
        sorted(
            (d for d in judged if abs(d.score) > limit and abs(d.change) >= SMALLEST_CHANGE and d.usual >= 1),
            key=lambda d: -abs(d.score),
        )
        for judged in _judged(many, first=first, last=last)
    ]


def judge(series: Series, day: date) -> UnusualDay | None:
    """How far a day is from what it should have had, by the days before it; None: too little is known."""
    return next(iter(_judged([series], first=day, last=day)[0]), None)


def _judged(many: Sequence[Series], *, first: date, last: date) -> list[list[UnusualDay]]:
    """Of each series the days since ``first`` of which enough is known, by what is known until ``last``."""
    back = [last - timedelta(days=k) for k in range(7 * WEEKS_BACK + 13, -1, -1)]
    alike: dict[tuple[date, ...], list[int]] = defaultdict(list)
    for n, series in enumerate(many):
        alike[tuple(d for d in back if d in series)].append(n)
    found: list[list[UnusualDay]] = [[] for _ in many]
    for days, own in alike.items():
        if len(days) <= FEWEST_WEEKDAYS:
            continue
        judged = _of_days(days, np.array([[many[n][d] for d in days] for n in own]), first=first)
        for n, told in zip(own, judged, strict=True):
            found[n] = told
    return found


def _of_days(days: Sequence[date], counts: Numbers, *, first: date) -> list[list[UnusualDay]]:
    """Of each series (rows) that has these days (columns)."""
    means, n_alike = _means(np.array([day.toordinal() for day in days]), counts)
    is_known = (n_alike > FEWEST_WEEKDAYS) & (means > 0)
    # A day takes part in its own weekday's mean, and so lies nearer to it than to the truth.
    freed = n_alike / np.maximum(n_alike - 1, 1)
    own, wanted = (np.sqrt(np.where(is_known, values, np.nan) + 0.375) for values in (counts, means))
    roots = _Roots(own, wanted, freed)
    scores = roots.deviations(_scatter(roots))
    wanted_days = is_known & np.array([day >= first for day in days])
    found: list[list[UnusualDay]] = [[] for _ in counts]
    for row, column in np.argwhere(wanted_days).tolist():
        found[row].append(
            UnusualDay(
                days[column], int(counts[row, column]), round(float(means[row, column]), 1),
                float(scores[row, column]), int(n_alike[row, column]) - 1,
            )
        )  # fmt: skip
    return found


@dataclass(frozen=True, slots=True)
class _Roots:
    """Square roots of what days had and should have had, and by how much more a day scatters than it seems to.

    Series in rows, days in columns; not a number: not known.
    """

    own: Floats
    wanted: Floats
    freed: Floats

    def deviations(self, scatter: Floats) -> Floats:
        """How far each day is from what it should have had, where counts scatter by 1. ``scatter``: of each series."""
        each = scatter[:, None]
        far: Floats = 2 / each * (np.arcsinh(each * self.own) - np.arcsinh(each * self.wanted)) * self.freed
        return far


def _means(ordinals: Numbers, counts: Numbers) -> tuple[Floats, Numbers]:
    """What each day of each series (rows) should have had, and how many days of its weekday tell so.

    ``ordinals``: of the days (columns), rising.
    """
    near = _nearest(ordinals)
    on, week = ordinals % 7, ordinals // 7 - ordinals[0] // 7
    n = len(counts)
    share, n_alike, level = np.ones((n, 7)), np.zeros((n, 7), int), np.zeros(counts.shape)
    for _turn in range(_TURNS):
        own = share[:, on]
        # A weekday on which nobody ever comes tells no level.
        plain = np.divide(counts, own, out=np.full(counts.shape, np.nan), where=own > 0.02)
        told, n_told = _trimmed(plain[:, near])
        level = np.where(n_told >= FEWEST_AROUND, told, 0.0)
        by_weekday = np.full((n, 7, int(week[-1]) + 1), np.nan)
        by_weekday[:, on, week] = np.divide(counts, level, out=np.full(counts.shape, np.nan), where=level > 0)
        means, n_alike = _trimmed(by_weekday)
        share = np.where(n_alike > 0, means, share)
    return level * share[:, on], n_alike[:, on]


def _nearest(ordinals: Numbers) -> Numbers:
    """Of each day (rows) the places of the days nearest to it, without itself; the earlier of two that are as near."""
    far = np.abs(ordinals[None, :] - ordinals[:, None])
    np.fill_diagonal(far, np.iinfo(far.dtype).max)
    return np.argsort(far, axis=1, kind="stable")[:, : min(AROUND, len(ordinals) - 1)]


def _trimmed(values: Floats) -> tuple[Floats, Numbers]:
    """Along the last axis: the mean without a quarter on either side, of the values that are numbers, and how many."""
    ordered = np.sort(values)  # what is not a number comes last
    n = np.count_nonzero(~np.isnan(values), axis=-1)
    cut = (n * TRIMMED).astype(int)
    place = np.arange(values.shape[-1])
    is_kept = (place >= cut[..., None]) & (place < (n - cut)[..., None])
    return np.where(is_kept, ordered, 0.0).sum(axis=-1) / np.maximum(n - 2 * cut, 1), n


def _scatter(roots: _Roots) -> Floats:
    """Of each series the share by which days differ beyond chance, by halving."""
    low, high = (np.full(len(roots.own), share) for share in (SMALLEST_SCATTER, 1.5))
    is_even = _width(roots, low) <= 1
    for _half in range(_HALVINGS):
        middle = (low + high) / 2
        is_wide = _width(roots, middle) > 1
        low, high = np.where(is_wide, middle, low), np.where(is_wide, high, middle)
    return np.where(is_even, SMALLEST_SCATTER, high)


def _width(roots: _Roots, scatter: Floats) -> Floats:
    """How wide the middle of the days of each series lies, in deviations; 1 where ``scatter`` is right; 0: none is known."""
    far = np.sort(roots.deviations(scatter))  # what is not a number comes last
    n = np.count_nonzero(~np.isnan(far), axis=-1)
    at = (_MIDDLE * n).astype(int)
    row = np.arange(len(far))
    width = far[row, np.maximum(n - 1 - at, 0)] - far[row, at]
    return np.where(n > 0, width, 0.0) / _MIDDLE_SIGMAS
