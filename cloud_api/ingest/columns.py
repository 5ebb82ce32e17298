"""The plain upload, read in one go into columns: nothing in it is odd, so nothing has to be told of single events.

It accepts a part of what ``cloud_api.ingest.batch`` accepts, and reads it alike (a property test holds it to that). For
everything else the answer is None, and the batch is read there, event by event, with a reason for each refusal.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec

from shared_models.events import MAX_REVISION
from shared_models.sync import MAX_BATCH_EVENTS

MAX_RAW_ATTRIBUTES = 2000
"""Bytes as sent. However they are written, they stay under the limit of the schema; larger ones are weighed there."""
_MAX_PEOPLE = 100_000.0
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
_Moment = Annotated[datetime, msgspec.Meta(tz=True)]
_CROSSINGS = ("footfall_in", "footfall_out")
_STAYS = ("dwell", "shelf_interaction", "queue_wait", "occupancy")
# Type, and whether value, zone and revision are missing.
_SHAPES = {
    *((kind, True, False, False) for kind in _CROSSINGS),
    *((kind, False, False, False) for kind in _STAYS),
    ("camera_gap", False, True, True),
    ("heatmap", True, True, True),
}


class _PlainEvent(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    event_id: Annotated[str, msgspec.Meta(min_length=36, max_length=36)]
    seq: Annotated[int, msgspec.Meta(ge=1, le=2**62)]
    type: Literal[
        "footfall_in", "footfall_out", "dwell", "shelf_interaction", "queue_wait", "occupancy", "camera_gap", "heatmap"
    ]
    camera_id: _Name
    occurred_at: _Moment
    zone_id: _Name | None = None
    zone_revision: Annotated[int, msgspec.Meta(ge=1, le=MAX_REVISION)] | None = None
    value: Annotated[float, msgspec.Meta(ge=0.0, le=31_536_000.0)] | None = None
    track_id: Annotated[int, msgspec.Meta(ge=0, le=2**53)] | None = None
    confidence: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)] | None = None
    attributes: msgspec.Raw = msgspec.Raw()
    schema_version: Literal[1] = 1


class _PlainBatch(msgspec.Struct, forbid_unknown_fields=True):
    events: Annotated[list[_PlainEvent], msgspec.Meta(min_length=1, max_length=MAX_BATCH_EVENTS)]
    sent_at: _Moment | None = None
    dead_letter_seqs: Annotated[list[int], msgspec.Meta(max_length=0)] = msgspec.field(default_factory=list)


_BATCH = msgspec.json.Decoder(_PlainBatch)
_ATTRIBUTES = msgspec.json.Decoder(dict[str, Any])
NOTHING: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Columns:
    """A batch by columns; ``seqs`` rise. ``seconds``: the moments, since 1970 in UTC. ``texts``: attributes as they were
    sent, empty where there are none.
    """

    sent_at: datetime | None
    ids: list[str]
    seqs: list[int]
    kinds: list[str]
    cameras: list[str]
    zones: list[str]
    revisions: list[int | None]
    moments: list[datetime]
    seconds: list[float]
    tracks: list[int | None]
    values: list[float | None]
    confidences: list[float | None]
    texts: list[str]
    attributes: list[dict[str, Any]]


def read_columns(plain: bytes) -> Columns | None:
    """The columns of a batch in which everything is as it should be; None: look closer."""
    # An escaped character may be one that no database keeps.
    if b"\\" in plain:
        return None
    try:
        batch = _BATCH.decode(plain)
        texts = [bytes(e.attributes).decode() if e.attributes else "" for e in batch.events]
        attributes = [_ATTRIBUTES.decode(text) if text else NOTHING for text in texts]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    columns = _columns(batch, texts, attributes)
    return columns if _is_plain(batch.events, columns) else None


def _columns(batch: _PlainBatch, texts: list[str], attributes: list[dict[str, Any]]) -> Columns:
    events = batch.events
    return Columns(
        batch.sent_at.astimezone(UTC) if batch.sent_at else None,
        [e.event_id for e in events],
        [e.seq for e in events],
        [e.type for e in events],
        [e.camera_id for e in events],
        [e.zone_id or "" for e in events],
        [e.zone_revision for e in events],
        [e.occurred_at for e in events],
        [e.occurred_at.timestamp() for e in events],
        [e.track_id for e in events],
        [e.value for e in events],
        [e.confidence for e in events],
        texts,
        attributes,
    )


def _is_plain(events: list[_PlainEvent], columns: Columns) -> bool:
    shapes = {(e.type, e.value is None, e.zone_id is None, e.zone_revision is None) for e in events}
    return (
        shapes <= _SHAPES
        and columns.seqs == sorted(set(columns.seqs))
        and _are_ids("-".join(columns.ids), len(events))
        and all(name == name.strip() and "\0" not in name for name in {*columns.cameras, *columns.zones})
        and max(map(len, columns.texts)) <= MAX_RAW_ATTRIBUTES
        and not any(k == "occupancy" and (v or 0.0) > _MAX_PEOPLE for k, v in zip(columns.kinds, columns.values, strict=True))
    )  # fmt: skip


def _are_ids(joined: str, n: int) -> bool:
    """Whether they are written as everybody writes them: small letters, and dashes at the usual places."""
    return joined == joined.lower() and all(joined[at::37] == "-" * n for at in (8, 13, 18, 23))
