"""Proof that figures equal raw events, and the way to make them anew from these."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from cloud_api.kit.buckets import rollup_start
from cloud_api.kit.database import insert_for
from cloud_api.models import CoverageQuarter, Event, HeatDay, ServerState, Store
from cloud_api.rollups.figures import Figures
from cloud_api.rollups.tables import DAYS, FIGURE_TABLES, QUARTERS, FigureTable, Rows
from cloud_api.rollups.writer import FigureWriter

STALE, RETAINED_FROM = "rollups", "events_retained_from"
_PAGE = 20_000


async def rollup_differences(connection: AsyncConnection) -> list[str]:
    """Every figure that is not that of its raw events, in words; empty: all are right.

    Figures older than what retention has left of the events cannot be proved, and are not judged.
    """
    since = await retained_from(connection)
    stores = select(col(Store.id), col(Store.timezone)).order_by(col(Store.id))
    differences: list[str] = []
    for store_id, timezone in (await connection.execute(stores)).all():
        zone = ZoneInfo(timezone)
        figures = await figures_of_store(connection, store_id, zone)
        differences += await _differences_of_store(connection, store_id, figures, since=since, zone=zone)
    return differences


async def rebuild(connection: AsyncConnection) -> int:
    """Make all figures anew from raw events; how many stores."""
    tables: list[Any] = [*(t.model for t in FIGURE_TABLES), HeatDay]
    for table in tables:
        await connection.execute(delete(table))
    stores = (await connection.execute(select(col(Store.id), col(Store.org_id), col(Store.timezone)))).all()
    for store_id, org_id, timezone in stores:
        figures = await figures_of_store(connection, store_id, ZoneInfo(timezone))
        await FigureWriter(connection, org_id=org_id, store_id=store_id).write(figures)
    await connection.execute(delete(ServerState).where(col(ServerState.name) == STALE))
    return len(stores)


async def rebuild_if_stale(connection: AsyncConnection) -> None:
    """Make figures anew where a migration has said that they must be."""
    query = select(col(ServerState.value)).where(col(ServerState.name) == STALE)
    if (await connection.execute(query)).first() is not None:
        await rebuild(connection)


async def retained_from(connection: AsyncConnection) -> datetime | None:
    """Since when raw events are there; None: since the first."""
    query = select(col(ServerState.value)).where(col(ServerState.name) == RETAINED_FROM)
    found = (await connection.execute(query)).scalar_one_or_none()
    return datetime.fromisoformat(found) if found else None


async def note_retained_from(connection: AsyncConnection, moment: datetime) -> None:
    """Events before ``moment`` are gone."""
    made = insert_for(connection)(ServerState).values(name=RETAINED_FROM, value=moment.isoformat())
    await connection.execute(made.on_conflict_do_nothing())
    query = update(ServerState).where(col(ServerState.name) == RETAINED_FROM)
    await connection.execute(query.values(value=moment.isoformat()))


async def figures_of_store(connection: AsyncConnection, store_id: UUID, zone: ZoneInfo) -> Figures:
    """All raw events of a store, added up."""
    figures = Figures(zone)
    async for row in _events(connection, store_id):
        figures.add(
            row.type, row.occurred_at, camera_id=row.camera_id, zone_id=row.zone_id, value=float(row.value or 0.0),
            attributes=row.attributes,
        )  # fmt: skip
    return figures


async def _events(connection: AsyncConnection, store_id: UUID) -> AsyncIterator[Any]:
    after: UUID | None = None
    while True:
        query = select(
            col(Event.event_id), col(Event.type), col(Event.occurred_at), col(Event.camera_id), col(Event.zone_id),
            col(Event.value), col(Event.attributes),
        ).where(col(Event.store_id) == store_id)  # fmt: skip
        if after is not None:
            query = query.where(col(Event.event_id) > after)
        rows = (await connection.execute(query.order_by(col(Event.event_id)).limit(_PAGE))).all()
        for row in rows:
            yield row
        if len(rows) < _PAGE:
            return
        after = rows[-1].event_id


async def _differences_of_store(
    connection: AsyncConnection, store_id: UUID, figures: Figures, *, since: datetime | None, zone: ZoneInfo
) -> list[str]:
    first_at = rollup_start(since) if since else None
    first_day = since.astimezone(zone).date() if since else None
    found: list[str] = []
    heard = await _heard(connection, store_id)
    # Heartbeats make quarter hours heard as well: these are no events, and more than the events tell is right.
    missing = [at for at in figures.heard if at not in heard]
    found += [f"coverage {store_id} {at}: events, but not noted as heard" for at in missing]
    days: dict[tuple[Any, ...], int] = defaultdict(int)
    for at in heard:
        days[(at.astimezone(zone).date(),)] += 1
    for table in FIGURE_TABLES:
        raw, stored = figures.rows(table), await _stored(connection, store_id, table)
        if table is DAYS:
            raw = {k: (days.get(k, 0), raw.get(k, (0, 0.0))[1]) for k in raw.keys() | days.keys()}
        if table is QUARTERS:
            stored = {k: v for k, v in stored.items() if v[0] or k in raw}
        found += [
            f"{table.name} rollup {store_id} {' '.join(str(p) for p in key)}: stored {stored.get(key)}, "
            f"events {raw.get(key)}"
            for key in sorted(raw.keys() | stored.keys(), key=str)
            if not _is_before(table, key, first_at, first_day) and not _is_equal(raw.get(key), stored.get(key))
        ]
    return found + await _heat_differences(connection, store_id, figures, first_day)


def _is_before(table: FigureTable, key: tuple[Any, ...], first_at: Any, first_day: Any) -> bool:
    first = first_at if table.keys[0] == "bucket_at" else first_day
    return first is not None and key[0] <= first


async def _heard(connection: AsyncConnection, store_id: UUID) -> set[datetime]:
    query = select(col(CoverageQuarter.bucket_at)).where(col(CoverageQuarter.store_id) == store_id)
    return set((await connection.execute(query)).scalars())


async def _stored(connection: AsyncConnection, store_id: UUID, table: FigureTable) -> Rows:
    columns: Any = table.model.__table__.columns  # type: ignore[attr-defined]  # as SQLModel
    query = select(*(columns[n] for n in (*table.keys, *table.values))).where(columns["store_id"] == store_id)
    cut = len(table.keys)
    return {tuple(row[:cut]): tuple(row[cut:]) for row in await connection.execute(query)}


async def _heat_differences(connection: AsyncConnection, store_id: UUID, figures: Figures, first: Any) -> list[str]:
    query = select(
        col(HeatDay.camera_id), col(HeatDay.columns), col(HeatDay.rows), col(HeatDay.n), col(HeatDay.cells),
        col(HeatDay.day),
    ).where(col(HeatDay.store_id) == store_id)  # fmt: skip
    stored: dict[Any, tuple[int, float]] = defaultdict(lambda: (0, 0.0))
    for camera_id, columns, rows, n, cells, day in await connection.execute(query):
        if first is None or day > first:
            # By camera, not by day: heat maps stay with their day when a store's time zone is changed.
            before = stored[camera_id, columns, rows]
            stored[camera_id, columns, rows] = (before[0] + n, before[1] + sum(cells.values()))
    raw: dict[Any, tuple[int, float]] = defaultdict(lambda: (0, 0.0))
    for (day, camera_id, columns, rows), heat in figures.heat.items():
        if first is None or day > first:
            before = raw[camera_id, columns, rows]
            raw[camera_id, columns, rows] = (before[0] + heat.n, before[1] + sum(heat.cells.values()))
    return [
        f"heat map {store_id} {key}: stored {stored[key]}, events {raw[key]}"
        for key in sorted(stored.keys() | raw.keys())
        if stored[key][0] != raw[key][0] or not math.isclose(stored[key][1], raw[key][1], rel_tol=1e-3, abs_tol=1.0)
    ]


def _is_equal(a: tuple[Any, ...] | None, b: tuple[Any, ...] | None) -> bool:
    if a is None or b is None:
        return a == b
    # Sums of floats depend on their order in the last digits.
    return all(
        list(x) == list(y)
        if isinstance(x, (list, tuple))
        # Stays of one quarter hour are the same in whatever order they came.
        else sorted(x) == sorted(y)
        if isinstance(x, bytes)
        else math.isclose(x, y, rel_tol=1e-9, abs_tol=1e-6)
        for x, y in zip(a, b, strict=True)
    )
