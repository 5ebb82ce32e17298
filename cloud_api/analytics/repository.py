"""Figures from rollups, never from raw events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from cloud_api.models import EdgeDevice, RollupCoarse, RollupFine
from cloud_api.tenancy.visible_stores import StoreView


@dataclass(frozen=True, slots=True)
class QuarterHour:
    """One coarse rollup."""

    store_id: UUID
    bucket_at: datetime
    type: str
    n: int
    total: float
    peak: float


@dataclass(frozen=True, slots=True)
class ZoneSum:
    """One zone's events of one type over a time."""

    store_id: UUID
    camera_id: str
    zone_id: str
    type: str
    n: int
    total: float
    peak: float


class AnalyticsRepository:
    """Figures of stores that were asked for through ``VisibleStores``: it takes nothing but stores in scope."""

    def __init__(self, connection: AsyncConnection, stores: Sequence[StoreView]) -> None:
        self._connection = connection
        self._ids = [store.id for store in stores]

    async def quarter_hours(self, *, start: datetime, end: datetime) -> list[QuarterHour]:
        """Coarse rollups from ``start`` to before ``end``."""
        query = select(
            col(RollupCoarse.store_id), col(RollupCoarse.bucket_at), col(RollupCoarse.type), col(RollupCoarse.n),
            col(RollupCoarse.total), col(RollupCoarse.peak),
        ).where(
            col(RollupCoarse.store_id).in_(self._ids),
            col(RollupCoarse.bucket_at) >= start,
            col(RollupCoarse.bucket_at) < end,
        )  # fmt: skip
        return [QuarterHour(*row) for row in await self._run(query)]

    async def zone_sums(self, *, start: datetime, end: datetime) -> list[ZoneSum]:
        """Fine rollups summed per zone and type."""
        keys = (col(RollupFine.store_id), col(RollupFine.camera_id), col(RollupFine.zone_id), col(RollupFine.type))
        query = (
            select(*keys, func.sum(RollupFine.n), func.sum(RollupFine.total), func.max(RollupFine.peak))
            .where(
                col(RollupFine.store_id).in_(self._ids),
                col(RollupFine.bucket_at) >= start,
                col(RollupFine.bucket_at) < end,
            )
            .group_by(*keys)
            .order_by(*keys)
        )
        return [ZoneSum(r[0], r[1], r[2], r[3], int(r[4]), float(r[5]), float(r[6])) for r in await self._run(query)]

    async def last_seen(self) -> dict[UUID, datetime]:
        """When an edge device of each store was heard last."""
        query = (
            select(col(EdgeDevice.store_id), func.max(EdgeDevice.last_seen_at))
            .where(col(EdgeDevice.store_id).in_(self._ids), col(EdgeDevice.last_seen_at).is_not(None))
            .group_by(col(EdgeDevice.store_id))
        )
        return {row[0]: row[1] for row in await self._run(query)}

    async def _run(self, query: object) -> list[tuple]:  # type: ignore[type-arg]  # rows of many shapes
        return [tuple(row) for row in await self._connection.execute(query)]  # type: ignore[call-overload]  # as above
