"""A person looks at the dashboard in a real browser, and the numbers move by themselves."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from shared_models.sync import EDGE_KEY_HEADER, EVENTS_PATH
from tests.helpers.cloud import crossing

pytestmark = pytest.mark.e2e

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
PASSWORD = "correct horse battery"


class Served:
    """A cloud in a process of its own, with a store, a user and a key made by its command line."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.cli("create-org", "Acme")
        self.cli("create-store", "--org", "Acme", "--name", "High Street", "--timezone", "Europe/Berlin")
        self.cli("create-user", "--email", "a@acme.example", "--role", "org_admin", "--password-stdin", typed=PASSWORD)
        self.edge_key = str(self.cli("create-edge-key", "--store", "High Street")["edge_key"])
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "cloud_api", "serve", "--port", str(self.port), "--data-dir", data_dir],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._wait()

    def cli(self, *words: str, typed: str = "") -> dict[str, object]:
        done = subprocess.run(
            [sys.executable, "-m", "cloud_api", *words, "--json", "--data-dir", self.data_dir],
            input=typed + "\n",
            capture_output=True,
            text=True,
            check=True,
        )
        told = json.loads(done.stdout)
        assert isinstance(told, dict)
        return told

    def send(self, *events: dict[str, object]) -> None:
        body = json.dumps({"events": events}).encode()
        headers = {EDGE_KEY_HEADER: self.edge_key, "Content-Type": "application/json"}
        with urllib.request.urlopen(urllib.request.Request(self.url + EVENTS_PATH, body, headers)) as answer:
            assert answer.status == 200

    def _wait(self) -> None:
        for _ in range(300):
            try:
                with urllib.request.urlopen(self.url + "/readyz"):
                    return
            except OSError:
                time.sleep(0.1)
        raise AssertionError("the cloud did not start")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    cloud = Served(tmp_path)
    yield cloud
    cloud.process.terminate()
    cloud.process.wait(15)


def test_numbers_move_without_a_reload_and_the_server_stops_with_a_page_open(served: Served) -> None:
    complaints: list[str] = []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS, env=dict(os.environ))
        page: Page = browser.new_page(viewport={"width": 360, "height": 800})
        page.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda e: complaints.append(str(e)))
        page.goto(served.url)
        page.fill("#email", "a@acme.example")
        page.fill("#password", PASSWORD)
        page.click("button[type=submit]")
        expect(page.get_by_text("No laptop has reported yet")).to_be_visible()
        expect(page.locator("#live")).to_have_text("live")
        page.evaluate("window.stillTheSamePage = true")
        now = datetime.now(UTC).isoformat()
        served.send(
            crossing(1, occurred_at=now),
            crossing(2, occurred_at=now),
            crossing(3, kind="footfall_out", occurred_at=now),
        )
        expect(page.locator("[data-metric=footfall_in] .value")).to_have_text("2")
        expect(page.locator("[data-metric=occupancy] .value")).to_have_text("1")
        served.send(crossing(4, occurred_at=now))
        expect(page.locator("[data-metric=footfall_in] .value")).to_have_text("3")
        assert page.evaluate("window.stillTheSamePage") is True
        page.goto(f"{served.url}/dashboard?find=high")
        expect(page.locator("#live")).to_have_text("live")
        page.click("#find")
        page.keyboard.press("End")
        page.keyboard.type(" str")
        served.send(crossing(5, occurred_at=now))
        expect(page.locator("[data-metric=footfall_in] .value")).to_have_text("4")
        page.keyboard.type("eet")
        assert page.input_value("#find") == "high street", "what is being typed stays, and the keyboard stays on it"
        too_wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        assert too_wide is False
        assert complaints == []
        served.process.send_signal(signal.SIGTERM)
        assert served.process.wait(10) in (0, -signal.SIGTERM)
        browser.close()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("create-store", "--org", "Nobody", "--name", "x", "--timezone", "UTC"), "There are: Acme"),
        (("create-store", "--org", "Acme", "--name", "High Street", "--timezone", "UTC"), "already"),
        (
            ("create-store", "--org", "Acme", "--name", "x", "--timezone", "Europe/Berlinn"),
            "did you mean Europe/Berlin",
        ),
        (("create-user", "--email", "nonsense", "--role", "staff", "--password-stdin"), "no e-mail address"),
        (("create-user", "--email", "b@acme.example", "--role", "boss", "--password-stdin"), "use one of: org_admin"),
        (("create-user", "--email", "b@acme.example", "--role", "staff", "--password-stdin"), "--store"),
        (("create-edge-key", "--store", "Nowhere"), "There are: High Street"),
        (("serve", "--demo", "--host", "0.0.0.0"), "this machine only"),
    ],
)
def test_a_mistake_on_the_command_line_is_told_in_words(office: Path, words: tuple[str, ...], told: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cloud_api", *words, "--data-dir", office],
        input=PASSWORD + "\n",
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("words", [("serve",), ("create-org", "x"), ("migrate",)])
def test_a_database_that_cannot_be_used_is_told_in_words(tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "wink-cloud.sqlite3").write_bytes(b"this is no database " * 500)
    url = "mysql://x" if words == ("serve",) else ""
    done = subprocess.run(
        [sys.executable, "-m", "cloud_api", *words, "--data-dir", tmp_path],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "DATABASE_URL": url},
    )
    assert done.returncode == 2
    assert ("use postgresql://" if url else "cannot be used") in done.stderr
    assert "Traceback" not in done.stderr


def test_rollups_are_verified_on_the_command_line(office: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cloud_api", "verify-rollups", "--json", "--data-dir", office],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == {"ok": True, "differences": []}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("office")
    for words in (
        ("create-org", "Acme"),
        ("create-store", "--org", "Acme", "--name", "High Street", "--timezone", "UTC"),
    ):
        subprocess.run(
            [sys.executable, "-m", "cloud_api", *words, "--data-dir", folder], check=True, capture_output=True
        )
    return folder
