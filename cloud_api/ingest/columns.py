"""The plain upload, read in one go into columns: nothing in it is odd, so nothing has to be told of single events.

It accepts a part of what ``cloud_api.ingest.batch`` accepts, and reads it alike (a property test holds it to that). For
everything else the answer is None, and the batch is read there, event by event, with a reason for each refusal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import lt
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
_NONE = type(None)
# Type, kind of value, whether there is a zone, kind of revision.
_SHAPES = {
    *((kind, _NONE, True, int) for kind in _CROSSINGS),
    *((kind, float, True, int) for kind in _STAYS),
    ("camera_gap", float, False, _NONE),
    ("heatmap", _NONE, False, _NONE),
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
    ids: Sequence[str]
    seqs: Sequence[int]
    kinds: Sequence[str]
    cameras: Sequence[str]
    zones: Sequence[str]
    revisions: Sequence[int | None]
    moments: Sequence[datetime]
    seconds: Sequence[float]
    tracks: Sequence[int | None]
    values: Sequence[float | None]
    confidences: Sequence[float | None]
    texts: Sequence[str]
    attributes: Sequence[dict[str, Any]]


def read_columns(plain: bytes) -> Columns | None:
    """The columns of a batch in which everything is as it should be; None: look closer."""
    # An escaped character may be one that no database keeps.
    if b"\\" in plain:
        return None
    try:
        columns = _columns(_BATCH.decode(plain))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return columns if _is_plain(columns) else None


def _columns(batch: _PlainBatch) -> Columns:
    # All fields at once, in the order in which the event names them: a list per field costs three times as much.
    ids, seqs, kinds, cameras, moments, zones, revisions, values, tracks, confidences, raw, _ = zip(
        *map(msgspec.structs.astuple, batch.events), strict=True
    )
    texts = [bytes(sent).decode() if sent else "" for sent in raw]
    return Columns(
        batch.sent_at.astimezone(UTC) if batch.sent_at else None,
        ids,
        seqs,
        kinds,
        cameras,
        ["" if zone is None else zone for zone in zones] if None in zones else zones,
        revisions,
        moments,
        list(map(datetime.timestamp, moments)),
        tracks,
        values,
        confidences,
        texts,
        [_ATTRIBUTES.decode(text) if text else NOTHING for text in texts],
    )


def _is_plain(columns: Columns) -> bool:
    kinds, values = columns.kinds, columns.values
    shapes = set(zip(kinds, map(type, values), map(bool, columns.zones), map(type, columns.revisions), strict=True))
    return (
        shapes <= _SHAPES
        and all(map(lt, columns.seqs, columns.seqs[1:]))
        and _are_ids("-".join(columns.ids), len(columns.ids))
        and all(name == name.strip() and "\0" not in name for name in {*columns.cameras, *columns.zones})
        and max(map(len, columns.texts)) <= MAX_RAW_ATTRIBUTES
        and not any(v > _MAX_PEOPLE and k == "occupancy" for k, v in zip(kinds, values, strict=True) if v)
    )


def _are_ids(joined: str, n: int) -> bool:
    """Whether they are written as everybody writes them: small letters, and dashes at the usual places."""
    return joined == joined.lower() and all(joined[at::37] == "-" * n for at in (8, 13, 18, 23))
