"""What a reader of the insights has put away, or wants to keep."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, Index
from sqlmodel import Field, SQLModel

from cloud_api.models.base import moment_field, utc_now


class InsightNote(SQLModel, table=True):
    """One reader's mark on one statement. ``key``: of its claim; ``document``: the statement as it stood when kept.

    ``store_id`` None: the statement is of several stores.
    """

    __tablename__ = "insight_notes"
    __table_args__ = (
        CheckConstraint("mark IN ('dismissed', 'kept')", name="mark_is_known"),
        Index("insight_notes_by_time", "org_id", "user_id", "made_at"),
    )

    user_id: UUID = Field(primary_key=True, foreign_key="users.id")
    key: str = Field(primary_key=True, max_length=64)
    org_id: UUID
    store_id: UUID | None = None
    mark: str = Field(max_length=10)
    document: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    made_at: datetime = moment_field(default_factory=utc_now)
