"""The benchmark of pages copies the demo's stores: with all that a store has, as long as the schema grows."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text
from sqlmodel import SQLModel

from cloud_api.demo_data.seed import seed
from cloud_api.kit.database import Database
from cloud_api.tenancy.transactions import maintenance
from tests.benchmarks.pages.demo_stores import COPIED, multiply
from tests.helpers.postgres import new_cloud_database

NOT_COPIED = {
    "audit_entries", "edge_keys", "pairing_codes", "events", "insight_notes", "saved_reports", "api_keys", "users",
    "zone_recounts", "missing_seqs",
}  # fmt: skip


def test_every_table_of_stores_is_copied_or_left_out_on_purpose() -> None:
    of_stores = {name for name, table in SQLModel.metadata.tables.items() if "store_id" in table.columns}
    assert of_stores == set(COPIED) | NOT_COPIED


async def test_the_demos_stores_are_copied_with_their_figures(tmp_path: Path) -> None:
    addresses = new_cloud_database()
    database = Database(addresses.app, data_dir=tmp_path, direct_url=addresses.owner)
    try:
        async with maintenance(database) as connection:
            await seed(
                connection, org="Demo", email="d@example.com", password="demo123", now=datetime.now(UTC), n_days=2
            )
            before = {t: (await connection.execute(text(f"SELECT count(*) FROM {t}"))).scalar_one() for t in COPIED}
            stores = (await connection.execute(text("SELECT count(*) FROM stores"))).scalar_one()
            await multiply(connection, n_stores=3 * stores)
            for table, n in before.items():
                assert (await connection.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one() == 3 * n, table
    finally:
        await database.close()
