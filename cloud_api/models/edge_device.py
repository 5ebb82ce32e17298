"""An enrolled store laptop and its keys."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from cloud_api.models.base import id_field, moment_field, utc_now


class EdgeDevice(SQLModel, table=True):
    """``contiguous_seq``: every event up to it is here, or was refused."""

    __tablename__ = "edge_devices"

    id: UUID = id_field()
    org_id: UUID = Field(foreign_key="organisations.id")
    store_id: UUID = Field(foreign_key="stores.id", index=True)
    name: str = Field(default="", max_length=200)
    contiguous_seq: int = Field(default=0, sa_type=BigInteger)
    last_seen_at: datetime | None = moment_field(default=None)
    created_at: datetime = moment_field(default_factory=utc_now)


class EdgeKey(SQLModel, table=True):
    """The secret by which a device speaks for its store; only its SHA-256 is kept."""

    __tablename__ = "edge_keys"

    id: UUID = id_field()
    device_id: UUID = Field(foreign_key="edge_devices.id", index=True)
    digest: str = Field(max_length=64, unique=True)
    created_at: datetime = moment_field(default_factory=utc_now)
    revoked_at: datetime | None = moment_field(default=None)
