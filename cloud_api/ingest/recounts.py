"""A zone counted anew: its earlier events of that span are void, whenever they arrive (ADR 10).

An event is void if a ``zone_recounted`` of the same device, camera and zone whose span holds it has a higher ``seq``.
That says nothing about the order of arrival: retries, overtaking requests and lost replies end in the same figures.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import and_, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from cloud_api.kit.buckets import ROLLUP, rollup_start
from cloud_api.models import Event as EventRow
from cloud_api.models import RollupCoarse, RollupFine, ZoneRecount
from cloud_api.tenancy.principal import EdgePrincipal
from shared_models.events import RECOUNTABLE, Event, ZoneRecounted

KINDS = tuple(str(kind) for kind in RECOUNTABLE)


class RecountRepository:
    """Recounts of one device."""

    def __init__(self, connection: AsyncConnection, edge: EdgePrincipal) -> None:
        self._connection = connection
        self._edge = edge

    async def void_among(self, events: Collection[Event]) -> set[UUID]:
        """Those that an earlier recount, or one among them, has made void."""
        zoned = [e for e in events if e.type in RECOUNTABLE]
        if not zoned:
            return set()
        markers: list[ZoneRecounted] = [e for e in events if isinstance(e, ZoneRecounted)]
        void = {e.event_id for e in zoned if any(marker.voids(e) for marker in markers)}
        known = await self._known(zoned)
        for event in zoned:
            for seq, from_at, to_at in known.get((event.camera_id, event.zone_id or ""), ()):
                if event.seq < seq and from_at <= event.occurred_at < to_at:
                    void.add(event.event_id)
        return void

    async def apply(self, markers: Iterable[ZoneRecounted]) -> None:
        """Remember new recounts, take away what they make void, and lower its rollups."""
        for marker in sorted(markers, key=lambda m: m.seq):
            await self._connection.execute(
                insert(ZoneRecount).values(
                    store_id=self._edge.store_id,
                    event_id=marker.event_id,
                    device_id=self._edge.device_id,
                    camera_id=marker.camera_id,
                    zone_id=marker.zone_id,
                    seq=marker.seq,
                    from_at=marker.from_at,
                    to_at=marker.to_at,
                )
            )
            await self._take_away(marker)

    async def _known(self, events: Sequence[Event]) -> dict[tuple[str, str], list[tuple[int, Any, Any]]]:
        moments = [e.occurred_at for e in events]
        query = select(
            col(ZoneRecount.camera_id),
            col(ZoneRecount.zone_id),
            col(ZoneRecount.seq),
            col(ZoneRecount.from_at),
            col(ZoneRecount.to_at),
        ).where(
            col(ZoneRecount.store_id) == self._edge.store_id,
            col(ZoneRecount.device_id) == self._edge.device_id,
            col(ZoneRecount.camera_id).in_({e.camera_id for e in events}),
            col(ZoneRecount.zone_id).in_({e.zone_id for e in events}),
            col(ZoneRecount.to_at) > min(moments),
            col(ZoneRecount.from_at) <= max(moments),
        )
        found: dict[tuple[str, str], list[tuple[int, Any, Any]]] = defaultdict(list)
        for camera_id, zone_id, seq, from_at, to_at in await self._connection.execute(query):
            found[camera_id, zone_id].append((seq, from_at, to_at))
        return found

    async def _take_away(self, marker: ZoneRecounted) -> None:
        statement = (
            delete(EventRow)
            .where(
                col(EventRow.store_id) == self._edge.store_id,
                col(EventRow.device_id) == self._edge.device_id,
                col(EventRow.camera_id) == marker.camera_id,
                col(EventRow.zone_id) == marker.zone_id,
                col(EventRow.type).in_(KINDS),
                col(EventRow.occurred_at) >= marker.from_at,
                col(EventRow.occurred_at) < marker.to_at,
                col(EventRow.seq) < marker.seq,
            )
            .returning(col(EventRow.occurred_at), col(EventRow.type), col(EventRow.value))
        )
        gone: dict[tuple[Any, str], list[float]] = defaultdict(list)
        for occurred_at, kind, value in (await self._connection.execute(statement)).all():
            gone[rollup_start(occurred_at), kind].append(float(value or 0.0))
        for (bucket_at, kind), values in sorted(gone.items()):
            of_zone = {"camera_id": marker.camera_id, "zone_id": marker.zone_id}
            await self._lower(RollupFine, of_zone, bucket_at, kind, values)
            await self._lower(RollupCoarse, {}, bucket_at, kind, values)

    async def _lower(
        self,
        table: type[RollupFine] | type[RollupCoarse],
        of: dict[str, str],
        bucket_at: Any,
        kind: str,
        values: Sequence[float],
    ) -> None:
        where = and_(
            col(table.store_id) == self._edge.store_id,
            col(table.bucket_at) == bucket_at,
            col(table.type) == kind,
            *(getattr(table, name) == value for name, value in of.items()),
        )
        peak: Any = table.peak
        if max(values) > 0.0:
            # The largest may have gone: what is left is looked at again.
            left = select(func.coalesce(func.max(col(EventRow.value)), 0.0)).where(
                col(EventRow.store_id) == self._edge.store_id,
                col(EventRow.type) == kind,
                col(EventRow.occurred_at) >= bucket_at,
                col(EventRow.occurred_at) < bucket_at + ROLLUP,
                *(getattr(EventRow, name) == value for name, value in of.items()),
            )
            peak = (await self._connection.execute(left)).scalar_one()
        lowered = {"n": col(table.n) - len(values), "total": col(table.total) - sum(values), "peak": peak}
        await self._connection.execute(update(table).where(where).values(**lowered))
        await self._connection.execute(delete(table).where(where, col(table.n) <= 0))
