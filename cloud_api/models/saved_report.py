"""A report that can be made again."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel, UniqueConstraint

from cloud_api.models.base import id_field, moment_field, utc_now


class SavedReport(SQLModel, table=True):
    """What to report on, not the figures. ``store_id`` None: for those who see all stores."""

    __tablename__ = "saved_reports"
    __table_args__ = (UniqueConstraint("org_id", "store_id", "name"),)

    id: UUID = id_field()
    org_id: UUID = Field(foreign_key="organisations.id", index=True)
    store_id: UUID | None = Field(default=None, foreign_key="stores.id")
    name: str = Field(max_length=200)
    document: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    made_by: str = Field(max_length=330)
    made_at: datetime = moment_field(default_factory=utc_now)
