"""Writing events. Sending twice changes nothing."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from cloud_api.ingest.clocks import TimedEvent
from cloud_api.ingest.seqs import Span, among, spans_between, taken_out, walked
from cloud_api.kit.database import errors_as_sqlalchemys, insert_for, raw_postgresql
from cloud_api.models import EdgeDevice, MissingSeqs, Store, ZoneRecount
from cloud_api.models import Event as EventRow
from cloud_api.tenancy.principal import EdgePrincipal

SPANS_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class DeviceState:
    """What is known of a laptop's sequence, and the time zone of its store."""

    contiguous_seq: int
    highest_seq: int
    timezone: str
    has_recounts: bool


class IngestRepository:
    """Events of one laptop: all that it writes and asks carries its store."""

    def __init__(self, connection: AsyncConnection, edge: EdgePrincipal) -> None:
        self._connection = connection
        self._edge = edge

    async def touch_device(self, *, now: datetime) -> DeviceState:
        """Note that the device was heard, and keep its other uploads waiting until this one has ended."""
        query = (
            update(EdgeDevice)
            .where(
                col(EdgeDevice.id) == self._edge.device_id,
                col(EdgeDevice.store_id) == self._edge.store_id,
            )
            .values(last_seen_at=now)
            .returning(
                col(EdgeDevice.contiguous_seq),
                col(EdgeDevice.highest_seq),
                select(col(Store.timezone)).where(col(Store.id) == self._edge.store_id).scalar_subquery(),
                select(col(ZoneRecount.event_id))
                .where(
                    col(ZoneRecount.store_id) == self._edge.store_id,
                    col(ZoneRecount.device_id) == self._edge.device_id,
                )
                .exists(),
            )
        )
        return DeviceState(*(await self._connection.execute(query)).one())

    async def insert_new(self, events: Iterable[TimedEvent], *, now: datetime) -> set[UUID]:
        """Insert what is not here yet; tells which ids that were."""
        # Ordered by key: overlapping batches of two requests wait for each other instead of locking crosswise.
        # Of two with one id the first counts, here as in the rollups.
        first = {t.event.event_id: t for t in reversed(list(events))}
        rows = [_row(t) for t in sorted(first.values(), key=lambda t: t.event.event_id)]
        if not rows:
            return set()
        if self._connection.dialect.name == "postgresql":
            return await self._insert_arrays(rows, now=now)
        own = {"store_id": self._edge.store_id, "org_id": self._edge.org_id, "device_id": self._edge.device_id}
        values = [{**own, "received_at": now, **dict(zip(_COLUMNS, row, strict=True))} for row in rows]
        statement = insert_for(self._connection)(EventRow).on_conflict_do_nothing().returning(col(EventRow.event_id))
        return set((await self._connection.execute(statement, values)).scalars())

    async def known(self, event_ids: Sequence[UUID]) -> set[UUID]:
        """Which of these this store has."""
        if not event_ids:
            return set()
        query = select(col(EventRow.event_id)).where(
            col(EventRow.store_id) == self._edge.store_id, col(EventRow.event_id).in_(event_ids)
        )
        return set((await self._connection.execute(query)).scalars())

    async def used(self, seqs: Collection[int]) -> set[int]:
        """Which of these numbers, none higher than the highest that was seen, have had their event."""
        if not seqs:
            return set()
        return set(seqs) - among(await self._missing(min(seqs), max(seqs)), seqs)

    async def advance_seq(self, before: DeviceState, new: set[int], *, given_up: set[int]) -> int:
        """The highest seq up to which nothing is missing; kept with the device, as are the numbers that are missing.

        A number in ``given_up`` is not missing: its event was refused, and waits for a person at the edge.
        """
        if not new and not given_up:
            return before.contiguous_seq
        await self._note_used(before.highest_seq, new)
        highest = max({before.highest_seq, *new})
        reached = await self._walk_on(before.contiguous_seq, highest, given_up)
        query = update(EdgeDevice).where(
            col(EdgeDevice.id) == self._edge.device_id, col(EdgeDevice.store_id) == self._edge.store_id
        )
        await self._connection.execute(query.values(contiguous_seq=reached, highest_seq=highest))
        return reached

    async def _note_used(self, highest: int, new: set[int]) -> None:
        late = {seq for seq in new if seq <= highest}
        gone, left = taken_out(await self._missing(min(late), max(late)) if late else [], late)
        left += spans_between(highest, sorted(new - late))
        if gone:
            last_seqs = [last for _, last in gone]
            await self._connection.execute(
                delete(MissingSeqs).where(*self._own(), col(MissingSeqs.last_seq).in_(last_seqs))
            )
        if left:
            edge = self._edge
            own = {"store_id": edge.store_id, "device_id": edge.device_id, "org_id": edge.org_id}
            rows = [{**own, "first_seq": first, "last_seq": last} for first, last in left]
            await self._connection.execute(insert(MissingSeqs), rows)

    async def _walk_on(self, reached: int, highest: int, given_up: set[int]) -> int:
        is_last = is_held = False
        while not (is_last or is_held):
            spans = await self._missing(reached + 1, highest, limit=SPANS_AT_ONCE)
            reached, is_held = walked(reached, spans, given_up=given_up)
            is_last = len(spans) < SPANS_AT_ONCE
        if is_held:
            return reached
        reached = max(reached, highest)
        while reached + 1 in given_up:
            reached += 1
        return reached

    async def _missing(self, low: int, high: int, *, limit: int | None = None) -> list[Span]:
        """Spans of missing numbers that reach into ``low`` to ``high``, rising."""
        query = (
            select(col(MissingSeqs.first_seq), col(MissingSeqs.last_seq))
            .where(*self._own(), col(MissingSeqs.last_seq) >= low, col(MissingSeqs.first_seq) <= high)
            .order_by(col(MissingSeqs.last_seq))
            .limit(limit)
        )
        return [(first, last) for first, last in await self._connection.execute(query)]

    def _own(self) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
        edge = self._edge
        return col(MissingSeqs.store_id) == edge.store_id, col(MissingSeqs.device_id) == edge.device_id

    async def _insert_arrays(self, rows: list[tuple[Any, ...]], *, now: datetime) -> set[UUID]:
        # JSON travels as text: this is asyncpg's own connection, without SQLAlchemy's types.
        columns = [list(column) for column in zip(*rows, strict=True)]
        columns[-1] = [json.dumps(attributes) if attributes else "{}" for attributes in columns[-1]]
        raw = await raw_postgresql(self._connection)
        edge = self._edge
        with errors_as_sqlalchemys():
            found = await raw.fetch(_INSERT, edge.store_id, edge.org_id, edge.device_id, now, *columns)
        return {row[0] for row in found}


_COLUMNS = (
    "event_id", "seq", "type", "camera_id", "zone_id", "zone_revision", "occurred_at", "stamped_at", "track_id",
    "value", "confidence", "attributes",
)  # fmt: skip
_LISTED = ", ".join(_COLUMNS)
_INSERT = f"""
INSERT INTO events (store_id, org_id, device_id, received_at, {_LISTED})
SELECT $1, $2, $3, $4, {_LISTED}::json
FROM unnest($5::uuid[], $6::bigint[], $7::text[], $8::text[], $9::text[], $10::int[], $11::timestamptz[],
            $12::timestamptz[], $13::bigint[], $14::float8[], $15::float8[], $16::text[]) AS u({_LISTED})
ORDER BY event_id
ON CONFLICT DO NOTHING
RETURNING event_id
"""  # noqa: S608 - names of our own columns


def _row(timed: TimedEvent) -> tuple[Any, ...]:
    event = timed.event
    return (
        event.event_id, event.seq, str(event.type), event.camera_id, event.zone_id or "", event.zone_revision,
        timed.occurred_at, timed.stamped_at, event.track_id, event.value, event.confidence, event.attributes,
    )  # fmt: skip
