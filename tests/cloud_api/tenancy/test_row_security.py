"""The second belt on PostgreSQL: it holds by itself, and whoever loosens it is noticed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from cloud_api.kit.database import Database
from cloud_api.maintenance.schema import prepare
from cloud_api.settings import Mode
from cloud_api.stores.administration import Administration
from cloud_api.tenancy.principal import Scope
from cloud_api.tenancy.row_security import RowSecurityError, expected_policies, row_security_problems
from cloud_api.tenancy.transactions import by_credential, maintenance, scoped
from tests.benchmarks.pages.server_side import statements_of
from tests.helpers.cloud import CloudUnderTest, crossing, running_cloud
from tests.helpers.postgres import new_cloud_database

TENANT_TABLES = sorted(expected_policies())


@pytest.fixture
async def pg(tmp_path: Path) -> AsyncIterator[CloudUnderTest]:
    async with running_cloud(tmp_path, is_postgresql=True) as cloud:
        yield cloud


async def count(database: Database, scope: Scope | None, table: str, *, is_read: bool = False) -> int:
    # On purpose without any condition: only row-level security can hold anything back.
    transaction = scoped(database, scope, is_read=is_read) if scope else database.begin(is_read=is_read)
    async with transaction as connection:
        return int((await connection.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one())


async def organisation_of(cloud: CloudUnderTest, store_id: UUID) -> UUID:
    async with maintenance(cloud.database) as connection:
        row = await connection.execute(text("SELECT org_id FROM stores WHERE id = :i"), {"i": store_id})
        return UUID(str(row.scalar_one()))


@pytest.mark.parametrize("is_read", [False, True])
async def test_a_query_without_condition_sees_its_scope_and_without_scope_nothing(
    pg: CloudUnderTest, is_read: bool
) -> None:
    await pg.send([crossing(1), crossing(2)])
    await pg.send([crossing(1)], key=pg.foreign_edge_key)
    acme, rival = await organisation_of(pg, pg.store_id), await organisation_of(pg, pg.foreign_store_id)
    for table in TENANT_TABLES:
        assert await count(pg.database, None, table, is_read=is_read) == 0, table
    for scope, stores, events in (
        (Scope(acme, None), 2, 2),
        (Scope(acme, pg.store_id), 1, 2),
        (Scope(acme, pg.other_store_id), 1, 0),
        (Scope(acme, pg.foreign_store_id), 0, 0),
        (Scope(rival, None), 1, 1),
        (Scope(uuid4(), None), 0, 0),
    ):
        assert await count(pg.database, scope, "stores", is_read=is_read) == stores
        assert await count(pg.database, scope, "events", is_read=is_read) == events


async def test_months_give_nothing_when_they_are_read_past_their_parent(pg: CloudUnderTest) -> None:
    await pg.send([crossing(1)])
    acme = await organisation_of(pg, pg.store_id)
    async with pg.database.begin() as connection:
        found = await connection.execute(text("SELECT relname FROM pg_class WHERE relname LIKE 'events\\_2%'"))
        months = [m for m in found.scalars() if m.count("_") == 2 and m[-2:].isdigit()]
    assert len(months) >= 6
    for month in [*months, "events_default"]:
        assert await count(pg.database, Scope(acme, None), month) == 0


async def test_a_row_cannot_be_written_into_another_organisation(pg: CloudUnderTest) -> None:
    acme, rival = await organisation_of(pg, pg.store_id), await organisation_of(pg, pg.foreign_store_id)
    with pytest.raises(DBAPIError, match="row-level security"):
        async with scoped(pg.database, Scope(acme, None)) as connection:
            await connection.execute(
                text("INSERT INTO stores VALUES (:i, :o, 'x', 'UTC', 4, now(), 0)"), {"i": uuid4(), "o": rival}
            )
    async with scoped(pg.database, Scope(acme, None)) as connection:
        moved = await connection.execute(
            text("UPDATE stores SET name = 'taken' WHERE id = :i"), {"i": pg.foreign_store_id}
        )
        assert moved.rowcount == 0


async def test_a_credential_shows_its_own_row_and_no_other(pg: CloudUnderTest) -> None:
    async with by_credential(pg.database, "owner@acme.example") as connection:
        emails = (await connection.execute(text("SELECT email FROM users"))).scalars().all()
        keys = (await connection.execute(text("SELECT count(*) FROM edge_keys"))).scalar_one()
    assert (emails, keys) == (["owner@acme.example"], 0)


async def test_a_scope_ends_with_its_transaction(pg: CloudUnderTest) -> None:
    acme = await organisation_of(pg, pg.store_id)
    for n in range(8):
        assert await count(pg.database, Scope(acme, None), "stores", is_read=n % 4 > 1) == 2
        assert await count(pg.database, None, "stores", is_read=n % 2 == 1) == 0


@pytest.mark.parametrize("is_read", [False, True])
async def test_a_scope_that_asked_nothing_leaves_nothing_to_the_next(pg: CloudUnderTest, is_read: bool) -> None:
    acme = Scope(await organisation_of(pg, pg.store_id), None)
    for _ in range(4):
        async with scoped(pg.database, acme, is_read=True):
            pass
        assert await count(pg.database, None, "stores", is_read=is_read) == 0


async def test_a_reading_transaction_puts_its_belt_on_as_it_begins(pg: CloudUnderTest) -> None:
    acme = Scope(await organisation_of(pg, pg.store_id), None)
    told: list[str] = []
    with statements_of(pg.database) as statements:
        async with scoped(pg.database, acme, is_read=True) as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            with driver.query_logger(lambda record: told.append(record.query)):
                await connection.execute(text("SELECT 1"))
    assert statements == ["SELECT 1"], "nothing but what was asked for"
    assert told[0].startswith("BEGIN"), told
    assert str(acme.org_id) in told[0], told


async def test_the_application_cannot_call_itself_maintenance(pg: CloudUnderTest) -> None:
    async with pg.database.begin({"maintenance": "on"}) as connection:
        assert (await connection.execute(text("SELECT count(*) FROM stores"))).scalar_one() == 0


async def test_the_audit_log_cannot_be_rewritten_by_the_application(pg: CloudUnderTest) -> None:
    acme = await organisation_of(pg, pg.store_id)
    for statement in ("DELETE FROM audit_entries", "UPDATE audit_entries SET actor = 'nobody'"):
        with pytest.raises(DBAPIError, match="permission denied"):
            async with scoped(pg.database, Scope(acme, None)) as connection:
                await connection.execute(text(statement))


MUTATIONS = [
    ("dropped", "DROP POLICY tenant ON events", "rule 'tenant' is missing or changed on events"),
    ("opened", "ALTER POLICY tenant ON events USING (true)", "missing or changed on events"),
    ("opened for writing", "ALTER POLICY tenant ON stores WITH CHECK (true)", "lets other rows be written"),
    ("another beside it", "CREATE POLICY also ON users USING (true)", "none of ours"),
    ("not forced", "ALTER TABLE rollups_coarse NO FORCE ROW LEVEL SECURITY", "not forced on rollups_coarse"),
    ("switched off", "ALTER TABLE sessions DISABLE ROW LEVEL SECURITY", "off on sessions"),
    ("switched off for a month", "ALTER TABLE events_default DISABLE ROW LEVEL SECURITY", "off on events_default"),
    ("maintenance for all", "ALTER POLICY maintenance ON users TO PUBLIC", "is for public instead of wink_owner"),
    ("for the wrong role", "ALTER POLICY tenant ON users TO wink_owner", "is for wink_owner instead of public"),
    (
        "a function that says yes",
        "CREATE OR REPLACE FUNCTION wink_org() RETURNS uuid LANGUAGE sql STABLE AS $$ SELECT id FROM organisations $$",
        "function wink_org is changed",
    ),
]


@pytest.mark.parametrize(("_name", "mutation", "words"), MUTATIONS, ids=[m[0] for m in MUTATIONS])
async def test_a_loosened_belt_is_noticed(tmp_path: Path, _name: str, mutation: str, words: str) -> None:
    addresses = new_cloud_database()
    database = Database(addresses.app, data_dir=tmp_path, direct_url=addresses.owner)
    try:
        await prepare(database, is_strict=True)
        async with database.begin(is_direct=True) as connection:
            await connection.execute(text(mutation))
        with pytest.raises(RowSecurityError, match=words):
            await prepare(database)
    finally:
        await database.close()


@pytest.mark.parametrize("right", ["SUPERUSER", "BYPASSRLS"])
async def test_production_refuses_a_role_that_no_rule_binds(tmp_path: Path, right: str) -> None:
    addresses = new_cloud_database()
    role = f"mighty_{right.lower()}"
    connection = await asyncpg.connect(addresses.superuser.replace("postgresql+asyncpg", "postgresql"))
    await connection.execute(
        f"DO $$ BEGIN CREATE ROLE {role} LOGIN {right}; EXCEPTION WHEN duplicate_object THEN NULL; END $$;"
        f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}"
    )
    await connection.close()
    database = Database(addresses.app.replace("wink_app", role), data_dir=tmp_path)
    try:
        with pytest.raises(RowSecurityError, match="wink-cloud create-app-role"):
            await prepare(database, is_strict=True)
        await prepare(database, is_strict=False)
    finally:
        await database.close()


async def test_production_starts_with_a_plain_role(tmp_path: Path) -> None:
    async with running_cloud(tmp_path, is_postgresql=True, mode=Mode.PRODUCTION, secret_key="k" * 40) as cloud:
        assert (await cloud.client.get("/readyz")).status_code == 200


async def test_a_role_made_by_the_command_sees_what_is_added_later(pg: CloudUnderTest) -> None:
    async with maintenance(pg.database) as connection:
        await Administration(connection).create_organisation("Later")
        await connection.execute(text("CREATE TABLE made_later (x int)"))
    async with pg.database.begin() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM made_later"))).scalar_one() == 0
        assert await row_security_problems(connection) == []
