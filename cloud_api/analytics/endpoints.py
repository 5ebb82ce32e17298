"""``/api/v1/analytics`` and ``GET /api/v1/stores``. Each figure as JSON, or as CSV with ``format=csv``."""

from __future__ import annotations

from dataclasses import asdict, fields
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import AfterValidator, BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_api.analytics.comparison import Comparison, HourPair, compare
from cloud_api.analytics.coverage import Coverage, CoverageRow, coverage_of
from cloud_api.analytics.footfall import Footfall, Hours, footfall
from cloud_api.analytics.heat import HeatCell, HeatMap, heat_of
from cloud_api.analytics.occupancy import LONGEST, OccupancyRow, OccupancySeries, occupancy_of
from cloud_api.analytics.ranking import RankedStore, Ranking, rank
from cloud_api.analytics.repository import AnalyticsRepository, Place
from cloud_api.analytics.shelves import CategoryRow, ShelfTable, shelves_of
from cloud_api.analytics.span import TimeSpan, parse_moment, span_of
from cloud_api.analytics.stays import StayRow, Stays, stays_of
from cloud_api.analytics.zones import ZoneFigures, ZoneTable, zone_figures
from cloud_api.auth.access import Data, InScope
from cloud_api.kit.buckets import ROLLUP, rollup_start
from cloud_api.kit.csv_files import csv_answer
from cloud_api.kit.errors import InvalidError
from cloud_api.kit.texts import plain
from cloud_api.stores.opening_hours import OpeningHoursOf
from cloud_api.tenancy.principal import Scope
from cloud_api.tenancy.transactions import scoped
from cloud_api.tenancy.visible_stores import StoreView, VisibleStores
from shared_models.metrics import Bucket

router = APIRouter(prefix="/api/v1", tags=["analytics"])


class Format(StrEnum):
    """How the figures are wanted."""

    JSON = "json"
    CSV = "csv"


class RankBy(StrEnum):
    """What stores are ranked by."""

    FOOTFALL_IN = "footfall_in"
    PER_OPEN_HOUR = "per_open_hour"


def _answers(example: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    return {
        200: {"content": {"application/json": {"example": example}, "text/csv": {"schema": {"type": "string"}}}},
        401: {"description": "Nobody is logged in, and no API key was sent."},
        404: {"description": "There is no such store, or it is somebody else's."},
    }


StoreId = Annotated[UUID, Query(description="The store.")]
AnyStore = Annotated[UUID | None, Query(description="One store; without it: all that you may see.")]
From = Annotated[str, Query(
    alias="from", max_length=40, description="ISO date or datetime; without offset: the store's time.",
    examples=["2026-03-28"],
)]  # fmt: skip
To = Annotated[str, Query(alias="to", max_length=40, description="As 'from'; not included.", examples=["2026-03-29"])]
CameraQuery = Annotated[str, Query(max_length=100, description="Only this camera."), AfterValidator(plain)]
ZoneQuery = Annotated[str, Query(max_length=100, description="Only this zone."), AfterValidator(plain)]
As = Annotated[Format, Query(alias="format", description="json, or csv for a spreadsheet.")]
_ROW = {"start": "2026-03-28T09:00:00+01:00", "end": "2026-03-28T10:00:00+01:00"}
_HEAD = {"timezone": "Europe/Berlin", "bucket": "hour"}
_STORE = {"store_id": "0199a5a8-0000-7000-8000-000000000001", **_HEAD}
_STAYS = {"n": 42, "p50_s": 31.5, "p90_s": 96.2, "mean_s": 44.1, "longest_s": 310.0}


class StoreItem(BaseModel):
    """A store."""

    store_id: UUID
    name: str
    timezone: str


class StoreList(BaseModel):
    """Stores you may see."""

    stores: list[StoreItem]


@router.get("/stores", responses={401: {"description": "Nobody is logged in."}})
async def list_stores(database: Data, scope: InScope) -> StoreList:
    """The stores you may see."""
    async with scoped(database, scope, is_read=True) as connection:
        visible = await VisibleStores(connection, scope).all()
    return StoreList(stores=[StoreItem(store_id=s.id, name=s.name, timezone=s.timezone) for s in visible])


@router.get(
    "/analytics/footfall",
    response_model=Footfall,
    responses=_answers(
        {**_STORE, "from": _ROW["start"], "to": _ROW["end"], "coverage": 0.98,
         "rows": [{**_ROW, "in": 31, "out": 27, "has_data": True, "coverage": 0.98}], "totals": {"in": 31, "out": 27}}
    ),
)  # fmt: skip
async def get_footfall(
    database: Data, scope: InScope, store_id: StoreId, start: From, end: To, bucket: Bucket = Bucket.HOUR,
    camera_id: CameraQuery = "", zone_id: ZoneQuery = "", hours: Hours = Hours.ALL, form: As = Format.JSON,
) -> Any:  # fmt: skip
    """Crossings in and out, in buckets of the store's own time; at all hours, or those in which it was open."""
    async with scoped(database, scope, is_read=True) as connection:
        store, span = await _asked(connection, scope, store_id, start, end, bucket)
        times = None
        if hours is Hours.OPEN:
            times = (await OpeningHoursOf(connection, scope).of([store.id]))[store.id]
            if not times.is_known:
                raise InvalidError("The opening hours of this store are not known; set them first.")
        found = await footfall(connection, store, span, now=_now(), place=Place(camera_id, zone_id), open_only=times)
    if form is Format.CSV:
        columns = ("start", "end", "in", "out", "has_data", "coverage")
        return csv_answer("footfall", columns, [row.model_dump(by_alias=True) for row in found.rows])
    return found


@router.get(
    "/analytics/occupancy",
    response_model=OccupancySeries,
    responses=_answers(
        {**_STORE, "rows": [{**_ROW, "level": 12, "mean": 9.5, "peak": 17}], "peak": 17,
         "drifts": [{"day": "2026-03-27", "people": 2}]}
    ),
)  # fmt: skip
async def get_occupancy(
    database: Data, scope: InScope, store_id: StoreId, start: From, end: To, bucket: Bucket = Bucket.HOUR,
    form: As = Format.JSON,
) -> Any:  # fmt: skip
    """People inside: in minus out since the reset hour. ``drifts``: what was left over at each reset."""
    async with scoped(database, scope, is_read=True) as connection:
        store, span = await _asked(connection, scope, store_id, start, end, bucket)
        if span.end - span.start > LONGEST:
            raise InvalidError(f"Ask for at most {LONGEST.days} days of occupancy at once.")
        found = await occupancy_of(connection, store, span, now=_now())
    return _csv("occupancy", OccupancyRow, found.rows) if form is Format.CSV else found


@router.get(
    "/analytics/dwell",
    response_model=Stays,
    responses=_answers(
        {**_HEAD, "metric": "dwell", "camera_id": "", "zone_id": "", "rows": [{**_ROW, **_STAYS}], "all": _STAYS}
    ),
)
async def get_dwell(
    database: Data, scope: InScope, start: From, end: To, store_id: AnyStore = None, bucket: Bucket = Bucket.HOUR,
    camera_id: CameraQuery = "", zone_id: ZoneQuery = "", form: As = Format.JSON,
) -> Any:  # fmt: skip
    """How long people stayed in areas: p50, p90 and n."""
    return await _stays(database, scope, "dwell", store_id, start, end, bucket, Place(camera_id, zone_id), form)


@router.get(
    "/analytics/queue",
    response_model=Stays,
    responses=_answers(
        {**_HEAD, "metric": "queue_wait", "camera_id": "", "zone_id": "", "rows": [{**_ROW, **_STAYS}], "all": _STAYS}
    ),
)
async def get_queue(
    database: Data, scope: InScope, start: From, end: To, store_id: AnyStore = None, bucket: Bucket = Bucket.HOUR,
    camera_id: CameraQuery = "", zone_id: ZoneQuery = "", form: As = Format.JSON,
) -> Any:  # fmt: skip
    """How long people queued: p50, p90 and n."""
    return await _stays(database, scope, "queue_wait", store_id, start, end, bucket, Place(camera_id, zone_id), form)


@router.get(
    "/analytics/shelves",
    response_model=ShelfTable,
    responses=_answers(
        {"n": 42, "rows": [{"category": "coffee", "n": 42, "share": 1.0, "total_s": 500.0, "mean_s": 11.9,
                            "longest_s": 60.0}]}
    ),
)  # fmt: skip
async def get_shelves(
    database: Data, scope: InScope, start: From, end: To, store_id: AnyStore = None, form: As = Format.JSON
) -> Any:
    """Shelf visits per category."""
    async with scoped(database, scope, is_read=True) as connection:
        stores, span = await _asked_all(connection, scope, store_id, start, end, Bucket.DAY)
        found = await shelves_of(connection, stores, span)
    return _csv("shelves", CategoryRow, found.rows) if form is Format.CSV else found


@router.get(
    "/analytics/heatmap",
    response_model=HeatMap,
    responses=_answers(
        {"store_id": _STORE["store_id"], "camera_id": "aisle", "columns": 32, "rows": 18, "seen_s": 36000.0,
         "cells": [{"row": 9, "column": 4, "person_s": 812.5}]}
    ),
)  # fmt: skip
async def get_heatmap(
    database: Data, scope: InScope, store_id: StoreId,
    camera_id: Annotated[str, Query(min_length=1, max_length=100), AfterValidator(plain)], start: From, end: To,
    form: As = Format.JSON,
) -> Any:  # fmt: skip
    """Where people stood in a camera's picture, over whole days."""
    async with scoped(database, scope, is_read=True) as connection:
        store, span = await _asked(connection, scope, store_id, start, end, Bucket.DAY)
        found = await heat_of(connection, store, camera_id, span)
    return _csv("heatmap", HeatCell, found.cells) if form is Format.CSV else found


@router.get(
    "/analytics/coverage",
    response_model=Coverage,
    responses=_answers(
        {**_STORE, "camera_id": "", "coverage": 0.97,
         "rows": [{**_ROW, "coverage": 0.97, "expected_camera_s": 14400.0, "seen_camera_s": 13968.0}]}
    ),
)  # fmt: skip
async def get_coverage(
    database: Data, scope: InScope, store_id: StoreId, start: From, end: To, bucket: Bucket = Bucket.HOUR,
    camera_id: CameraQuery = "", form: As = Format.JSON,
) -> Any:  # fmt: skip
    """The share of each bucket in which the cameras saw."""
    async with scoped(database, scope, is_read=True) as connection:
        store, span = await _asked(connection, scope, store_id, start, end, bucket)
        found = await coverage_of(connection, store, span, now=_now(), camera_id=camera_id)
    return _csv("coverage", CoverageRow, found.rows) if form is Format.CSV else found


@router.get(
    "/analytics/comparison",
    response_model=Comparison,
    responses=_answers(
        {"store_id": _STORE["store_id"], "timezone": "Europe/Berlin", "day": "2026-03-28", "is_over": True,
         "footfall_in": 310, "usual": 281.5, "change": 0.1012, "days": ["2026-03-14", "2026-03-21"],
         "hours": [{"hour": 9, "footfall_in": 31, "usual": 28.5}], "compared_in": 310, "share": 1.0,
         "silent_since": None}
    ),
)  # fmt: skip
async def get_comparison(
    database: Data, scope: InScope, store_id: StoreId,
    day: Annotated[date | None, Query(description="Without it: today, up to now.")] = None,
    weeks: Annotated[int, Query(ge=1, le=12)] = 4, form: As = Format.JSON,
) -> Any:  # fmt: skip
    """A day against the same weekday of the weeks before, hour by hour, where the store was seen on both sides."""
    async with scoped(database, scope, is_read=True) as connection:
        store = await VisibleStores(connection, scope).one(store_id)
        today = _now().astimezone(ZoneInfo(store.timezone)).date()
        wanted = day or today
        _possible_day(wanted)
        found = await compare(connection, store, wanted, weeks=weeks, now=_now())
    return _csv("comparison", HourPair, found.hours) if form is Format.CSV else found


@router.get(
    "/analytics/ranking",
    response_model=Ranking,
    responses=_answers(
        {"first": "2026-03-01", "last": "2026-03-31", "by": "footfall_in",
         "stores": [{"rank": 1, "store_id": _STORE["store_id"], "name": "High Street", "footfall_in": 9120,
                     "footfall_out": 9080, "open_hours": 286.0, "per_open_hour": 31.89, "coverage": 0.98}]}
    ),
)  # fmt: skip
async def get_ranking(
    database: Data, scope: InScope, first: Annotated[date, Query(examples=["2026-03-01"])],
    last: Annotated[date, Query(description="Included.", examples=["2026-03-31"])],
    by: RankBy = RankBy.FOOTFALL_IN, form: As = Format.JSON,
) -> Any:  # fmt: skip
    """Your stores beside each other: absolute, and per open hour."""
    _possible_day(first)
    _possible_day(last)
    if not timedelta() <= last - first <= timedelta(days=400):
        raise InvalidError("'last' must not lie before 'first', nor more than 400 days after it.")
    async with scoped(database, scope, is_read=True) as connection:
        stores = await VisibleStores(connection, scope).all()
        times = await OpeningHoursOf(connection, scope).of([s.id for s in stores])
        repository = AnalyticsRepository(connection, stores)
        found = await rank(repository, stores, times, first=first, last=last, by=by, now=_now())
    return _csv("ranking", RankedStore, found.stores) if form is Format.CSV else found


@router.get(
    "/analytics/zones",
    response_model=ZoneTable,
    responses=_answers(
        {"zones": [{"store_id": _STORE["store_id"], "camera_id": "door", "zone_id": "entrance", "in": 310, "out": 305,
                    "walkway_in": 0, "walkway_out": 0, "presences": 0, "dwell_total_s": 0.0, "dwell_longest_s": 0.0}]}
    ),
)  # fmt: skip
async def get_zones(
    database: Data, scope: InScope, store_id: StoreId, start: From | None = None, end: To | None = None,
    form: As = Format.JSON,
) -> Any:  # fmt: skip
    """In, out and presences per camera and zone, over whole quarter hours; without 'from' and 'to': all there is."""
    async with scoped(database, scope, is_read=True) as connection:
        store = await VisibleStores(connection, scope).one(store_id)
        zone = ZoneInfo(store.timezone)
        first = parse_moment(start, zone=zone, name="from") if start else datetime(1971, 1, 2, tzinfo=UTC)
        last = parse_moment(end, zone=zone, name="to") if end else datetime(9998, 1, 1, tzinfo=UTC)
        sums = await AnalyticsRepository(connection, [store]).zone_sums(
            start=rollup_start(first), end=rollup_start(last) + ROLLUP
        )
    found = ZoneTable(zones=zone_figures(sums))
    if form is Format.CSV:
        columns = [f.serialization_alias or name for name, f in ZoneFigures.model_fields.items()]
        return csv_answer("zones", columns, [z.model_dump(by_alias=True) for z in found.zones])
    return found


async def _stays(
    database: Data, scope: Scope, metric: str, store_id: UUID | None, start: str, end: str, bucket: Bucket,
    place: Place, form: Format,
) -> Any:  # fmt: skip
    async with scoped(database, scope, is_read=True) as connection:
        stores, span = await _asked_all(connection, scope, store_id, start, end, bucket)
        found = await stays_of(connection, stores, metric, span, place=place)
    return _csv(metric, StayRow, found.rows) if form is Format.CSV else found


async def _asked(
    connection: AsyncConnection, scope: Scope, store_id: UUID, start: str, end: str, bucket: Bucket
) -> tuple[StoreView, TimeSpan]:
    store = await VisibleStores(connection, scope).one(store_id)
    return store, _span(store, start, end, bucket)


async def _asked_all(
    connection: AsyncConnection, scope: Scope, store_id: UUID | None, start: str, end: str, bucket: Bucket
) -> tuple[list[StoreView], TimeSpan]:
    """One store, or all; of several, the days are each store's own, named by the first one's clock."""
    if store_id is not None:
        store, span = await _asked(connection, scope, store_id, start, end, bucket)
        return [store], span
    stores = await VisibleStores(connection, scope).all()
    if not stores:
        raise InvalidError("There is no store yet; make one first.")
    return stores, _span(stores[0], start, end, bucket)


def _span(store: StoreView, start: str, end: str, bucket: Bucket) -> TimeSpan:
    zone = ZoneInfo(store.timezone)
    first, last = parse_moment(start, zone=zone, name="from"), parse_moment(end, zone=zone, name="to")
    return span_of(first, last, bucket=bucket, zone=zone)


def _possible_day(day: date) -> None:
    if not 1971 < day.year < 2200:
        raise InvalidError("Days lie between 1972 and 2199.")


def _csv(name: str, row: type[Any], rows: list[Any]) -> Response:
    return csv_answer(name, [f.name for f in fields(row)], [asdict(r) for r in rows])


def _now() -> datetime:
    return datetime.now(UTC)
