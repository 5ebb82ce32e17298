"""An enrolled store laptop, its keys, and the codes by which new ones are enrolled."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from cloud_api.models.base import id_field, moment_field, utc_now


class EdgeDevice(SQLModel, table=True):
    """``contiguous_seq``: every event up to it is here, or was refused; ``highest_seq``: the highest that was ever seen.

    ``clock_offset_s``: how far its clock lags behind the cloud's (negative: it is ahead).
    """

    __tablename__ = "edge_devices"

    id: UUID = id_field()
    org_id: UUID = Field(foreign_key="organisations.id")
    store_id: UUID = Field(foreign_key="stores.id", index=True)
    name: str = Field(default="", max_length=200)
    contiguous_seq: int = Field(default=0, sa_type=BigInteger)
    highest_seq: int = Field(default=0, sa_type=BigInteger)
    version: str = Field(default="", max_length=100)
    outbox_depth: int | None = Field(default=None, sa_type=BigInteger)
    clock_offset_s: float | None = None
    last_seen_at: datetime | None = moment_field(default=None)
    last_heartbeat_at: datetime | None = moment_field(default=None)
    retired_at: datetime | None = moment_field(default=None)
    created_at: datetime = moment_field(default_factory=utc_now)


class EdgeKey(SQLModel, table=True):
    """The secret by which a device speaks for its store; only its SHA-256 is kept. ``hint``: how it begins."""

    __tablename__ = "edge_keys"

    id: UUID = id_field()
    org_id: UUID
    store_id: UUID
    device_id: UUID = Field(foreign_key="edge_devices.id", index=True)
    digest: str = Field(max_length=64, unique=True)
    hint: str = Field(default="", max_length=40)
    created_at: datetime = moment_field(default_factory=utc_now)
    revoked_at: datetime | None = moment_field(default=None)


class PairingCode(SQLModel, table=True):
    """Eight letters that enrol one laptop, once, within ten minutes."""

    __tablename__ = "pairing_codes"

    id: UUID = id_field()
    org_id: UUID = Field(foreign_key="organisations.id")
    store_id: UUID = Field(foreign_key="stores.id", index=True)
    digest: str = Field(max_length=64, unique=True)
    created_by: UUID | None = None
    created_at: datetime = moment_field(default_factory=utc_now)
    expires_at: datetime = moment_field()
    used_at: datetime | None = moment_field(default=None)
