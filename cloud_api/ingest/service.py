"""One upload: insert, count, answer for each event."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from cloud_api.ingest.batch import ReadBatch
from cloud_api.ingest.recounts import RecountRepository
from cloud_api.ingest.repository import IngestRepository
from cloud_api.kit.database import Database
from cloud_api.tenancy.principal import EdgePrincipal
from shared_models.events import Event, ZoneRecounted
from shared_models.sync import BatchReceipt, EventReceipt, ReceiptStatus

FUTURE_SLACK = timedelta(days=1)


async def ingest(database: Database, edge: EdgePrincipal, batch: ReadBatch) -> tuple[BatchReceipt, int]:
    """Write a batch; the receipt, and how many events were new. Everything or nothing is committed."""
    now = datetime.now(UTC)
    results: dict[int, EventReceipt] = {
        index: EventReceipt(index=index, event_id=event_id, status=ReceiptStatus.REJECTED, reason=reason)
        for index, (event_id, reason) in batch.refused.items()
    }
    usable = {}
    given_up = set(batch.given_up)
    for index, event in batch.events.items():
        if event.occurred_at > now + FUTURE_SLACK:
            given_up.add(event.seq)
            reason = "occurred_at lies more than a day in the future; set the store's clock right."
            results[index] = EventReceipt(
                index=index, event_id=event.event_id, status=ReceiptStatus.REJECTED, reason=reason
            )
        else:
            usable[index] = event
    async with database.begin() as connection:
        repository = IngestRepository(connection, edge)
        contiguous = await repository.touch_device(now=now)
        recounts = RecountRepository(connection, edge)
        void = await recounts.void_among(usable.values())
        given_up |= {e.seq for e in usable.values() if e.event_id in void}
        counted = [e for e in usable.values() if e.event_id not in void]
        new_ids = await repository.insert_new(counted, now=now)
        await recounts.apply(_markers(counted, new_ids))
        rest = [e.event_id for e in counted if e.event_id not in new_ids]
        known = await repository.known(rest) | void
        by_id = {e.event_id: e for e in reversed(list(usable.values())) if e.event_id in new_ids}
        await repository.raise_rollups(by_id.values())
        contiguous = await repository.advance_seq(contiguous, given_up=given_up)
    told: set[object] = set()
    for index, event in usable.items():
        status, reason_or_none = ReceiptStatus.DUPLICATE, None
        if event.event_id in new_ids and event.event_id not in told:
            status = ReceiptStatus.ACCEPTED
        elif event.event_id not in new_ids and event.event_id not in known:
            status = ReceiptStatus.REJECTED
            reason_or_none = f"seq {event.seq} was used for another event of this device already."
        told.add(event.event_id)
        results[index] = EventReceipt(index=index, event_id=event.event_id, status=status, reason=reason_or_none)
    ordered = tuple(results[index] for index in sorted(results))
    return BatchReceipt(results=ordered, contiguous_seq=contiguous), len(new_ids)


def _markers(events: Iterable[Event], new_ids: Collection[UUID]) -> list[ZoneRecounted]:
    """Recounts that are told for the first time."""
    found = {e.event_id: e for e in events if isinstance(e, ZoneRecounted) and e.event_id in new_ids}
    return list(found.values())
