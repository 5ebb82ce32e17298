"""Figures from rollups, never from raw events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Date,
    DateTime,
    Integer,
    LargeBinary,
    Uuid,
    case,
    cast,
    func,
    literal,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import NullType
from sqlmodel import col

from cloud_api.analytics import questions
from cloud_api.analytics.questions import Asked, Span
from cloud_api.kit.database import is_one_of
from cloud_api.kit.histogram import counts_of_arrays, counts_of_lists
from cloud_api.models import (
    CoverageCamera,
    CoverageDay,
    CoverageQuarter,
    HeatDay,
    RollupCoarse,
    RollupDay,
    RollupDaySteps,
    RollupFine,
    RollupHour,
)
from cloud_api.rollups.figures import QUARTER_S
from cloud_api.tenancy.visible_stores import StoreView

NetChanges = tuple[list[datetime], list[int]]
"""Quarter hours in order, and in minus out of each."""
WeekHour = tuple[int, int]
"""Weekday (0: Monday) and hour of a store's own clock."""


Rows = list[Any]
"""Tuples, in the order of what was asked for."""
Days = NDArray[np.int64]
"""A number for each store (rows, in the order of the repository) and day (columns); ``NO_ROW``: there is none."""
NO_ROW = -1


class QuarterHour(NamedTuple):
    """One coarse rollup. ``seconds``: of occupancy, the time that was seen."""

    store_id: UUID
    bucket_at: datetime
    type: str
    n: int
    total: float
    peak: float


class DaySum(NamedTuple):
    """One day of a store, in its own time."""

    store_id: UUID
    day: date
    type: str
    n: int
    total: float
    peak: float


class ZoneSum(NamedTuple):
    """One zone's events of one type over a time."""

    store_id: UUID
    camera_id: str
    zone_id: str
    type: str
    n: int
    total: float
    peak: float


class StaysOfHour(NamedTuple):
    """Of one hour of the week. ``stays``: a byte for each, the step it fell into."""

    n: int
    total: float
    stays: bytes


class DayPart(NamedTuple):
    """A store's day from midnight (``start``) to before ``end``: full hours of its clock before ``hour``, which begins
    at ``rest``, and the quarter hours from there.
    """

    store_id: UUID
    day: date
    start: datetime
    hour: int
    rest: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Place:
    """One camera, or one zone; empty: all."""

    camera_id: str = ""
    zone_id: str = ""

    @property
    def is_everywhere(self) -> bool:
        return not (self.camera_id or self.zone_id)


class AnalyticsRepository:
    """Figures of stores that were asked for through ``VisibleStores``: it takes nothing but stores in scope.

    A page has one: what several of its parts want (days, cameras) is asked for once.
    """

    def __init__(self, connection: AsyncConnection, stores: Sequence[StoreView]) -> None:
        self._connection = connection
        self._ids = [store.id for store in stores]
        self._row_of = {store_id: n for n, store_id in enumerate(self._ids)}
        self._days: dict[str, tuple[date, Days]] = {}
        self._heard: tuple[date, Days, NDArray[np.float64]] | None = None
        self._cameras: Rows | None = None
        self._by_zone: dict[str, list[UUID]] = {}
        for store in stores:
            self._by_zone.setdefault(store.timezone, []).append(store.id)

    def of(self, stores: Sequence[StoreView]) -> AnalyticsRepository:
        """The same for some of the stores."""
        return AnalyticsRepository(self._connection, stores)

    async def ask(self, *asked: Asked) -> list[Rows]:
        """The rows of each question, of the stores of the repository. PostgreSQL is asked all of them at once."""
        values = {name: value for one in asked for name, value in one.values.items()}
        clashing = [name for one in asked for name, value in one.values.items() if values[name] != value]
        if clashing:
            raise ValueError(f"questions that are asked together differ in {', '.join(sorted(set(clashing)))}")
        values["ids"] = self._ids
        dialect = self._connection.dialect.name
        if dialect != questions.POSTGRESQL or len(asked) == 1:
            return [
                list((await self._connection.execute(one.question(dialect), {**one.values, "ids": self._ids})).all())
                for one in asked
            ]
        query = questions.together(tuple(one.question for one in asked), dialect)
        return [rows or [] for rows in (await self._connection.execute(query, values)).one()]

    async def seen_in(self, kind: str, spans: Sequence[Span]) -> tuple[Rows, Rows]:
        """Of some spans, which do not overlap: quarter hours with events of one type (store, quarter hours since 1970, how
        many in each), and those heard (store, quarter hours, camera-seconds not seen of each). A store may come often.
        """
        if self._connection.dialect.name == questions.POSTGRESQL:
            asked = [questions.quarter_hours_of(kind, spans), questions.heard_quarters_of(spans)]
            if self._cameras is None:
                counted, heard, self._cameras = await self.ask(*asked, questions.cameras())
            else:
                counted, heard = await self.ask(*asked)
            return _numbers(counted, ">i4"), _numbers(heard, ">f8")
        counted, heard = [], []
        for start, end in spans:
            people = await self.quarter_hours(start=start, end=end, types=[kind])
            counted += [(q.store_id, [_index(q.bucket_at)], [q.n]) for q in people]
            (rows,) = await self.ask(questions.heard_quarters(start=start, end=end))
            heard += [(store_id, [_index(at)], [blind_s]) for store_id, at, blind_s in rows]
        return counted, heard

    async def quarter_hours(self, *, start: datetime, end: datetime, types: Sequence[str]) -> list[QuarterHour]:
        """Coarse rollups of some types from ``start`` to before ``end``."""
        (rows,) = await self.ask(questions.quarter_hours(start=start, end=end, types=types))
        return [QuarterHour(*row) for row in rows]

    async def net_changes(self, *, start: datetime, end: datetime) -> dict[UUID, NetChanges]:
        """In minus out of each quarter hour in which anybody crossed, per store, in order."""
        table, kinds = RollupCoarse, ["footfall_in", "footfall_out"]
        net: Any = func.sum(case((col(table.type) == kinds[0], col(table.n)), else_=-col(table.n)))
        query = (
            select(col(table.store_id), col(table.bucket_at), cast(net, Integer).label("net"))
            .where(self._within(table, start, end), col(table.type).in_(kinds))
            .group_by(col(table.store_id), col(table.bucket_at))
        )
        if self._connection.dialect.name == "postgresql":
            # One row a store: ten thousands of rows cost more on their way through the driver than to add up.
            q = query.subquery()
            strung = (func.array_agg(aggregate_order_by(c, q.c.bucket_at)) for c in (q.c.bucket_at, q.c.net))
            rows = await self._run(select(q.c.store_id, *strung).group_by(q.c.store_id))
            return {store_id: (at, own) for store_id, at, own in rows}
        found: dict[UUID, NetChanges] = {}
        for store_id, at, n in await self._run(query.order_by(col(table.bucket_at))):
            moments, nets = found.setdefault(store_id, ([], []))
            moments.append(at)
            nets.append(n)
        return found

    async def zone_quarters(
        self, place: Place, *, start: datetime, end: datetime, types: Sequence[str]
    ) -> list[QuarterHour]:
        """The same of one camera or zone."""
        table = RollupFine
        query = (
            select(
                col(table.store_id), col(table.bucket_at), col(table.type), _count(table.n), func.sum(table.total),
                func.max(table.peak),
            )
            .where(self._within(table, start, end), col(table.type).in_(types), *_at(table, place))
            .group_by(col(table.store_id), col(table.bucket_at), col(table.type))
        )  # fmt: skip
        return [QuarterHour(r[0], r[1], r[2], int(r[3]), float(r[4]), float(r[5])) for r in await self._run(query)]

    async def days(self, *, first: date, last: date, types: Sequence[str] = ()) -> list[DaySum]:
        """Days from ``first`` to ``last``, both included."""
        table = RollupDay
        query = select(
            col(table.store_id), col(table.day), col(table.type), col(table.n), col(table.total), col(table.peak)
        ).where(self._of_days(table, first, last))
        if types:
            query = query.where(col(table.type).in_(types))
        return [DaySum(*row) for row in await self._run(query)]

    async def day_counts(self, kinds: Sequence[str], *, first: date, last: date) -> list[Days]:
        """Events per store and day, of each of some types."""
        wanting = [kind for kind in kinds if _slice(self._days.get(kind), first, last) is None]
        if wanting:
            counts = {kind: self._no_rows(first, last) for kind in wanting}
            table = RollupDay
            where = (self._of_days(table, first, last), col(table.type).in_(wanting))
            if self._connection.dialect.name == "postgresql":
                # One row a store and type: thousands of rows cost more on their way through the driver than to add up.
                strung = (_strung(c) for c in (_place(table.day, first), cast(col(table.n), Integer)))
                keys = (col(table.store_id), col(table.type))
                for store_id, kind, places, numbers in await self._run(
                    select(*keys, *strung).where(*where).group_by(*keys)
                ):
                    counts[kind][self._row_of[store_id], places] = numbers
            else:
                query = select(col(table.store_id), col(table.type), col(table.day), col(table.n)).where(*where)
                for store_id, kind, day, n in await self._run(query):
                    counts[kind][self._row_of[store_id], (day - first).days] = n
            self._days |= {kind: (first, own) for kind, own in counts.items()}
        return [_sliced(self._days[kind], first, last) for kind in kinds]

    async def day_heard(self, *, first: date, last: date) -> tuple[Days, NDArray[np.float64]]:
        """Quarter hours heard per store and day, and camera-seconds not seen."""
        if self._heard is None or _slice(self._heard[:2], first, last) is None:
            heard = self._no_rows(first, last)
            blind_s = np.zeros(heard.shape)
            table = CoverageDay
            where = self._of_days(table, first, last)
            if self._connection.dialect.name == "postgresql":
                strung = (_strung(c) for c in (_place(table.day, first), col(table.heard), col(table.blind_s)))
                for store_id, places, quarters, blind in await self._run(
                    select(col(table.store_id), *strung).where(where).group_by(col(table.store_id))
                ):
                    heard[self._row_of[store_id], places] = quarters
                    blind_s[self._row_of[store_id], places] = blind
            else:
                (rows,) = await self.ask(questions.heard_days(first=first, last=last))
                for store_id, day, n, blind in rows:
                    at = self._row_of[store_id], (day - first).days
                    heard[at], blind_s[at] = n, blind
            self._heard = (first, heard, blind_s)
        begin, heard, blind_s = self._heard
        return _sliced((begin, heard), first, last), _sliced((begin, blind_s), first, last)

    def _no_rows(self, first: date, last: date) -> Days:
        return np.full((len(self._ids), (last - first).days + 1), NO_ROW, np.int64)

    async def people_of_parts(self, kind: str, parts: Sequence[DayPart]) -> dict[tuple[UUID, date], int]:
        """Events of one type in parts of days: full hours from hours, only what is left over from quarter hours."""
        if self._connection.dialect.name != "postgresql":
            return await self._by_span(RollupCoarse, parts, RollupCoarse.n, col(RollupCoarse.type) == kind)
        asked, hours, quarters = _asked(parts), RollupHour, RollupCoarse
        # Looked up part by part, however much the planner knows of the tables: of a day the figures lie together.
        whole = select(func.coalesce(_count(hours.n), 0)).where(
            col(hours.store_id) == asked.c.store_id, col(hours.type) == kind, col(hours.day) == asked.c.day,
            col(hours.hour) < asked.c.hour,
        )  # fmt: skip
        rest = select(func.coalesce(_count(quarters.n), 0)).where(
            col(quarters.store_id) == asked.c.store_id, col(quarters.bucket_at) >= asked.c.rest,
            col(quarters.bucket_at) < asked.c.until, col(quarters.type) == kind,
        )  # fmt: skip
        return await self._of_parts(asked, whole.scalar_subquery() + rest.scalar_subquery())

    async def heard_of_parts(self, parts: Sequence[DayPart]) -> dict[tuple[UUID, date], int]:
        """In how many quarter hours of each part its store was heard."""
        if self._connection.dialect.name != "postgresql":
            return await self._by_span(CoverageQuarter, parts, literal(1))
        asked, table = _asked(parts), CoverageQuarter
        heard = select(func.count()).where(
            col(table.store_id) == asked.c.store_id, col(table.bucket_at) >= asked.c.start,
            col(table.bucket_at) < asked.c.until,
        )  # fmt: skip
        return await self._of_parts(asked, heard.scalar_subquery())

    async def _of_parts(self, asked: Any, counted: Any) -> dict[tuple[UUID, date], int]:
        query = select(asked.c.store_id, asked.c.day, counted).where(
            is_one_of(self._connection, asked.c.store_id, self._ids)
        )
        return {(r[0], r[1]): int(r[2]) for r in await self._run(query)}

    async def _by_span(
        self, table: Any, parts: Sequence[DayPart], counted: Any, *wanted: ColumnElement[bool]
    ) -> dict[tuple[UUID, date], int]:
        # One statement for all spans, which passes each store's figures of its own spans alone.
        spans: dict[tuple[datetime, datetime], dict[UUID, date]] = {}
        for part in parts:
            if part.store_id in self._row_of:
                spans.setdefault((part.start, part.end), {})[part.store_id] = part.day
        if not spans:
            return {}
        inside = [(col(table.bucket_at) >= start) & (col(table.bucket_at) < end) for start, end in spans]
        is_wanted = [
            is_in & is_one_of(self._connection, col(table.store_id), sorted(own))
            for is_in, own in zip(inside, spans.values(), strict=True)
        ]
        sums = (_count(case((is_in, counted), else_=0)) for is_in in inside)
        query = select(col(table.store_id), *sums).where(or_(*is_wanted), *wanted).group_by(col(table.store_id))
        found = dict.fromkeys(((i, day) for own in spans.values() for i, day in own.items()), 0)
        for store_id, *numbers in await self._run(query):
            found |= {
                (store_id, own[store_id]): int(n)
                for own, n in zip(spans.values(), numbers, strict=True)
                if store_id in own
            }
        return found

    async def hour_totals(self, kind: str, *, days: Sequence[date]) -> dict[tuple[date, int], int]:
        """Events of one type per day (of these, in their order) and hour, of all stores, each by its own clock."""
        table = RollupHour
        query = (
            select(col(table.day), col(table.hour), _count(table.n))
            .where(self._on_days(table, days), col(table.type) == kind)
            .group_by(col(table.day), col(table.hour))
        )
        return {(r[0], r[1]): int(r[2]) for r in await self._run(query)}

    async def quarters_heard_by_zone(self, *, start: datetime, end: datetime) -> dict[str, list[datetime]]:
        """Quarter hours in which any store of a time zone was heard."""
        table, found = CoverageQuarter, {}
        for zone, ids in self._by_zone.items():
            query = (
                select(col(table.bucket_at))
                .distinct()
                .where(
                    is_one_of(self._connection, col(table.store_id), ids),
                    col(table.bucket_at) >= start,
                    col(table.bucket_at) < end,
                )
            )
            found[zone] = [r[0] for r in await self._run(query)]
        return found

    async def day_totals(self, kind: str, *, first: date, last: date) -> list[tuple[date, int, float, float]]:
        """Per day, of all stores together: n, total, the highest."""
        table = RollupDay
        query = (
            select(col(table.day), _count(table.n), func.sum(table.total), func.max(table.peak))
            .where(self._of_days(table, first, last), col(table.type) == kind)
            .group_by(col(table.day))
        )
        return [(r[0], int(r[1]), float(r[2]), float(r[3])) for r in await self._run(query)]

    async def day_bins(self, kind: str, *, first: date, last: date) -> list[tuple[date, int, int]]:
        """Histograms of stays: day, step, stays; all stores together."""
        table = RollupDaySteps
        where = (self._of_days(table, first, last), col(table.type) == kind)
        by_day = await self._steps_by([col(table.day)], where=where)
        return [(own[0], step, n) for own, bins in by_day.items() for step, n in bins.items()]

    async def stay_bins(
        self, kinds: Sequence[str], *, days: Sequence[date], since: date
    ) -> dict[tuple[str, bool], dict[int, int]]:
        """Histograms of the stays of some days, in their order, per type and whether since a day: stays per step."""
        table = RollupDaySteps
        key = (col(table.type), col(table.day) >= since)
        where = (self._on_days(table, days), col(table.type).in_(kinds))
        return {(own[0], bool(own[1])): bins for own, bins in (await self._steps_by(key, where=where)).items()}

    async def stay_bins_by_store(self, kind: str, *, days: Sequence[date]) -> dict[UUID, dict[int, int]]:
        """Histograms of the stays of some days, in their order, for each store; those without stays are left out."""
        table = RollupDaySteps
        where = (self._on_days(table, days), col(table.type) == kind)
        return {own[0]: bins for own, bins in (await self._steps_by([col(table.store_id)], where=where)).items()}

    async def _steps_by(
        self, key: Sequence[Any], *, where: Sequence[ColumnElement[bool]]
    ) -> dict[tuple[Any, ...], dict[int, int]]:
        """Stays per step, for each ``key``."""
        table = RollupDaySteps
        if self._connection.dialect.name == "postgresql":
            # One row a key: thousands of rows cost more on their way through the driver than to add up.
            sent: Any = func.string_agg(func.array_send(col(table.steps)), cast(b"", LargeBinary), type_=LargeBinary)
            places: list[Any] = [literal_column(str(n)) for n in range(1, len(key) + 1)]
            rows = await self._run(select(*key, sent).where(*where).group_by(*places))
            return {tuple(own): counts_of_arrays(arrays) for *own, arrays in rows}
        by_key: dict[tuple[Any, ...], list[list[int]]] = {}
        for *own, steps in await self._run(select(*key, col(table.steps)).where(*where)):
            by_key.setdefault(tuple(own), []).append(steps)
        return {own: counts_of_lists(lists) for own, lists in by_key.items()}

    def _on_days(self, table: Any, days: Sequence[date]) -> ColumnElement[bool]:
        """On one of these, in their order: a whole run of days is a range; days apart are looked up one by one."""
        if (days[-1] - days[0]).days + 1 == len(days):
            return self._of_days(table, days[0], days[-1])
        return self._is_own(table) & col(table.day).in_(days)

    async def week_hours(self, kind: str, *, first: date, last: date) -> dict[UUID, dict[WeekHour, StaysOfHour]]:
        """Stays of one type from ``first`` to ``last``, both included, per store and hour of the week by its own clock."""
        table = RollupHour
        where = (self._of_days(table, first, last), col(table.type) == kind)
        found: dict[UUID, dict[WeekHour, StaysOfHour]] = {}
        if self._connection.dialect.name != "postgresql":
            columns = (table.store_id, table.day, table.hour, table.n, table.total, table.stays)
            for store_id, day, hour, *values in await self._run(select(*(col(c) for c in columns)).where(*where)):
                own, at = found.setdefault(store_id, {}), (day.weekday(), hour)
                before = own.get(at, StaysOfHour(0, 0.0, b""))
                own[at] = StaysOfHour(*(a + b for a, b in zip(before, values, strict=True)))  # n, total and stays
            return found
        # One row a store: ten thousands of rows cost more on their way through the driver than to add up.
        place = _place(table.day, first) % 7 * 24 + col(table.hour)
        q = (
            select(
                col(table.store_id), place.label("place"), _count(table.n).label("n"),
                func.sum(table.total).label("total"), _joined(table.stays).label("stays"),
            )
            .where(*where)
            .group_by(col(table.store_id), literal_column("place"))
            .subquery()
        )  # fmt: skip
        strung = (func.array_agg(c, type_=NullType()) for c in (q.c.place, q.c.n, q.c.total, q.c.stays))
        for row in await self._run(select(q.c.store_id, *strung).group_by(q.c.store_id)):
            found[row[0]] = {
                ((first.weekday() + at // 24) % 7, at % 24): StaysOfHour(*own)
                for at, *own in zip(*row[1:], strict=True)
            }
        return found

    async def hours_of_stays(
        self, kind: str, *, first: date, last: date
    ) -> list[tuple[date, int, int, float, float, bytes]]:
        """Stays of one type of all stores together, each by its own clock: day, hour, n, total, the longest, a byte for
        each stay.
        """
        table = RollupHour
        keys, where = (col(table.day), col(table.hour)), (self._of_days(table, first, last), col(table.type) == kind)
        if self._connection.dialect.name == "postgresql":
            sums = (_count(table.n), func.sum(table.total), func.max(table.peak), _joined(table.stays))
            rows = await self._run(select(*keys, *sums).where(*where).group_by(*keys))
        else:
            values = (col(c) for c in (table.n, table.total, table.peak, table.stays))
            rows = await self._run(select(*keys, *values).where(*where))
        return [(r[0], r[1], r[2], r[3], r[4], r[5]) for r in rows]

    async def blind_by_camera(
        self, *, start: datetime, end: datetime
    ) -> dict[tuple[UUID, str], list[tuple[datetime, float]]]:
        """Quarter hours in which each camera was blind, and for how many seconds."""
        table = CoverageCamera
        query = select(col(table.store_id), col(table.camera_id), col(table.bucket_at), col(table.blind_s))
        found: dict[tuple[UUID, str], list[tuple[datetime, float]]] = {}
        for store_id, camera_id, at, blind_s in await self._run(query.where(self._within(table, start, end))):
            found.setdefault((store_id, camera_id), []).append((at, blind_s))
        return found

    async def hourly(self, kind: str, *, first: date, last: date) -> list[tuple[UUID, date, int, int]]:
        """Events of one type per store, day and hour, each store by its own clock."""
        table = RollupHour
        query = select(col(table.store_id), col(table.day), col(table.hour), col(table.n))
        rows = await self._run(query.where(self._of_days(table, first, last), col(table.type) == kind))
        return [(r[0], r[1], r[2], r[3]) for r in rows]

    async def quarter_bins(
        self, kind: str, place: Place, *, start: datetime, end: datetime
    ) -> list[tuple[datetime, int, int]]:
        """Histograms of stays: quarter hour, step, stays."""
        table = RollupFine
        return await self._stays(self._within(table, start, end), col(table.type) == kind, *_at(table, place))

    async def _stays(self, *wanted: ColumnElement[bool]) -> list[tuple[datetime, int, int]]:
        """Quarter hour, step, stays. A quarter hour of a type may have several rows here, each with other places."""
        table = RollupFine
        if self._connection.dialect.name == "postgresql":
            query = select(col(table.bucket_at), _joined(table.stays)).where(*wanted).group_by(col(table.bucket_at))
        else:
            query = select(col(table.bucket_at), col(table.stays)).where(*wanted)
        counts: dict[datetime, Counter[int]] = {}
        for at, steps in await self._run(query):
            counts.setdefault(at, Counter()).update(steps)
        return [(at, step, n) for at, own in counts.items() for step, n in own.items()]

    async def categories(self, *, start: datetime, end: datetime) -> list[tuple[str, int, float, float]]:
        """Shelf visits per category: n, total seconds, the longest."""
        table = RollupFine
        query = (
            select(col(table.category), _count(table.n), func.sum(table.total), func.max(table.peak))
            .where(self._within(table, start, end), col(table.type) == "shelf_interaction")
            .group_by(col(table.category))
        )
        return [(r[0], int(r[1]), float(r[2]), float(r[3])) for r in await self._run(query)]

    async def zone_sums(self, *, start: datetime, end: datetime) -> list[ZoneSum]:
        """Fine rollups summed per zone and type."""
        keys = (col(RollupFine.store_id), col(RollupFine.camera_id), col(RollupFine.zone_id), col(RollupFine.type))
        query = (
            select(*keys, _count(RollupFine.n), func.sum(RollupFine.total), func.max(RollupFine.peak))
            .where(self._within(RollupFine, start, end))
            .group_by(*keys)
            .order_by(*keys)
        )
        return [ZoneSum(r[0], r[1], r[2], r[3], int(r[4]), float(r[5]), float(r[6])) for r in await self._run(query)]

    async def heat(
        self, camera_id: str, *, first: date, last: date
    ) -> list[tuple[int, int, int, float, dict[str, Any]]]:
        """Heat maps of a camera: columns, rows, quarter hours, seconds seen, cells."""
        table = HeatDay
        query = (
            select(col(table.columns), col(table.rows), col(table.n), col(table.seconds), col(table.cells))
            .where(self._of_days(table, first, last), col(table.camera_id) == camera_id)
            .order_by(col(table.day))
        )
        return [(r[0], r[1], r[2], r[3], r[4]) for r in await self._run(query)]

    async def cameras(self) -> Rows:
        """Store, camera, and the time since which, and until when, it is expected to see."""
        if self._cameras is None:
            (self._cameras,) = await self.ask(questions.cameras())
        return self._cameras

    async def last_seen(self) -> dict[UUID, datetime]:
        """When an edge device of each store was heard last."""
        (rows,) = await self.ask(questions.last_seen())
        return dict(rows)

    def _within(self, table: Any, start: datetime, end: datetime) -> ColumnElement[bool]:
        inside: ColumnElement[bool] = (
            self._is_own(table) & (col(table.bucket_at) >= start) & (col(table.bucket_at) < end)
        )
        return inside

    def _of_days(self, table: Any, first: date, last: date) -> ColumnElement[bool]:
        inside: ColumnElement[bool] = self._is_own(table) & (col(table.day) >= first) & (col(table.day) <= last)
        return inside

    def _is_own(self, table: Any) -> ColumnElement[bool]:
        return is_one_of(self._connection, col(table.store_id), self._ids)

    async def _run(self, query: object) -> list[tuple]:  # type: ignore[type-arg]  # rows of many shapes
        # All at once: one by one they pass through three layers each.
        found: list[tuple] = list((await self._connection.execute(query)).all())  # type: ignore[type-arg,call-overload]
        return found


def _numbers(rows: Rows, kind: str) -> Rows:
    """Store, quarter hours and numbers of rows in which both are bytes."""
    return [
        (store_id, np.frombuffer(quarters, ">i4").tolist(), np.frombuffer(own, kind).tolist())
        for store_id, quarters, own in rows
    ]


def _index(at: datetime) -> int:
    """The quarter hour since 1970 (UTC)."""
    return int(at.timestamp()) // QUARTER_S


def _asked(parts: Sequence[DayPart]) -> Any:
    """Parts of days as a table: three arrays cost the planner nothing, thousands of parameters seconds."""
    columns = zip(*((p.store_id, p.day, p.start, p.hour, p.rest, p.end) for p in parts), strict=True)
    moment = DateTime(timezone=True)
    kinds: tuple[Any, ...] = (Uuid, Date, moment, Integer, moment, moment)
    arrays = (cast(list(column), ARRAY(kind)) for column, kind in zip(columns, kinds, strict=True))
    names = ("store_id", "day", "start", "hour", "rest", "until")
    return func.unnest(*arrays).table_valued(*names).render_derived(name="asked")


def _place(day: Any, first: date) -> Any:
    """How many days after ``first`` (PostgreSQL only)."""
    return func.date_mi(col(day), cast(first, Date), type_=Integer)


def _joined(stays: Any) -> Any:
    """Stays of several rows, one behind the other (PostgreSQL only)."""
    return func.string_agg(col(stays), cast(b"", LargeBinary), type_=LargeBinary)


def _strung(column: Any) -> Any:
    return func.array_agg(column, type_=ARRAY(column.type))


Numbers = TypeVar("Numbers", bound=np.generic)


def _slice(known: tuple[date, NDArray[Any]] | None, first: date, last: date) -> slice | None:
    """The columns of these days; None: not all of them are there."""
    if known is None:
        return None
    begin = (first - known[0]).days
    return slice(begin, begin + (last - first).days + 1) if begin >= 0 and last < known[0] + timedelta(
        days=known[1].shape[1]
    ) else None  # fmt: skip


def _sliced(known: tuple[date, NDArray[Numbers]], first: date, last: date) -> NDArray[Numbers]:
    return known[1][:, _slice(known, first, last)]


def _count(column: Any) -> Any:
    # As an int: PostgreSQL adds up bigints as numerics, which takes several times as long.
    return func.sum(cast(column, Integer))


def _at(table: Any, place: Place) -> list[ColumnElement[bool]]:
    return [
        col(getattr(table, name)) == value
        for name, value in (("camera_id", place.camera_id), ("zone_id", place.zone_id))
        if value
    ]
