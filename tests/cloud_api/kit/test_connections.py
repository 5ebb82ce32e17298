"""Connections to PostgreSQL that are used again: not asked each time whether they live, and never used dead."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text

from cloud_api.kit import database as kit
from cloud_api.kit.database import Database
from tests.helpers.postgres import Addresses, new_cloud_database


@pytest.fixture
async def addresses() -> Addresses:
    return new_cloud_database()


@pytest.fixture
async def database(addresses: Addresses) -> AsyncIterator[Database]:
    database = Database(addresses.app, data_dir=Path("unused"), pool_size=3)
    yield database
    await database.close()


async def backend_of(database: Database) -> int:
    async with database.begin() as connection:
        return int((await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one())


def pings_of(database: Database, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    dialect, asked = database.engine.sync_engine.dialect, []
    really = dialect.do_ping
    monkeypatch.setattr(dialect, "do_ping", lambda connection: asked.append(connection) or really(connection))
    return asked


async def test_a_connection_in_use_is_not_asked_and_an_idle_one_is(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = pings_of(database, monkeypatch)
    assert await backend_of(database) == await backend_of(database) == await backend_of(database)
    assert asked == []
    monkeypatch.setattr(kit, "IDLE_S", 0.0)
    await backend_of(database)
    assert len(asked) == 1


async def test_what_the_database_has_closed_is_not_used_again(
    database: Database, addresses: Addresses, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = pings_of(database, monkeypatch)
    before = await backend_of(database)
    operator = await asyncpg.connect(addresses.superuser.replace("postgresql+asyncpg", "postgresql"))
    await operator.execute(f"SELECT pg_terminate_backend({before})")
    await operator.close()
    await asyncio.sleep(0.3)
    assert await backend_of(database) != before
    assert asked == [], "the driver knew"


async def test_one_that_was_lost_without_a_word_is_replaced_with_those_beside_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {await backend_of(database)}
    dialect = database.engine.sync_engine.dialect
    really, n_lost = dialect.do_ping, [1]

    def lost(connection: Any) -> bool:
        if n_lost[0]:
            n_lost[0] -= 1
            raise dialect.loaded_dbapi.OperationalError("lost")  # type: ignore[union-attr]  # as DBAPI has it
        return really(connection)

    monkeypatch.setattr(dialect, "do_ping", lost)
    monkeypatch.setattr(kit, "IDLE_S", 0.0)
    assert await backend_of(database) not in before
