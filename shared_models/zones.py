"""Zones: what an owner draws on a camera's picture. Immutable; an edit is a new revision."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from shared_models.geometry import PointNorm, check_line, check_polygon

EntranceName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
ZoneId = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class CountedDirection(StrEnum):
    """Which crossings of a line become events."""

    IN = "in"
    OUT = "out"
    BOTH = "both"


class ZonePurpose(StrEnum):
    """What a polygon is for."""

    AREA = "area"
    SHELF = "shelf"
    QUEUE = "queue"
    IGNORE = "ignore"


class _ZoneBase(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    zone_id: ZoneId
    name: str = ""
    revision: int = Field(default=1, ge=1)

    @property
    def label(self) -> str:
        """What people call it: its name, or its id as a fallback."""
        return self.name or self.zone_id


class LineZone(_ZoneBase):
    """A directed polyline. Its *in* side is on the right of the direction of drawing, as seen on the screen.

    Reversing ``points`` swaps in and out.
    """

    kind: Literal["line"] = "line"
    points: tuple[PointNorm, ...]
    counts: CountedDirection = CountedDirection.BOTH
    min_stay_s: float = Field(default=0.0, ge=0.0, le=600.0)
    """An entry whose person goes out again sooner is no visit; 0: every entry is one. The crossings count either way."""
    entrance: EntranceName | None = None
    """Lines in a row of one entrance share its name and count a person once."""
    is_entrance: bool = True
    """Whether its crossings are people who come into the store; False: a walkway inside."""

    @model_validator(mode="after")
    def _has_clear_sides(self) -> LineZone:
        check_line(self.points)
        return self

    def flipped(self) -> LineZone:
        """The same line with in and out swapped."""
        return self.model_copy(update={"points": tuple(reversed(self.points))})


class PolygonZone(_ZoneBase):
    """A closed region; the last corner joins the first."""

    kind: Literal["polygon"] = "polygon"
    points: tuple[PointNorm, ...]
    purpose: ZonePurpose = ZonePurpose.AREA
    shelf_category: str | None = Field(default=None, max_length=100)
    enter_s: float = Field(default=1.0, ge=0.0, le=600.0)
    exit_grace_s: float = Field(default=2.0, ge=0.0, le=600.0)
    threshold_s: float = Field(default=3.0, ge=0.0, le=3600.0)
    """Shelf only: a presence shorter than this is no interaction."""

    @model_validator(mode="after")
    def _has_an_inside(self) -> PolygonZone:
        check_polygon(self.points)
        return self


Zone = Annotated[LineZone | PolygonZone, Field(discriminator="kind")]
