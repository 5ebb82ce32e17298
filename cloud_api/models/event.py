"""Raw events, as the edge sent them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Index, column
from sqlmodel import Field, SQLModel

from cloud_api.models.base import moment_field, utc_now


class Event(SQLModel, table=True):
    """The key begins with the store: an id of one store cannot swallow another's event.

    ``stamped_at``: what the edge's clock said, where it was wrong and ``occurred_at`` is corrected.
    """

    __tablename__ = "events"
    __table_args__ = (
        # None by seq: which numbers a laptop has used is known without them (``MissingSeqs``). The ingest holds a seq
        # to one event, under the lock of the device's row.
        Index("events_by_time", "store_id", "occurred_at"),
        # Recounts speak of the edge's own clock; few events have ever been corrected.
        Index(
            "events_by_stamp",
            "store_id",
            "stamped_at",
            postgresql_where=column("stamped_at").is_not(None),
            sqlite_where=column("stamped_at").is_not(None),
        ),
    )

    store_id: UUID = Field(primary_key=True)
    event_id: UUID = Field(primary_key=True)
    org_id: UUID
    device_id: UUID
    seq: int = Field(sa_type=BigInteger)
    type: str = Field(max_length=32)
    camera_id: str = Field(max_length=100)
    zone_id: str = Field(default="", max_length=100)
    zone_revision: int | None = None
    occurred_at: datetime = moment_field()
    stamped_at: datetime | None = moment_field(default=None)
    received_at: datetime = moment_field(default_factory=utc_now)
    track_id: int | None = Field(default=None, sa_type=BigInteger)
    value: float | None = None
    confidence: float | None = None
    attributes: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
