from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.helpers.pages import CHROMIUM, FLAGS, serving


@pytest.fixture(scope="session")
def demo_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The demo, served: twelve stores with 75 days."""
    folder = tmp_path_factory.mktemp("demo")
    command = [sys.executable, "-m", "cloud_api", "seed-demo", "--days", "75", "--data-dir", folder]
    subprocess.run(command, check=True, capture_output=True)
    with serving(folder, "--demo") as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium. No longer than a module: Playwright's loop keeps others from running in this thread."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS, env=dict(os.environ))
        yield browser
        browser.close()
