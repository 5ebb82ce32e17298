"""Every page, empty, normal and huge, in light and dark, wide and on a phone: axe finds nothing serious."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from cloud_api.kit.database import Database
from cloud_api.maintenance.schema import migrate
from cloud_api.stores.administration import Administration
from cloud_api.stores.cameras import Cameras
from cloud_api.tenancy.principal import Scope
from cloud_api.tenancy.transactions import maintenance, scoped
from tests.helpers.page_checks import axe_script
from tests.helpers.pages import DEMO, is_too_wide, serving, visiting

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
PASSWORD = "correct horse battery"
PAGES = [
    "/dashboard", "/dashboard?period=28", "/live", "/cameras", "/insights", "/zones",
    "/reports?part=summary&part=days&part=stores&part=stays&part=zones", "/definitions", "/settings/stores",
    "/settings/people", "/settings/laptops", "/settings/keys", "/settings/audit", "/settings/privacy",
    "/settings/profile",
]  # fmt: skip
BEFORE_LOGIN = ["/login", "/forgot", "/welcome"]
LOOKS = [(1280, "light"), (1280, "dark"), (360, "dark"), (360, "light")]
JUDGE = """async () => (await axe.run()).violations.filter((v) => ["serious", "critical"].includes(v.impact))
    .map((v) => `${v.impact} ${v.id}: ` + v.nodes.slice(0, 3).map((n) => n.html.slice(0, 200)).join(" | "))"""


def problems(page: Page, path: str, looks: list[tuple[int, str]]) -> list[str]:
    """What axe finds on the page that is open, in each look; and whether it is wider than the window."""
    found = []
    for width, scheme in looks:
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        page.evaluate(axe_script() + "; 0")
        found += [f"{path} {width} {scheme}: {told}" for told in page.evaluate(JUDGE)]
        if is_too_wide(page):
            found.append(f"{path} {width}: wider than the window")
    return found


def test_pages_with_figures(browser: Browser, demo_url: str) -> None:
    found = []
    with visiting(browser, demo_url, DEMO, width=1280) as page:
        page.goto(f"{demo_url}/zones")
        editor = page.locator("article h3 a").first.get_attribute("href")
        assert editor
        for path in [*PAGES, editor]:
            page.goto(demo_url + path)
            found += problems(page, path, LOOKS)
    assert found == []


def test_pages_before_the_log_in(browser: Browser, demo_url: str) -> None:
    found = []
    page = browser.new_page()
    for path in BEFORE_LOGIN:
        page.goto(demo_url + path)
        found += problems(page, path, LOOKS)
    page.close()
    assert found == []


@pytest.fixture(scope="module")
def extremes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A cloud with an organisation that has nothing, and one with 150 stores and 60 cameras of long names."""
    folder = tmp_path_factory.mktemp("extremes")
    # Playwright's own loop runs in this thread.
    with ThreadPoolExecutor(1) as beside:
        beside.submit(lambda: asyncio.run(_make_extremes(folder))).result()
    with serving(folder) as address:
        yield address


async def _make_extremes(folder: Path) -> None:
    database = Database("", data_dir=folder)
    await migrate(database)
    async with maintenance(database) as connection:
        office = Administration(connection)
        for name in ("Nothing", "Everything"):
            org_id = await office.create_organisation(name)
            await office.create_user(f"{name.lower()}@acme.example", PASSWORD, role="org_admin", store=None, org=name)
        stores = [
            await office.create_store("Everything", f"Branch {n:03d} with a very long name, Unterhaching", timezone="UTC")
            for n in range(150)
        ]  # fmt: skip
    async with scoped(database, Scope(org_id, None)) as connection:
        for n in range(60):
            await Cameras(connection, Scope(org_id, None)).add(
                stores[n % 2], f"camera_{n}_{'x' * 60}", name=f"Camera {n} over the {'very ' * 12}long shelf"
            )
    await database.close()


@pytest.mark.parametrize("who", ["nothing", "everything"])
def test_pages_without_anything_and_with_very_much(browser: Browser, extremes: str, who: str) -> None:
    found = []
    with visiting(browser, extremes, (f"{who}@acme.example", PASSWORD), width=1280) as page:
        for path in PAGES:
            page.goto(extremes + path)
            # Colours are those of the normal pages, which are judged in all looks.
            found += problems(page, path, [LOOKS[2]])
    assert found == []


def test_texts_that_are_a_third_longer_still_fit_a_phone(browser: Browser, demo_url: str) -> None:
    """As German ones are. The marked language makes every text longer."""
    found = []
    with visiting(browser, demo_url, DEMO, width=360, locale="en-XA") as page:
        for path in PAGES:
            page.goto(demo_url + path)
            assert "⟦" in page.locator("h1, #sign h2").first.inner_text()
            if is_too_wide(page):
                found.append(path)
    assert found == []


def test_axe_itself_sees_what_is_wrong(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content("<html lang=en><title>x</title><main><h1>x</h1><img src='data:,'><input></main></html>")
    found = " ".join(problems(page, "wrong", LOOKS[:1]))
    page.close()
    assert re.search("critical image-alt", found)
    assert re.search("critical label", found)
