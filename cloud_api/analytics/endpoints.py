"""``/api/v1/analytics`` and ``/api/v1/stores``."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from pydantic import BaseModel

from cloud_api.analytics.footfall import Footfall, footfall, parse_moment
from cloud_api.analytics.repository import AnalyticsRepository
from cloud_api.analytics.zones import ZoneTable, zone_figures
from cloud_api.auth.access import Data, InScope
from cloud_api.kit.buckets import ROLLUP, rollup_start
from cloud_api.tenancy.transactions import scoped
from cloud_api.tenancy.visible_stores import VisibleStores
from shared_models.metrics import Bucket

router = APIRouter(prefix="/api/v1", tags=["analytics"])

_REFUSALS: dict[int | str, dict[str, Any]] = {
    401: {"description": "Nobody is logged in."},
    404: {"description": "There is no such store, or it is somebody else's."},
}
StoreId = Annotated[UUID, Query(description="The store.")]
From = Annotated[str, Query(alias="from", description="ISO date or datetime; without offset: the store's time.")]
To = Annotated[str, Query(alias="to", description="As 'from'; not included.")]


class StoreItem(BaseModel):
    """A store."""

    store_id: UUID
    name: str
    timezone: str


class StoreList(BaseModel):
    """Stores you may see."""

    stores: list[StoreItem]


@router.get("/stores", responses={401: _REFUSALS[401]})
async def stores(database: Data, scope: InScope) -> StoreList:
    """The stores you may see."""
    async with scoped(database, scope, is_read=True) as connection:
        visible = await VisibleStores(connection, scope).all()
    return StoreList(stores=[StoreItem(store_id=s.id, name=s.name, timezone=s.timezone) for s in visible])


@router.get("/analytics/footfall", responses=_REFUSALS)
async def get_footfall(
    database: Data, scope: InScope, store_id: StoreId, start: From, end: To, bucket: Bucket = Bucket.HOUR
) -> Footfall:
    """Crossings in and out, in buckets of the store's own time."""
    async with scoped(database, scope, is_read=True) as connection:
        store = await VisibleStores(connection, scope).one(store_id)
        zone = ZoneInfo(store.timezone)
        return await footfall(
            connection,
            store,
            start=parse_moment(start, zone=zone, name="from"),
            end=parse_moment(end, zone=zone, name="to"),
            bucket=bucket,
        )


@router.get("/analytics/zones", responses=_REFUSALS)
async def get_zones(
    database: Data, scope: InScope, store_id: StoreId, start: From | None = None, end: To | None = None
) -> ZoneTable:
    """In, out and presences per camera and zone, over whole quarter hours; without 'from' and 'to': all there is."""
    async with scoped(database, scope, is_read=True) as connection:
        store = await VisibleStores(connection, scope).one(store_id)
        zone = ZoneInfo(store.timezone)
        first = parse_moment(start, zone=zone, name="from") if start else datetime(1970, 1, 2, tzinfo=UTC)
        last = parse_moment(end, zone=zone, name="to") if end else datetime(9998, 1, 1, tzinfo=UTC)
        sums = await AnalyticsRepository(connection, [store]).zone_sums(
            start=rollup_start(first), end=rollup_start(last) + ROLLUP
        )
    return ZoneTable(zones=zone_figures(sums))
