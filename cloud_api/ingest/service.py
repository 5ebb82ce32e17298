"""One upload: insert, count, answer for each event."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_api.ingest.batch import ReadBatch
from cloud_api.ingest.clocks import TimedEvent, is_possible, timed
from cloud_api.ingest.recounts import Recounts
from cloud_api.ingest.repository import DeviceState, IngestRepository
from cloud_api.kit.database import Database
from cloud_api.rollups.figures import Figures
from cloud_api.rollups.writer import FigureWriter
from cloud_api.stores.cameras import Cameras
from cloud_api.tenancy.principal import EdgePrincipal, scope_of
from cloud_api.tenancy.transactions import scoped
from shared_models.events import RECOUNTABLE
from shared_models.sync import ReceiptStatus

Result = tuple[int, UUID | None, ReceiptStatus, str | None]
"""Place in the batch, id, what became of it, and why."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A ``shared_models.sync.BatchReceipt`` in the making: as models, five hundred results cost more than to write them."""

    results: tuple[Result, ...]
    contiguous_seq: int

    def count(self, status: ReceiptStatus) -> int:
        """How many events fared like this."""
        return sum(result[2] is status for result in self.results)

    def json(self) -> bytes:
        """On the wire."""
        told = ",".join(
            f'{{"index":{index},"event_id":{_quoted(event_id)},"status":"{status}","reason":{_json(reason)}}}'
            for index, event_id, status, reason in self.results
        )
        return f'{{"results":[{told}],"contiguous_seq":{self.contiguous_seq}}}'.encode()


@dataclass(frozen=True, slots=True)
class NewReceipt:
    """The answer to a batch of which every event was new."""

    ids: Sequence[str]
    contiguous_seq: int

    def count(self, status: ReceiptStatus) -> int:
        """How many events fared like this."""
        return len(self.ids) if status is ReceiptStatus.ACCEPTED else 0

    def json(self) -> bytes:
        """On the wire."""
        told = ",".join(
            [f'{{"index":{n},"event_id":"{i}","status":"accepted","reason":null}}' for n, i in enumerate(self.ids)]
        )
        return f'{{"results":[{told}],"contiguous_seq":{self.contiguous_seq}}}'.encode()


def _json(reason: str | None) -> str:
    return "null" if reason is None else json.dumps(reason)


def _quoted(event_id: UUID | None) -> str:
    return "null" if event_id is None else f'"{event_id}"'


async def ingest(
    database: Database, edge: EdgePrincipal, batch: ReadBatch, *, new_cameras: set[str], now: datetime | None = None
) -> Receipt:
    """Write a batch. Everything or nothing is committed.

    Args:
        new_cameras: cameras of the batch that may not be known yet.
    """
    now = now or datetime.now(UTC)
    refused = dict(batch.refused)
    given_up = set(batch.given_up)
    events: dict[int, TimedEvent] = {}
    for index, event in zip(batch.events, timed(batch.events.values(), sent_at=batch.sent_at, now=now), strict=True):
        if is_possible(event.occurred_at):
            events[index] = event
        else:
            given_up.add(event.event.seq)
            refused[index] = (event.event.event_id, "occurred_at is no possible time; set the store's clock right.")
    async with scoped(database, scope_of(edge)) as connection:
        repository = IngestRepository(connection, edge)
        before = await repository.touch_device(now=now)
        wrong_seq, suspects = await _wrong_seqs(repository, before, events.values())
        usable = [t for t in events.values() if t.event.event_id not in wrong_seq]
        zone = ZoneInfo(before.timezone)
        recounts = Recounts(connection, edge, zone)
        if late := await recounts.out_of_reach(usable):
            refused |= {
                i: (t.event.event_id, late[t.event.event_id]) for i, t in events.items() if t.event.event_id in late
            }
            given_up |= {t.event.seq for t in usable if t.event.event_id in late}
            events = {i: t for i, t in events.items() if t.event.event_id not in late}
            usable = [t for t in usable if t.event.event_id not in late]
        void = await recounts.void_among([*usable, *suspects], has_recounts=before.has_recounts)
        wrong_seq = {event_id: reason for event_id, reason in wrong_seq.items() if event_id not in void}
        given_up |= {t.event.seq for t in usable if t.event.event_id in void}
        usable = [t for t in usable if t.event.event_id not in void]
        new_ids = await repository.insert_new(usable, now=now)
        new = {t.event.event_id: t for t in reversed(usable) if t.event.event_id in new_ids}
        known = await repository.known([i for i in wrong_seq if i not in new_ids])
        await FigureWriter(connection, org_id=edge.org_id, store_id=edge.store_id).write(figures_of(new.values(), zone))
        await recounts.apply(t.event for t in new.values())
        contiguous = await repository.advance_seq(before, {t.event.seq for t in new.values()}, given_up=given_up)
        if new_cameras:
            await _make_known(connection, edge, new_cameras, [(t.event.camera_id, t.occurred_at) for t in new.values()])
    results = _results(events, refused, new_ids=new_ids, refused_ids=wrong_seq.keys() - known, reasons=wrong_seq)
    return Receipt(results, contiguous)


def figures_of(events: Iterable[TimedEvent], zone: ZoneInfo) -> Figures:
    """What these events add to the figures."""
    figures = Figures(zone)
    for item in events:
        event = item.event
        figures.add(
            str(event.type), item.occurred_at, camera_id=event.camera_id, zone_id=event.zone_id or "",
            value=float(event.value or 0.0), attributes=event.attributes,
        )  # fmt: skip
    return figures


async def _wrong_seqs(
    repository: IngestRepository, before: DeviceState, events: Iterable[TimedEvent]
) -> tuple[dict[UUID, str], list[TimedEvent]]:
    """Events whose number was used for another one, with the reason; asked for only where that can be.

    The second: those of them that a recount may have taken away, after which no other event than they need have had
    their number.
    """
    first: dict[int, UUID] = {}
    wrong: dict[UUID, str] = {}
    suspects: list[TimedEvent] = []
    items = list(events)
    used = await repository.used({t.event.seq for t in items if t.event.seq <= before.highest_seq})
    known = await repository.known([t.event.event_id for t in items if t.event.seq in used])
    for item in items:
        event = item.event
        is_used = event.seq in used
        if is_used and event.event_id in known:
            continue
        if is_used or first.setdefault(event.seq, event.event_id) != event.event_id:
            wrong[event.event_id] = f"seq {event.seq} was used for another event of this device already."
        if is_used and event.type in RECOUNTABLE:
            suspects.append(item)
    return wrong, suspects


async def make_known(
    database: Database, edge: EdgePrincipal, cameras: set[str], seen: Iterable[tuple[str, datetime]]
) -> None:
    """Note in the registry when these cameras saw: of all that was seen, as (camera, moment)."""
    async with scoped(database, scope_of(edge)) as connection:
        await _make_known(connection, edge, cameras, seen)


async def _make_known(
    connection: AsyncConnection, edge: EdgePrincipal, cameras: set[str], seen: Iterable[tuple[str, datetime]]
) -> None:
    spans: dict[str, tuple[datetime, datetime]] = {}
    for name, at in seen:
        if name in cameras:
            first, last = spans.get(name, (at, at))
            spans[name] = (min(first, at), max(last, at))
    await Cameras(connection, scope_of(edge)).saw(edge.store_id, spans, device_id=edge.device_id)


def _results(
    events: dict[int, TimedEvent],
    refused: dict[int, tuple[UUID | None, str]],
    *,
    new_ids: set[UUID],
    refused_ids: set[UUID],
    reasons: dict[UUID, str],
) -> tuple[Result, ...]:
    results: dict[int, Result] = {
        index: (index, event_id, ReceiptStatus.REJECTED, reason) for index, (event_id, reason) in refused.items()
    }
    told: set[UUID] = set()
    for index, item in events.items():
        event_id = item.event.event_id
        if event_id in new_ids and event_id not in told:
            results[index] = (index, event_id, ReceiptStatus.ACCEPTED, None)
        elif event_id in refused_ids and event_id not in new_ids:
            results[index] = (index, event_id, ReceiptStatus.REJECTED, reasons[event_id])
        else:
            results[index] = (index, event_id, ReceiptStatus.DUPLICATE, None)
        told.add(event_id)
    return tuple(results[index] for index in sorted(results))
