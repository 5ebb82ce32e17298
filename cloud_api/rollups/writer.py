"""Writes figures, in the transaction that inserts the events they count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import LargeBinary, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from cloud_api.kit.database import errors_as_sqlalchemys, insert_for, raw_postgresql
from cloud_api.models import CoverageQuarter, HeatDay
from cloud_api.rollups.figures import Figures, Heat, HeatKey
from cloud_api.rollups.tables import FIGURE_TABLES, QUARTERS, FigureTable, Rows

_TYPES = {
    "bucket_at": "timestamptz", "day": "date", "type": "text", "camera_id": "text", "zone_id": "text",
    "category": "text", "hour": "int", "n": "bigint", "heard": "int", "total": "float8", "seconds": "float8",
    "peak": "float8", "blind_s": "float8", "steps": "text", "stays": "bytea",
}  # fmt: skip


class FigureWriter:
    """Figures of one store. Rows are written in the order of their keys, so that no two uploads lock crosswise."""

    def __init__(self, connection: AsyncConnection, *, org_id: UUID, store_id: UUID) -> None:
        self._connection = connection
        self._org_id = org_id
        self._store_id = store_id
        self._is_postgresql = connection.dialect.name == "postgresql"

    async def write(self, figures: Figures) -> None:
        """Add them to what is there."""
        if not figures.heard:
            return
        # PostgreSQL hears and adds in one statement, unless a gap is spread over the same rows.
        is_one = self._is_postgresql and not figures.rows(QUARTERS)
        if not is_one:
            figures.count_heard(await self._hear(figures.heard))
        additions = {table: rows for table in FIGURE_TABLES if (rows := figures.rows(table))}
        await self._add_all(additions, heard=figures.heard if is_one else {})
        await self.add_heat(figures.heat)

    async def add_rows(self, additions: dict[FigureTable, Rows]) -> None:
        """Add rows of some tables, without noting anything as heard."""
        await self._add_all(additions, heard={})

    async def add_heat(self, maps: Mapping[HeatKey, Heat]) -> None:
        """Add heat maps to those of their days."""
        for key, heat in sorted(maps.items()):
            await self._add_heat(key, heat)

    async def _add_all(self, additions: dict[FigureTable, Rows], *, heard: dict[datetime, date]) -> None:
        if self._is_postgresql:
            await self._add_at_once(additions, heard=heard)
            return
        for table, rows in additions.items():
            await self._add(table, rows)

    async def _hear(self, quarters: dict[datetime, date]) -> dict[datetime, date]:
        """Note quarter hours as heard; those that were not before."""
        rows = [
            {"store_id": self._store_id, "org_id": self._org_id, "bucket_at": at, "blind_s": 0.0}
            for at in sorted(quarters)
        ]
        if self._is_postgresql:
            raw = await raw_postgresql(self._connection)
            with errors_as_sqlalchemys():
                found = await raw.fetch(_HEAR, self._store_id, self._org_id, sorted(quarters))
            return {row[0]: quarters[row[0]] for row in found}
        statement = insert_for(self._connection)(CoverageQuarter).on_conflict_do_nothing()
        fresh = await self._connection.execute(statement.returning(col(CoverageQuarter.bucket_at)), rows)
        return {at: quarters[at] for at in fresh.scalars()}

    async def _add(self, table: FigureTable, rows: Rows) -> None:
        if table.steps:
            rows = await self._with_what_is_there(table, rows)
        statement = insert_for(self._connection)(table.model)
        columns, new = table.model.__table__.columns, statement.excluded  # type: ignore[attr-defined]  # as SQLModel
        changes: dict[str, Any] = {name: columns[name] + new[name] for name in table.sums}
        changes |= {name: func.max(columns[name], new[name]) for name in table.peaks}
        changes |= {name: new[name] for name in table.steps}
        # SQLite calls what it strings together a text, whatever it was.
        changes |= {name: cast(columns[name].op("||")(new[name]), LargeBinary) for name in table.stays}
        statement = statement.on_conflict_do_update(index_elements=["store_id", *table.keys], set_=changes)
        own = {"store_id": self._store_id, "org_id": self._org_id}
        names = (*table.keys, *table.values)
        values = [{**own, **dict(zip(names, (*key, *row), strict=True))} for key, row in sorted(rows.items())]
        await self._connection.execute(statement, values)

    async def _with_what_is_there(self, table: FigureTable, rows: Rows) -> Rows:
        """SQLite cannot add histograms; it has one writer at a time, so that nothing comes between."""
        columns = table.model.__table__.columns  # type: ignore[attr-defined]  # as SQLModel
        whole: Rows = {}
        for key, row in rows.items():
            where = [columns[name] == value for name, value in zip(table.keys, key, strict=True)]
            query = select(*(columns[name] for name in table.values)).where(
                columns["store_id"] == self._store_id, *where
            )
            there = (await self._connection.execute(query)).one_or_none()
            whole[key] = row if there is None else table.merge(tuple(there), row)
        return whole

    async def _add_at_once(self, additions: dict[FigureTable, Rows], *, heard: dict[datetime, date]) -> None:
        """All tables in one statement: one way to the database and back."""
        arguments: list[Any] = [self._store_id, self._org_id]
        parts: list[str] = []
        if heard:
            quarters = sorted(heard)
            arguments += [quarters, [heard[at] for at in quarters]]
            parts += _HEAR_AND_COUNT
        for table, rows in additions.items():
            parts.append(_upsert(table, first=len(arguments) + 1))
            first, end = (len(table.keys) + len(table.sums) + len(table.peaks) + n for n in (0, len(table.steps)))
            full = [(*key, *row) for key, row in sorted(rows.items())]
            full = [(*row[:first], *map(as_array, row[first:end]), *row[end:]) for row in full]
            arguments += [list(column) for column in zip(*full, strict=True)]
        if not parts:
            return
        named = ", ".join(f"t{index} AS ({part})" for index, part in enumerate(parts))
        raw = await raw_postgresql(self._connection)
        with errors_as_sqlalchemys():
            await raw.execute(f"WITH {named} SELECT 1", *arguments)  # names of tables and columns

    async def _add_heat(self, key: HeatKey, heat: Heat) -> None:
        day, camera_id, columns, rows = key
        table = HeatDay
        where = (
            col(table.store_id) == self._store_id, col(table.day) == day, col(table.camera_id) == camera_id,
            col(table.columns) == columns, col(table.rows) == rows,
        )  # fmt: skip
        insert = insert_for(self._connection)(table)
        empty = {
            "store_id": self._store_id, "org_id": self._org_id, "day": day, "camera_id": camera_id,
            "columns": columns, "rows": rows, "n": 0, "seconds": 0.0, "cells": {},
        }  # fmt: skip
        await self._connection.execute(insert.values(empty).on_conflict_do_nothing())
        query = select(col(table.n), col(table.seconds), col(table.cells)).where(*where).with_for_update()
        n, seconds, cells = (await self._connection.execute(query)).one()
        merged = {int(cell): value for cell, value in cells.items()}
        for cell, value in heat.cells.items():
            merged[cell] = merged.get(cell, 0.0) + value
        update = table.__table__.update().where(*where)  # type: ignore[attr-defined]  # as SQLModel
        await self._connection.execute(
            update.values(
                n=n + heat.n, seconds=seconds + heat.seconds,
                cells={str(cell): round(value, 3) for cell, value in sorted(merged.items())},
            )
        )  # fmt: skip


_HEAR = """
INSERT INTO coverage_quarters (store_id, org_id, bucket_at, blind_s)
SELECT $1, $2, at, 0 FROM unnest($3::timestamptz[]) AS at ORDER BY at ON CONFLICT DO NOTHING RETURNING bucket_at
"""

# The quarter hours heard for the first time, and their number added to the days; $3 and $4 are moments and days.
_HEAR_AND_COUNT = (
    "INSERT INTO coverage_quarters (store_id, org_id, bucket_at, blind_s) SELECT $1::uuid, $2::uuid, at, 0 "
    "FROM unnest($3::timestamptz[]) AS at ORDER BY at ON CONFLICT DO NOTHING RETURNING bucket_at",
    "INSERT INTO coverage_days AS t (store_id, org_id, day, heard, blind_s) "
    "SELECT $1::uuid, $2::uuid, m.day, count(*), 0 FROM t0 JOIN unnest($3::timestamptz[], $4::date[]) AS m(at, day) "
    "ON m.at = t0.bucket_at GROUP BY m.day ORDER BY m.day "
    "ON CONFLICT (store_id, day) DO UPDATE SET heard = t.heard + excluded.heard",
)


def as_array(steps: Sequence[int]) -> str:
    """A histogram as PostgreSQL writes an array: arrays of arrays of different lengths it does not know."""
    return f"{{{','.join(map(str, steps))}}}"


def _upsert(table: FigureTable, *, first: int) -> str:
    """INSERT ... ON CONFLICT DO UPDATE from arrays, the first of which is parameter number ``first``."""
    names = (*table.keys, *table.values)
    arrays = ", ".join(f"${first + i}::{_TYPES[name]}[]" for i, name in enumerate(names))
    changes = [f"{n} = t.{n} + excluded.{n}" for n in table.sums]
    changes += [f"{n} = greatest(t.{n}, excluded.{n})" for n in table.peaks]
    changes += [f"{n} = wink_steps_added(t.{n}, excluded.{n})" for n in table.steps]
    changes += [f"{n} = t.{n} || excluded.{n}" for n in table.stays]
    listed = ", ".join(names)
    read = ", ".join(f"{n}::int[]" if n in table.steps else n for n in names)
    return (
        f"INSERT INTO {table.model.__tablename__} AS t (store_id, org_id, {listed}) "  # noqa: S608 - our own names
        f"SELECT $1::uuid, $2::uuid, {read} FROM unnest({arrays}) AS u({listed}) "
        f"ON CONFLICT (store_id, {', '.join(table.keys)}) DO UPDATE SET {', '.join(changes)}"
    )
