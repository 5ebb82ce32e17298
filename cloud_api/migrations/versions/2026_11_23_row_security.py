"""row-level security: the second belt (PostgreSQL only)"""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_FUNCTIONS = {
    "wink_org": ("uuid", "SELECT nullif(current_setting('wink.org_id', true), '')::uuid"),
    "wink_store": ("uuid", "SELECT nullif(current_setting('wink.store_id', true), '')::uuid"),
    "wink_credential": ("text", "SELECT nullif(current_setting('wink.credential', true), '')"),
    "wink_maintenance": ("boolean", "SELECT current_setting('wink.maintenance', true) = 'on'"),
}
_BY_STORE = (
    "edge_devices", "edge_keys", "pairing_codes", "users", "api_keys", "opening_hours", "opening_exceptions", "cameras",
    "zone_revisions", "events", "rollups_fine", "rollups_coarse", "rollups_day", "rollup_bins", "rollup_day_bins",
    "coverage_quarters", "coverage_cameras", "coverage_days", "heat_days", "audit_entries",
)  # fmt: skip
_BY_ORGANISATION = ("sessions", "refresh_tokens", "one_time_links")
_BY_CREDENTIAL = {
    "edge_keys": "digest",
    "pairing_codes": "digest",
    "api_keys": "digest",
    "refresh_tokens": "digest",
    "one_time_links": "digest",
    "users": "email",
}
_MAINTENANCE = "USING ((SELECT wink_maintenance())) WITH CHECK ((SELECT wink_maintenance()))"
_STORE = "((SELECT wink_store()) IS NULL OR {column} = (SELECT wink_store()))"


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for name, (kind, body) in _FUNCTIONS.items():
        op.execute(f"CREATE FUNCTION {name}() RETURNS {kind} LANGUAGE sql STABLE AS $$ {body} $$")
    _protect("organisations", "id = (SELECT wink_org())")
    _protect("stores", f"org_id = (SELECT wink_org()) AND {_STORE.format(column='id')}")
    for table in _BY_STORE:
        _protect(table, f"org_id = (SELECT wink_org()) AND {_STORE.format(column='store_id')}")
    for table in _BY_ORGANISATION:
        _protect(table, "org_id = (SELECT wink_org())")
    for table, column in _BY_CREDENTIAL.items():
        # Who shows a row's own secret may read that row, before anything is known of the asker.
        op.execute(f"CREATE POLICY credential ON {table} FOR SELECT USING ({column} = (SELECT wink_credential()))")
    # Read through its parent; by itself it gives nothing to anybody.
    for month in _months():
        op.execute(f"ALTER TABLE {month} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {month} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY maintenance ON {month} TO CURRENT_USER {_MAINTENANCE}")


def _months() -> list[str]:
    """Tables of single months of events, and the one for all else."""
    query = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'events'::regclass"
    return list(op.get_bind().exec_driver_sql(query).scalars())


def _protect(table: str, rule: str) -> None:
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY tenant ON {table} USING ({rule}) WITH CHECK ({rule})")
    op.execute(f"CREATE POLICY maintenance ON {table} TO CURRENT_USER {_MAINTENANCE}")


def downgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in ("organisations", "stores", *_BY_STORE, *_BY_ORGANISATION):
        for policy in ("tenant", "maintenance", "credential"):
            op.execute(f"DROP POLICY IF EXISTS {policy} ON {table}")
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    for month in _months():
        op.execute(f"DROP POLICY maintenance ON {month}")
        op.execute(f"ALTER TABLE {month} NO FORCE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {month} DISABLE ROW LEVEL SECURITY")
    for name in _FUNCTIONS:
        op.execute(f"DROP FUNCTION {name}()")
