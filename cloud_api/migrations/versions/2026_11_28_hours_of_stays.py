"""hours of a store's day with the sum, the longest and each of their stays, as quarter hours have them"""

from __future__ import annotations

import importlib
from collections import defaultdict
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

import cloud_api.models.base

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_before: Any = importlib.import_module("cloud_api.migrations.versions.2026_11_27_missing_seqs")
_OLD_TAKE: str = _before._taking(_before._OLD_TAKE)
_STAYS = ("unnest(f_stays::text[]) AS stays", "unnest(f_h) AS stays")
_DECLARED = ("f_p float8[] := f_peaks;", "f_p float8[] := f_peaks; f_h text[] := f_stays;")
_HOURS = (
    """\
    INSERT INTO rollups_hour AS t (store_id, org_id, day, type, hour, n)
    SELECT p_store, p_org, p_days[u.q], u.type, p_hours[u.q], sum(u.n)
      FROM unnest(f_q, f_t, f_c) AS u(q, type, n)
     GROUP BY p_days[u.q], u.type, p_hours[u.q] ORDER BY p_days[u.q], u.type COLLATE "C", p_hours[u.q]
    ON CONFLICT (store_id, type, day, hour) DO UPDATE SET n = t.n + excluded.n;
""",
    """\
    INSERT INTO rollups_hour AS t (store_id, org_id, day, type, hour, n, total, peak, stays)
    SELECT p_store, p_org, p_days[u.q], u.type, p_hours[u.q], sum(u.n), sum(u.total), max(u.peak),
           decode(string_agg(u.stays, ''), 'hex')
      FROM unnest(f_q, f_t, f_c, f_sum, f_p, f_h) AS u(q, type, n, total, peak, stays)
     GROUP BY p_days[u.q], u.type, p_hours[u.q] ORDER BY p_days[u.q], u.type COLLATE "C", p_hours[u.q]
    ON CONFLICT (store_id, type, day, hour)
    DO UPDATE SET n = t.n + excluded.n, total = t.total + excluded.total, peak = greatest(t.peak, excluded.peak),
                  stays = t.stays || excluded.stays;
""",
)
_MOMENT = cloud_api.models.base.UtcDateTime(timezone=True)
_FINE = sa.table(
    "rollups_fine", sa.column("store_id", sa.Uuid()), sa.column("bucket_at", _MOMENT), sa.column("type"),
    sa.column("total"), sa.column("peak"), sa.column("stays", sa.LargeBinary()),
)  # fmt: skip
_HOUR = sa.table(
    "rollups_hour", sa.column("store_id", sa.Uuid()), sa.column("type"), sa.column("day", sa.Date()), sa.column("hour"),
    sa.column("total"), sa.column("peak"), sa.column("stays", sa.LargeBinary()),
)  # fmt: skip
_FILL_AT_ONCE = """
UPDATE rollups_hour h SET total = s.total, peak = s.peak, stays = s.stays
  FROM (SELECT f.type, q.day, q.hour, sum(f.total) AS total, max(f.peak) AS peak,
               string_agg(f.stays, ''::bytea) AS stays
          FROM rollups_fine f JOIN unnest(:moments, :days, :hours) AS q(at, day, hour) ON q.at = f.bucket_at
         WHERE f.store_id = :store AND (f.total <> 0 OR f.peak <> 0 OR f.stays <> ''::bytea)
         GROUP BY f.type, q.day, q.hour) s
 WHERE h.store_id = :store AND h.type = s.type AND h.day = s.day AND h.hour = s.hour
"""


def upgrade() -> None:
    empty = sa.text("''" if _is_postgresql() else "x''")
    op.add_column("rollups_hour", sa.Column("total", sa.Float(), nullable=False, server_default=sa.text("0")))
    op.add_column("rollups_hour", sa.Column("peak", sa.Float(), nullable=False, server_default=sa.text("0")))
    op.add_column("rollups_hour", sa.Column("stays", sa.LargeBinary(), nullable=False, server_default=empty))
    stores = sa.table("stores", sa.column("id", sa.Uuid()), sa.column("timezone"))
    for store_id, timezone in op.get_bind().execute(sa.select(*stores.c)).all():
        _fill(store_id, ZoneInfo(timezone))
    if _is_postgresql():
        _make_take(_taking(_OLD_TAKE))


def downgrade() -> None:
    for column in ("total", "peak", "stays"):
        op.drop_column("rollups_hour", column)
    if _is_postgresql():
        _make_take(_OLD_TAKE)


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _taking(old: str) -> str:
    for before, after in (_STAYS, _DECLARED, _HOURS):
        first, rest = old.split(before)
        old = first + after + rest
    return old


def _make_take(definition: str) -> None:
    op.execute("DROP FUNCTION wink_take")
    op.get_bind().exec_driver_sql(definition)


def _fill(store_id: UUID, zone: ZoneInfo) -> None:
    """From quarter hours, which are kept for ever: raw events may be gone."""
    if _is_postgresql():
        _fill_at_once(store_id, zone)
        return
    sums: dict[tuple[str, date, int], list[Any]] = defaultdict(lambda: [0.0, 0.0, bytearray()])
    asked = sa.select(*_FINE.c["bucket_at", "type", "total", "peak", "stays"]).where(_FINE.c.store_id == store_id)
    for at, kind, total, peak, stays in op.get_bind().execute(asked):
        if total or peak or stays:
            row = sums[kind, *_hour_of(at, zone)]
            row[:] = row[0] + total, max(row[1], peak), row[2] + stays
    rows = [
        {"s": store_id, "t": kind, "d": day, "h": hour, "total": total, "peak": peak, "stays": bytes(stays)}
        for (kind, day, hour), (total, peak, stays) in sums.items()
    ]
    if rows:
        own = {"s": "store_id", "t": "type", "d": "day", "h": "hour"}
        same = [_HOUR.c[name] == sa.bindparam(key, type_=_HOUR.c[name].type) for key, name in own.items()]
        changed = {name: sa.bindparam(name, type_=_HOUR.c[name].type) for name in ("total", "peak", "stays")}
        op.get_bind().execute(sa.update(_HOUR).where(*same).values(changed), rows)


def _fill_at_once(store_id: UUID, zone: ZoneInfo) -> None:
    # Which hour a quarter hour belongs to is told here as everywhere: the database may know other rules of clocks.
    asked = sa.select(_FINE.c.bucket_at).distinct().where(_FINE.c.store_id == store_id)
    moments = list(op.get_bind().execute(asked).scalars())
    hours = [_hour_of(at, zone) for at in moments]
    statement = sa.text(_FILL_AT_ONCE).bindparams(
        sa.bindparam("moments", moments, ARRAY(sa.DateTime(timezone=True))),
        sa.bindparam("days", [day for day, _ in hours], ARRAY(sa.Date())),
        sa.bindparam("hours", [hour for _, hour in hours], ARRAY(sa.Integer())),
        sa.bindparam("store", store_id, sa.Uuid()),
    )
    op.get_bind().execute(statement)


def _hour_of(at: datetime, zone: ZoneInfo) -> tuple[date, int]:
    local = at.astimezone(zone)
    return local.date(), local.hour
