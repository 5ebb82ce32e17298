"""Replacing events by recounted ones in an outbox that another process may be using."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from desktop_app.adapters.storage.outbox_file import SEQ_BLOCK, reserve_seq, reserved_seq
from desktop_app.services.ports import OutboxError
from desktop_app.services.recount import CountedBefore, Piece
from desktop_app.services.running_figures import recount_key
from desktop_app.services.trajectories import Span
from shared_models.events import RECOUNTABLE, WALKWAY, EventDraft
from shared_models.ids import uuid7

_OF_ZONE = (
    "occurred_at >= ? AND occurred_at < ? AND state != 3 "
    f"AND type IN ({','.join(repr(str(kind)) for kind in RECOUNTABLE)}) "
    "AND json_extract(body, '$.camera_id') = ? AND json_extract(body, '$.zone_id') = ?"
)


class SqliteRecountBook:
    """Implements ``RecountBook`` on the outbox at ``path``."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def counted_before(self, *, camera_id: str, zone_id: str, span: Span) -> list[CountedBefore]:
        return counted_before(self._path, camera_id=camera_id, zone_id=zone_id, span=span)

    def replace(self, pieces: Sequence[Piece]) -> int:
        return replace_events(self._path, pieces)

    def forget(self, camera_id: str) -> int:
        return forget_events(self._path, camera_id)


def counted_before(path: Path, *, camera_id: str, zone_id: str, span: Span) -> list[CountedBefore]:
    """What stands in the outbox for this zone and span, sent or not.

    Raises:
        OutboxError: the file cannot be read.
    """
    if not path.is_file():
        return []
    query = (
        "SELECT type, occurred_at, json_extract(body, '$.value'), json_extract(body, '$.track_id'), "  # noqa: S608 - fixed words
        f"json_extract(body, '$.attributes.{WALKWAY}') FROM events WHERE {_OF_ZONE} ORDER BY occurred_at"
    )
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5)) as connection:
            rows = connection.execute(query, _values(span, camera_id, zone_id))
            return [
                CountedBefore(kind, datetime.fromtimestamp(round(at, 3), UTC), value, track, is_walkway=bool(inner))
                for kind, at, value, track, inner in rows
            ]
    except sqlite3.Error as error:
        raise OutboxError(f"{path} cannot be read ({error}); start Wink once: it salvages what is intact.") from error


def replace_events(path: Path, pieces: Sequence[Piece]) -> int:
    """Make events void and put others in their stead, all in one transaction; tells how many became void.

    Raises:
        OutboxError: nothing was written.
    """
    if not path.is_file():
        raise OutboxError(f"There is no outbox {path}; nothing was counted here yet.")
    try:
        uri = f"{path.absolute().as_uri()}?mode=rw"
        with closing(sqlite3.connect(uri, uri=True, timeout=30, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("BEGIN IMMEDIATE")
            try:
                void = sum(_replace(connection, path, piece) for piece in pieces)
                connection.execute("COMMIT")
                return void
            except BaseException:
                connection.execute("ROLLBACK")
                raise
    except sqlite3.Error as error:
        raise OutboxError(f"{path} cannot be written now ({error}); nothing was changed. Try again.") from error


def forget_events(path: Path, camera_id: str) -> int:
    """Forget a camera's events: those that the cloud has go, the others leave an empty place in the sequence.

    Raises:
        OutboxError: nothing was forgotten.
    """
    if not path.is_file():
        return 0
    of_camera = "json_extract(body, '$.camera_id') = ?"
    try:
        with (
            closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=30)) as connection,
            connection,
        ):
            sent = connection.execute(f"DELETE FROM events WHERE state = 1 AND {of_camera}", (camera_id,))  # noqa: S608 - fixed words
            others = connection.execute(
                f"UPDATE events SET state = 3, reason = 'forgotten', body = '{{}}' WHERE {of_camera}",  # noqa: S608 - fixed words
                (camera_id,),
            )
            return sent.rowcount + others.rowcount
    except sqlite3.Error as error:
        raise OutboxError(f"{path} cannot be written now ({error}); nothing was forgotten. Try again.") from error


def _replace(connection: sqlite3.Connection, path: Path, piece: Piece) -> int:
    marker = piece.marker
    void = connection.execute(
        f"UPDATE events SET state = 3, reason = 'recounted' WHERE {_OF_ZONE}",  # noqa: S608 - fixed words
        _values(piece.span, marker.camera_id, marker.zone_id or ""),
    ).rowcount
    (last,) = connection.execute("SELECT last_seq FROM sequence").fetchone()
    drafts: list[EventDraft] = [marker, *piece.drafts]
    if last + len(drafts) > reserved_seq(path):
        reserve_seq(path, upto=((last + len(drafts)) // SEQ_BLOCK + 1) * SEQ_BLOCK)
    events = [draft.stamped(event_id=uuid7(), seq=last + n) for n, draft in enumerate(drafts, start=1)]
    connection.executemany(
        "INSERT INTO events (seq, event_id, occurred_at, type, body) VALUES (?, ?, ?, ?, ?)",
        [(e.seq, str(e.event_id), e.occurred_at.timestamp(), e.type, e.model_dump_json()) for e in events],
    )
    connection.execute("UPDATE sequence SET last_seq = ?", (last + len(drafts),))
    # A Wink that counts at this camera sees by it that its running figures are those of other events.
    note = (recount_key(marker.camera_id), str(events[0].event_id))
    connection.execute("INSERT OR REPLACE INTO counters VALUES (?, ?)", note)
    return void


def _values(span: Span, camera_id: str, zone_id: str) -> tuple[float, float, str, str]:
    return span.from_at.timestamp(), span.to_at.timestamp(), camera_id, zone_id
