"""Who did what, and when. Entries are only ever added."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Index
from sqlmodel import Field, SQLModel

from cloud_api.models.base import id_field, moment_field, utc_now


class AuditEntry(SQLModel, table=True):
    """``actor``: a person's e-mail, ``laptop NAME``, or ``command line``. ``act``: a verb in the past tense."""

    __tablename__ = "audit_entries"
    __table_args__ = (Index("audit_by_time", "org_id", "at"),)

    id: UUID = id_field()
    org_id: UUID
    store_id: UUID | None = None
    at: datetime = moment_field(default_factory=utc_now)
    actor_id: UUID | None = None
    actor: str = Field(max_length=330)
    act: str = Field(max_length=60)
    subject: str = Field(default="", max_length=400)
    details: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    address: str = Field(default="", max_length=100)
