"""histograms of days in one row each"""

from __future__ import annotations

import importlib
from collections import defaultdict
from typing import Any

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_RULE = "org_id = (SELECT wink_org()) AND ((SELECT wink_store()) IS NULL OR store_id = (SELECT wink_store()))"
_MAINTENANCE = "USING ((SELECT wink_maintenance())) WITH CHECK ((SELECT wink_maintenance()))"
_STEPS = sa.JSON().with_variant(ARRAY(sa.Integer()), "postgresql")
_ADDED = """
CREATE FUNCTION wink_steps_added(a int[], b int[]) RETURNS int[] LANGUAGE sql IMMUTABLE AS $$
    SELECT array_agg(coalesce(u.x, 0) + coalesce(u.y, 0) ORDER BY u.n) FROM unnest(a, b) WITH ORDINALITY AS u(x, y, n)
$$
"""
# All of the hot path is as it was, but its end.
_OLD_TAKE: str = importlib.import_module("cloud_api.migrations.versions.2026_11_23_wink_take")._TAKE
_OLD_SIGNATURE = "b_quarters text, b_types text, b_cameras text, b_zones text, b_steps text, b_n text,"
_END = "    INSERT INTO rollup_day_bins AS t"
_NEW_END = """\
    INSERT INTO rollup_day_steps AS t (store_id, org_id, day, type, steps)
    SELECT p_store, p_org, u.day, u.type, u.steps::int[]
      FROM unnest(d_days, d_types::text[], d_steps) AS u(day, type, steps)
    ON CONFLICT (store_id, type, day) DO UPDATE SET steps = wink_steps_added(t.steps, excluded.steps);
END $$
"""
_NEW_TAKE = (
    _OLD_TAKE[: _OLD_TAKE.index(_END)].replace(
        _OLD_SIGNATURE, f"{_OLD_SIGNATURE}\n    d_days date[], d_types text, d_steps text[],"
    )
    + _NEW_END
)


def upgrade() -> None:
    made = op.create_table(
        "rollup_day_steps",
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("type", sqlmodel.sql.sqltypes.AutoString(length=32), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("steps", _STEPS, nullable=False),
        sa.PrimaryKeyConstraint("store_id", "type", "day"),
    )
    _fill(made)
    op.drop_table("rollup_day_bins")
    if _is_postgresql():
        _protect("rollup_day_steps")
        op.get_bind().exec_driver_sql(_ADDED)
        op.execute("DROP FUNCTION wink_take")
        op.get_bind().exec_driver_sql(_NEW_TAKE)


def downgrade() -> None:
    made = op.create_table(
        "rollup_day_bins",
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("type", sqlmodel.sql.sqltypes.AutoString(length=32), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("bin", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("store_id", "type", "day", "bin"),
    )
    _fill_bins(made)
    op.drop_table("rollup_day_steps")
    if _is_postgresql():
        _protect("rollup_day_bins")
        op.execute("DROP FUNCTION wink_take")
        op.execute("DROP FUNCTION wink_steps_added")
        op.get_bind().exec_driver_sql(_OLD_TAKE)


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _protect(table: str) -> None:
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY tenant ON {table} USING ({_RULE}) WITH CHECK ({_RULE})")
    op.execute(f"CREATE POLICY maintenance ON {table} TO CURRENT_USER {_MAINTENANCE}")
    op.execute(f"ALTER TABLE {table} SET (fillfactor = 85)")


def _stores() -> list[Any]:
    stores = sa.table("stores", sa.column("id", sa.Uuid()), sa.column("org_id", sa.Uuid()))
    return list(op.get_bind().execute(sa.select(*stores.c)).all())


def _fill(made: sa.Table) -> None:
    """From the rows of single steps, which are kept for ever: raw events may be gone."""
    connection = op.get_bind()
    bins = sa.table(
        "rollup_day_bins", sa.column("store_id", sa.Uuid()), sa.column("type"), sa.column("day", sa.Date()),
        sa.column("bin"), sa.column("n"),
    )  # fmt: skip
    for store_id, org_id in _stores():
        counts: dict[tuple[Any, ...], dict[int, int]] = defaultdict(dict)
        asked = sa.select(bins.c.type, bins.c.day, bins.c.bin, bins.c.n).where(bins.c.store_id == store_id)
        for kind, day, step, n in connection.execute(asked):
            counts[kind, day][step] = n
        rows = [
            {"store_id": store_id, "org_id": org_id, "type": kind, "day": day,
             "steps": [own.get(step, 0) for step in range(max(own) + 1)]}
            for (kind, day), own in sorted(counts.items())
        ]  # fmt: skip
        if rows:
            connection.execute(made.insert(), rows)


def _fill_bins(made: sa.Table) -> None:
    connection = op.get_bind()
    whole = sa.table(
        "rollup_day_steps", sa.column("store_id", sa.Uuid()), sa.column("type"), sa.column("day", sa.Date()),
        sa.column("steps", _STEPS),
    )  # fmt: skip
    for store_id, org_id in _stores():
        asked = sa.select(whole.c.type, whole.c.day, whole.c.steps).where(whole.c.store_id == store_id)
        rows = [
            {"store_id": store_id, "org_id": org_id, "type": kind, "day": day, "bin": step, "n": n}
            for kind, day, steps in connection.execute(asked).all()
            for step, n in enumerate(steps)
            if n
        ]
        if rows:
            connection.execute(made.insert(), rows)
