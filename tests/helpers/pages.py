"""A cloud for browsers, and somebody who looks at it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DEMO = ("demo@example.com", "demo123")


@dataclass(frozen=True)
class Served:
    """A cloud that runs; ``log``: what its processes have said."""

    address: str
    process: subprocess.Popen[bytes]
    log: Path


@contextmanager
def serving(folder: Path, *words: str) -> Iterator[str]:
    """``wink-cloud serve`` in a process of its own, on what lies in ``folder``; its address."""
    with served(folder, *words) as cloud:
        yield cloud.address


@contextmanager
def served(folder: Path, *words: str, environment: Mapping[str, str] | None = None) -> Iterator[Served]:
    """The same, with all that is known of it; ``environment``: settings beside those of the test itself."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "cloud_api", "serve", *words, "--port", str(port), "--data-dir", folder]
    log = folder / f"serve-{port}.log"
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file, env={**os.environ, **(environment or {})})
    try:
        _wait(f"http://127.0.0.1:{port}")
        yield Served(f"http://127.0.0.1:{port}", process, log)
    finally:
        process.terminate()
        process.wait(30)


def _wait(address: str) -> None:
    for _ in range(600):
        try:
            with urllib.request.urlopen(f"{address}/readyz"):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the cloud did not start")


@contextmanager
def visiting(
    browser: Browser, url: str, who: tuple[str, str], *, width: int, dark: bool = False, locale: str = "en-GB"
) -> Iterator[Page]:
    """Somebody who is logged in. Complaints of the console, and requests to third parties, fail."""
    complaints: list[str] = []
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme="dark" if dark else "light", locale=locale
    )
    page = context.new_page()
    page.set_default_timeout(30_000)
    page.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda e: complaints.append(str(e)))
    page.on("request", lambda r: None if r.url.startswith((url, "data:", "blob:")) else complaints.append(r.url))
    page.goto(f"{url}/login")
    page.fill("#email", who[0])
    page.fill("#password", who[1])
    page.click("button[type=submit]")
    page.wait_for_url("**/dashboard")
    yield page
    context.close()
    assert complaints == []


def is_too_wide(page: Page) -> bool:
    """Whether the page can be pushed sideways."""
    found = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    assert isinstance(found, bool)
    return found
