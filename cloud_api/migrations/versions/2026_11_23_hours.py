"""figures per hour of a store's day, corrected events by their own stamp, and room beside rows that are changed often"""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

import cloud_api.models.base

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_RULE = "org_id = (SELECT wink_org()) AND ((SELECT wink_store()) IS NULL OR store_id = (SELECT wink_store()))"
_MAINTENANCE = "USING ((SELECT wink_maintenance())) WITH CHECK ((SELECT wink_maintenance()))"
_OFTEN_CHANGED = (
    "rollups_fine", "rollups_coarse", "rollups_day", "rollups_hour", "rollup_bins", "rollup_day_bins", "coverage_days"
)  # fmt: skip


def upgrade() -> None:
    made = op.create_table(
        "rollups_hour",
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("type", sqlmodel.sql.sqltypes.AutoString(length=32), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("store_id", "type", "day", "hour"),
    )
    _fill(made)
    op.create_index(
        "events_by_stamp", "events", ["store_id", "stamped_at"],
        postgresql_where=sa.text("stamped_at IS NOT NULL"), sqlite_where=sa.text("stamped_at IS NOT NULL"),
    )  # fmt: skip
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE rollups_hour ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE rollups_hour FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY tenant ON rollups_hour USING ({_RULE}) WITH CHECK ({_RULE})")
        op.execute(f"CREATE POLICY maintenance ON rollups_hour TO CURRENT_USER {_MAINTENANCE}")
        for table in _OFTEN_CHANGED:
            # A row that finds room for its next version on its own page leaves the indexes alone.
            op.execute(f"ALTER TABLE {table} SET (fillfactor = 85)")


def _fill(made: sa.Table) -> None:
    """From quarter hours, which are kept for ever: raw events may be gone."""
    connection = op.get_bind()
    stores = sa.table("stores", sa.column("id", sa.Uuid()), sa.column("org_id", sa.Uuid()), sa.column("timezone"))
    coarse = sa.table(
        "rollups_coarse", sa.column("store_id", sa.Uuid()), sa.column("type"), sa.column("n"),
        sa.column("bucket_at", cloud_api.models.base.UtcDateTime(timezone=True)),
    )  # fmt: skip
    for store_id, org_id, timezone in connection.execute(sa.select(*stores.c)).all():
        zone = ZoneInfo(timezone)
        sums: dict[tuple[str, date, int], int] = defaultdict(int)
        asked = sa.select(coarse.c.bucket_at, coarse.c.type, coarse.c.n).where(coarse.c.store_id == store_id)
        for at, kind, n in connection.execute(asked):
            local = at.astimezone(zone)
            sums[kind, local.date(), local.hour] += n
        _insert(connection, made, store_id, org_id, sums)


def _insert(
    connection: sa.Connection, made: sa.Table, store_id: UUID, org_id: UUID, sums: dict[tuple[str, date, int], int]
) -> None:
    rows = [
        {"store_id": store_id, "org_id": org_id, "type": kind, "day": day, "hour": hour, "n": n}
        for (kind, day, hour), n in sorted(sums.items())
    ]
    if rows:
        connection.execute(made.insert(), rows)


def downgrade() -> None:
    op.drop_index("events_by_stamp", table_name="events")
    op.drop_table("rollups_hour")
    if op.get_bind().dialect.name == "postgresql":
        for table in _OFTEN_CHANGED:
            if table != "rollups_hour":
                op.execute(f"ALTER TABLE {table} RESET (fillfactor)")
