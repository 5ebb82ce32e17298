"""Coverage: the share of a time in which the cameras saw. No data is never shown as zero."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_api.analytics import questions
from cloud_api.analytics.questions import Asked
from cloud_api.analytics.repository import AnalyticsRepository, Rows
from cloud_api.analytics.span import TimeSpan, midnight
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
    """When the cameras of a store are expected to see: since, and until when, in seconds of Unix time, and how many."""

    cameras: tuple[tuple[float, float, int], ...]

    def camera_s(self, start: datetime, end: datetime) -> float:
        """Camera-seconds between two moments."""
        start_s, end_s = start.timestamp(), end.timestamp()
        return sum(n * max(0.0, min(end_s, until) - max(start_s, since)) for since, until, n in self.cameras)


def expected_of(
    cameras: Sequence[tuple[UUID, str, datetime, datetime | None]],
    store_id: UUID,
    *,
    now: datetime,
    camera_id: str = "",
) -> Expected:
    """Of one store (or one camera of it): each camera from the quarter hour in which it was first seen, till now."""
    # Most cameras of a store came together, and all are there still.
    alike = Counter(
        (first.timestamp() // _QUARTER_S * _QUARTER_S, min(retired or now, now).timestamp())
        for store, camera, first, retired in cameras
        if store == store_id and (not camera_id or camera == camera_id)
    )
    return Expected(tuple((since, until, n) for (since, until), n in alike.items()))


async def coverage_of(
    connection: AsyncConnection, store: StoreView, span: TimeSpan, *, now: datetime, camera_id: str = ""
) -> Coverage:
    """Coverage of a store, or of one of its cameras."""
    asked = coverage_questions(span, camera_id=camera_id)
    answers = await AnalyticsRepository(connection, [store]).ask(*asked)
    return coverage_by(answers, store, span, now=now, camera_id=camera_id)


def coverage_questions(span: TimeSpan, *, camera_id: str = "") -> list[Asked]:
    """What ``coverage_by`` must know of one store."""
    if span.is_by_day and not camera_id:
        first, last = span.days
        return [questions.cameras(), questions.heard_days(first=first, last=last)]
    start, end = span.quarters
    heard = questions.heard_quarters(start=start, end=end)
    blind = [questions.blind_camera(camera_id, start=start, end=end)] if camera_id else []
    return [questions.cameras(), heard, *blind]


def coverage_by(
    answers: Sequence[Rows], store: StoreView, span: TimeSpan, *, now: datetime, camera_id: str = ""
) -> Coverage:
    """Coverage by the answers to ``coverage_questions``."""
    cameras, heard, *blind = answers
    expected = expected_of(cameras, store.id, now=now, camera_id=camera_id)
    if span.is_by_day and not camera_id:
        seen = _seen_days(heard, expected, span, now=now)
    else:
        seen = _seen_quarters(heard, expected, span, blind=dict(blind[0]) if blind else None)
    rows = [_row(a, b, expected, seen.get(at, 0.0)) for (a, b), at in zip(span.buckets, span.edges, strict=False)]
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


def _seen_quarters(
    heard: Rows, expected: Expected, span: TimeSpan, *, blind: Mapping[datetime, float] | None
) -> dict[datetime, float]:
    """``blind``: seconds in which the one camera asked for was; None: all cameras are."""
    seen: dict[datetime, float] = defaultdict(float)
    for _, at, blind_s in heard:
        hidden_s = blind_s if blind is None else blind.get(at, 0.0)
        seen[span.of_moment(at)] += max(0.0, expected.camera_s(at, at + ROLLUP) - hidden_s)
    return seen


def _seen_days(heard: Rows, expected: Expected, span: TimeSpan, *, now: datetime) -> dict[datetime, float]:
    seen: dict[datetime, float] = defaultdict(float)
    for _, day, quarters, blind_s in heard:
        start, end = midnight(day, span.zone), midnight(day + timedelta(days=1), span.zone)
        seen[span.of_moment(start)] += _seen_between(expected, start, end, quarters, blind_s, now=now)
    return seen


def _seen_between(
    expected: Expected, start: datetime, end: datetime, heard: int, blind_s: float, *, now: datetime
) -> float:
    wanted_s = expected.camera_s(start, end)
    since_s = max(start.timestamp(), min((since for since, _until, _n in expected.cameras), default=end.timestamp()))
    length_s = min(end, now).timestamp() - since_s
    if length_s <= 0:
        return 0.0
    # The quarter hour that is under way counts as far as it has come.
    return max(0.0, wanted_s * min(1.0, heard * _QUARTER_S / length_s) - blind_s)


def _row(start: datetime, end: datetime, expected: Expected, seen_s: float) -> CoverageRow:
    wanted_s = expected.camera_s(start, end)
    seen_s = min(seen_s, wanted_s)
    return CoverageRow(start, end, share(seen_s, wanted_s), round(wanted_s, 1), round(seen_s, 1))
