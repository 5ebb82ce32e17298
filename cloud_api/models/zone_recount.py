"""Spans of a zone that a store counted anew."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index
from sqlmodel import Field, SQLModel

from cloud_api.models.base import moment_field


class ZoneRecount(SQLModel, table=True):
    """One ``zone_recounted``: crossings and stays of this zone and span with a lower ``seq`` are void."""

    __tablename__ = "zone_recounts"
    __table_args__ = (Index("zone_recounts_by_zone", "store_id", "device_id", "camera_id", "zone_id", "to_at"),)

    store_id: UUID = Field(primary_key=True)
    event_id: UUID = Field(primary_key=True)
    org_id: UUID
    device_id: UUID
    camera_id: str = Field(max_length=100)
    zone_id: str = Field(max_length=100)
    seq: int = Field(sa_type=BigInteger)
    from_at: datetime = moment_field()
    to_at: datetime = moment_field()
