"""How long people stayed: dwell, queue wait, shelf visits; p50 and p90 with n, from histograms that add up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_api.analytics.repository import AnalyticsRepository, Place
from cloud_api.analytics.span import TimeSpan
from cloud_api.kit.histogram import counts_of_stays, quantile
from cloud_api.tenancy.visible_stores import StoreView
from shared_models.metrics import Bucket


@dataclass(frozen=True, slots=True)
class StayFigures:
    """Stays of a time, in seconds. Without any (``n`` 0) nothing is known of their length."""

    n: int
    p50_s: float | None
    p90_s: float | None
    mean_s: float | None
    longest_s: float | None


@dataclass(frozen=True, slots=True)
class StayRow:
    """One bucket."""

    start: datetime
    end: datetime
    n: int
    p50_s: float | None
    p90_s: float | None
    mean_s: float | None
    longest_s: float | None


@dataclass(frozen=True, slots=True)
class Stays:
    """``metric``: dwell, queue_wait or shelf_interaction. Quantiles are right to 5 %."""

    metric: str
    timezone: str
    bucket: str
    camera_id: str
    zone_id: str
    rows: list[StayRow]
    all: StayFigures


class _Sum:
    __slots__ = ("bins", "longest", "n", "total")

    def __init__(self) -> None:
        self.bins: dict[int, int] = defaultdict(int)
        self.n = 0
        self.total = 0.0
        self.longest = 0.0

    def add(self, other: _Sum) -> None:
        for step, n in other.bins.items():
            self.bins[step] += n
        self.n += other.n
        self.total += other.total
        self.longest = max(self.longest, other.longest)

    def figures(self) -> StayFigures:
        if not self.n:
            return StayFigures(0, None, None, None, None)
        p50, p90 = (_capped(quantile(self.bins, share), self.longest) for share in (0.5, 0.9))
        return StayFigures(self.n, p50, p90, round(self.total / self.n, 2), round(self.longest, 2))


async def stays_of(
    connection: AsyncConnection, stores: Sequence[StoreView], metric: str, span: TimeSpan, *, place: Place | None = None
) -> Stays:
    """Stays of one or more stores (of one time zone's days), everywhere or at one place."""
    place = place or Place()
    repository = AnalyticsRepository(connection, stores)
    sums: dict[datetime, _Sum] = defaultdict(_Sum)
    if span.is_by_day and place.is_everywhere:
        first, last = span.days
        for day, step, n in await repository.day_bins(metric, first=first, last=last):
            sums[span.of_day(day)].bins[step] += n
        for day, n, total, peak in await repository.day_totals(metric, first=first, last=last):
            _add(sums[span.of_day(day)], n, total, peak)
    elif place.is_everywhere and (hours := _hours_of(span, stores)):
        first, last = span.days
        for day, hour, n, total, peak, steps in await repository.hours_of_stays(metric, first=first, last=last):
            if (at := hours.get((day, hour))) is not None:
                _add(sums[at], n, total, peak)
                for step, n_stays in counts_of_stays(steps).items():
                    sums[at].bins[step] += n_stays
    else:
        start, end = span.quarters
        for at, step, n in await repository.quarter_bins(metric, place, start=start, end=end):
            sums[span.of_moment(at)].bins[step] += n
        if place.is_everywhere:
            quarters = await repository.quarter_hours(start=start, end=end, types=[metric])
        else:
            quarters = await repository.zone_quarters(place, start=start, end=end, types=[metric])
        for quarter in quarters:
            _add(sums[span.of_moment(quarter.bucket_at)], quarter.n, quarter.total, quarter.peak)
    return _stays(metric, span, place, sums)


def _hours_of(span: TimeSpan, stores: Sequence[StoreView]) -> dict[tuple[date, int], datetime]:
    """The buckets by day and hour of the stores' clock, where they are its hours; empty: they are not.

    Where the clock is set, an hour that it shows twice is two buckets, and one of its hours.
    """
    if span.bucket is not Bucket.HOUR or any(store.timezone != span.zone.key for store in stores):
        return {}
    around = ((span.edges[0] - timedelta(hours=1)).astimezone(span.zone), span.end)
    if len({at.utcoffset() for at in (*around, *(start for start, _end in span.buckets))}) > 1:
        return {}
    return {(start.date(), start.hour): at for (start, _end), at in zip(span.buckets, span.edges, strict=False)}


def _stays(metric: str, span: TimeSpan, place: Place, sums: dict[datetime, _Sum]) -> Stays:
    together, rows = _Sum(), []
    for (start, end), at in zip(span.buckets, span.edges, strict=False):
        own = sums.get(at) or _Sum()
        together.add(own)
        f = own.figures()
        rows.append(StayRow(start, end, f.n, f.p50_s, f.p90_s, f.mean_s, f.longest_s))
    return Stays(metric, str(span.zone), str(span.bucket), place.camera_id, place.zone_id, rows, together.figures())


def _add(own: _Sum, n: int, total: float, peak: float) -> None:
    own.n += n
    own.total += total
    own.longest = max(own.longest, peak)


def _capped(value: float | None, longest: float) -> float | None:
    return None if value is None else round(min(value, longest), 2)
