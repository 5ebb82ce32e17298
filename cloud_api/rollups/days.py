"""Days of one store, added up again from its quarter hours: when its time zone was changed."""

from __future__ import annotations

from collections import defaultdict
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel import col

from cloud_api.kit.histogram import steps_of
from cloud_api.models import (
    CoverageDay,
    CoverageQuarter,
    RollupCoarse,
    RollupDay,
    RollupDaySteps,
    RollupFine,
    RollupHour,
)
from cloud_api.rollups.tables import DAY, DAY_STEPS, DAYS, HOURS, FigureTable, Rows
from cloud_api.tenancy.scoped_repository import ScopedRepository


class Days(ScopedRepository):
    """Figures per day. Heat maps stay with the day they were added to: their quarter hours are not kept."""

    async def add_up(self, store_id: UUID, *, timezone: str) -> None:
        """Make the days of a store anew, in this time zone."""
        zone = ZoneInfo(timezone)
        sums: Rows = {}
        hours: Rows = {}
        query = self._select(
            RollupCoarse, col(RollupCoarse.bucket_at), col(RollupCoarse.type), col(RollupCoarse.n),
            col(RollupCoarse.total), col(RollupCoarse.seconds), col(RollupCoarse.peak),
        ).where(col(RollupCoarse.store_id) == store_id)  # fmt: skip
        for at, kind, *values in await self._connection.execute(query):
            local = at.astimezone(zone)
            _merge(DAY, sums, (local.date(), kind), tuple(values))
            n, total, _seconds, peak = values
            _merge(HOURS, hours, (local.date(), kind, local.hour), (n, total, peak, b""))
        bins: dict[tuple[Any, ...], dict[int, int]] = defaultdict(lambda: defaultdict(int))
        stays = self._select(RollupFine, col(RollupFine.bucket_at), col(RollupFine.type), col(RollupFine.stays)).where(
            col(RollupFine.store_id) == store_id, col(RollupFine.stays) != b""
        )
        for at, kind, steps in await self._connection.execute(stays):
            local = at.astimezone(zone)
            _merge(HOURS, hours, (local.date(), kind, local.hour), (0, 0.0, 0.0, steps))
            own = bins[local.date(), kind]
            for step in steps:
                own[step] += 1
        coverage: Rows = {}
        heard = self._select(CoverageQuarter, col(CoverageQuarter.bucket_at), col(CoverageQuarter.blind_s))
        for at, blind_s in await self._connection.execute(heard.where(col(CoverageQuarter.store_id) == store_id)):
            _merge(DAYS, coverage, (at.astimezone(zone).date(),), (1, blind_s))
        await self._replace(RollupDay, DAY, store_id, sums)
        await self._replace(RollupHour, HOURS, store_id, hours)
        await self._replace(
            RollupDaySteps, DAY_STEPS, store_id, {key: (list(steps_of(own)),) for key, own in bins.items()}
        )
        await self._replace(CoverageDay, DAYS, store_id, coverage)

    async def _replace(self, model: Any, table: FigureTable, store_id: UUID, rows: Rows) -> None:
        await self._connection.execute(self._delete(model).where(col(model.store_id) == store_id))
        for key, values in sorted(rows.items()):
            fields = dict(zip((*table.keys, *table.values), (*key, *values), strict=True))
            await self._add(model(store_id=store_id, org_id=self._scope.org_id, **fields))


def _merge(table: FigureTable, rows: Rows, key: tuple[Any, ...], values: tuple[Any, ...]) -> None:
    rows[key] = table.merge(rows[key], values) if key in rows else values
