"""Events, schema version 1: immutable facts in the past tense (COUNTING.md section 2).

The store and the organisation are never part of an event: the credential says who is speaking.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from shared_models.cameras import CameraId
from shared_models.zones import ZoneId

SCHEMA_VERSION = 1
MAX_REVISION = 2**31 - 1
MAX_ATTRIBUTES_BYTES = 16_384
"""Room for a heat map of 64x36 cells; everything else is far smaller."""


class EventType(StrEnum):
    """Every type of schema version 1."""

    FOOTFALL_IN = "footfall_in"
    FOOTFALL_OUT = "footfall_out"
    DWELL = "dwell"
    SHELF_INTERACTION = "shelf_interaction"
    QUEUE_WAIT = "queue_wait"
    OCCUPANCY = "occupancy"
    CAMERA_GAP = "camera_gap"
    HEATMAP = "heatmap"
    ZONE_RECOUNTED = "zone_recounted"


RECOUNTABLE = (
    EventType.FOOTFALL_IN,
    EventType.FOOTFALL_OUT,
    EventType.DWELL,
    EventType.SHELF_INTERACTION,
    EventType.QUEUE_WAIT,
)
"""What a recount replaces: crossings and stays. Minutes of occupancy and heat maps stay as they were measured."""


def _as_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


UtcDatetime = Annotated[AwareDatetime, AfterValidator(_as_utc)]
Seconds = Annotated[float, Field(ge=0.0, le=31_536_000.0, allow_inf_nan=False)]
People = Annotated[float, Field(ge=0.0, le=100_000.0, allow_inf_nan=False)]
Confidence = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]


class EventBase(BaseModel):
    """What every event carries.

    Attributes:
        event_id: UUIDv7, minted once at the edge; the cloud knows an event again by it.
        seq: per edge device, from 1, strictly increasing, without holes.
        occurred_at: UTC capture time of the deciding frame.
        value: seconds or people, by type; null where a type has none.
        track_id: local to one camera and one run; never a person.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    event_id: UUID
    seq: int = Field(ge=1, le=2**62)
    camera_id: CameraId
    zone_id: ZoneId | None = None
    zone_revision: int | None = Field(default=None, ge=1, le=MAX_REVISION)
    occurred_at: UtcDatetime
    track_id: int | None = Field(default=None, ge=0, le=2**53)
    confidence: Confidence | None = None
    attributes: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _attributes_are_small(self) -> Self:
        if not self.attributes:
            return self
        # NaN and Infinity are no JSON: databases refuse them.
        if len(json.dumps(self.attributes, allow_nan=False)) > MAX_ATTRIBUTES_BYTES:
            raise ValueError(f"attributes are larger than {MAX_ATTRIBUTES_BYTES} bytes")
        return self


class _ZoneEvent(EventBase):
    zone_id: ZoneId
    zone_revision: int = Field(ge=1, le=MAX_REVISION)


WALKWAY = "walkway"
"""Attribute of a crossing whose line was no entrance then but a walkway inside: true, or not there."""


class _Crossing(_ZoneEvent):
    @property
    def is_walkway(self) -> bool:
        """Whether it is in no sum of people in or out. By what the line was when it counted: the fact does not change."""
        return is_walkway(self.attributes)


def is_walkway(attributes: Mapping[str, Any]) -> bool:
    """Whether a crossing with these attributes was counted at a walkway inside."""
    return attributes.get(WALKWAY) is True


class FootfallIn(_Crossing):
    """A crossing to the in side of a line was committed."""

    type: Literal[EventType.FOOTFALL_IN] = EventType.FOOTFALL_IN
    value: None = None


class FootfallOut(_Crossing):
    """A crossing to the out side of a line was committed."""

    type: Literal[EventType.FOOTFALL_OUT] = EventType.FOOTFALL_OUT
    value: None = None


class Dwell(_ZoneEvent):
    """A presence in an ``area`` ended; ``value`` in seconds. ``attributes.cut`` where a shutdown ended it."""

    type: Literal[EventType.DWELL] = EventType.DWELL
    value: Seconds


class ShelfInteraction(_ZoneEvent):
    """A presence at a shelf reached its threshold and ended; ``attributes.shelf_category`` names the shelf."""

    type: Literal[EventType.SHELF_INTERACTION] = EventType.SHELF_INTERACTION
    value: Seconds


class QueueWait(_ZoneEvent):
    """A presence in a queue ended; ``value`` in seconds."""

    type: Literal[EventType.QUEUE_WAIT] = EventType.QUEUE_WAIT
    value: Seconds


class Occupancy(_ZoneEvent):
    """One minute of a polygon: ``value`` is the time-weighted mean of people, ``attributes.peak`` the maximum."""

    type: Literal[EventType.OCCUPANCY] = EventType.OCCUPANCY
    value: People


class CameraGap(EventBase):
    """The camera could not see for ``value`` seconds, ending at ``occurred_at``; ``attributes.reason`` says why."""

    type: Literal[EventType.CAMERA_GAP] = EventType.CAMERA_GAP
    zone_id: None = None
    zone_revision: None = None
    value: Seconds


class Heatmap(EventBase):
    """A sparse grid of person-seconds per cell over 15 minutes, in ``attributes``."""

    type: Literal[EventType.HEATMAP] = EventType.HEATMAP
    zone_id: None = None
    zone_revision: None = None
    value: None = None


class ZoneRecounted(_ZoneEvent):
    """Crossings and stays of this zone from ``attributes.from`` on and before ``attributes.to`` were counted anew.

    Those of this device with a lower ``seq`` are void, whenever they arrive (ADR 10). The new ones follow with the next
    ``attributes.events`` numbers and carry ``attributes.recounted``. ``occurred_at`` is the beginning of the span.
    """

    type: Literal[EventType.ZONE_RECOUNTED] = EventType.ZONE_RECOUNTED
    value: None = None

    @model_validator(mode="after")
    def _has_a_span(self) -> Self:
        try:
            is_span = self.from_at < self.to_at
        except (KeyError, TypeError, ValueError):
            is_span = False
        if not is_span:
            raise ValueError("attributes must hold 'from' and 'to', moments with a zone, the first before the second")
        return self

    @property
    def from_at(self) -> datetime:
        return datetime.fromisoformat(self.attributes["from"]).astimezone(UTC)

    @property
    def to_at(self) -> datetime:
        return datetime.fromisoformat(self.attributes["to"]).astimezone(UTC)

    def voids(self, event: EventBase) -> bool:
        """Whether ``event``, of the same device, counts no more."""
        return (
            event.seq < self.seq
            and (event.camera_id, event.zone_id) == (self.camera_id, self.zone_id)
            and getattr(event, "type", None) in RECOUNTABLE
            and self.from_at <= event.occurred_at < self.to_at
        )


Event = Annotated[
    FootfallIn | FootfallOut | Dwell | ShelfInteraction | QueueWait | Occupancy | CameraGap | Heatmap | ZoneRecounted,
    Field(discriminator="type"),
]
EVENT_ADAPTER: TypeAdapter[Event] = TypeAdapter(Event)


class EventDraft(BaseModel):
    """An event as the rules decide it, before the outbox gives it an id and a place in the sequence.

    The rules stay pure by it: the same frames give the same drafts.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: EventType
    camera_id: CameraId
    zone_id: ZoneId | None = None
    zone_revision: int | None = None
    occurred_at: UtcDatetime
    track_id: int | None = None
    value: float | None = None
    confidence: float | None = None
    attributes: dict[str, Any] = Field(default_factory=dict)

    def stamped(self, *, event_id: UUID, seq: int) -> Event:
        """The event itself.

        Raises:
            pydantic.ValidationError: the draft does not fit its type.
        """
        return EVENT_ADAPTER.validate_python({**self.model_dump(), "event_id": event_id, "seq": seq})
