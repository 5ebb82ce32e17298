"""Coverage: the share of a time in which the cameras saw. No data is never shown as zero."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_api.analytics.repository import AnalyticsRepository
from cloud_api.analytics.span import TimeSpan
from cloud_api.kit.buckets import ROLLUP
from cloud_api.tenancy.visible_stores import StoreView

_QUARTER_S = ROLLUP.total_seconds()


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """One bucket. ``coverage`` None: nothing was to be seen yet (no camera, or it has not come)."""

    start: datetime
    end: datetime
    coverage: float | None
    expected_camera_s: float
    seen_camera_s: float


@dataclass(frozen=True, slots=True)
class Coverage:
    """The share of each bucket in which the cameras of a store (or one of them) saw."""

    store_id: UUID
    camera_id: str
    timezone: str
    bucket: str
    rows: list[CoverageRow]
    coverage: float | None


@dataclass(frozen=True, slots=True)
class Expected:
    """When the cameras of a store are expected to see: since, and until when."""

    cameras: tuple[tuple[datetime, datetime], ...]

    def camera_s(self, start: datetime, end: datetime) -> float:
        """Camera-seconds between two moments."""
        # Of two moments of one zone Python tells the difference of clocks: 24 hours also for a day of 23.
        start, end = start.astimezone(UTC), end.astimezone(UTC)
        return sum(max(0.0, (min(end, until) - max(start, since)).total_seconds()) for since, until in self.cameras)


def expected_of(
    cameras: Sequence[tuple[UUID, str, datetime, datetime | None]],
    store_id: UUID,
    *,
    now: datetime,
    camera_id: str = "",
) -> Expected:
    """Of one store (or one camera of it): each camera from the quarter hour in which it was first seen, till now."""
    return Expected(
        tuple(
            (_floor(first), min(retired or now, now))
            for store, camera, first, retired in cameras
            if store == store_id and (not camera_id or camera == camera_id)
        )
    )


async def coverage_of(
    connection: AsyncConnection, store: StoreView, span: TimeSpan, *, now: datetime, camera_id: str = ""
) -> Coverage:
    """Coverage of a store, or of one of its cameras."""
    repository = AnalyticsRepository(connection, [store])
    expected = expected_of(await repository.cameras(), store.id, now=now, camera_id=camera_id)
    if span.is_by_day and not camera_id:
        seen = await _seen_days(repository, expected, span, now=now)
    else:
        seen = await _seen_quarters(repository, expected, span, camera_id=camera_id)
    rows = [_row(a, b, expected, seen.get(a.astimezone(UTC), 0.0), now=now) for a, b in span.buckets]
    return Coverage(
        store.id, camera_id, store.timezone, str(span.bucket), rows,
        share(sum(r.seen_camera_s for r in rows), sum(r.expected_camera_s for r in rows)),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Covered:
    """Of one store over whole days: camera-seconds that were to be seen, and the share of them that was."""

    expected_s: float
    share: float | None


async def days_covered(
    repository: AnalyticsRepository, stores: Sequence[StoreView], *, first: date, last: date, now: datetime
) -> dict[UUID, Covered]:
    """Coverage of the stores of the repository over whole days."""
    own: dict[UUID, list[tuple[UUID, str, datetime, datetime | None]]] = defaultdict(list)
    for camera in await repository.cameras():
        own[camera[0]].append(camera)
    heard, blind_s = await repository.day_heard(first=first, last=last)
    quarters, blind = np.maximum(heard, 0).sum(axis=1).tolist(), blind_s.sum(axis=1).tolist()
    found: dict[UUID, Covered] = {}
    for n, store in enumerate(stores):
        zone, expected = ZoneInfo(store.timezone), expected_of(own[store.id], store.id, now=now)
        start, end = midnight(first, zone), midnight(last + timedelta(days=1), zone)
        seen_s = _seen_between(expected, start, end, quarters[n], blind[n], now=now)
        expected_s = expected.camera_s(start, end)
        found[store.id] = Covered(expected_s, share(seen_s, expected_s))
    return found


def share(seen_s: float, expected_s: float) -> float | None:
    """0..1, or None where nothing was expected."""
    if expected_s <= 0:
        return None
    return round(min(1.0, max(0.0, seen_s / expected_s)), 4)


async def _seen_quarters(
    repository: AnalyticsRepository, expected: Expected, span: TimeSpan, *, camera_id: str
) -> dict[datetime, float]:
    start, end = span.quarters
    blind = await repository.blind_camera(camera_id, start=start, end=end) if camera_id else {}
    seen: dict[datetime, float] = defaultdict(float)
    for _, at, blind_s in await repository.heard_quarters(start=start, end=end):
        hidden_s = blind.get(at, 0.0) if camera_id else blind_s
        seen[span.of_moment(at)] += max(0.0, expected.camera_s(at, at + ROLLUP) - hidden_s)
    return seen


async def _seen_days(
    repository: AnalyticsRepository, expected: Expected, span: TimeSpan, *, now: datetime
) -> dict[datetime, float]:
    first, last = span.days
    seen: dict[datetime, float] = defaultdict(float)
    for _, day, heard, blind_s in await repository.heard_days(first=first, last=last):
        seen[span.of_day(day)] += _seen_day(expected, day, heard, blind_s, span.zone, now=now)
    return seen


def _seen_day(expected: Expected, day: date, heard: int, blind_s: float, zone: ZoneInfo, *, now: datetime) -> float:
    return _seen_between(
        expected, midnight(day, zone), midnight(day + timedelta(days=1), zone), heard, blind_s, now=now
    )


def _seen_between(
    expected: Expected, start: datetime, end: datetime, heard: int, blind_s: float, *, now: datetime
) -> float:
    wanted_s = expected.camera_s(start, end)
    since = max(start, min((first for first, _ in expected.cameras), default=end))
    length_s = (min(end, now) - since).total_seconds()
    if length_s <= 0:
        return 0.0
    # The quarter hour that is under way counts as far as it has come.
    return max(0.0, wanted_s * min(1.0, heard * _QUARTER_S / length_s) - blind_s)


def _row(start: datetime, end: datetime, expected: Expected, seen_s: float, *, now: datetime) -> CoverageRow:
    wanted_s = expected.camera_s(start, end) if start.astimezone(UTC) < now else 0.0
    seen_s = min(seen_s, wanted_s)
    return CoverageRow(start, end, share(seen_s, wanted_s), round(wanted_s, 1), round(seen_s, 1))


@lru_cache(maxsize=4096)
def midnight(day: date, zone: ZoneInfo) -> datetime:
    """When a day begins, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _floor(moment: datetime) -> datetime:
    return moment - timedelta(seconds=moment.timestamp() % _QUARTER_S)
