"""The outbox's events, read only, while another thread or process writes them."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from desktop_app.services.ports import OutboxError
from desktop_app.services.today_figures import StoredEvent
from shared_models.events import RECOUNTABLE, EventType

ACCEPTED, DEAD, VOID = 1, 2, 3


class SqliteEventArchive:
    """Opens the file anew for each question, so that a damaged file that was replaced is never held."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def events(self, *, start_at: datetime, end_at: datetime) -> list[StoredEvent]:
        rows = self._rows(
            "SELECT seq, type, occurred_at, state, body FROM events"
            " WHERE occurred_at >= ? AND occurred_at < ? AND state != ? AND type != ? ORDER BY occurred_at, seq",
            (start_at.timestamp(), end_at.timestamp(), VOID, EventType.ZONE_RECOUNTED),
        )
        return [_event(*row) for row in rows]

    def counted_since(self, camera_id: str, start_at: datetime) -> list[StoredEvent]:
        """Crossings and stays of one camera from a moment on.

        Raises:
            OutboxError: the database cannot be read.
        """
        kinds = ",".join(repr(str(kind)) for kind in RECOUNTABLE)
        rows = self._rows(
            "SELECT seq, type, occurred_at, state, body FROM events WHERE occurred_at >= ? AND state != ?"  # noqa: S608 - fixed words
            f" AND type IN ({kinds}) AND json_extract(body, '$.camera_id') = ? ORDER BY occurred_at, seq",
            (start_at.timestamp(), VOID, camera_id),
        )
        return [_event(*row) for row in rows]

    def counters(self) -> dict[str, str]:
        return dict(self._rows("SELECT key, value FROM counters", ()))

    def _rows(self, query: str, values: tuple[object, ...]) -> list[Any]:
        if not self._path.is_file():
            return []
        try:
            with closing(
                sqlite3.connect(f"{self._path.absolute().as_uri()}?mode=ro", uri=True, timeout=5)
            ) as connection:
                return connection.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise OutboxError(f"The day's events cannot be read ({error}); try again in a moment.") from error


def _event(seq: int, kind: str, occurred_at: float, state: int, body: str) -> StoredEvent:
    values = json.loads(body)
    return StoredEvent(
        seq,
        EventType(kind),
        values["camera_id"],
        values.get("zone_id"),
        datetime.fromtimestamp(occurred_at, UTC),
        values.get("value"),
        values.get("track_id"),
        values.get("attributes") or {},
        is_sent=state == ACCEPTED,
        is_refused=state == DEAD,
    )
