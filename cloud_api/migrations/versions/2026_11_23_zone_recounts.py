"""zone recounts"""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

import cloud_api.models.base

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_RULE = "org_id = (SELECT wink_org()) AND ((SELECT wink_store()) IS NULL OR store_id = (SELECT wink_store()))"
_MAINTENANCE = "USING ((SELECT wink_maintenance())) WITH CHECK ((SELECT wink_maintenance()))"


def upgrade() -> None:
    op.create_table(
        "zone_recounts",
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("camera_id", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("zone_id", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("from_at", cloud_api.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("to_at", cloud_api.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("store_id", "event_id"),
    )
    with op.batch_alter_table("zone_recounts", schema=None) as batch_op:
        batch_op.create_index(
            "zone_recounts_by_zone", ["store_id", "device_id", "camera_id", "zone_id", "to_at"], unique=False
        )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE zone_recounts ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE zone_recounts FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY tenant ON zone_recounts USING ({_RULE}) WITH CHECK ({_RULE})")
        op.execute(f"CREATE POLICY maintenance ON zone_recounts TO CURRENT_USER {_MAINTENANCE}")


def downgrade() -> None:
    with op.batch_alter_table("zone_recounts", schema=None) as batch_op:
        batch_op.drop_index("zone_recounts_by_zone")
    op.drop_table("zone_recounts")
