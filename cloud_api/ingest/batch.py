"""Reading a batch: gzip with a hard cap, all events at once, or one by one where one of them is wrong."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from cloud_api.kit.errors import CloudError
from shared_models.events import EVENT_ADAPTER, Event
from shared_models.sync import MAX_BATCH_EVENTS, EventBatch

_BATCH = TypeAdapter(EventBatch)


class TooLargeError(CloudError):
    """The body is larger than allowed, packed or unpacked."""

    status = 413


class UnreadableError(CloudError):
    """The body is no batch at all."""

    status = 422


@dataclass(frozen=True, slots=True)
class ReadBatch:
    """Events by their place in the batch; what could not be read, with its id if it had one, and why.

    Attributes:
        given_up: sequence numbers that no event will come for: refused now, or told by the edge to be dead letters.
    """

    events: dict[int, Event]
    refused: dict[int, tuple[UUID | None, str]]
    given_up: frozenset[int] = frozenset()


def unpack(body: bytes, *, encoding: str, max_bytes: int) -> bytes:
    """The JSON, unpacked.

    Raises:
        TooLargeError, UnreadableError
    """
    if encoding in ("", "identity"):
        if len(body) > max_bytes:
            raise TooLargeError(f"The batch is larger than {max_bytes} bytes.")
        return body
    if encoding != "gzip":
        raise UnreadableError(f"Content-Encoding {encoding} is not known; use gzip or none.")
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        plain = unpacker.decompress(body, max_bytes + 1)
    except zlib.error:
        raise UnreadableError("The body is not gzip.") from None
    if len(plain) > max_bytes:
        raise TooLargeError(f"The batch is larger than {max_bytes} bytes unpacked.")
    if not unpacker.eof:
        raise UnreadableError("The gzip body is cut off.")
    return plain


def read_batch(plain: bytes) -> ReadBatch:
    """All events of a batch.

    Raises:
        UnreadableError: it is no batch; TooLargeError: it has too many events.
    """
    try:
        batch = _BATCH.validate_json(plain)
        return ReadBatch(dict(enumerate(batch.events)), {}, frozenset(batch.dead_letter_seqs))
    except ValidationError:
        return _one_by_one(plain)


def _one_by_one(plain: bytes) -> ReadBatch:
    try:
        document = json.loads(plain)
    except (ValueError, RecursionError):
        raise UnreadableError("The body is not JSON.") from None
    raw = document.get("events") if isinstance(document, dict) else None
    if not isinstance(raw, list):
        raise UnreadableError('The body is no batch; expected {"events": [...]}.')
    if len(raw) > MAX_BATCH_EVENTS:
        raise TooLargeError(f"The batch has {len(raw)} events; at most {MAX_BATCH_EVENTS} are taken.")
    events: dict[int, Event] = {}
    refused: dict[int, tuple[UUID | None, str]] = {}
    given_up = _seqs(document.get("dead_letter_seqs"))
    for index, item in enumerate(raw):
        try:
            # By JSON again: in Python values a string is no moment and no id.
            events[index] = EVENT_ADAPTER.validate_json(json.dumps(item))
        except (ValidationError, ValueError) as error:
            refused[index] = (_id_of(item), _reason(error))
            given_up |= _seqs([item.get("seq")] if isinstance(item, dict) else None)
    return ReadBatch(events, refused, frozenset(given_up))


def _seqs(value: object) -> set[int]:
    """The sequence numbers in a list that may hold anything."""
    listed = value[:MAX_BATCH_EVENTS] if isinstance(value, list) else []
    return {n for n in listed if isinstance(n, int) and not isinstance(n, bool) and n >= 1}


def _id_of(item: object) -> UUID | None:
    try:
        return UUID(str(item["event_id"])) if isinstance(item, dict) else None
    except (KeyError, ValueError):
        return None


def _reason(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return str(error)[:200]
    told = [f"{'.'.join(str(p) for p in e['loc']) or 'event'}: {e['msg']}" for e in error.errors()[:3]]
    return "; ".join(told)[:300]
