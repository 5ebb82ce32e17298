"""how many people a store has room for"""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # In words, since SQLite can only so add a column with its condition without making the table anew.
    op.execute(
        "ALTER TABLE stores ADD COLUMN capacity INTEGER "
        "CONSTRAINT capacity_is_room CHECK (capacity IS NULL OR capacity > 0)"
    )


def downgrade() -> None:
    op.drop_column("stores", "capacity")
