"""Counts per quarter hour, raised in the transaction that inserts the events they count."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from cloud_api.models.base import moment_field


class RollupFine(SQLModel, table=True):
    """Per zone: for zone pages."""

    __tablename__ = "rollups_fine"

    store_id: UUID = Field(primary_key=True)
    bucket_at: datetime = moment_field(primary_key=True)
    type: str = Field(primary_key=True, max_length=32)
    camera_id: str = Field(primary_key=True, max_length=100)
    zone_id: str = Field(primary_key=True, max_length=100)
    n: int = Field(default=0, sa_type=BigInteger)
    total: float = 0.0
    peak: float = 0.0


class RollupCoarse(SQLModel, table=True):
    """Per store: for pages of an organisation."""

    __tablename__ = "rollups_coarse"

    store_id: UUID = Field(primary_key=True)
    bucket_at: datetime = moment_field(primary_key=True)
    type: str = Field(primary_key=True, max_length=32)
    n: int = Field(default=0, sa_type=BigInteger)
    total: float = 0.0
    peak: float = 0.0
