"""the hot path of uploads as one function (PostgreSQL only)

A plain batch whose numbers all lie above those that its laptop has used can hold nothing that is here already: it is
inserted and counted in one way to the database and back. The function runs with the rights of whoever calls it, and
says itself, for its own transaction, whose rows it may touch. It answers null where the batch must be looked at closely.
"""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_TAKE = """
CREATE FUNCTION wink_take(
    p_org uuid, p_store uuid, p_device uuid, p_now timestamptz, p_timezone text, p_first bigint, p_last bigint,
    p_run_end bigint,
    e_ids text, e_seqs text, e_types text, e_cameras text, e_zones text, e_revisions text, e_moments text,
    e_tracks text, e_values text, e_confidences text, e_attributes text,
    p_quarters timestamptz[], p_days date[], p_hours int[],
    f_quarters text, f_types text, f_cameras text, f_zones text, f_categories text, f_n text, f_totals text,
    f_seconds text, f_peaks text,
    b_quarters text, b_types text, b_cameras text, b_zones text, b_steps text, b_n text,
    OUT reached bigint, OUT timezone text
) LANGUAGE plpgsql AS $$
DECLARE
    f_q int[] := f_quarters; f_t text[] := f_types; f_c int[] := f_n;
    f_sum float8[] := f_totals; f_s float8[] := f_seconds; f_p float8[] := f_peaks;
    b_q int[] := b_quarters; b_t text[] := b_types; b_s int[] := b_steps; b_c int[] := b_n;
BEGIN
    PERFORM set_config('wink.org_id', p_org::text, true), set_config('wink.store_id', p_store::text, true),
            set_config('wink.credential', '', true), set_config('wink.maintenance', '', true);
    SELECT s.timezone INTO timezone FROM stores s WHERE s.id = p_store;
    IF timezone IS DISTINCT FROM p_timezone THEN
        RETURN;
    END IF;
    UPDATE edge_devices d
       SET last_seen_at = p_now, highest_seq = p_last,
           contiguous_seq = CASE WHEN d.contiguous_seq >= p_first - 1 THEN greatest(d.contiguous_seq, p_run_end)
                                 ELSE d.contiguous_seq END
     WHERE d.id = p_device AND d.store_id = p_store AND d.highest_seq < p_first
    RETURNING d.contiguous_seq INTO reached;
    IF reached IS NULL THEN
        RETURN;
    END IF;
    INSERT INTO events (store_id, org_id, device_id, received_at, event_id, seq, type, camera_id, zone_id,
                        zone_revision, occurred_at, track_id, value, confidence, attributes)
    SELECT p_store, p_org, p_device, p_now, u.id, u.seq, u.type, u.camera, u.zone, u.revision,
           to_timestamp(u.moment), u.track, u.value, u.confidence, coalesce(u.attributes, '{}')::json
      FROM unnest(e_ids::uuid[], e_seqs::bigint[], e_types::text[], e_cameras::text[], e_zones::text[],
                  e_revisions::int[], e_moments::float8[], e_tracks::bigint[], e_values::float8[], e_confidences::float8[],
                  e_attributes::text[])
           AS u(id, seq, type, camera, zone, revision, moment, track, value, confidence, attributes);
    WITH heard AS (
        INSERT INTO coverage_quarters (store_id, org_id, bucket_at, blind_s)
        SELECT p_store, p_org, at, 0 FROM unnest(p_quarters) AS at
        ON CONFLICT DO NOTHING RETURNING bucket_at
    )
    INSERT INTO coverage_days AS t (store_id, org_id, day, heard, blind_s)
    SELECT p_store, p_org, m.day, count(*), 0
      FROM heard JOIN unnest(p_quarters, p_days) AS m(at, day) ON m.at = heard.bucket_at
     GROUP BY m.day ORDER BY m.day
    ON CONFLICT (store_id, day) DO UPDATE SET heard = t.heard + excluded.heard;
    INSERT INTO rollups_fine AS t
           (store_id, org_id, bucket_at, type, camera_id, zone_id, category, n, total, seconds, peak)
    SELECT p_store, p_org, p_quarters[u.q], u.type, u.camera, u.zone, u.category, u.n, u.total, u.seconds, u.peak
      FROM unnest(f_q, f_t, f_cameras::text[], f_zones::text[], f_categories::text[], f_c, f_sum, f_s, f_p)
           AS u(q, type, camera, zone, category, n, total, seconds, peak)
    ON CONFLICT (store_id, bucket_at, type, camera_id, zone_id, category)
    DO UPDATE SET n = t.n + excluded.n, total = t.total + excluded.total, seconds = t.seconds + excluded.seconds,
                  peak = greatest(t.peak, excluded.peak);
    INSERT INTO rollups_coarse AS t (store_id, org_id, bucket_at, type, n, total, seconds, peak)
    SELECT p_store, p_org, p_quarters[u.q], u.type, sum(u.n), sum(u.total), sum(u.seconds), max(u.peak)
      FROM unnest(f_q, f_t, f_c, f_sum, f_s, f_p) AS u(q, type, n, total, seconds, peak)
     GROUP BY u.q, u.type ORDER BY u.q, u.type COLLATE "C"
    ON CONFLICT (store_id, bucket_at, type)
    DO UPDATE SET n = t.n + excluded.n, total = t.total + excluded.total, seconds = t.seconds + excluded.seconds,
                  peak = greatest(t.peak, excluded.peak);
    INSERT INTO rollups_day AS t (store_id, org_id, day, type, n, total, seconds, peak)
    SELECT p_store, p_org, p_days[u.q], u.type, sum(u.n), sum(u.total), sum(u.seconds), max(u.peak)
      FROM unnest(f_q, f_t, f_c, f_sum, f_s, f_p) AS u(q, type, n, total, seconds, peak)
     GROUP BY p_days[u.q], u.type ORDER BY p_days[u.q], u.type COLLATE "C"
    ON CONFLICT (store_id, type, day)
    DO UPDATE SET n = t.n + excluded.n, total = t.total + excluded.total, seconds = t.seconds + excluded.seconds,
                  peak = greatest(t.peak, excluded.peak);
    INSERT INTO rollups_hour AS t (store_id, org_id, day, type, hour, n)
    SELECT p_store, p_org, p_days[u.q], u.type, p_hours[u.q], sum(u.n)
      FROM unnest(f_q, f_t, f_c) AS u(q, type, n)
     GROUP BY p_days[u.q], u.type, p_hours[u.q] ORDER BY p_days[u.q], u.type COLLATE "C", p_hours[u.q]
    ON CONFLICT (store_id, type, day, hour) DO UPDATE SET n = t.n + excluded.n;
    IF b_q IS NULL THEN
        RETURN;
    END IF;
    INSERT INTO rollup_bins AS t (store_id, org_id, bucket_at, type, camera_id, zone_id, bin, n)
    SELECT p_store, p_org, p_quarters[u.q], u.type, u.camera, u.zone, u.step, u.n
      FROM unnest(b_q, b_t, b_cameras::text[], b_zones::text[], b_s, b_c) AS u(q, type, camera, zone, step, n)
    ON CONFLICT (store_id, bucket_at, type, camera_id, zone_id, bin) DO UPDATE SET n = t.n + excluded.n;
    INSERT INTO rollup_day_bins AS t (store_id, org_id, day, type, bin, n)
    SELECT p_store, p_org, p_days[u.q], u.type, u.step, sum(u.n)
      FROM unnest(b_q, b_t, b_s, b_c) AS u(q, type, step, n)
     GROUP BY p_days[u.q], u.type, u.step ORDER BY p_days[u.q], u.type COLLATE "C", u.step
    ON CONFLICT (store_id, type, day, bin) DO UPDATE SET n = t.n + excluded.n;
END $$
"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.get_bind().exec_driver_sql(_TAKE)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION wink_take")
