"""missing numbers are kept with their laptop: no index of events by number; backlog may take the hot path too"""

from __future__ import annotations

import importlib

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_RULE = "org_id = (SELECT wink_org()) AND ((SELECT wink_store()) IS NULL OR store_id = (SELECT wink_store()))"
_MAINTENANCE = "USING ((SELECT wink_maintenance())) WITH CHECK ((SELECT wink_maintenance()))"
_OLD_TAKE: str = importlib.import_module("cloud_api.migrations.versions.2026_11_27_stays")._TAKE
_IN_ORDER = """
    UPDATE edge_devices d
       SET last_seen_at = p_now, highest_seq = p_last,
           contiguous_seq = CASE WHEN d.contiguous_seq >= p_first - 1 THEN greatest(d.contiguous_seq, p_run_end)
                                 ELSE d.contiguous_seq END
     WHERE d.id = p_device AND d.store_id = p_store AND d.highest_seq < p_first
    RETURNING d.contiguous_seq INTO reached;
    IF reached IS NULL THEN
        RETURN;
    END IF;
"""
# As a rule an upload begins where the last one ended, and has no hole. Whatever else may be plain is told by wink_claim.
_CLAIMED = """
    UPDATE edge_devices d
       SET last_seen_at = p_now, highest_seq = p_last,
           contiguous_seq = CASE WHEN d.contiguous_seq >= p_first - 1 THEN greatest(d.contiguous_seq, p_last)
                                 ELSE d.contiguous_seq END
     WHERE d.id = p_device AND d.store_id = p_store AND d.highest_seq = p_first - 1 AND p_run_end = p_last
    RETURNING d.contiguous_seq INTO reached;
    IF reached IS NULL THEN
        reached := wink_claim(p_org, p_store, p_device, p_now, p_first, p_last, p_run_end, e_seqs::bigint[]);
        IF reached IS NULL THEN
            RETURN;
        END IF;
    END IF;
"""
_CLAIM = """
CREATE FUNCTION wink_claim(
    p_org uuid, p_store uuid, p_device uuid, p_now timestamptz, p_first bigint, p_last bigint, p_run_end bigint,
    p_seqs bigint[], OUT reached bigint
) LANGUAGE plpgsql AS $$
DECLARE
    highest bigint; span_first bigint; span_last bigint;
BEGIN
    SELECT d.highest_seq, d.contiguous_seq INTO highest, reached
      FROM edge_devices d WHERE d.id = p_device AND d.store_id = p_store FOR UPDATE;
    IF highest IS NULL THEN
        RETURN;
    END IF;
    IF highest < p_first THEN
        INSERT INTO missing_seqs (store_id, device_id, org_id, first_seq, last_seq)
        SELECT p_store, p_device, p_org, n.before + 1, n.seq - 1
          FROM (SELECT u AS seq, lag(u, 1, highest) OVER (ORDER BY u) AS before FROM unnest(p_seqs) AS u) AS n
         WHERE n.seq > n.before + 1;
        highest := p_last;
    ELSE
        -- All of it in one span of missing numbers, and older than no recount: nothing in it can be here, or void.
        SELECT m.first_seq, m.last_seq INTO span_first, span_last
          FROM missing_seqs m WHERE m.store_id = p_store AND m.device_id = p_device AND m.last_seq >= p_last
         ORDER BY m.last_seq LIMIT 1;
        IF span_first IS NULL OR span_first > p_first OR p_run_end < p_last OR EXISTS (
            SELECT FROM zone_recounts z WHERE z.store_id = p_store AND z.device_id = p_device AND z.seq > p_first
        ) THEN
            reached := NULL;
            RETURN;
        END IF;
        IF p_last < span_last THEN
            UPDATE missing_seqs m SET first_seq = p_last + 1
             WHERE m.store_id = p_store AND m.device_id = p_device AND m.last_seq = span_last;
        ELSE
            DELETE FROM missing_seqs m
             WHERE m.store_id = p_store AND m.device_id = p_device AND m.last_seq = span_last;
        END IF;
        IF span_first < p_first THEN
            INSERT INTO missing_seqs (store_id, device_id, org_id, first_seq, last_seq)
            VALUES (p_store, p_device, p_org, span_first, p_first - 1);
        END IF;
    END IF;
    -- Up to the next missing number; what lies below the old one and is missing was given up.
    reached := greatest(reached, coalesce(
        (SELECT m.first_seq - 1 FROM missing_seqs m
          WHERE m.store_id = p_store AND m.device_id = p_device AND m.last_seq > reached
          ORDER BY m.last_seq LIMIT 1), highest));
    UPDATE edge_devices d SET last_seen_at = p_now, highest_seq = highest, contiguous_seq = reached
     WHERE d.id = p_device AND d.store_id = p_store;
END $$
"""
_FILL = """
INSERT INTO missing_seqs (store_id, device_id, org_id, first_seq, last_seq)
SELECT d.store_id, d.id, d.org_id, n.before + 1, n.seq - 1
  FROM edge_devices d JOIN (
       SELECT store_id, device_id, seq, lag(seq, 1, 0) OVER (PARTITION BY store_id, device_id ORDER BY seq) AS before
         FROM events) AS n ON n.store_id = d.store_id AND n.device_id = d.id
 WHERE n.seq > n.before + 1
"""
# Above the last event that is still here: those that were seen and are gone.
_FILL_ENDS = """
INSERT INTO missing_seqs (store_id, device_id, org_id, first_seq, last_seq)
SELECT d.store_id, d.id, d.org_id, coalesce(n.last, 0) + 1, d.highest_seq
  FROM edge_devices d LEFT JOIN (
       SELECT store_id, device_id, max(seq) AS last FROM events GROUP BY store_id, device_id) AS n
       ON n.store_id = d.store_id AND n.device_id = d.id
 WHERE d.highest_seq > coalesce(n.last, 0)
"""


def upgrade() -> None:
    op.create_table(
        "missing_seqs",
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("first_seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("store_id", "device_id", "last_seq"),
    )
    op.execute(_FILL)
    op.execute(_FILL_ENDS)
    op.drop_index("events_by_seq", "events")
    if _is_postgresql():
        op.execute("ALTER TABLE missing_seqs ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE missing_seqs FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY tenant ON missing_seqs USING ({_RULE}) WITH CHECK ({_RULE})")
        op.execute(f"CREATE POLICY maintenance ON missing_seqs TO CURRENT_USER {_MAINTENANCE}")
        op.get_bind().exec_driver_sql(_CLAIM)
        _make_take(_taking(_OLD_TAKE))


def downgrade() -> None:
    if _is_postgresql():
        _make_take(_OLD_TAKE)
        op.execute("DROP FUNCTION wink_claim")
    op.create_index("events_by_seq", "events", ["store_id", "device_id", "seq"])
    op.drop_table("missing_seqs")


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _taking(old: str) -> str:
    before, after = old.split(_IN_ORDER.strip("\n"))
    return before + _CLAIMED.strip("\n") + after


def _make_take(definition: str) -> None:
    op.execute("DROP FUNCTION wink_take")
    op.get_bind().exec_driver_sql(definition)
