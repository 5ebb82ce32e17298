"""The sign of life of a store's laptop, once a minute, and what the cloud answers."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from shared_models.cameras import CameraId
from shared_models.enrolment import StoreFacts
from shared_models.events import UtcDatetime
from shared_models.zone_sets import Revision, ZoneSet

HEARTBEAT_PATH = "/api/v1/edge/heartbeat"
MAX_CAMERAS = 200


class CameraState(StrEnum):
    """How a camera does."""

    SEEING = "seeing"
    CONNECTING = "connecting"
    STALE = "stale"
    FROZEN = "frozen"
    REFUSED = "refused"
    OFF = "off"


class CameraHealth(BaseModel):
    """One camera. ``words``: what an owner is told, never with a password. ``zone_revision``: the set it counts by."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    camera_id: CameraId
    name: str = Field(default="", max_length=200)
    state: CameraState
    words: str = Field(default="", max_length=300)
    fps: float | None = Field(default=None, ge=0.0, le=1000.0, allow_inf_nan=False)
    zone_revision: Revision = 0


class Heartbeat(BaseModel):
    """How a laptop does. ``sent_at``: by its own clock; the cloud derives the clock's error from it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sent_at: UtcDatetime
    version: str = Field(default="", max_length=100)
    outbox_depth: int = Field(default=0, ge=0, le=2**53)
    config_revision: int = Field(default=0, ge=0, le=2**31 - 1)
    cameras: Annotated[tuple[CameraHealth, ...], Field(max_length=MAX_CAMERAS)] = ()


class HeartbeatAnswer(BaseModel):
    """What the laptop should know.

    Attributes:
        config_revision: of the store; other than the one sent: something has changed.
        zone_sets: those that are newer than what the laptop holds. A camera whose zones wait for a decision has none.
        conflicts: cameras whose zones were changed in two places; a person decides in the cloud.
        clock_offset_s: cloud minus laptop; beyond a minute the laptop's clock needs setting.
        stills: cameras of which somebody wants to see a still now (shared_models.stills).
        hides_people: the organisation wants people pixelated on the screens of its laptops; a default, not an order.
        store: how the store is set in the cloud; None: a cloud that does not tell.
    """

    model_config = ConfigDict(frozen=True)

    now: UtcDatetime
    clock_offset_s: float
    config_revision: int
    zone_sets: tuple[ZoneSet, ...] = ()
    conflicts: tuple[CameraId, ...] = ()
    stills: tuple[CameraId, ...] = ()
    hides_people: bool = False
    store: StoreFacts | None = None
