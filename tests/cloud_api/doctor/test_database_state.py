from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from cloud_api.doctor.database_state import examine_database
from cloud_api.doctor.findings import Finding, State
from cloud_api.kit.database import Database
from cloud_api.settings import CloudSettings, Mode
from tests.helpers.postgres import new_cloud_database, new_database
from tests.helpers.rtsp_server import free_port


async def look(app: str, owner: str, *, workers: int = 1, **settings: object) -> dict[str, Finding]:
    given = {"mode": Mode.PRODUCTION, "data_dir": Path("unused"), **settings}
    made = CloudSettings(database_url=app, database_direct_url=owner, **given)  # type: ignore[arg-type]
    return {finding.what: finding for finding in await examine_database(made, workers=workers)}


async def test_a_database_with_its_roles_apart_is_right_in_every_line() -> None:
    addresses = new_cloud_database()
    found = await look(addresses.app, addresses.owner)
    assert {f.state for f in found.values()} == {State.OK}, found
    assert "'wink_app' is plain" in found["role"].words
    assert "'wink_owner' owns" in found["owner"].words
    assert found["database"].words.startswith("PostgreSQL ")


async def test_a_superuser_is_refused_in_production_and_warned_of_elsewhere() -> None:
    addresses = new_cloud_database()
    found = await look(addresses.superuser, addresses.owner)
    assert found["role"].state is State.BROKEN
    assert "create-app-role" in found["role"].cure
    tried_out = await look(addresses.superuser, addresses.owner, mode=Mode.DEVELOPMENT)
    assert tried_out["role"].state is State.WARNING


async def test_the_owner_as_the_application_is_refused_in_production() -> None:
    addresses = new_cloud_database()
    found = (await look(addresses.owner, addresses.owner))["role"]
    assert found.state is State.BROKEN
    assert "owns the tables" in found.words


async def test_the_plain_role_in_the_owners_place_is_refused() -> None:
    addresses = new_cloud_database()
    found = (await look(addresses.app, addresses.app))["owner"]
    assert found.state is State.BROKEN
    assert "DATABASE_DIRECT_URL" in found.cure


async def test_a_policy_that_somebody_has_dropped_is_noticed() -> None:
    addresses = new_cloud_database()
    database = Database(addresses.superuser, data_dir=Path("unused"))
    try:
        async with database.begin() as connection:
            await connection.execute(text("DROP POLICY tenant ON stores"))
    finally:
        await database.close()
    found = (await look(addresses.app, addresses.owner))["role"]
    assert found.state is State.BROKEN
    assert "stores" in found.words + found.cure


async def test_a_database_that_was_never_migrated_is_told_the_command() -> None:
    url = new_database()
    found = await look(url, url)
    assert found["migrations"].state is State.BROKEN
    assert found["migrations"].cure == "Run: wink-cloud migrate"
    assert "role" not in found


async def test_more_workers_than_the_database_has_connections_for_are_refused() -> None:
    addresses = new_cloud_database()
    found = (await look(addresses.app, addresses.owner, workers=64))["connections"]
    assert found.state is State.BROKEN
    assert "WINK_CLOUD_POOL_SIZE" in found.cure


async def test_news_that_do_not_reach_the_other_workers_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloud_api.doctor.database_state.NEWS_S", 0.3)
    here, elsewhere = new_cloud_database(), new_cloud_database()
    for workers, state in ((1, State.WARNING), (2, State.BROKEN)):
        found = (await look(here.app, elsewhere.owner, workers=workers))["news"]
        assert found.state is state
        assert "DATABASE_DIRECT_URL" in found.cure
    assert (await look(here.app, here.owner, workers=2))["news"].state is State.OK


async def test_a_database_that_is_not_there_is_told_without_its_password() -> None:
    url = f"postgresql://wink:geheim@127.0.0.1:{free_port()}/wink"
    found = await look(url, "")
    assert found["database"].state is State.BROKEN
    assert "geheim" not in str(found)


async def test_an_address_of_an_unknown_database_is_refused_without_its_password() -> None:
    found = await look("mysql://wink:geheim@127.0.0.1/wink", "")
    assert found["database"].state is State.BROKEN
    assert "geheim" not in str(found)


async def test_sqlite_that_is_not_there_yet_is_not_made(tmp_path: Path) -> None:
    folder = tmp_path / "none"
    found = await look("", "", data_dir=folder)
    assert found["database"].state is State.OK
    assert not folder.exists()
