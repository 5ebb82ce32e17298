"""What belongs to the server itself and to no tenant."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from cloud_api.models.base import moment_field


class Tries(SQLModel, table=True):
    """How often something was tried since ``since_at``. ``key`` is a SHA-256: no e-mail address lies here."""

    __tablename__ = "tries"

    key: str = Field(primary_key=True, max_length=64)
    n: int
    since_at: datetime = moment_field(index=True)


class ServerState(SQLModel, table=True):
    """Named values of the installation, e.g. the key that signs log-ins where no other is given."""

    __tablename__ = "server_state"

    name: str = Field(primary_key=True, max_length=60)
    value: str = Field(max_length=2000)
