"""One site of an organisation, when it is open, its cameras and their zones."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint
from sqlmodel import Field, SQLModel, UniqueConstraint

from cloud_api.models.base import id_field, moment_field, utc_now


class Store(SQLModel, table=True):
    """A shop. Its days are those of its own time zone. ``config_revision`` rises with each change for its laptops.

    ``capacity``: people it has room for; None: not said.
    ``has_stills``: its cameras may be looked at, pixelated, by those who see the store.
    """

    __tablename__ = "stores"
    __table_args__ = (
        UniqueConstraint("org_id", "name"),
        CheckConstraint("capacity IS NULL OR capacity > 0", name="capacity_is_room"),
    )

    id: UUID = id_field()
    org_id: UUID = Field(foreign_key="organisations.id", index=True)
    name: str = Field(max_length=200)
    timezone: str = Field(max_length=64)
    reset_hour: int = 4
    config_revision: int = 0
    has_stills: bool = False
    capacity: int | None = None
    created_at: datetime = moment_field(default_factory=utc_now)


class OpeningHours(SQLModel, table=True):
    """One opening span of a weekday (0: Monday), in minutes since midnight; past 1440 it ends after midnight."""

    __tablename__ = "opening_hours"
    __table_args__ = (
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday_is_one"),
        CheckConstraint(
            "opens_min >= 0 AND closes_min > opens_min AND closes_min <= 2880", name="closes_after_opening"
        ),
    )

    store_id: UUID = Field(primary_key=True, foreign_key="stores.id")
    weekday: int = Field(primary_key=True)
    opens_min: int = Field(primary_key=True)
    org_id: UUID
    closes_min: int


class OpeningException(SQLModel, table=True):
    """One day that differs: other hours, or closed (``opens_min`` is null)."""

    __tablename__ = "opening_exceptions"

    store_id: UUID = Field(primary_key=True, foreign_key="stores.id")
    day: date = Field(primary_key=True)
    org_id: UUID
    opens_min: int | None = None
    closes_min: int | None = None
    note: str = Field(default="", max_length=200)


class Camera(SQLModel, table=True):
    """A camera that was heard of, or made by hand. ``zone_revision`` is the zone set in force (0: none yet)."""

    __tablename__ = "cameras"

    store_id: UUID = Field(primary_key=True, foreign_key="stores.id")
    camera_id: str = Field(primary_key=True, max_length=100)
    org_id: UUID
    name: str = Field(default="", max_length=200)
    device_id: UUID | None = None
    zone_revision: int = 0
    state: str = Field(default="", max_length=30)
    words: str = Field(default="", max_length=300)
    fps: float | None = None
    reported_at: datetime | None = moment_field(default=None)
    first_seen_at: datetime = moment_field(default_factory=utc_now)
    retired_at: datetime | None = moment_field(default=None)


class ZoneRevision(SQLModel, table=True):
    """One version of a camera's zones. ``state``: ``kept`` (in force or past) or ``conflict`` (waits for a decision)."""

    __tablename__ = "zone_revisions"
    __table_args__ = (CheckConstraint("state IN ('kept', 'conflict')", name="state_is_known"),)

    store_id: UUID = Field(primary_key=True, foreign_key="stores.id")
    camera_id: str = Field(primary_key=True, max_length=100)
    revision: int = Field(primary_key=True)
    org_id: UUID
    based_on: int
    state: str = Field(default="kept", max_length=10)
    document: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    author: str = Field(default="", max_length=330)
    note: str = Field(default="", max_length=300)
    made_at: datetime = moment_field(default_factory=utc_now)
