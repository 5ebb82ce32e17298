"""What is asked of the figures of stores, as statements made once for each kind of database.

Putting an expression together takes SQLAlchemy as long as asking it, and each statement of its own as long again; of a
store's month nearly all was that. So a question is made once and given its values, and several go to PostgreSQL as one
(``together``). Every question is of the stores in ``ids``, which the repository alone fills in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any, NamedTuple, Protocol

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    DateTime,
    Integer,
    LargeBinary,
    Select,
    String,
    Uuid,
    any_,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy.types import NullType
from sqlmodel import col

from cloud_api.models import (
    Camera,
    CoverageCamera,
    CoverageDay,
    CoverageQuarter,
    EdgeDevice,
    RollupCoarse,
    RollupDay,
    RollupFine,
)
from cloud_api.rollups.figures import QUARTER_S, WALKWAY_OF

POSTGRESQL = "postgresql"
CROSSINGS = ("footfall_in", "footfall_out")
SEEING = (*CROSSINGS, *WALKWAY_OF.values(), "dwell", "shelf_interaction", "queue_wait", "occupancy")
"""Types that a camera sends that sees."""
Span = tuple[datetime, datetime]
Statement = Select[*tuple[Any, ...]]


class Question(Protocol):
    """A statement for a dialect, without its values; the same object each time."""

    def __call__(self, dialect: str, /) -> Statement: ...

    def __hash__(self) -> int: ...


class Asked(NamedTuple):
    """A question and its values, but for the stores."""

    question: Question
    values: Mapping[str, Any]


def quarter_hours(*, start: datetime, end: datetime, types: Sequence[str]) -> Asked:
    """Coarse figures of some types from ``start`` to before ``end``: store, quarter hour, type, n, total, peak."""
    return Asked(_quarter_hours, {"start": start, "end": end, "types": list(types)})


def quarter_hours_of(kind: str, spans: Sequence[Span]) -> Asked:
    """Those of one type in each of some spans: store, quarter hours since 1970 (UTC), n of each. PostgreSQL only.

    Both as bytes, four of each number, the highest first (``>i4``).
    """
    return Asked(_quarter_hours_of, {"kind": kind, **_of_spans(spans)})


def heard_quarters(*, start: datetime, end: datetime) -> Asked:
    """Quarter hours in which stores were heard: store, quarter hour, camera-seconds that were not seen in it."""
    return Asked(_heard_quarters, {"start": start, "end": end})


def heard_quarters_of(spans: Sequence[Span]) -> Asked:
    """The same in each of some spans: store, quarter hours since 1970 (UTC), seconds of each. PostgreSQL only.

    Both as bytes: quarter hours as above, seconds as ``>f8``.
    """
    return Asked(_heard_quarters_of, _of_spans(spans))


def heard_days(*, first: date, last: date) -> Asked:
    """Days, both ends included: store, day, quarter hours heard, camera-seconds not seen."""
    return Asked(_heard_days, {"first": first, "last": last})


def crossings_by_day(*, first: date, last: date) -> Asked:
    """Days with figures, of all stores together: day, in, out, how many rows are of anything but cameras that were blind."""
    return Asked(_crossings_by_day, {"first": first, "last": last})


def crossings_by_quarter(*, start: datetime, end: datetime, camera_id: str = "", zone_id: str = "") -> Asked:
    """Quarter hours with figures, of all stores together or one camera or line: as ``crossings_by_day``.

    Of one line all crossings, whatever it was; of a store or a camera only those of entrances.
    """
    place = {name: value for name, value in (("camera_id", camera_id), ("zone_id", zone_id)) if value}
    return Asked(_CROSSINGS_OF_PLACES[bool(camera_id), bool(zone_id)], {"start": start, "end": end, **place})


def blind_camera(camera_id: str, *, start: datetime, end: datetime) -> Asked:
    """Quarter hours in which one camera was blind, with the seconds."""
    return Asked(_blind_camera, {"camera_id": camera_id, "start": start, "end": end})


def cameras() -> Asked:
    """Store, camera, since when and until when it is expected to see."""
    return Asked(_cameras, {})


def last_seen() -> Asked:
    """Store, and when one of its laptops was heard last."""
    return Asked(_last_seen, {})


@cache
def together(questions: tuple[Question, ...], dialect: str) -> Statement:
    """One row with the rows of each question, as arrays of records; None where there are none. PostgreSQL only."""
    columns = []
    for n, question in enumerate(questions):
        rows = question(dialect).subquery(f"q{n}")
        # Records of columns of many types: the driver reads them, SQLAlchemy has no word for them.
        gathered: Any = func.array_agg(literal_column(f"q{n}"), type_=NullType())
        columns.append(select(gathered).select_from(rows).scalar_subquery().label(f"rows_{n}"))
    return select(*columns)


@cache
def _quarter_hours(dialect: str) -> Statement:
    table = RollupCoarse
    columns = (table.store_id, table.bucket_at, table.type, table.n, table.total, table.peak)
    wanted = _within(table, dialect), _is_any(col(table.type), "types", String(), dialect)
    return select(*(col(c) for c in columns)).where(*wanted)


@cache
def _quarter_hours_of(dialect: str) -> Statement:
    table, spans = RollupCoarse, _spans()
    own = _strung_quarters(table, func.int4send(cast(col(table.n), Integer)))
    return _each(spans, own.where(_inside(table, spans, dialect), col(table.type) == bindparam("kind")))


@cache
def _heard_quarters(dialect: str) -> Statement:
    return select(*_heard()).where(_within(CoverageQuarter, dialect))


@cache
def _heard_quarters_of(dialect: str) -> Statement:
    spans = _spans()
    own = _strung_quarters(CoverageQuarter, func.float8send(col(CoverageQuarter.blind_s)))
    return _each(spans, own.where(_inside(CoverageQuarter, spans, dialect)))


@cache
def _heard_days(dialect: str) -> Statement:
    table = CoverageDay
    columns = (col(table.store_id), col(table.day), col(table.heard), col(table.blind_s))
    return select(*columns).where(_of_days(table, dialect))


@cache
def _crossings_by_day(dialect: str) -> Statement:
    table = RollupDay
    counted = (_n_of(table, CROSSINGS[:1]), _n_of(table, CROSSINGS[1:]), _rows_of(col(table.type) != "camera_gap"))
    return select(col(table.day), *counted).where(_of_days(table, dialect)).group_by(col(table.day))


@cache
def _crossings_by_quarter(dialect: str) -> Statement:
    table = RollupCoarse
    counted = (_n_of(table, CROSSINGS[:1]), _n_of(table, CROSSINGS[1:]), _rows_of(col(table.type) != "camera_gap"))
    return select(col(table.bucket_at), *counted).where(_within(table, dialect)).group_by(col(table.bucket_at))


def _crossings_at(is_camera: bool, is_zone: bool) -> Question:
    table = RollupFine

    @cache
    def built(dialect: str) -> Statement:
        went_in, went_out = (((c, WALKWAY_OF[c]) if is_zone else (c,)) for c in CROSSINGS)
        counted = (_n_of(table, went_in), _n_of(table, went_out), _rows_of(col(table.type).in_(SEEING)))
        query = select(col(table.bucket_at), *counted).where(_within(table, dialect), col(table.type).in_(SEEING))
        if is_camera:
            query = query.where(col(table.camera_id) == bindparam("camera_id"))
        if is_zone:
            query = query.where(col(table.zone_id) == bindparam("zone_id"))
        return query.group_by(col(table.bucket_at))

    return built


_CROSSINGS_OF_PLACES: Mapping[tuple[bool, bool], Question] = {
    (False, False): _crossings_by_quarter,
    **{(c, z): _crossings_at(c, z) for c, z in ((True, False), (False, True), (True, True))},
}


def _n_of(table: Any, kinds: Sequence[str]) -> Any:
    # As an int: PostgreSQL adds up bigints as numerics, which takes several times as long.
    is_one = col(table.type) == kinds[0] if len(kinds) == 1 else col(table.type).in_(kinds)
    return func.sum(case((is_one, cast(col(table.n), Integer)), else_=0))


def _rows_of(condition: ColumnElement[bool]) -> Any:
    return func.sum(case((condition, 1), else_=0))


@cache
def _blind_camera(dialect: str) -> Statement:
    table = CoverageCamera
    own = _within(table, dialect), col(table.camera_id) == bindparam("camera_id")
    return select(col(table.bucket_at), col(table.blind_s)).where(*own)


@cache
def _cameras(dialect: str) -> Statement:
    table = Camera
    columns = (col(table.store_id), col(table.camera_id), col(table.first_seen_at), col(table.retired_at))
    return select(*columns).where(_is_own(table, dialect))


@cache
def _last_seen(dialect: str) -> Statement:
    table = EdgeDevice
    return (
        select(col(table.store_id), func.max(table.last_seen_at))
        .where(_is_own(table, dialect), col(table.last_seen_at).is_not(None))
        .group_by(col(table.store_id))
    )


def _heard() -> tuple[Any, ...]:
    return col(CoverageQuarter.store_id), col(CoverageQuarter.bucket_at), col(CoverageQuarter.blind_s)


def _is_own(table: Any, dialect: str) -> ColumnElement[bool]:
    return _is_any(col(table.store_id), "ids", Uuid(), dialect)


def _within(table: Any, dialect: str) -> ColumnElement[bool]:
    at = col(table.bucket_at)
    inside: ColumnElement[bool] = _is_own(table, dialect) & (at >= bindparam("start")) & (at < bindparam("end"))
    return inside


def _of_days(table: Any, dialect: str) -> ColumnElement[bool]:
    day = col(table.day)
    inside: ColumnElement[bool] = _is_own(table, dialect) & (day >= bindparam("first")) & (day <= bindparam("last"))
    return inside


def _is_any(column: Any, name: str, kind: Any, dialect: str) -> ColumnElement[bool]:
    # For PostgreSQL one parameter, however many values there are: the statement stays the same.
    values = bindparam(name, type_=ARRAY(kind)) if dialect == POSTGRESQL else bindparam(name, expanding=True)
    is_one: ColumnElement[bool] = column == any_(values) if dialect == POSTGRESQL else column.in_(values)
    return is_one


def _of_spans(spans: Sequence[Span]) -> dict[str, Any]:
    return {"starts": [start for start, _ in spans], "ends": [end for _, end in spans]}


def _spans() -> Any:
    moments = ARRAY(DateTime(timezone=True))
    arrays = (bindparam(name, type_=moments) for name in ("starts", "ends"))
    return func.unnest(*arrays).table_valued("start", "until").render_derived(name="spans")


def _inside(table: Any, spans: Any, dialect: str) -> ColumnElement[bool]:
    at = col(table.bucket_at)
    inside: ColumnElement[bool] = _is_own(table, dialect) & (at >= spans.c.start) & (at < spans.c.until)
    return inside


def _strung_quarters(table: Any, value: Any) -> Any:
    # One row a store, and bytes: ten thousands of records cost PostgreSQL and the driver half a second, and arrays in
    # records the driver cannot read.
    quarter = func.int4send(
        cast(func.date_part("epoch", col(table.bucket_at)) / literal_column(str(QUARTER_S)), Integer)
    )
    strung = (func.string_agg(c, literal_column("''::bytea"), type_=LargeBinary) for c in (quarter, value))
    return select(col(table.store_id), *strung).group_by(col(table.store_id))


def _each(spans: Any, own: Statement) -> Statement:
    # Span by span: the planner knows nothing of what is asked for, and might read all that lies between them.
    found = own.offset(0).lateral("found")
    return select(*found.c).select_from(spans.join(found, true()))
