"""``/readyz`` says no while the database is away or not migrated, and yes again by itself."""

from __future__ import annotations

from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import text

from cloud_api.maintenance.schema import migrate
from cloud_api.migrations import downgrade
from tests.helpers.cloud import PASSWORD, CloudUnderTest, crossing, running_cloud
from tests.helpers.postgres import superuser_of


async def states(cloud: CloudUnderTest) -> tuple[int, int]:
    """Of ``/healthz`` and of ``/readyz``."""
    return (await cloud.client.get("/healthz")).status_code, (await cloud.client.get("/readyz")).status_code


async def closed(cloud: CloudUnderTest, *, is_open: bool = False) -> None:
    """Nobody gets into the database any more, and who is in is thrown out, as when it is stopped or starts up."""
    address = superuser_of(cloud.app.state.settings.database_url, database="postgres")
    name = cloud.database.engine.url.database
    connection = await asyncpg.connect(address)
    try:
        await connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS {str(is_open).lower()}")
        if not is_open:
            await connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
    finally:
        await connection.close()


@pytest.mark.expected_log("the database does not do what it should", "lost the connection")
async def test_a_database_that_lets_nobody_in_is_told_and_found_again_without_a_restart(tmp_path: Path) -> None:
    async with running_cloud(tmp_path, is_postgresql=True) as cloud:
        admin = await cloud.token("admin@acme.example")
        await cloud.client.post("/login", data={"email": "admin@acme.example", "password": PASSWORD})
        assert await states(cloud) == (200, 200)
        await closed(cloud)
        assert await states(cloud) == (200, 503)
        for answer in (
            await cloud.client.get("/readyz"), await cloud.send([crossing(1)]),
            await cloud.client.get("/api/v1/stores", headers=admin), await cloud.client.get("/live"),
        ):  # fmt: skip
            assert (answer.status_code, int(answer.headers["Retry-After"]) > 0) == (503, True), answer.text
            assert "The database does not answer" in answer.text
        await closed(cloud, is_open=True)
        assert await states(cloud) == (200, 200)
        assert (await cloud.send([crossing(1)])).json()["results"][0]["status"] == "accepted"


def spoil(folder: Path) -> None:
    for path in folder.glob("wink-cloud.sqlite3*"):
        path.unlink()
    (folder / "wink-cloud.sqlite3").write_bytes(b"a letter, not a database" * 100)


@pytest.mark.expected_log("the database does not do what it should")
async def test_a_database_file_that_is_none_any_more_is_told(tmp_path: Path) -> None:
    async with running_cloud(tmp_path) as cloud:
        assert await states(cloud) == (200, 200)
        await cloud.database.engine.dispose()
        spoil(tmp_path)
        assert await states(cloud) == (200, 503)


async def test_a_database_that_is_not_migrated_is_not_ready(cloud: CloudUnderTest) -> None:
    async with cloud.database.begin(is_direct=True) as connection:
        await connection.run_sync(downgrade, "-1")
    assert await states(cloud) == (200, 503)
    assert "wink-cloud migrate" in (await cloud.client.get("/readyz")).json()["detail"]
    await migrate(cloud.database)
    assert await states(cloud) == (200, 200)


async def test_a_database_that_a_newer_program_has_migrated_is_ready(cloud: CloudUnderTest) -> None:
    async with cloud.database.begin(is_direct=True) as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert await states(cloud) == (200, 200)
