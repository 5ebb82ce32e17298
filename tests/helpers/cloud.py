"""A cloud in memory of the test: the real application on a real database, asked without a socket."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from cloud_api.app import create_app
from cloud_api.kit.database import Database
from cloud_api.migrations import upgrade
from cloud_api.settings import CloudSettings
from cloud_api.stores.administration import Administration
from shared_models.ids import uuid7
from shared_models.sync import EDGE_KEY_HEADER, EVENTS_PATH

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
async def running_cloud(data_dir: Path, *, database_url: str = "") -> AsyncIterator[CloudUnderTest]:
    settings = CloudSettings(data_dir=data_dir, database_url=database_url)
    app = create_app(settings)
    database: Database = app.state.database
    async with database.begin() as connection:
        await connection.run_sync(upgrade)
    async with app.router.lifespan_context(app):
        async with database.begin() as connection:
            office = Administration(connection)
            await office.create_organisation("Acme")
            await office.create_organisation("Rival")
            store = await office.create_store("Acme", "High Street", timezone="Europe/Berlin")
            other = await office.create_store("Acme", "Low Street", timezone="Europe/Berlin")
            foreign = await office.create_store("Rival", "Elsewhere", timezone="UTC")
            for email, role, of_store, org in (
                ("admin@acme.example", "org_admin", None, "Acme"),
                ("owner@acme.example", "store_owner", "High Street", None),
                ("admin@rival.example", "org_admin", None, "Rival"),
            ):
                await office.create_user(email, PASSWORD, role=role, store=of_store, org=org)
            _, _, key = await office.create_edge_key("High Street")
            _, _, foreign_key = await office.create_edge_key("Elsewhere")
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://cloud.test") as client:
            yield CloudUnderTest(client, app, database, store, other, foreign, key, foreign_key)
