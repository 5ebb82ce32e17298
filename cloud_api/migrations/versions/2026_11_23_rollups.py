"""events by month, rollups by day, histograms, coverage, heat"""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

import cloud_api.models.base

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


_COLUMNS = (
    "store_id, event_id, device_id, seq, type, camera_id, zone_id, zone_revision, occurred_at, received_at, track_id, "
    "value, confidence, attributes"
)


def upgrade() -> None:
    _new_events()
    # Rollups are made again from the events (server_state says so): their figures have changed their meaning.
    for table in ("rollups_fine", "rollups_coarse"):
        op.drop_table(table)
    _new_rollups()
    op.execute("INSERT INTO server_state (name, value) VALUES ('rollups', 'stale')")


def _new_events() -> None:
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    op.drop_index("events_by_time", table_name="events")
    op.rename_table("events", "events_before")
    if is_postgresql:
        # The primary key keeps its name when its table is renamed.
        op.execute("ALTER TABLE events_before RENAME CONSTRAINT events_pkey TO events_before_pkey")
    op.create_table(
        "events",
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("type", sqlmodel.sql.sqltypes.AutoString(length=32), nullable=False),
        sa.Column("camera_id", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("zone_id", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("zone_revision", sa.Integer(), nullable=True),
        sa.Column("occurred_at", cloud_api.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("stamped_at", cloud_api.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("received_at", cloud_api.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("track_id", sa.BigInteger(), nullable=True),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("attributes", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("store_id", "event_id"),
        postgresql_partition_by="RANGE (event_id)",
    )
    if is_postgresql:
        # Ids are UUIDv7 and therefore sorted by time: a month is a range of them, and an id stays unique over all months.
        op.execute("CREATE TABLE events_default PARTITION OF events DEFAULT")
    op.execute(
        f"INSERT INTO events ({_COLUMNS}, org_id) SELECT {_COLUMNS}, "  # noqa: S608 - names of columns
        "(SELECT org_id FROM stores WHERE stores.id = store_id) FROM events_before"
    )
    op.drop_table("events_before")
    op.create_index("events_by_time", "events", ["store_id", "occurred_at"])
    op.create_index("events_by_seq", "events", ["store_id", "device_id", "seq"])


def _new_rollups() -> None:
    for name, keys in (
        ("rollups_fine", ("bucket_at", "type", "camera_id", "zone_id", "category")),
        ("rollups_coarse", ("bucket_at", "type")),
    ):
        op.create_table(
            name,
            sa.Column("store_id", sa.Uuid(), nullable=False),
            sa.Column("bucket_at", cloud_api.models.base.UtcDateTime(timezone=True), nullable=False),
            *(
                sa.Column(
                    key,
                    sqlmodel.sql.sqltypes.AutoString(length=32 if key == "type" else 100),
                    nullable=False,
                )
                for key in keys[1:]
            ),
            sa.Column("org_id", sa.Uuid(), nullable=False),
            sa.Column("n", sa.BigInteger(), nullable=False),
            sa.Column("total", sa.Float(), nullable=False),
            sa.Column("peak", sa.Float(), nullable=False),
            sa.Column("seconds", sa.Float(), nullable=False),
            sa.PrimaryKeyConstraint("store_id", *keys),
        )
    op.create_table(
        "coverage_cameras",
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("bucket_at", cloud_api.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("camera_id", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("blind_s", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("store_id", "bucket_at", "camera_id"),
    )
    op.create_table(
        "coverage_days",
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("heard", sa.Integer(), nullable=False),
        sa.Column("blind_s", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("store_id", "day"),
    )
    op.create_table(
        "coverage_quarters",
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("bucket_at", cloud_api.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("blind_s", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("store_id", "bucket_at"),
    )
    op.create_table(
        "heat_days",
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("camera_id", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("columns", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("cells", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("store_id", "day", "camera_id", "columns", "rows"),
    )
    op.create_table(
        "rollup_bins",
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("bucket_at", cloud_api.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("type", sqlmodel.sql.sqltypes.AutoString(length=32), nullable=False),
        sa.Column("camera_id", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("zone_id", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("bin", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("store_id", "bucket_at", "type", "camera_id", "zone_id", "bin"),
    )
    op.create_table(
        "rollup_day_bins",
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("type", sqlmodel.sql.sqltypes.AutoString(length=32), nullable=False),
        sa.Column("bin", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("store_id", "type", "day", "bin"),
    )
    op.create_table(
        "rollups_day",
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.Float(), nullable=False),
        sa.Column("peak", sa.Float(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("type", sqlmodel.sql.sqltypes.AutoString(length=32), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("store_id", "type", "day"),
    )


def downgrade() -> None:
    """Back to one table of events. What had no place there before (heat maps, coverage, histograms) is lost."""
    for table in (
        "rollups_day", "rollup_day_bins", "rollup_bins", "heat_days", "coverage_quarters", "coverage_days",
        "coverage_cameras",
    ):  # fmt: skip
        op.drop_table(table)
    _old_rollups()
    _old_events()
    op.execute("DELETE FROM server_state WHERE name = 'rollups'")


def _old_rollups() -> None:
    for name, keys in (
        ("rollups_fine", ("bucket_at", "type", "camera_id", "zone_id")),
        ("rollups_coarse", ("bucket_at", "type")),
    ):
        op.rename_table(name, f"{name}_after")
        if op.get_bind().dialect.name == "postgresql":
            op.execute(f"ALTER TABLE {name}_after RENAME CONSTRAINT {name}_pkey TO {name}_after_pkey")
        op.create_table(
            name,
            sa.Column("store_id", sa.Uuid(), nullable=False),
            sa.Column("bucket_at", cloud_api.models.base.UtcDateTime(timezone=True), nullable=False),
            *(
                sa.Column(key, sqlmodel.sql.sqltypes.AutoString(length=32 if key == "type" else 100), nullable=False)
                for key in keys[1:]
            ),
            sa.Column("n", sa.BigInteger(), nullable=False),
            sa.Column("total", sa.Float(), nullable=False),
            sa.Column("peak", sa.Float(), nullable=False),
            sa.PrimaryKeyConstraint("store_id", *keys),
        )
        listed = ", ".join(("store_id", *keys))
        op.execute(
            f"INSERT INTO {name} ({listed}, n, total, peak) SELECT {listed}, sum(n), sum(total), max(peak) "  # noqa: S608
            f"FROM {name}_after GROUP BY {listed}"
        )
        op.drop_table(f"{name}_after")


def _old_events() -> None:
    for index in ("events_by_time", "events_by_seq"):
        op.drop_index(index, table_name="events")
    op.rename_table("events", "events_after")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE events_after RENAME CONSTRAINT events_pkey TO events_after_pkey")
    op.create_table(
        "events",
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("type", sqlmodel.sql.sqltypes.AutoString(length=32), nullable=False),
        sa.Column("camera_id", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("zone_id", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("zone_revision", sa.Integer(), nullable=True),
        sa.Column("occurred_at", cloud_api.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("received_at", cloud_api.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("track_id", sa.BigInteger(), nullable=True),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("attributes", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("store_id", "event_id"),
        sa.UniqueConstraint("store_id", "device_id", "seq"),
    )
    op.execute(f"INSERT INTO events ({_COLUMNS}) SELECT {_COLUMNS} FROM events_after")  # noqa: S608 - names of columns
    op.drop_table("events_after")
    op.create_index("events_by_time", "events", ["store_id", "occurred_at"])
