"""Bytes, first paint and layout shift of the demo's pages in Chromium: ``python -m tests.benchmarks.pages``."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from playwright.sync_api import Page, sync_playwright

from tests.helpers.pages import CHROMIUM, DEMO, FLAGS, serving

PAGES = [
    "/dashboard",
    "/dashboard?period=28",
    "/live",
    "/cameras",
    "/insights",
    "/zones",
    "/reports",
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


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        seed = [sys.executable, "-m", "cloud_api", "seed-demo", "--data-dir", folder]
        subprocess.run(seed, check=True, capture_output=True)
        with serving(Path(folder), "--demo") as url, sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS, env=dict(os.environ))
            for width in (1280, 360):
                page = browser.new_page(viewport={"width": width, "height": 800})
                page.goto(f"{url}/login")
                page.fill("#email", DEMO[0])
                page.fill("#password", DEMO[1])
                page.click("button[type=submit]")
                page.wait_for_url("**/dashboard")
                print(
                    f"\n{width} pixels wide | first byte ms | first paint ms | layout shift | kB in all | kB of script"
                )
                for path in PAGES:
                    m = measured(page, url + path)
                    print(f"{path:24} {m['first_byte']:8.0f} {m['paint']:12.0f} {m['shifts']:12.4f} {m['kb']:10.0f} "
                          f"{m['script_kb']:10.1f}")  # fmt: skip
                page.close()
            browser.close()


if __name__ == "__main__":
    main()
