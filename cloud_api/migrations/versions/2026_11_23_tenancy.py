"""log-ins, links, keys, audit, opening hours, cameras, zone sets, pairing"""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

import cloud_api.models.base

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=True),
        sa.Column("at", cloud_api.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(length=330), nullable=False),
        sa.Column("act", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("subject", sqlmodel.sql.sqltypes.AutoString(length=400), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("address", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("audit_entries", schema=None) as batch_op:
        batch_op.create_index("audit_by_time", ["org_id", "at"], unique=False)
    op.create_table(
        "server_state",
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("value", sqlmodel.sql.sqltypes.AutoString(length=2000), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "tries",
        sa.Column("key", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("since_at", cloud_api.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    with op.batch_alter_table("tries", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tries_since_at"), ["since_at"], unique=False)
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=True),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("digest", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("hint", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("created_at", cloud_api.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", cloud_api.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", cloud_api.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["org_id"],
            ["organisations.id"],
        ),
        sa.ForeignKeyConstraint(
            ["store_id"],
            ["stores.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
    )
    with op.batch_alter_table("api_keys", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_api_keys_org_id"), ["org_id"], unique=False)
    op.create_table(
        "cameras",
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("camera_id", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=True),
        sa.Column("zone_revision", sa.Integer(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(length=30), nullable=False),
        sa.Column("words", sqlmodel.sql.sqltypes.AutoString(length=300), nullable=False),
        sa.Column("fps", sa.Float(), nullable=True),
        sa.Column("reported_at", cloud_api.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("first_seen_at", cloud_api.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("retired_at", cloud_api.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["store_id"],
            ["stores.id"],
        ),
        sa.PrimaryKeyConstraint("store_id", "camera_id"),
    )
    op.create_table(
        "opening_exceptions",
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("opens_min", sa.Integer(), nullable=True),
        sa.Column("closes_min", sa.Integer(), nullable=True),
        sa.Column("note", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id"],
            ["stores.id"],
        ),
        sa.PrimaryKeyConstraint("store_id", "day"),
    )
    op.create_table(
        "opening_hours",
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("opens_min", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("closes_min", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "opens_min >= 0 AND closes_min > opens_min AND closes_min <= 2880", name="closes_after_opening"
        ),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday_is_one"),
        sa.ForeignKeyConstraint(
            ["store_id"],
            ["stores.id"],
        ),
        sa.PrimaryKeyConstraint("store_id", "weekday", "opens_min"),
    )
    op.create_table(
        "pairing_codes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", cloud_api.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", cloud_api.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("used_at", cloud_api.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["org_id"],
            ["organisations.id"],
        ),
        sa.ForeignKeyConstraint(
            ["store_id"],
            ["stores.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
    )
    with op.batch_alter_table("pairing_codes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_pairing_codes_store_id"), ["store_id"], unique=False)
    op.create_table(
        "zone_revisions",
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("camera_id", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("based_on", sa.Integer(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(length=10), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("author", sqlmodel.sql.sqltypes.AutoString(length=330), nullable=False),
        sa.Column("note", sqlmodel.sql.sqltypes.AutoString(length=300), nullable=False),
        sa.Column("made_at", cloud_api.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('kept', 'conflict')", name="state_is_known"),
        sa.ForeignKeyConstraint(
            ["store_id"],
            ["stores.id"],
        ),
        sa.PrimaryKeyConstraint("store_id", "camera_id", "revision"),
    )
    op.create_table(
        "one_time_links",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("digest", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("created_at", cloud_api.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", cloud_api.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("used_at", cloud_api.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["org_id"],
            ["organisations.id"],
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
    )
    with op.batch_alter_table("one_time_links", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_one_time_links_user_id"), ["user_id"], unique=False)
    op.create_table(
        "sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(length=10), nullable=False),
        sa.Column("address", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("agent", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("created_at", cloud_api.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", cloud_api.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", cloud_api.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", cloud_api.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["org_id"],
            ["organisations.id"],
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sessions_user_id"), ["user_id"], unique=False)
    op.create_table(
        "refresh_tokens",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("created_at", cloud_api.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("used_at", cloud_api.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["org_id"],
            ["organisations.id"],
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["sessions.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
    )
    with op.batch_alter_table("refresh_tokens", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_refresh_tokens_session_id"), ["session_id"], unique=False)
    with op.batch_alter_table("edge_devices") as batch_op:
        batch_op.add_column(sa.Column("highest_seq", sa.BigInteger(), nullable=False, server_default="0"))
        batch_op.add_column(
            sa.Column("version", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False, server_default="")
        )
        batch_op.add_column(sa.Column("outbox_depth", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("clock_offset_s", sa.Float(), nullable=True))
        batch_op.add_column(sa.Column("last_heartbeat_at", cloud_api.models.base.UtcDateTime(timezone=True)))
        batch_op.add_column(sa.Column("retired_at", cloud_api.models.base.UtcDateTime(timezone=True)))
    op.execute(
        "UPDATE edge_devices SET highest_seq = coalesce((SELECT max(seq) FROM events WHERE events.store_id = "
        "edge_devices.store_id AND events.device_id = edge_devices.id), 0)"
    )
    with op.batch_alter_table("edge_keys") as batch_op:
        batch_op.add_column(sa.Column("org_id", sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column("store_id", sa.Uuid(), nullable=True))
        batch_op.add_column(
            sa.Column("hint", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False, server_default="")
        )
    for column in ("org_id", "store_id"):
        op.execute(
            f"UPDATE edge_keys SET {column} = (SELECT {column} FROM edge_devices WHERE edge_devices.id = device_id)"  # noqa: S608
        )
    with op.batch_alter_table("edge_keys") as batch_op:
        batch_op.alter_column("org_id", nullable=False)
        batch_op.alter_column("store_id", nullable=False)
    with op.batch_alter_table("stores") as batch_op:
        batch_op.add_column(sa.Column("config_revision", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("users") as batch_op:
        batch_op.add_column(sa.Column("is_active", sa.Boolean(), nullable=False, server_default=sa.true()))
        batch_op.create_check_constraint("role_is_known", "role IN ('org_admin', 'analyst', 'store_owner', 'staff')")


def downgrade() -> None:
    # Those that refer to others first; columns without a copy of their table, which others refer to.
    for table in (
        "refresh_tokens",
        "sessions",
        "one_time_links",
        "zone_revisions",
        "pairing_codes",
        "opening_hours",
        "opening_exceptions",
        "cameras",
        "api_keys",
        "tries",
        "server_state",
        "audit_entries",
    ):
        op.drop_table(table)
    with op.batch_alter_table("users") as batch_op:
        batch_op.drop_constraint("role_is_known", type_="check")
        batch_op.drop_column("is_active")
    with op.batch_alter_table("stores", recreate="never") as batch_op:
        batch_op.drop_column("config_revision")
    with op.batch_alter_table("edge_keys", recreate="never") as batch_op:
        for column in ("org_id", "store_id", "hint"):
            batch_op.drop_column(column)
    with op.batch_alter_table("edge_devices", recreate="never") as batch_op:
        for column in ("highest_seq", "version", "outbox_depth", "clock_offset_s", "last_heartbeat_at", "retired_at"):
            batch_op.drop_column(column)
