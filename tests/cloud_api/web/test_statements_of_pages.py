"""A page asks the same number of questions of three stores as of thirty."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cloud_api.stores.administration import Administration
from cloud_api.tenancy.transactions import maintenance
from tests.cloud_api.auth.test_guessing import statements_of
from tests.cloud_api.devices.test_edge_api import edge
from tests.cloud_api.test_isolation import LINE
from tests.cloud_api.web.conftest import logged_in
from tests.helpers.cloud import CloudUnderTest, crossing

PAGES = (
    "/dashboard", "/dashboard?period=28", "/dashboard/figures", "/live", "/live-figures", "/cameras", "/insights", "/zones",
    "/reports", "/reports?part=summary&part=days&part=stores&part=stays&part=zones", "/settings/stores", "/settings/people",
    "/settings/laptops", "/settings/keys", "/settings/audit", "/settings/privacy",
)  # fmt: skip

WAITS = 200
"""In one hour, more than it takes to speak of them."""


async def add_stores(cloud: CloudUnderTest, names: list[str]) -> None:
    """Each with a laptop, a camera, a zone, a conflict, people who came today and last week, and an hour of long queues."""
    for name in names:
        async with maintenance(cloud.database) as connection:
            office = Administration(connection)
            await office.create_store("Acme", name, timezone="Europe/Berlin")
            _, _, key = await office.create_edge_key(name)
        for zones in ([LINE], []):
            edit = {"camera_id": "cam", "based_on": 0, "zones": zones}
            assert (await edge(cloud, "PUT", "zones", edit, key=key)).status_code == 200
        now = datetime.now(UTC)
        days = [(now - timedelta(days=n)).isoformat() for n in (14, 7, 0)]
        came = [crossing(n, camera_id="cam", occurred_at=at) for n, at in enumerate(days, 1)]
        stayed = [crossing(n, camera_id="cam", kind="dwell", value=9.0, occurred_at=at) for n, at in enumerate(days, 4)]
        noon = (now - timedelta(days=1)).replace(hour=12, minute=0)
        waited = [
            crossing(
                n,
                camera_id="cam",
                kind="queue_wait",
                value=30.0 + n,
                occurred_at=(noon + timedelta(seconds=n)).isoformat(),
            )
            for n in range(7, 7 + WAITS)
        ]
        assert (await cloud.send([*came, *stayed, *waited], key=key)).status_code == 200


async def test_no_page_asks_more_where_there_are_more_stores(empty: CloudUnderTest) -> None:
    visitor = await logged_in(empty.client, "admin@acme.example")

    async def asked() -> dict[str, int]:
        counts = {}
        for path in PAGES:
            with statements_of(empty) as seen:
                await visitor.page(path)
            counts[path] = len(seen)
        return counts

    await add_stores(empty, ["One", "Two", "Three"])
    few = await asked()
    await add_stores(empty, [f"Store {n}" for n in range(7)])
    assert await asked() == few
    assert (await visitor.page("/zones")).count("Changed in two places") == 10
