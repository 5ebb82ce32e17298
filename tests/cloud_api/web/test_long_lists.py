"""Lists of hundreds of stores: a page at a time, with a name to find."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from cloud_api.stores.administration import Administration
from cloud_api.tenancy.transactions import maintenance
from cloud_api.web.paging import PER_PAGE
from tests.cloud_api.web.conftest import Visitor, logged_in
from tests.helpers.cloud import CloudUnderTest, crossing

LISTS = {
    "/live": 'data-store="[0-9a-f-]+"><h2>',
    "/cameras": "<article",
    "/zones": "<article",
    "/settings/stores": "data-store=",
    "/settings/laptops": "heard: ",
}
"""Each with what stands once for every store, camera or laptop that is shown."""


async def with_stores(cloud: CloudUnderTest, n: int) -> Visitor:
    """Beside the two that are there and by the same clock; each with a camera and a laptop."""
    async with maintenance(cloud.database) as connection:
        office = Administration(connection)
        for k in range(n):
            store = await office.create_store("Acme", f"Shop {k:03}", timezone="Europe/Berlin")
            await office.create_edge_key(f"Shop {k:03}")
            await connection.execute(
                text(
                    "INSERT INTO cameras (store_id, camera_id, org_id, name, zone_revision, state, words, first_seen_at) "
                    "SELECT id, 'door', org_id, '', 0, '', '', '2026-01-01 00:00:00' FROM stores WHERE id = :s"
                ),
                {"s": store.hex},
            )
    return await logged_in(cloud.client, "admin@acme.example")


@pytest.mark.parametrize("path", LISTS)
async def test_a_long_list_is_turned_and_searched(empty: CloudUnderTest, path: str) -> None:
    visitor, n_more = await with_stores(empty, 2 * PER_PAGE + 7), 2 * PER_PAGE + 7

    async def shown(query: str) -> list[str]:
        page = await visitor.page(f"{path}?{query}")
        assert 'name="find"' in page
        assert len(re.findall(LISTS[path], page)) <= PER_PAGE
        return sorted(set(re.findall(r"Shop \d{3}(?=</(?:a|h2|span)>)", page)))

    parts = [await shown(f"page={n}") for n in (1, 2, 3)]
    assert sorted(name for part in parts for name in part) == [f"Shop {k:03}" for k in range(n_more)]
    assert await shown("page=9") == parts[2]
    for nonsense in ("0", "-1", "x", "9" * 30):
        assert await shown(f"page={nonsense}") == (
            parts[2] if nonsense.startswith("9") and len(nonsense) < 9 else parts[0]
        )
    assert await shown("find=shop+05") == [f"Shop {k:03}" for k in range(50, 60)]
    first = await visitor.page(path)
    assert ('rel="next"' in first, 'rel="prev"' in first) == (True, False)
    nobody = await visitor.page(f"{path}?find=%3Cb%3Enowhere")
    assert "No store has “&lt;b&gt;nowhere” in its name." in nobody
    assert "No store yet" not in nobody


@pytest.mark.parametrize("path", LISTS)
async def test_a_short_list_is_whole(empty: CloudUnderTest, path: str) -> None:
    page = await (await with_stores(empty, 3)).page(path)
    assert 'name="find"' not in page
    assert 'rel="next"' not in page


async def test_the_figures_that_come_by_themselves_are_of_the_page_that_is_looked_at(empty: CloudUnderTest) -> None:
    visitor = await with_stores(empty, PER_PAGE + 3)
    page = await visitor.page("/live?page=2")
    source = re.search(r'data-source="([^"]+)"', page)
    assert source is not None
    cards = r'data-store="([0-9a-f-]+)"><h2>'
    assert re.findall(cards, await visitor.page(source[1].replace("&amp;", "&"))) == re.findall(cards, page)


async def test_whoever_saves_on_a_later_page_is_led_back_to_it(empty: CloudUnderTest) -> None:
    visitor = await with_stores(empty, PER_PAGE + 3)
    page = await visitor.page("/settings/stores?find=shop&page=2")
    form = re.search(
        r'action="(/settings/stores\?[^"]+)"><input [^>]*csrf[^>]*><input [^>]*name="store_id" value="([^"]+)"', page
    )
    assert form is not None
    action = form[1].replace("&amp;", "&")
    fields = {"act": "change-store", "store_id": form[2], "name": "Shop renamed", "timezone": "UTC", "reset_hour": "4"}
    saved = await visitor.send(action, on="/settings/stores", **fields)
    assert saved.headers["Location"] == "/settings/stores?done=change-store&find=shop&page=2"
    refused = await visitor.send(action, on="/settings/stores", **{**fields, "timezone": "Nowhere"})
    assert "Shop renamed" in refused.text
    strange = await visitor.send(action, on="/settings/stores", **{**fields, "store_id": str(uuid4())})
    assert strange.status_code == 404


async def test_a_day_of_hundreds_of_stores_is_told_by_people_inside_and_not_by_its_busiest_hour(
    empty: CloudUnderTest,
) -> None:
    visitor = await with_stores(empty, 105)
    now = datetime.now(UTC)
    await empty.send([crossing(n, occurred_at=(now - timedelta(seconds=n)).isoformat()) for n in range(1, 6)])
    page = await visitor.page("/dashboard")
    assert "Busiest day" not in page
    assert "Inside now" in page
