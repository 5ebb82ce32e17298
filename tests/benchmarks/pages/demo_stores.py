"""More stores for the demo, on PostgreSQL: copies of those it has, with all their figures."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel

import cloud_api.models as models

COPIED = (
    "opening_hours", "opening_exceptions", "edge_devices", "cameras", "zone_revisions", "rollups_fine", "rollups_coarse",
    "rollups_day", "rollups_hour", "rollup_day_steps", "coverage_quarters", "coverage_cameras",
    "coverage_days", "heat_days",
)  # fmt: skip


async def multiply(connection: AsyncConnection, *, n_stores: int) -> None:
    """Copy the stores that are there until there are ``n_stores``; in a transaction of the owner."""
    assert models  # all tables are known by now
    await connection.execute(text("SET LOCAL synchronous_commit = off"))
    await connection.execute(text(
        "CREATE TEMPORARY TABLE copies ON COMMIT DROP AS SELECT s.id AS old, gen_random_uuid() AS new, n "
        "FROM (SELECT id, row_number() OVER (ORDER BY name) AS place, count(*) OVER () AS of FROM stores) s "
        "JOIN LATERAL generate_series(1, :n) n ON n * s.of + s.place <= :n"
    ), {"n": n_stores})  # fmt: skip
    await _copy(connection, "stores", {"id": "c.new", "name": "t.name || ' ' || c.n"}, store="id")
    for table in COPIED:
        changed = {"store_id": "c.new"}
        if "id" in SQLModel.metadata.tables[table].columns:
            changed["id"] = "gen_random_uuid()"
        if "device_id" in SQLModel.metadata.tables[table].columns:
            changed["device_id"] = "NULL"
        await _copy(connection, table, changed, store="store_id")


async def _copy(connection: AsyncConnection, table: str, changed: dict[str, str], *, store: str) -> None:
    columns = SQLModel.metadata.tables[table].columns.keys()
    given = ", ".join(changed.get(c, f"t.{c}") for c in columns)
    await connection.execute(
        text(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {given} FROM {table} t JOIN copies c ON t.{store} = c.old"
        )
    )
