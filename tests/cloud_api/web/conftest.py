from __future__ import annotations

import asyncio
import re
import shutil
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import httpx
import pytest

from cloud_api.app import create_app
from cloud_api.demo_data.seed import seed
from cloud_api.kit.database import Database
from cloud_api.maintenance.schema import migrate
from cloud_api.settings import CloudSettings
from cloud_api.stores.administration import Administration
from cloud_api.tenancy.transactions import maintenance
from tests.helpers.cloud import PASSWORD, CloudUnderTest, running_cloud

DEMO_PASSWORD = "demo123"


@dataclass
class Visitor:
    """Somebody who is logged in, in a browser without scripts."""

    client: httpx.AsyncClient

    async def page(self, path: str, *, status: int = 200) -> str:
        answer = await self.client.get(path, headers={"Accept": "text/html"})
        assert answer.status_code == status, answer.text[:2000]
        return " ".join(answer.text.split())

    async def send(self, path: str, *, on: str, **fields: str) -> httpx.Response:
        """Fill in a form of the page ``on``, with its hidden token."""
        found = re.search(r'name="csrf" value="([0-9a-f]+)"', (await self.client.get(on)).text)
        assert found is not None, f"no form on {on}"
        return await self.client.post(path, data={"csrf": found[1], **fields}, headers={"Accept": "text/html"})


async def logged_in(client: httpx.AsyncClient, email: str, password: str = PASSWORD) -> Visitor:
    answer = await client.post("/login", data={"email": email, "password": password})
    assert answer.status_code == 303, answer.text
    return Visitor(client)


@pytest.fixture
async def empty(tmp_path: Path) -> AsyncIterator[CloudUnderTest]:
    """Stores and people, and no figures yet."""
    async with running_cloud(tmp_path) as cloud:
        yield cloud


@lru_cache(maxsize=1)
def demo_folder() -> Path:
    """The demo with 75 days, and 180 cameras and 300 stores without figures beside it: made once per test run."""
    folder = Path(tempfile.mkdtemp(prefix="wink-demo-"))

    async def make() -> None:
        database = Database("", data_dir=folder)
        await migrate(database)
        async with maintenance(database) as connection:
            await seed(
                connection,
                org="Demo",
                email="demo@example.com",
                password=DEMO_PASSWORD,
                now=datetime.now(UTC),
                n_days=75,
            )
            office = Administration(connection)
            await office.create_user(
                "owner@example.com", DEMO_PASSWORD, role="store_owner", store="Leipzig Markt", org=None, is_demo=True
            )
        await database.close()

    import threading

    thread = threading.Thread(target=lambda: asyncio.run(make()))
    thread.start()
    thread.join()
    return folder


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[Visitor]:
    """Head office of the demo."""
    async for visitor in _demo(tmp_path, "demo@example.com"):
        yield visitor


@pytest.fixture
async def demo_owner(tmp_path: Path) -> AsyncIterator[Visitor]:
    """The owner of one of its stores."""
    async for visitor in _demo(tmp_path, "owner@example.com"):
        yield visitor


async def _demo(tmp_path: Path, email: str) -> AsyncIterator[Visitor]:
    shutil.copytree(demo_folder(), tmp_path, dirs_exist_ok=True)
    app = create_app(CloudSettings(data_dir=tmp_path, demo=True))
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://cloud.test") as client:
            yield await logged_in(client, email, DEMO_PASSWORD)
