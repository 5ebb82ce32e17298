"""Reading a batch: gzip or zstd with a hard cap, all events at once, or one by one where one of them is wrong."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import zstandard
from pydantic import TypeAdapter, ValidationError

from cloud_api.kit.errors import CloudError
from shared_models.events import EVENT_ADAPTER, Event, UtcDatetime
from shared_models.sync import MAX_BATCH_EVENTS, EventBatch

_BATCH = TypeAdapter(EventBatch)
_MOMENT: TypeAdapter[datetime | None] = TypeAdapter(UtcDatetime | None)


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
    sent_at: datetime | None = None
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
    if encoding == "gzip":
        return _gunzip(body, max_bytes=max_bytes)
    if encoding == "zstd":
        return _unzstd(body, max_bytes=max_bytes)
    raise UnreadableError(f"Content-Encoding {encoding[:40]} is not known; use gzip, zstd or none.")


def _gunzip(body: bytes, *, max_bytes: int) -> bytes:
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


def _unzstd(body: bytes, *, max_bytes: int) -> bytes:
    # The window is capped too: a frame may ask for gigabytes of memory before it gives a single byte.
    unpacker = zstandard.ZstdDecompressor(max_window_size=2**23)
    try:
        with unpacker.stream_reader(body, read_across_frames=False) as reader:
            plain = reader.read(max_bytes + 1)
            if len(plain) > max_bytes:
                raise TooLargeError(f"The batch is larger than {max_bytes} bytes unpacked.")
        if not _is_whole(body):
            raise UnreadableError("The zstd body is cut off.")
    except zstandard.ZstdError:
        raise UnreadableError("The body is not zstd.") from None
    return plain


def _is_whole(body: bytes) -> bool:
    # The reader ends quietly where a frame is cut; the push interface knows. Its output was bounded just before.
    unpacker = zstandard.ZstdDecompressor(max_window_size=2**23).decompressobj()
    unpacker.decompress(body)
    return bool(unpacker.eof)


def read_batch(plain: bytes) -> ReadBatch:
    """All events of a batch.

    Raises:
        UnreadableError: it is no batch; TooLargeError: it has too many events.
    """
    try:
        batch = _BATCH.validate_json(plain)
    except ValidationError:
        return _one_by_one(plain)
    read = ReadBatch(dict(enumerate(batch.events)), {}, batch.sent_at, frozenset(batch.dead_letter_seqs))
    return read if _is_plain(batch.events) else _without_unprintable(read)


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
    return _without_unprintable(ReadBatch(events, refused, _sent_at(document), frozenset(given_up)))


def _seqs(value: object) -> set[int]:
    """The sequence numbers in a list that may hold anything."""
    listed = value[:MAX_BATCH_EVENTS] if isinstance(value, list) else []
    return {n for n in listed if isinstance(n, int) and not isinstance(n, bool) and n >= 1}


def _sent_at(document: dict[str, object]) -> datetime | None:
    try:
        return _MOMENT.validate_python(document.get("sent_at"))
    except ValidationError:
        return None


def _is_plain(events: Iterable[Event]) -> bool:
    return not any("\x00" in e.camera_id or "\x00" in (e.zone_id or "") for e in events)


def _without_unprintable(read: ReadBatch) -> ReadBatch:
    """Names with a NUL are refused: PostgreSQL cannot keep them."""
    wrong = {i: e for i, e in read.events.items() if not _is_plain([e])}
    refused = {i: (e.event_id, "camera_id and zone_id must not contain a NUL character.") for i, e in wrong.items()}
    kept = {i: e for i, e in read.events.items() if i not in wrong}
    given_up = read.given_up | {e.seq for e in wrong.values()}
    return ReadBatch(kept, {**read.refused, **refused}, read.sent_at, given_up)


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
