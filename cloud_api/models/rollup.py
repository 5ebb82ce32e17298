"""Figures raised in the transaction that inserts the events they count.

``fine``: a quarter hour of one zone. ``coarse``: a quarter hour of one store. ``day``: a day of one store, in its own
time. ``hour``: an hour of such a day. How long stays were is kept in the steps of ``cloud_api.kit.histogram``.
``coverage``: in which quarter hours the store was heard, and for how long cameras were blind. ``heat``: person-seconds
per cell of a camera's picture.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Column, Integer, LargeBinary
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel

from cloud_api.models.base import moment_field

StepsType = JSON().with_variant(ARRAY(Integer), "postgresql")


class _Sums(SQLModel):
    """``n`` events; ``total`` of their values (occupancy: person-seconds over ``seconds`` seen); the highest value."""

    n: int = Field(default=0, sa_type=BigInteger)
    total: float = 0.0
    peak: float = 0.0
    seconds: float = 0.0


class RollupFine(_Sums, table=True):
    """Per zone: for zone pages. ``category`` of a shelf; ``stays``: a byte for each stay, the step it fell into."""

    __tablename__ = "rollups_fine"

    store_id: UUID = Field(primary_key=True)
    bucket_at: datetime = moment_field(primary_key=True)
    type: str = Field(primary_key=True, max_length=32)
    camera_id: str = Field(primary_key=True, max_length=100)
    zone_id: str = Field(primary_key=True, max_length=100)
    category: str = Field(primary_key=True, default="", max_length=100)
    org_id: UUID
    stays: bytes = Field(default=b"", sa_column=Column(LargeBinary, nullable=False))


class RollupCoarse(_Sums, table=True):
    """Per store: for pages of an organisation."""

    __tablename__ = "rollups_coarse"

    store_id: UUID = Field(primary_key=True)
    bucket_at: datetime = moment_field(primary_key=True)
    type: str = Field(primary_key=True, max_length=32)
    org_id: UUID


class RollupDay(_Sums, table=True):
    """Per store and day of its own time: for weeks and months of many stores."""

    __tablename__ = "rollups_day"

    store_id: UUID = Field(primary_key=True)
    type: str = Field(primary_key=True, max_length=32)
    day: date = Field(primary_key=True)
    org_id: UUID


class RollupHour(SQLModel, table=True):
    """One hour of a store's day, by its own clock: for profiles and waits of many stores. ``total``, ``peak`` and
    ``stays`` as in ``RollupFine``.
    """

    __tablename__ = "rollups_hour"

    store_id: UUID = Field(primary_key=True)
    type: str = Field(primary_key=True, max_length=32)
    day: date = Field(primary_key=True)
    hour: int = Field(primary_key=True)
    org_id: UUID
    n: int = Field(default=0, sa_type=BigInteger)
    total: float = 0.0
    peak: float = 0.0
    stays: bytes = Field(default=b"", sa_column=Column(LargeBinary, nullable=False))


class RollupDaySteps(SQLModel, table=True):
    """The histogram of a store's day in one row: ``steps[n]`` stays fell into step ``n``; it ends with the longest stay."""

    __tablename__ = "rollup_day_steps"

    store_id: UUID = Field(primary_key=True)
    type: str = Field(primary_key=True, max_length=32)
    day: date = Field(primary_key=True)
    org_id: UUID
    steps: list[int] = Field(default_factory=list, sa_column=Column(StepsType, nullable=False))


class CoverageQuarter(SQLModel, table=True):
    """The store was heard in this quarter hour; ``blind_s`` camera-seconds of it could not be seen."""

    __tablename__ = "coverage_quarters"

    store_id: UUID = Field(primary_key=True)
    bucket_at: datetime = moment_field(primary_key=True)
    org_id: UUID
    blind_s: float = 0.0


class CoverageCamera(SQLModel, table=True):
    """One camera was blind for ``blind_s`` of this quarter hour."""

    __tablename__ = "coverage_cameras"

    store_id: UUID = Field(primary_key=True)
    bucket_at: datetime = moment_field(primary_key=True)
    camera_id: str = Field(primary_key=True, max_length=100)
    org_id: UUID
    blind_s: float = 0.0


class CoverageDay(SQLModel, table=True):
    """How many quarter hours of a day the store was heard in, and the camera-seconds that were not seen."""

    __tablename__ = "coverage_days"

    store_id: UUID = Field(primary_key=True)
    day: date = Field(primary_key=True)
    org_id: UUID
    heard: int = 0
    blind_s: float = 0.0


class HeatDay(SQLModel, table=True):
    """A camera's day: ``cells`` maps row * columns + column to person-seconds."""

    __tablename__ = "heat_days"

    store_id: UUID = Field(primary_key=True)
    day: date = Field(primary_key=True)
    camera_id: str = Field(primary_key=True, max_length=100)
    columns: int = Field(primary_key=True)
    rows: int = Field(primary_key=True)
    org_id: UUID
    n: int = Field(default=0, sa_type=BigInteger)
    seconds: float = 0.0
    cells: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
