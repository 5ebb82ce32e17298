"""A zone counted anew: its earlier events of that span are void, whenever they arrive (ADR 10).

An event is void if a ``zone_recounted`` of the same device, camera and zone whose span holds it has a higher ``seq``.
Both by the edge's own clock, whatever the cloud has made of its stamps (ADR 19).
That says nothing about the order of arrival: retries, overtaking requests and lost replies end in the same figures.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import and_, or_
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from cloud_api.ingest.clocks import TimedEvent
from cloud_api.models import Event as EventRow
from cloud_api.models import ZoneRecount
from cloud_api.rollups.figures import WALKWAY_OF, Figures
from cloud_api.rollups.proof import retained_from
from cloud_api.rollups.tables import COARSE, DAY, DAY_STEPS, FINE, HOURS, Rows
from cloud_api.rollups.writer import FigureWriter
from cloud_api.tenancy.principal import EdgePrincipal, scope_of
from cloud_api.tenancy.scoped_repository import ScopedRepository
from shared_models.events import RECOUNTABLE, EventBase, ZoneRecounted

KINDS = tuple(str(kind) for kind in RECOUNTABLE)
_BY_QUARTER = (FINE, COARSE)
_MADE_ANEW = (FINE, COARSE, DAY, HOURS, DAY_STEPS)
Span = tuple[int, datetime, datetime]
"""The marker's seq, beginning and end."""


class Recounts(ScopedRepository):
    """Recounts of one device. ``zone``: of its store, for whose days figures are kept."""

    def __init__(self, connection: AsyncConnection, edge: EdgePrincipal, zone: ZoneInfo) -> None:
        super().__init__(connection, scope_of(edge))
        self._edge = edge
        self._zone = zone

    async def void_among(self, events: Collection[TimedEvent], *, has_recounts: bool) -> set[UUID]:
        """Those that an earlier recount, or one among them, has made void."""
        zoned = [t for t in events if t.event.type in RECOUNTABLE]
        markers = [t.event for t in events if isinstance(t.event, ZoneRecounted)]
        void = {t.event.event_id for t in zoned if any(marker.voids(t.event) for marker in markers)}
        if not zoned or not has_recounts:
            return void
        known = await self._known(zoned)
        for item in zoned:
            for seq, from_at, to_at in known.get((item.event.camera_id, item.event.zone_id or ""), ()):
                if item.event.seq < seq and from_at <= item.event.occurred_at < to_at:
                    void.add(item.event.event_id)
        return void

    async def out_of_reach(self, events: Collection[TimedEvent]) -> dict[UUID, str]:
        """Recounts that reach back before the raw events that are kept, their new events, and why they are refused.

        Their figures could not be lowered by what is gone: the new events would be added to the old ones.
        """
        marked = [t.event for t in events if isinstance(t.event, ZoneRecounted)]
        recounted = [t.event for t in events if t.event.attributes.get("recounted") is True]
        if not (marked or recounted):
            return {}
        since = await retained_from(self._connection)
        if since is None:
            return {}
        # Days are made anew whole: the first of them must be there whole.
        first_on = since.astimezone(self._zone).date() + timedelta(days=1)
        reason = (
            f"The cloud keeps the single events of this store from {first_on:%d %B %Y} on; what was before cannot be "
            "counted again. Recount from that day on."
        )
        late = [m for m in marked if m.from_at.astimezone(self._zone).date() < first_on]
        ids = {m.event_id for m in late}
        ids |= {e.event_id for e in recounted if any(m.seq < e.seq <= m.seq + _n_new(m) for m in late)}
        ids |= {e.event_id for e in recounted if e.occurred_at.astimezone(self._zone).date() < first_on}
        return dict.fromkeys(ids, reason)

    async def apply(self, events: Iterable[EventBase]) -> None:
        """Remember the recounts among new ``events``, take away what they make void, and make its figures anew.

        To be called when the figures of the new events are written.
        """
        markers = sorted((e for e in events if isinstance(e, ZoneRecounted)), key=lambda m: m.seq)
        gone: list[tuple[datetime, str]] = []
        for marker in markers:
            await self._add(
                ZoneRecount(
                    store_id=self._edge.store_id,
                    event_id=marker.event_id,
                    org_id=self._edge.org_id,
                    device_id=self._edge.device_id,
                    camera_id=marker.camera_id,
                    zone_id=marker.zone_id or "",
                    seq=marker.seq,
                    from_at=marker.from_at,
                    to_at=marker.to_at,
                )
            )
            gone += await self._take_away(marker)
        if gone:
            await self._make_anew(gone)

    async def _known(self, events: Sequence[TimedEvent]) -> dict[tuple[str, str], list[Span]]:
        moments = [t.event.occurred_at for t in events]
        query = self._select(
            ZoneRecount,
            col(ZoneRecount.camera_id),
            col(ZoneRecount.zone_id),
            col(ZoneRecount.seq),
            col(ZoneRecount.from_at),
            col(ZoneRecount.to_at),
        ).where(
            col(ZoneRecount.device_id) == self._edge.device_id,
            col(ZoneRecount.camera_id).in_({t.event.camera_id for t in events}),
            col(ZoneRecount.zone_id).in_({t.event.zone_id for t in events}),
            col(ZoneRecount.to_at) > min(moments),
            col(ZoneRecount.from_at) <= max(moments),
        )
        found: dict[tuple[str, str], list[Span]] = defaultdict(list)
        for camera_id, zone_id, seq, from_at, to_at in await self._connection.execute(query):
            found[camera_id, zone_id].append((seq, from_at, to_at))
        return found

    async def _take_away(self, marker: ZoneRecounted) -> list[tuple[datetime, str]]:
        statement = (
            self._delete(EventRow)
            .where(
                col(EventRow.device_id) == self._edge.device_id,
                col(EventRow.camera_id) == marker.camera_id,
                col(EventRow.zone_id) == marker.zone_id,
                col(EventRow.type).in_(KINDS),
                or_(
                    and_(
                        col(EventRow.stamped_at).is_(None),
                        col(EventRow.occurred_at) >= marker.from_at,
                        col(EventRow.occurred_at) < marker.to_at,
                    ),
                    and_(
                        col(EventRow.stamped_at).is_not(None),
                        col(EventRow.stamped_at) >= marker.from_at,
                        col(EventRow.stamped_at) < marker.to_at,
                    ),
                ),
                col(EventRow.seq) < marker.seq,
            )
            .returning(col(EventRow.occurred_at), col(EventRow.type))
        )
        return [(row[0], row[1]) for row in (await self._connection.execute(statement)).all()]

    async def _make_anew(self, gone: Sequence[tuple[datetime, str]]) -> None:
        """Take away the rows that counted what is gone, and add up again what is left of the raw events.

        First the rows: whoever has written to one of them is waited for, and its events are seen after that.
        """
        empty = Figures(self._zone)
        quarters, days = (set(parts) for parts in zip(*(empty.quarter(at) for at, _ in gone), strict=True))
        kinds = {kind for _, kind in gone}
        for table in _MADE_ANEW:
            columns: Any = table.model.__table__.columns  # type: ignore[attr-defined]  # as SQLModel
            of = quarters if table in _BY_QUARTER else days
            await self._connection.execute(
                self._delete(table.model).where(
                    columns[table.keys[0]].in_(of),
                    columns["type"].in_(kinds | {WALKWAY_OF[kind] for kind in kinds & WALKWAY_OF.keys()}),
                )
            )
        figures = await self._left(days, kinds)
        additions = {
            table: rows
            for table in _MADE_ANEW
            if (rows := _of(figures.rows(table), quarters if table in _BY_QUARTER else days))
        }
        writer = FigureWriter(self._connection, org_id=self._edge.org_id, store_id=self._edge.store_id)
        await writer.add_rows(additions)

    async def _left(self, days: set[date], kinds: set[str]) -> Figures:
        """What the raw events of these days and kinds add up to."""
        figures = Figures(self._zone)
        for day in sorted(days):
            start = datetime(day.year, day.month, day.day, tzinfo=self._zone)
            query = self._select(
                EventRow, col(EventRow.type), col(EventRow.occurred_at), col(EventRow.camera_id), col(EventRow.zone_id),
                col(EventRow.value), col(EventRow.attributes),
            ).where(
                col(EventRow.type).in_(kinds),
                col(EventRow.occurred_at) >= start - timedelta(hours=1),
                col(EventRow.occurred_at) < start + timedelta(hours=26),
            )  # fmt: skip
            for row in await self._connection.execute(query):
                if figures.quarter(row.occurred_at)[1] == day:
                    figures.add(
                        row.type, row.occurred_at, camera_id=row.camera_id, zone_id=row.zone_id,
                        value=float(row.value or 0.0), attributes=row.attributes,
                    )  # fmt: skip
        return figures


def _n_new(marker: ZoneRecounted) -> int:
    told = marker.attributes.get("events")
    return told if isinstance(told, int) and not isinstance(told, bool) else 0


def _of(rows: Rows, first: set[Any]) -> Rows:
    return {key: row for key, row in rows.items() if key[0] in first}
