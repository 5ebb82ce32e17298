"""Writes the figures of the demo, many rows at once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_api.kit.database import raw_postgresql
from cloud_api.rollups.tables import FigureTable

_AT_ONCE = 50_000


async def write(
    connection: AsyncConnection, table: FigureTable, rows: Sequence[tuple[Any, ...]], *, org_id: UUID, store_id: UUID
) -> int:
    """Insert rows of one store's table of figures; how many that were."""
    names = ("store_id", "org_id", *table.keys, *table.values)
    is_postgresql = connection.dialect.name == "postgresql"
    marks = ", ".join(f"${n}" if is_postgresql else "?" for n in range(1, len(names) + 1))
    statement = f"INSERT INTO {table.model.__tablename__} ({', '.join(names)}) VALUES ({marks})"  # noqa: S608 - our names
    own = (store_id, org_id) if is_postgresql else (store_id.hex, org_id.hex)
    for start in range(0, len(rows), _AT_ONCE):
        part = rows[start : start + _AT_ONCE]
        if is_postgresql:
            raw = await raw_postgresql(connection)
            await raw.executemany(statement, [(*own, *row) for row in part])
        else:
            await connection.exec_driver_sql(statement, [(*own, *_as_text(row)) for row in part])
    return len(rows)


def _as_text(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """As SQLite keeps it: moments and days (the first of each row) as text, histograms as JSON."""
    return (_told(row[0]), *(json.dumps(value) if isinstance(value, list) else value for value in row[1:]))


@lru_cache(maxsize=4096)
def _told(first: date) -> str:
    if isinstance(first, datetime):
        return f"{first.astimezone(UTC):%Y-%m-%d %H:%M:%S}.000000"
    return first.isoformat()
