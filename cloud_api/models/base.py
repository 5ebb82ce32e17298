"""Columns that every table uses alike."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field

from shared_models.ids import uuid7


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC moment, on SQLite too, which knows no zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def result_processor(self, dialect: Any, coltype: object) -> Any:
        # asyncpg gives aware UTC moments; a call in Python for each of thousands of rows would change nothing.
        return None if dialect.name == "postgresql" else super().result_processor(dialect, coltype)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def new_id() -> UUID:
    """A primary key."""
    return uuid7()


def utc_now() -> datetime:
    """The present moment."""
    return datetime.now(UTC)


def id_field() -> Any:
    """A UUIDv7 primary key."""
    return Field(default_factory=new_id, primary_key=True)


def moment_field(**options: Any) -> Any:
    """An aware UTC column."""
    return Field(sa_type=UtcDateTime, **options)
