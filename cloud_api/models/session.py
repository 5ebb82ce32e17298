"""Log-ins: what can be revoked, renewed and used once."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlmodel import Field, SQLModel

from cloud_api.models.base import id_field, moment_field, utc_now


class Session(SQLModel, table=True):
    """One log-in of a person: ``kind`` is ``page`` or ``api``. It ends by time, by log-out, or by being revoked."""

    __tablename__ = "sessions"

    id: UUID = id_field()
    org_id: UUID = Field(foreign_key="organisations.id")
    user_id: UUID = Field(foreign_key="users.id", index=True)
    kind: str = Field(max_length=10)
    address: str = Field(default="", max_length=100)
    agent: str = Field(default="", max_length=200)
    created_at: datetime = moment_field(default_factory=utc_now)
    last_used_at: datetime = moment_field(default_factory=utc_now)
    expires_at: datetime = moment_field()
    revoked_at: datetime | None = moment_field(default=None)


class RefreshToken(SQLModel, table=True):
    """Renews a session once. One that comes back a second time was stolen: the session ends."""

    __tablename__ = "refresh_tokens"

    id: UUID = id_field()
    org_id: UUID = Field(foreign_key="organisations.id")
    session_id: UUID = Field(foreign_key="sessions.id", index=True)
    digest: str = Field(max_length=64, unique=True)
    created_at: datetime = moment_field(default_factory=utc_now)
    used_at: datetime | None = moment_field(default=None)


class OneTimeLink(SQLModel, table=True):
    """Lets one person set a password, once. ``purpose``: ``invitation`` or ``reset``."""

    __tablename__ = "one_time_links"

    id: UUID = id_field()
    org_id: UUID = Field(foreign_key="organisations.id")
    user_id: UUID = Field(foreign_key="users.id", index=True)
    purpose: str = Field(max_length=20)
    digest: str = Field(max_length=64, unique=True)
    created_at: datetime = moment_field(default_factory=utc_now)
    expires_at: datetime = moment_field()
    used_at: datetime | None = moment_field(default=None)


class ApiKey(SQLModel, table=True):
    """A third party's key: it reads figures and nothing else."""

    __tablename__ = "api_keys"

    id: UUID = id_field()
    org_id: UUID = Field(foreign_key="organisations.id", index=True)
    store_id: UUID | None = Field(default=None, foreign_key="stores.id")
    name: str = Field(max_length=200)
    digest: str = Field(max_length=64, unique=True)
    hint: str = Field(default="", max_length=40)
    created_at: datetime = moment_field(default_factory=utc_now)
    last_used_at: datetime | None = moment_field(default=None)
    revoked_at: datetime | None = moment_field(default=None)
