"""A person who logs in."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from cloud_api.models.base import id_field, moment_field, utc_now


class User(SQLModel, table=True):
    """``store_id`` is set for roles that see one store. An empty ``password_hash`` fits no password (invited).

    ``theme``: auto, light or dark. ``locale``: how numbers and dates are written; empty: as the browser says.
    """

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("role IN ('org_admin', 'analyst', 'store_owner', 'staff')", name="role_is_known"),
    )

    id: UUID = id_field()
    org_id: UUID = Field(foreign_key="organisations.id", index=True)
    store_id: UUID | None = Field(default=None, foreign_key="stores.id")
    email: str = Field(max_length=320, unique=True)
    role: str = Field(max_length=20)
    password_hash: str = Field(max_length=300)
    is_active: bool = True
    theme: str = Field(default="auto", max_length=10)
    locale: str = Field(default="", max_length=20)
    created_at: datetime = moment_field(default_factory=utc_now)
