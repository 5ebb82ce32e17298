"""What happened last, event by event: for people who watch a store now. Figures come from rollups, never from here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from sqlmodel import col

from cloud_api.kit.database import is_one_of
from cloud_api.models import Event
from cloud_api.tenancy.scoped_repository import ScopedRepository
from shared_models.events import WALKWAY

LATELY = timedelta(hours=2)
KINDS = ("footfall_in", "footfall_out", "dwell", "queue_wait", "shelf_interaction", "camera_gap")


@dataclass(frozen=True, slots=True)
class RecentEvent:
    """One event. ``value``: seconds, where it has any."""

    store_id: UUID
    type: str
    camera_id: str
    zone_id: str
    occurred_at: datetime
    value: float | None


class RecentEvents(ScopedRepository):
    """Events of stores in scope, of the last two hours at most: the search ends at that edge of an index."""

    async def of(self, store_ids: list[UUID], *, now: datetime, limit: int) -> list[RecentEvent]:
        """Newest first."""
        fields = (Event.store_id, Event.type, Event.camera_id, Event.zone_id, Event.occurred_at, Event.value)
        query = self._select(Event, *(col(f) for f in fields)).where(
            is_one_of(self._connection, col(Event.store_id), store_ids),
            col(Event.occurred_at) >= now - LATELY, col(Event.type).in_(KINDS),
            # Nobody came in or went out at a walkway.
            cast("Any", col(Event.attributes))[WALKWAY].as_string().is_(None),
        )  # fmt: skip
        rows = await self._connection.execute(query.order_by(col(Event.occurred_at).desc()).limit(limit))
        return [RecentEvent(*row) for row in rows]
