"""What the demo's pages cost the server, and their bytes, first paint and layout shift in Chromium.

python -m tests.benchmarks.pages [--postgres [--stores 200] [--folder /a/folder]] [--no-browser]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from playwright.sync_api import Page, sync_playwright
from sqlalchemy import text

from cloud_api.demo_data.seed import seed
from cloud_api.settings import CloudSettings
from cloud_api.tenancy.transactions import maintenance
from tests.benchmarks.pages.demo_stores import multiply
from tests.benchmarks.pages.server_side import costs
from tests.benchmarks.postgres_bench import bench_database
from tests.helpers.pages import CHROMIUM, DEMO, FLAGS, serving
from tests.helpers.pages import served as served_by_process

PAGES = [
    "/dashboard",
    "/dashboard/figures",
    "/dashboard?period=7",
    "/dashboard?period=28",
    "/live",
    "/cameras",
    "/insights",
    "/zones",
    "/reports",
    "/reports?part=summary&part=days&part=stores&part=stays&part=zones",
    "/settings/stores",
]
LOADS = 3
SHIFTS = """() => { window.shifts = 0; new PerformanceObserver((list) => { for (const e of list.getEntries())
    { if (!e.hadRecentInput) { window.shifts += e.value; } } }).observe({ type: "layout-shift", buffered: true }); }"""
MEASURE = """() => ({ paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? -1,
    first_byte: performance.getEntriesByType("navigation")[0].responseStart,
    kb: [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
        .reduce((sum, e) => sum + e.encodedBodySize, 0) / 1024,
    script_kb: performance.getEntriesByType("resource").filter((e) => new URL(e.name).pathname.endsWith(".js"))
        .reduce((sum, e) => sum + e.encodedBodySize, 0) / 1024, shifts: window.shifts })"""


def measured(page: Page, address: str) -> dict[str, float]:
    """The median of some loads."""
    loads = []
    for _ in range(LOADS):
        page.goto(address)
        page.evaluate(SHIFTS)
        page.wait_for_timeout(1200)
        loads.append(page.evaluate(MEASURE))
    return {name: median(load[name] for load in loads) for name in loads[0]}


def looked_at(url: str) -> None:
    """Print what Chromium says, on a desk and on a phone."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS, env=dict(os.environ))
        for width in (1280, 360):
            page = browser.new_page(viewport={"width": width, "height": 800})
            page.goto(f"{url}/login")
            page.fill("#email", DEMO[0])
            page.fill("#password", DEMO[1])
            page.click("button[type=submit]")
            page.wait_for_url("**/dashboard")
            print(f"\n{width} pixels wide | first byte ms | first paint ms | layout shift | kB in all | kB of script")
            for path in PAGES:
                m = measured(page, url + path)
                print(f"{path:24} {m['first_byte']:8.0f} {m['paint']:12.0f} {m['shifts']:12.4f} {m['kb']:10.0f} "
                      f"{m['script_kb']:10.1f}")  # fmt: skip
            page.close()
        browser.close()


async def served(settings: CloudSettings) -> None:
    """Print what pages cost the server."""
    print(
        "\npage                      server ms | of it the program | first look | statements (different) | kB | kB packed"
    )
    for path, cost in (await costs(settings, DEMO, PAGES)).items():
        print(f"{path:24} {cost.ms:10.0f} {cost.program_ms:10.0f} {cost.first_ms:10.0f} {cost.statements:8} "
              f"({cost.kinds:3}) {cost.n_bytes / 1024:14.0f} {cost.n_packed / 1024:8.1f}")  # fmt: skip


def on_sqlite(arguments: argparse.Namespace, folder: Path) -> None:
    """The demo as it is tried out."""
    seeding = [sys.executable, "-m", "cloud_api", "seed-demo", "--data-dir", folder, "--days", str(arguments.days)]
    subprocess.run(seeding, check=True, capture_output=True)
    asyncio.run(served(CloudSettings(data_dir=folder, demo=True)))
    if not arguments.no_browser:
        with serving(folder, "--demo") as url:
            looked_at(url)


async def on_postgresql(arguments: argparse.Namespace, folder: Path) -> None:
    """The demo, and copies of its stores, behind row-level security."""
    async with bench_database(arguments.folder) as database:
        async with maintenance(database) as connection:
            n_there = (await connection.execute(text("SELECT count(*) FROM stores"))).scalar_one()
            if n_there == 0:
                now = datetime.now(UTC)
                await seed(connection, org="Demo", email=DEMO[0], password=DEMO[1], now=now, n_days=arguments.days)
            if n_there < arguments.stores:
                await multiply(connection, n_stores=arguments.stores)
        urls = {"database_url": database.url, "database_direct_url": database.direct_url}
        await served(CloudSettings(data_dir=folder, demo=True, **urls))
        if not arguments.no_browser:
            environment = {"DATABASE_URL": database.url, "DATABASE_DIRECT_URL": database.direct_url}
            await asyncio.to_thread(_looked_at_process, folder, environment)


def _looked_at_process(folder: Path, environment: dict[str, str]) -> None:
    with served_by_process(folder, "--demo", environment=environment) as cloud:
        looked_at(cloud.address)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--postgres", action="store_true", help="on PostgreSQL instead of SQLite")
    parser.add_argument("--stores", type=int, default=12, help="with --postgres: copies of the demo's twelve")
    parser.add_argument("--days", type=int, default=395)
    parser.add_argument("--folder", type=Path, help="with --postgres: keep the database here, and use it again")
    parser.add_argument("--no-browser", action="store_true", help="only what pages cost the server")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if arguments.postgres:
            asyncio.run(on_postgresql(arguments, Path(folder)))
        else:
            on_sqlite(arguments, Path(folder))


if __name__ == "__main__":
    main()
