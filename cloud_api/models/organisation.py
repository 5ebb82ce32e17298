"""The tenant."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlmodel import Field, SQLModel

from cloud_api.models.base import id_field, moment_field, utc_now


class Organisation(SQLModel, table=True):
    """A company with stores.

    ``hides_people``: screens of its laptops show people pixelated, unless somebody there chose otherwise.
    """

    __tablename__ = "organisations"

    id: UUID = id_field()
    name: str = Field(max_length=200, unique=True)
    is_demo: bool = False
    hides_people: bool = False
    created_at: datetime = moment_field(default_factory=utc_now)
