"""zone recounts"""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

import cloud_api.models.base

revision = "zone_recounts"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "zone_recounts",
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
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


def downgrade() -> None:
    with op.batch_alter_table("zone_recounts", schema=None) as batch_op:
        batch_op.drop_index("zone_recounts_by_zone")
    op.drop_table("zone_recounts")
