"""A cloud in memory of the test: the real application on a real database, asked without a socket."""

from __future__ import annotations

import gzip
import json
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from cloud_api.app import create_app
from cloud_api.kit.database import Database
from cloud_api.maintenance.schema import migrate
from cloud_api.settings import CloudSettings
from cloud_api.stores.administration import Administration
from cloud_api.tenancy.transactions import maintenance
from shared_models.ids import uuid7
from shared_models.sync import EDGE_KEY_HEADER, EVENTS_PATH
from tests.helpers.postgres import name_of, new_cloud_database, wait_for

PASSWORD = "correct horse battery"
START = datetime(2026, 3, 28, 9, 0, tzinfo=UTC)


@dataclass
class CloudUnderTest:
    client: httpx.AsyncClient
    app: Any
    database: Database
    store_id: UUID
    other_store_id: UUID
    foreign_store_id: UUID
    edge_key: str
    foreign_edge_key: str

    async def send(
        self, events: list[dict[str, Any]], *, key: str | None = None, packed: bool = True, **more: Any
    ) -> httpx.Response:
        body = json.dumps({"events": events, **more}).encode()
        headers = {EDGE_KEY_HEADER: key or self.edge_key, "Content-Type": "application/json"}
        if packed:
            headers["Content-Encoding"] = "gzip"
        return await self.client.post(EVENTS_PATH, content=gzip.compress(body) if packed else body, headers=headers)

    async def token(self, email: str) -> dict[str, str]:
        answer = await self.client.post("/api/v1/auth/login", json={"email": email, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def crossing(seq: int, *, minutes: float = 0.0, kind: str = "footfall_in", **fields: Any) -> dict[str, Any]:
    return {
        "event_id": str(uuid7()),
        "seq": seq,
        "type": kind,
        "camera_id": "cam_entrance",
        "zone_id": "door",
        "zone_revision": 1,
        "occurred_at": (START + timedelta(minutes=minutes)).isoformat(),
        **fields,
    }


@asynccontextmanager
async def running_cloud(
    data_dir: Path, *, is_postgresql: bool = False, **settings: Any
) -> AsyncIterator[CloudUnderTest]:
    """A cloud with the furniture of ``furnish``, on a copy of a database that is furnished once per test run."""
    urls: dict[str, str] = {}
    if is_postgresql:
        template, made = furnished_postgresql()
        addresses = new_cloud_database(template=template)
        urls = {"database_url": addresses.app, "database_direct_url": addresses.owner}
    else:
        source, made = furnished_sqlite()
        shutil.copytree(source, data_dir, dirs_exist_ok=True)
    app = create_app(CloudSettings(data_dir=data_dir, **{**urls, **settings}))
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://cloud.test") as client:
            yield CloudUnderTest(client, app, app.state.database, *made)


Furniture = tuple[UUID, UUID, UUID, str, str]


@lru_cache(maxsize=1)
def furnished_sqlite() -> tuple[Path, Furniture]:
    folder = Path(tempfile.mkdtemp(prefix="wink-cloud-"))
    return folder, wait_for(_furnish(Database("", data_dir=folder)))


@lru_cache(maxsize=1)
def furnished_postgresql() -> tuple[str, Furniture]:
    addresses = new_cloud_database()
    return name_of(addresses), wait_for(_furnish(Database(addresses.owner, data_dir=Path("unused"))))


async def _furnish(database: Database) -> Furniture:
    try:
        if database.is_sqlite:
            await migrate(database)
        async with maintenance(database) as connection:
            return await furnish(Administration(connection))
    finally:
        await database.close()


async def furnish(office: Administration) -> Furniture:
    """Two organisations, three stores, four people, two laptops."""
    await office.create_organisation("Acme")
    await office.create_organisation("Rival")
    store = await office.create_store("Acme", "High Street", timezone="Europe/Berlin")
    other = await office.create_store("Acme", "Low Street", timezone="Europe/Berlin")
    foreign = await office.create_store("Rival", "Elsewhere", timezone="UTC")
    for email, role, of_store, org in (
        ("admin@acme.example", "org_admin", None, "Acme"),
        ("analyst@acme.example", "analyst", None, "Acme"),
        ("owner@acme.example", "store_owner", "High Street", None),
        ("staff@acme.example", "staff", "High Street", None),
        ("admin@rival.example", "org_admin", None, "Rival"),
    ):
        await office.create_user(email, PASSWORD, role=role, store=of_store, org=org)
    _, _, key = await office.create_edge_key("High Street", device="Till laptop")
    _, _, foreign_key = await office.create_edge_key("Elsewhere", device="Rival laptop")
    return store, other, foreign, key, foreign_key
