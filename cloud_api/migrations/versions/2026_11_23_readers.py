"""what readers keep: marks on insights, saved reports, their own settings; stills of a store"""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

import cloud_api.models.base

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_RULE = "org_id = (SELECT wink_org()) AND ((SELECT wink_store()) IS NULL OR store_id = (SELECT wink_store()))"
_MAINTENANCE = "USING ((SELECT wink_maintenance())) WITH CHECK ((SELECT wink_maintenance()))"


def upgrade() -> None:
    op.create_table(
        "insight_notes",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("key", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=True),
        sa.Column("mark", sqlmodel.sql.sqltypes.AutoString(length=10), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("made_at", cloud_api.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("mark IN ('dismissed', 'kept')", name="mark_is_known"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"]),
        sa.PrimaryKeyConstraint("user_id", "key"),
    )
    with op.batch_alter_table("insight_notes", schema=None) as batch_op:
        batch_op.create_index("insight_notes_by_time", ["org_id", "user_id", "made_at"], unique=False)
    op.create_table(
        "saved_reports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=True),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("made_by", sqlmodel.sql.sqltypes.AutoString(length=330), nullable=False),
        sa.Column("made_at", cloud_api.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organisations.id"]),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("org_id", "store_id", "name"),
    )
    with op.batch_alter_table("saved_reports", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_saved_reports_org_id"), ["org_id"], unique=False)
    # Added in place: to rebuild a table that others refer to would need their rows moved away first.
    op.add_column("users", _with_default("theme", sqlmodel.sql.sqltypes.AutoString(length=10), "auto"))
    op.add_column("users", _with_default("locale", sqlmodel.sql.sqltypes.AutoString(length=20), ""))
    op.add_column("stores", sa.Column("has_stills", sa.Boolean(), nullable=False, server_default=sa.false()))
    if op.get_bind().dialect.name == "postgresql":
        for table in ("insight_notes", "saved_reports"):
            op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
            op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
            op.execute(f"CREATE POLICY tenant ON {table} USING ({_RULE}) WITH CHECK ({_RULE})")
            op.execute(f"CREATE POLICY maintenance ON {table} TO CURRENT_USER {_MAINTENANCE}")


def _with_default(name: str, kind: sa.types.TypeEngine[str], value: str) -> sa.Column[str]:
    return sa.Column(name, kind, nullable=False, server_default=value)


def downgrade() -> None:
    op.drop_column("stores", "has_stills")
    op.drop_column("users", "locale")
    op.drop_column("users", "theme")
    with op.batch_alter_table("saved_reports", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_saved_reports_org_id"))
    op.drop_table("saved_reports")
    with op.batch_alter_table("insight_notes", schema=None) as batch_op:
        batch_op.drop_index("insight_notes_by_time")
    op.drop_table("insight_notes")
