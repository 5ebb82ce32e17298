"""Writing events and their rollups in one transaction. Sending twice changes nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from cloud_api.kit.buckets import rollup_start
from cloud_api.models import EdgeDevice, RollupCoarse, RollupFine
from cloud_api.models import Event as EventRow
from cloud_api.tenancy.principal import EdgePrincipal
from shared_models.events import Event

SEQ_LOOK_AHEAD = 10_000


class IngestRepository:
    """Events of one device."""

    def __init__(self, connection: AsyncConnection, edge: EdgePrincipal) -> None:
        self._connection = connection
        self._edge = edge
        self._insert: Any = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert

    async def touch_device(self, *, now: datetime) -> int:
        """Note that the device was heard, and keep its other uploads waiting; tells its contiguous seq."""
        query = (
            update(EdgeDevice)
            .where(col(EdgeDevice.id) == self._edge.device_id)
            .values(last_seen_at=now)
            .returning(col(EdgeDevice.contiguous_seq))
        )
        return (await self._connection.execute(query)).scalar_one()

    async def insert_new(self, events: Iterable[Event], *, now: datetime) -> set[UUID]:
        """Insert what is not here yet; tells which ids that were."""
        # Ordered by key: overlapping batches of two requests wait for each other instead of locking crosswise.
        # Of two with one id the first counts, here as in the rollups.
        first = {e.event_id: e for e in reversed(list(events))}
        rows = [self._row(e, now=now) for e in sorted(first.values(), key=lambda e: e.event_id)]
        if not rows:
            return set()
        statement = self._insert(EventRow).on_conflict_do_nothing().returning(col(EventRow.event_id))
        return set((await self._connection.execute(statement, rows)).scalars())

    async def known(self, event_ids: Sequence[UUID]) -> set[UUID]:
        """Which of these this store has."""
        if not event_ids:
            return set()
        query = select(col(EventRow.event_id)).where(
            col(EventRow.store_id) == self._edge.store_id, col(EventRow.event_id).in_(event_ids)
        )
        return set((await self._connection.execute(query)).scalars())

    async def raise_rollups(self, events: Iterable[Event]) -> None:
        """Count events that were really inserted."""
        fine: dict[tuple[Any, ...], list[float]] = defaultdict(lambda: [0, 0.0, 0.0])
        coarse: dict[tuple[Any, ...], list[float]] = defaultdict(lambda: [0, 0.0, 0.0])
        for event in events:
            at, kind, value = rollup_start(event.occurred_at), str(event.type), float(event.value or 0.0)
            for sums in (fine[at, kind, event.camera_id, event.zone_id or ""], coarse[at, kind]):
                sums[0] += 1
                sums[1] += value
                sums[2] = max(sums[2], value)
        await self._raise(RollupFine, ("bucket_at", "type", "camera_id", "zone_id"), fine)
        await self._raise(RollupCoarse, ("bucket_at", "type"), coarse)

    async def advance_seq(self, contiguous: int, *, given_up: Collection[int]) -> int:
        """The highest seq up to which nothing is missing, from ``contiguous`` on; kept with the device.

        A number in ``given_up`` is not missing: its event was refused, and waits for a person at the edge.
        """
        query = (
            select(col(EventRow.seq))
            .where(
                col(EventRow.store_id) == self._edge.store_id,
                col(EventRow.device_id) == self._edge.device_id,
                col(EventRow.seq) > contiguous,
            )
            .order_by(col(EventRow.seq))
            .limit(SEQ_LOOK_AHEAD)
        )
        reached = contiguous
        stored = (await self._connection.execute(query)).scalars()
        for seq in sorted({*stored, *(seq for seq in given_up if seq > contiguous)}):
            if seq != reached + 1:
                break
            reached = seq
        if reached != contiguous:
            await self._connection.execute(
                update(EdgeDevice).where(col(EdgeDevice.id) == self._edge.device_id).values(contiguous_seq=reached)
            )
        return reached

    def _row(self, event: Event, *, now: datetime) -> dict[str, Any]:
        return {
            "store_id": self._edge.store_id,
            "event_id": event.event_id,
            "device_id": self._edge.device_id,
            "seq": event.seq,
            "type": str(event.type),
            "camera_id": event.camera_id,
            "zone_id": event.zone_id or "",
            "zone_revision": event.zone_revision,
            "occurred_at": event.occurred_at,
            "received_at": now,
            "track_id": event.track_id,
            "value": event.value,
            "confidence": event.confidence,
            "attributes": event.attributes,
        }

    async def _raise(
        self,
        table: type[RollupFine] | type[RollupCoarse],
        names: tuple[str, ...],
        sums: dict[tuple[Any, ...], list[float]],
    ) -> None:
        if not sums:
            return
        rows = [
            {
                "store_id": self._edge.store_id,
                **dict(zip(names, key, strict=True)),
                "n": n,
                "total": total,
                "peak": peak,
            }
            for key, (n, total, peak) in sorted(sums.items())
        ]
        statement = self._insert(table)
        new, old = statement.excluded, table
        higher = func.greatest if self._connection.dialect.name == "postgresql" else func.max
        statement = statement.on_conflict_do_update(
            index_elements=["store_id", *names],
            set_={
                "n": col(old.n) + new.n,
                "total": col(old.total) + new.total,
                "peak": higher(col(old.peak), new.peak),
            },
        )
        await self._connection.execute(statement, rows)
