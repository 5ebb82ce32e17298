"""Addresses as Neon and Supabase print them work as they are: TLS asked for in words, and a transaction pooler between."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from cloud_api.app import create_app
from cloud_api.kit.database import Database
from cloud_api.maintenance.backup import back_up
from cloud_api.maintenance.schema import create_app_role, migrate
from cloud_api.rollups.proof import rollup_differences
from cloud_api.settings import CloudSettings, Mode
from cloud_api.stores.administration import Administration
from cloud_api.tenancy.transactions import maintenance
from shared_models.sync import EDGE_KEY_HEADER, EVENTS_PATH
from tests.helpers.cloud import CloudUnderTest, crossing, furnish
from tests.helpers.hosted_postgres import (
    APP,
    APP_PASSWORD,
    DATABASE,
    OWNER,
    OWNER_PASSWORD,
    HostedPostgres,
    hosted_postgres,
    server_folder,
)
from tests.helpers.postgres import wait_for

pytestmark = pytest.mark.integration
NEON = "sslmode=require&channel_binding=require"
UNUSED = Path("unused")


@dataclass(frozen=True)
class Hoster:
    """A migrated database with furniture in it."""

    server: HostedPostgres
    made: Any

    def owner(self, words: str) -> str:
        return f"postgresql://{OWNER}:{OWNER_PASSWORD}@localhost:{self.server.port}/{DATABASE}?{words}"

    def pooled(self, words: str) -> str:
        return f"postgres://{APP}:{APP_PASSWORD}@127.0.0.1:{self.server.pooler_port}/{DATABASE}?{words}"


@pytest.fixture(scope="module")
def hoster() -> Iterator[Hoster]:
    with hosted_postgres() as server:
        unmade = Hoster(server, None)
        yield Hoster(server, wait_for(_furnish(unmade.owner(NEON))))


async def _furnish(owner: str) -> Any:
    database = Database(owner, data_dir=UNUSED)
    try:
        await migrate(database)
        await create_app_role(database, APP, APP_PASSWORD)
        async with maintenance(database) as connection:
            return await furnish(Administration(connection))
    finally:
        await database.close()


async def is_encrypted(database: Database) -> bool:
    async with database.begin() as connection:
        query = text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
        return bool((await connection.execute(query)).scalar_one())


@pytest.mark.parametrize(
    "words",
    [
        NEON,
        "sslmode=require",
        "sslmode=prefer&connect_timeout=15&application_name=wink",
        "options=-c%20statement_timeout%3D60000&sslmode=require",
        "pgbouncer=true&connection_limit=1&sslmode=require&target_session_attrs=read-write",
    ],
)
async def test_the_words_that_hosters_put_into_addresses_are_understood(hoster: Hoster, words: str) -> None:
    database = Database(hoster.owner(words), data_dir=UNUSED)
    try:
        assert await is_encrypted(database)
        assert (await database.fetch_row_at_once("SELECT 1 AS n"))["n"] == 1
        listening = await database.listening_connection()
        await listening.close()
    finally:
        await database.close()


async def test_the_servers_certificate_is_checked_where_that_is_asked_for(hoster: Hoster) -> None:
    known = Database(hoster.owner(f"sslmode=verify-full&sslrootcert={hoster.server.authority}"), data_dir=UNUSED)
    try:
        assert await is_encrypted(known)
        assert (await known.fetch_row_at_once("SELECT 1 AS n"))["n"] == 1
    finally:
        await known.close()
    unknown = Database(hoster.owner("sslmode=verify-full&sslrootcert=system"), data_dir=UNUSED)
    try:
        with pytest.raises(OSError, match="certificate verify failed"):
            await is_encrypted(unknown)
    finally:
        await unknown.close()


async def test_the_plain_role_may_be_made_again_with_another_password(hoster: Hoster) -> None:
    database = Database(hoster.owner(NEON), data_dir=UNUSED)
    try:
        for password in ("another", "a third", APP_PASSWORD):
            await create_app_role(database, APP, password)
    finally:
        await database.close()
    app = Database(hoster.pooled(NEON), data_dir=UNUSED)
    try:
        async with app.begin() as connection:
            assert (await connection.execute(text("SELECT current_user"))).scalar_one() == APP
    finally:
        await app.close()


async def test_a_backup_asks_for_the_same_encryption(hoster: Hoster, tmp_path: Path) -> None:
    words = f"sslmode=verify-full&sslrootcert={hoster.server.authority}&channel_binding=require"
    database = Database(hoster.owner(words), data_dir=UNUSED)
    try:
        back_up(database, tmp_path / "cloud.dump", pg_bin=server_folder())
    finally:
        await database.close()
    assert (tmp_path / "cloud.dump").stat().st_size > 0


async def test_a_server_that_wants_tls_sends_away_whoever_comes_without(hoster: Hoster) -> None:
    database = Database(hoster.owner("sslmode=disable"), data_dir=UNUSED)
    try:
        with pytest.raises(Exception, match=r"no encryption|rejects connection"):
            await is_encrypted(database)
    finally:
        await database.close()


async def test_the_whole_cloud_runs_behind_a_transaction_pooler(hoster: Hoster, tmp_path: Path) -> None:
    """Ten laptops through four connections: whatever is left on a connection would reach the next one's upload."""
    app = create_app(
        CloudSettings(
            data_dir=tmp_path,
            database_url=hoster.pooled(NEON),
            database_direct_url=hoster.owner(NEON),
            mode=Mode.PRODUCTION,
            secret_key="a secret that is long enough for production",
        )
    )
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://cloud.test") as client:
            cloud = CloudUnderTest(client, app, app.state.database, *hoster.made)
            async with maintenance(cloud.database) as connection:
                office = Administration(connection)
                keys = [(await office.create_edge_key(name))[2] for name in ("High Street", "Elsewhere") * 5]
            await asyncio.gather(*(upload(cloud, key, random.Random(n)) for n, key in enumerate(keys)))
            async with maintenance(cloud.database) as connection:
                count = "SELECT s.name, count(*) FROM events e JOIN stores s ON s.id = e.store_id GROUP BY 1 ORDER BY 1"
                counted = [tuple(row) for row in await connection.execute(text(count))]
                assert await rollup_differences(connection) == []
            assert counted == [("Elsewhere", 300), ("High Street", 300)]
            mine = await client.get("/api/v1/stores", headers=await cloud.token("admin@rival.example"))
            assert [s["name"] for s in mine.json()["stores"]] == ["Elsewhere"]


async def upload(cloud: CloudUnderTest, key: str, source: random.Random) -> None:
    """Sixty events in six uploads, each of them twice: the second time all are known."""
    events = [crossing(n, minutes=source.uniform(0, 300), kind="dwell", value=float(n)) for n in range(1, 61)]
    for first in range(0, 60, 10):
        for status in ("accepted", "duplicate"):
            body = {"events": events[first : first + 10]}
            answer = await cloud.client.post(EVENTS_PATH, json=body, headers={EDGE_KEY_HEADER: key})
            while answer.status_code == 429:
                await asyncio.sleep(0.05)
                answer = await cloud.client.post(EVENTS_PATH, json=body, headers={EDGE_KEY_HEADER: key})
            assert answer.status_code == 200, answer.text
            assert {r["status"] for r in answer.json()["results"]} == {status}
