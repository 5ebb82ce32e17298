"""Every page once on PostgreSQL, by a role that row-level security binds: the other tests of pages run on SQLite."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from cloud_api.app import create_app
from cloud_api.demo_data.seed import seed
from cloud_api.settings import CloudSettings
from cloud_api.tenancy.transactions import maintenance
from tests.cloud_api.web.conftest import DEMO_PASSWORD, Visitor, logged_in
from tests.helpers.postgres import new_cloud_database

PAGES = (
    "/dashboard", "/dashboard?period=28", "/dashboard?period=7", "/dashboard?period=yesterday", "/dashboard/figures",
    "/live", "/cameras", "/insights", "/zones", "/reports", "/settings/stores", "/settings/people",
    "/settings/laptops", "/settings/keys", "/settings/audit", "/settings/privacy",
)  # fmt: skip


@pytest.fixture
async def visitor(tmp_path: Path) -> AsyncIterator[Visitor]:
    addresses = new_cloud_database()
    app = create_app(
        CloudSettings(
            data_dir=tmp_path, demo=True, database_url=addresses.app, database_direct_url=addresses.owner
        )
    )  # fmt: skip
    async with app.router.lifespan_context(app):
        async with maintenance(app.state.database) as connection:
            now = datetime.now(UTC)
            await seed(connection, org="Demo", email="demo@example.com", password=DEMO_PASSWORD, now=now, n_days=30)
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://cloud.test") as client:
            yield await logged_in(client, "demo@example.com", DEMO_PASSWORD)


async def test_every_page_is_shown_with_figures(visitor: Visitor) -> None:
    for path in PAGES:
        assert "<main" in await visitor.page(path) or path == "/dashboard/figures"
    stores = await visitor.page("/settings/stores")
    assert "Leipzig Markt" in stores
    dashboard = await visitor.page("/dashboard?period=28")
    assert "Leipzig Markt" in dashboard


async def test_what_is_wrong_in_an_address_is_told_on_a_page(visitor: Visitor) -> None:
    for path, status in (
        ("/dashboard?period=custom&from=nonsense", 422),
        ("/dashboard?store=00000000-0000-0000-0000-000000000000", 404),
        ("/no-such-page", 404),
        ("/zones/nonsense/door", 422),
    ):
        answer = await visitor.client.get(path, headers={"Accept": "text/html"})
        assert answer.headers["content-type"].startswith("text/html"), path
        assert "<main" in answer.text, path
        assert answer.status_code == status, path
        as_program = await visitor.client.get(path)
        assert as_program.headers["content-type"].startswith("application/json"), path
