"""How events travel: a batch up, a receipt per event down."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared_models.events import Event, UtcDatetime

MAX_BATCH_EVENTS = 1000
MAX_BATCH_BYTES = 4 * 1024 * 1024
"""Of the JSON before compression."""
EDGE_KEY_HEADER = "X-EDGE-KEY"
EVENTS_PATH = "/api/v1/edge/events"


Seq = Annotated[int, Field(ge=1)]


class EventBatch(BaseModel):
    """One upload, as the edge builds it. On the wire: ``{"sent_at": ..., "events": [...]}``, JSON, gzip allowed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sent_at: UtcDatetime | None = None
    """The edge's clock when it sent; the cloud derives the clock's offset from it."""
    events: Annotated[tuple[Event, ...], Field(max_length=MAX_BATCH_EVENTS)]
    dead_letter_seqs: Annotated[
        tuple[Seq, ...], Field(max_length=MAX_BATCH_EVENTS, exclude_if=lambda seqs: not seqs)
    ] = ()
    """Events of this device that were refused and are kept as dead letters by the edge: no hole, but no event either.

    Left out where there are none: most batches are as they always were.
    """


class ReceiptStatus(StrEnum):
    """What became of one event."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"


class EventReceipt(BaseModel):
    """The answer for one event of a batch.

    Attributes:
        index: its place in the batch, from 0: names even an event whose id cannot be read.
        reason: for a rejected event, in words.
    """

    model_config = ConfigDict(frozen=True)

    index: int = Field(ge=0)
    event_id: UUID | None
    status: ReceiptStatus
    reason: str | None = None


class BatchReceipt(BaseModel):
    """The answer to a batch.

    Attributes:
        contiguous_seq: up to here nothing of this device is missing: the cloud has the event, or has refused it.
    """

    model_config = ConfigDict(frozen=True)

    results: tuple[EventReceipt, ...]
    contiguous_seq: int = Field(ge=0)
