"""One site of an organisation."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlmodel import Field, SQLModel, UniqueConstraint

from cloud_api.models.base import id_field, moment_field, utc_now


class Store(SQLModel, table=True):
    """A shop. Its days are those of its own time zone."""

    __tablename__ = "stores"
    __table_args__ = (UniqueConstraint("org_id", "name"),)

    id: UUID = id_field()
    org_id: UUID = Field(foreign_key="organisations.id", index=True)
    name: str = Field(max_length=200)
    timezone: str = Field(max_length=64)
    reset_hour: int = 4
    created_at: datetime = moment_field(default_factory=utc_now)
