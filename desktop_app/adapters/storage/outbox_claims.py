"""Which events go up next: the oldest, and those of one recount together."""

from __future__ import annotations

import json
import sqlite3
from datetime import datetime

from desktop_app.services.ports import PendingEvent
from shared_models.events import EventType

_NOT_RECOUNTED = f"AND type != '{EventType.ZONE_RECOUNTED}' AND instr(body, '\"recounted\":true') = 0 "


def claimed(
    connection: sqlite3.Connection, *, limit: int, max_bytes: int, since: datetime | None
) -> list[PendingEvent]:
    """The oldest pending events, as many as fit."""
    rows = connection.execute(
        "SELECT seq, event_id, body, type FROM events WHERE state = 0 AND occurred_at >= ? "  # noqa: S608 - fixed words
        f"{_NOT_RECOUNTED if since else ''}ORDER BY seq LIMIT ?",
        (since.timestamp() if since else -1e18, limit + 1),
    ).fetchall()
    found: list[PendingEvent] = []
    size = 0
    marker, end = 0, 0
    for seq, event_id, body, kind in rows[:limit]:
        size += len(body)
        if found and size > max_bytes:
            break
        if kind == EventType.ZONE_RECOUNTED:
            marker, end = len(found), seq + int(json.loads(body)["attributes"].get("events", 0))
        found.append(PendingEvent(seq, event_id, body))
    is_cut = len(found) < len(rows) and rows[len(found)][0] <= end
    # A recount that does not fit whole waits for the next batch, unless it is too large for any.
    return found[:marker] if is_cut and marker else found
