"""stays of a zone's quarter hour in its row of figures, a byte each; the hot path without a way over a store of tuples"""

from __future__ import annotations

import importlib
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

import cloud_api.models.base

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_RULE = "org_id = (SELECT wink_org()) AND ((SELECT wink_store()) IS NULL OR store_id = (SELECT wink_store()))"
_MAINTENANCE = "USING ((SELECT wink_maintenance())) WITH CHECK ((SELECT wink_maintenance()))"
_OLD_TAKE: str = importlib.import_module("cloud_api.migrations.versions.2026_11_27_day_steps")._NEW_TAKE
_TAKE = """
CREATE FUNCTION wink_take(
    p_org uuid, p_store uuid, p_device uuid, p_now timestamptz, p_timezone text, p_first bigint, p_last bigint,
    p_run_end bigint,
    e_ids text, e_seqs text, e_types text, e_cameras text, e_zones text, e_revisions text, e_moments text,
    e_tracks text, e_values text, e_confidences text, e_attributes text,
    p_quarters timestamptz[], p_days date[], p_hours int[],
    f_quarters text, f_types text, f_cameras text, f_zones text, f_categories text, f_n text, f_totals text,
    f_seconds text, f_peaks text, f_stays text,
    d_days date[], d_types text, d_steps text[],
    OUT reached bigint, OUT timezone text
) LANGUAGE plpgsql AS $$
DECLARE
    f_q int[] := f_quarters; f_t text[] := f_types; f_c int[] := f_n;
    f_sum float8[] := f_totals; f_s float8[] := f_seconds; f_p float8[] := f_peaks;
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
           to_timestamp(u.moment / 1e6::float8), u.track, u.value, u.confidence, coalesce(u.attributes, '{}')::json
      FROM (SELECT unnest(e_ids::uuid[]) AS id, unnest(e_seqs::bigint[]) AS seq, unnest(e_types::text[]) AS type,
                   unnest(e_cameras::text[]) AS camera, unnest(e_zones::text[]) AS zone,
                   unnest(e_revisions::int[]) AS revision, unnest(e_moments::bigint[]) AS moment,
                   unnest(e_tracks::bigint[]) AS track, unnest(e_values::float8[]) AS value,
                   unnest(e_confidences::float8[]) AS confidence, unnest(e_attributes::text[]) AS attributes) AS u;
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
           (store_id, org_id, bucket_at, type, camera_id, zone_id, category, n, total, seconds, peak, stays)
    SELECT p_store, p_org, p_quarters[u.q], u.type, u.camera, u.zone, u.category, u.n, u.total, u.seconds, u.peak,
           decode(u.stays, 'hex')
      FROM (SELECT unnest(f_q) AS q, unnest(f_t) AS type, unnest(f_cameras::text[]) AS camera,
                   unnest(f_zones::text[]) AS zone, unnest(f_categories::text[]) AS category, unnest(f_c) AS n,
                   unnest(f_sum) AS total, unnest(f_s) AS seconds, unnest(f_p) AS peak,
                   unnest(f_stays::text[]) AS stays) AS u
    ON CONFLICT (store_id, bucket_at, type, camera_id, zone_id, category)
    DO UPDATE SET n = t.n + excluded.n, total = t.total + excluded.total, seconds = t.seconds + excluded.seconds,
                  peak = greatest(t.peak, excluded.peak), stays = t.stays || excluded.stays;
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
    IF d_days IS NULL THEN
        RETURN;
    END IF;
    INSERT INTO rollup_day_steps AS t (store_id, org_id, day, type, steps)
    SELECT p_store, p_org, u.day, u.type, u.steps::int[]
      FROM unnest(d_days, d_types::text[], d_steps) AS u(day, type, steps)
    ON CONFLICT (store_id, type, day) DO UPDATE SET steps = wink_steps_added(t.steps, excluded.steps);
END $$
"""
_MOMENT = cloud_api.models.base.UtcDateTime(timezone=True)


def _table(name: str, *columns: sa.ColumnClause[Any]) -> sa.TableClause:
    place: list[sa.ColumnClause[Any]] = [sa.column(column) for column in _PLACE]
    return sa.table(name, sa.column("store_id", sa.Uuid()), sa.column("bucket_at", _MOMENT), *place, *columns)


_PLACE = ("type", "camera_id", "zone_id")
_FINE = _table("rollups_fine", sa.column("category"), sa.column("n"), sa.column("stays", sa.LargeBinary()))
_BINS = _table("rollup_bins", sa.column("bin"), sa.column("n"))
_EVENTS = sa.table(
    "events", sa.column("store_id", sa.Uuid()), sa.column("occurred_at", _MOMENT), sa.column("type"),
    sa.column("camera_id"), sa.column("zone_id"), sa.column("value"), sa.column("attributes", sa.JSON()),
)  # fmt: skip
_STAYS = ("dwell", "shelf_interaction", "queue_wait")
_QUARTER = timedelta(minutes=15)
_AT_ONCE = """
UPDATE rollups_fine f SET stays = b.stays
  FROM (SELECT store_id, bucket_at, type, camera_id, zone_id,
               string_agg(decode(repeat(lpad(to_hex(bin), 2, '0'), n::int), 'hex'), ''::bytea ORDER BY bin) AS stays
          FROM rollup_bins GROUP BY 1, 2, 3, 4, 5) b
 WHERE f.store_id = b.store_id AND f.bucket_at = b.bucket_at AND f.type = b.type AND f.camera_id = b.camera_id
   AND f.zone_id = b.zone_id AND octet_length(b.stays) = f.n
"""
_Place = tuple[datetime, str, str, str]
"""Quarter hour, type, camera and zone."""


def upgrade() -> None:
    empty = sa.text("''" if _is_postgresql() else "x''")
    op.add_column("rollups_fine", sa.Column("stays", sa.LargeBinary(), nullable=False, server_default=empty))
    if _is_postgresql():
        op.get_bind().exec_driver_sql(_AT_ONCE)
    for store_id, _org_id in _stores():
        _fill(store_id)
    op.drop_table("rollup_bins")
    if _is_postgresql():
        op.execute("DROP FUNCTION wink_take")
        op.get_bind().exec_driver_sql(_TAKE)


def downgrade() -> None:
    made = op.create_table(
        "rollup_bins",
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("bucket_at", _MOMENT, nullable=False),
        sa.Column("type", sqlmodel.sql.sqltypes.AutoString(length=32), nullable=False),
        sa.Column("camera_id", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("zone_id", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("bin", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("store_id", "bucket_at", "type", "camera_id", "zone_id", "bin"),
    )
    for store_id, org_id in _stores():
        _fill_bins(made, store_id, org_id)
    op.drop_column("rollups_fine", "stays")
    if _is_postgresql():
        op.execute("ALTER TABLE rollup_bins ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE rollup_bins FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY tenant ON rollup_bins USING ({_RULE}) WITH CHECK ({_RULE})")
        op.execute(f"CREATE POLICY maintenance ON rollup_bins TO CURRENT_USER {_MAINTENANCE}")
        op.execute("ALTER TABLE rollup_bins SET (fillfactor = 85)")
        op.execute("DROP FUNCTION wink_take")
        op.get_bind().exec_driver_sql(_OLD_TAKE)


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _stores() -> list[Any]:
    stores = sa.table("stores", sa.column("id", sa.Uuid()), sa.column("org_id", sa.Uuid()))
    return list(op.get_bind().execute(sa.select(*stores.c)).all())


def _fill(store_id: UUID) -> None:
    """Rows of stays that have none yet: on SQLite all of them, on PostgreSQL those of zones with several categories."""
    wanted = sa.select(*_FINE.c["bucket_at", "type", "camera_id", "zone_id", "category", "n"]).where(
        _FINE.c.store_id == store_id, _FINE.c.type.in_(_STAYS), _FINE.c.n > 0, sa.func.length(_FINE.c.stays) == 0
    )
    categories: dict[_Place, dict[str, int]] = defaultdict(dict)
    for *place, category, n in op.get_bind().execute(wanted):
        categories[place[0], place[1], place[2], place[3]][category] = n
    steps = _steps(store_id) if categories else {}
    rows = [
        {
            "s": store_id,
            "a": place[0],
            "t": place[1],
            "c": place[2],
            "z": place[3],
            "k": category,
            "stays": bytes(stays),
        }
        for place, told in categories.items()
        for category, stays in _shared(store_id, place, told, steps.get(place, [])).items()
    ]
    if rows:
        own = {"s": "store_id", "a": "bucket_at", "t": "type", "c": "camera_id", "z": "zone_id", "k": "category"}
        same = [_FINE.c[name] == sa.bindparam(key, type_=_FINE.c[name].type) for key, name in own.items()]
        op.get_bind().execute(sa.update(_FINE).where(*same).values(stays=sa.bindparam("stays")), rows)


def _steps(store_id: UUID) -> dict[_Place, list[int]]:
    """The step of each stay."""
    found: dict[_Place, list[int]] = defaultdict(list)
    asked = sa.select(*_BINS.c["bucket_at", "type", "camera_id", "zone_id", "bin", "n"])
    for at, kind, camera, zone, step, n in op.get_bind().execute(asked.where(_BINS.c.store_id == store_id)):
        found[at, kind, camera, zone] += [step] * n
    return found


def _shared(store_id: UUID, place: _Place, categories: Mapping[str, int], steps: list[int]) -> dict[str, list[int]]:
    """The steps by category: as the raw events tell; where these are gone, as many as each category has stays."""
    if len(categories) > 1:
        told: dict[str, list[int]] = defaultdict(list)
        for category, step in _events(store_id, place):
            told[category].append(step)
        if {category: len(own) for category, own in told.items()} == dict(categories):
            return {category: sorted(own) for category, own in told.items()}
    left = iter(sorted(steps))
    return {category: list(islice(left, n)) for category, n in sorted(categories.items())}


def _events(store_id: UUID, place: _Place) -> Iterator[tuple[str, int]]:
    """Category and step of each stay that is still there."""
    at, kind, camera, zone = place
    e = _EVENTS.c
    asked = sa.select(e.value, e.attributes).where(
        e.store_id == store_id, e.occurred_at >= at, e.occurred_at < at + _QUARTER, e.type == kind,
        e.camera_id == camera, e.zone_id == zone,
    )  # fmt: skip
    for value, attributes in op.get_bind().execute(asked):
        named = attributes.get("shelf_category") if kind == "shelf_interaction" else ""
        category = named[:100] if isinstance(named, str) and "\x00" not in named else ""
        seconds = float(value or 0.0)
        yield category, 0 if seconds < 1.0 else min(182, 1 + int(math.log(seconds) / math.log(1.1)))


def _fill_bins(made: sa.Table, store_id: UUID, org_id: UUID) -> None:
    counts: dict[_Place, Counter[int]] = defaultdict(Counter)
    asked = sa.select(*_FINE.c["bucket_at", "type", "camera_id", "zone_id", "stays"])
    for at, kind, camera, zone, stays in op.get_bind().execute(asked.where(_FINE.c.store_id == store_id)):
        counts[at, kind, camera, zone].update(stays)
    rows = [
        {"store_id": store_id, "org_id": org_id, "bucket_at": at, "type": kind, "camera_id": camera, "zone_id": zone,
         "bin": step, "n": n}
        for (at, kind, camera, zone), own in counts.items()
        for step, n in own.items()
    ]  # fmt: skip
    if rows:
        op.get_bind().execute(made.insert(), rows)
