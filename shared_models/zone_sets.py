"""Zones as they travel between a store and the cloud: one set per camera, numbered by revision.

Whoever edits says which revision the edit is based on. An edit of the newest revision becomes the newest; an edit of an
older one is kept beside it, as a conflict that a person decides.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared_models.cameras import CameraId
from shared_models.zones import Zone

EDGE_ZONES_PATH = "/api/v1/edge/zones"
MAX_ZONES = 100
MAX_POINTS = 2000
MAX_REVISION = 2**31 - 1
Revision = Annotated[int, Field(ge=0, le=MAX_REVISION)]
"""0: no set was ever kept for this camera."""


class ZoneSet(BaseModel):
    """All zones of one camera, as of one revision."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    camera_id: CameraId
    revision: Revision
    zones: tuple[Zone, ...] = ()


class ZoneSets(BaseModel):
    """The sets in force in a store. ``config_revision``: rises with each change of any of them."""

    model_config = ConfigDict(frozen=True)

    config_revision: int = Field(ge=0)
    sets: tuple[ZoneSet, ...]


class ZoneEdit(BaseModel):
    """A new set for one camera, made from revision ``based_on``.

    ``decides``: the edit's author saw both sides of the conflict of that revision, and this is the decision. Left out
    where there was none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    camera_id: CameraId
    based_on: Revision
    zones: Annotated[tuple[Zone, ...], Field(max_length=MAX_ZONES)]
    decides: Annotated[Revision | None, Field(exclude_if=lambda revision: revision is None)] = None

    @model_validator(mode="after")
    def _can_be_kept(self) -> Self:
        ids = [zone.zone_id for zone in self.zones]
        twice = sorted({i for i in ids if ids.count(i) > 1})
        if twice:
            raise ValueError(f"zone ids must differ within a camera; {', '.join(twice)} is used more than once")
        if sum(len(zone.points) for zone in self.zones) > MAX_POINTS:
            raise ValueError(f"the zones of a camera may have {MAX_POINTS} corners in all")
        return self


class EditOutcome(StrEnum):
    """What became of an edit."""

    KEPT = "kept"
    UNCHANGED = "unchanged"
    CONFLICT = "conflict"


class ZoneEditAnswer(BaseModel):
    """``revision``: the one in force now. ``conflict_revision``: under which the edit waits for a decision."""

    model_config = ConfigDict(frozen=True)

    outcome: EditOutcome
    revision: int
    conflict_revision: int | None = None
