"""Two real server processes on one PostgreSQL: what one of them is told, the other knows."""

from __future__ import annotations

import base64
import json
import re
import socket
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, expect

from cloud_api.auth.throttle import FREE_TRIES
from shared_models.heartbeat import HEARTBEAT_PATH
from shared_models.stills import STILL_PATH
from shared_models.sync import EDGE_KEY_HEADER, EVENTS_PATH
from tests.cloud_api.devices.test_stills import jpeg
from tests.helpers.cloud import PASSWORD, crossing, furnished_postgresql
from tests.helpers.pages import Served, served, visiting
from tests.helpers.postgres import new_cloud_database

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
N_CONNECTIONS = 16
"""Enough that both of two workers get some: the kernel gives each new one to whoever is free."""
OWNER = "owner@acme.example"


@pytest.fixture
def environment() -> dict[str, str]:
    """Settings of a furnished cloud on PostgreSQL."""
    template, _ = furnished_postgresql()
    addresses = new_cloud_database(template=template)
    return {
        "DATABASE_URL": addresses.app, "DATABASE_DIRECT_URL": addresses.owner, "WINK_CLOUD_MODE": "production",
        "WINK_SECRET_KEY": "k" * 48,
    }  # fmt: skip


@pytest.fixture
def two_workers(environment: dict[str, str], tmp_path: Path) -> Iterator[Served]:
    """Behind one address, as ``--workers 2`` makes them."""
    with served(tmp_path, "--workers", "2", "--log-json", environment=environment) as cloud:
        yield cloud


def edge_headers() -> dict[str, str]:
    _, (_store, _other, _foreign, key, _foreign_key) = furnished_postgresql()
    return {EDGE_KEY_HEADER: key}


def beaten(url: str) -> dict[str, Any]:
    told = {
        "sent_at": datetime.now(UTC).isoformat(), "version": "1", "outbox_depth": 0,
        "cameras": [{"camera_id": "front/door", "name": "Front door", "state": "seeing"}],
    }  # fmt: skip
    answer = httpx.post(f"{url}{HEARTBEAT_PATH}", json=told, headers=edge_headers())
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def eventually(is_so: Callable[[], bool], *, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.1)


def many(cloud: Served, method: str, path: str, **request: Any) -> set[int]:
    """How ``N_CONNECTIONS`` of their own are answered."""
    statuses = set()
    for _ in range(N_CONNECTIONS):
        with httpx.Client(base_url=cloud.address) as client:
            statuses.add(client.request(method, path, **request).status_code)
    return statuses


def logged_in(cloud: Served) -> dict[str, str]:
    answer = httpx.post(f"{cloud.address}/api/v1/auth/login", json={"email": OWNER, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def test_a_browser_at_one_worker_sees_the_still_that_a_laptop_sent_to_the_other(
    browser: Browser, environment: dict[str, str], tmp_path: Path
) -> None:
    with (
        served(tmp_path, environment=environment) as for_browsers,
        served(tmp_path, environment=environment) as for_laptops,
        visiting(browser, for_browsers.address, (OWNER, PASSWORD), width=360, dark=True) as page,
    ):
        assert beaten(for_laptops.address)["stills"] == []
        page.goto(f"{for_browsers.address}/settings/privacy")
        page.get_by_role("button", name="Switch on").click()
        page.goto(f"{for_browsers.address}/live")
        page.get_by_role("button", name="Show stills").click()
        eventually(lambda: beaten(for_laptops.address)["stills"] == ["front/door"])
        sent = httpx.put(
            f"{for_laptops.address}{STILL_PATH}", params={"camera_id": "front/door"}, content=jpeg(), headers=edge_headers()
        )  # fmt: skip
        assert sent.status_code == 204, sent.text
        picture = page.get_by_role("img", name="Still of Front door")
        expect(picture).to_have_attribute("src", re.compile("^data:image/jpeg"), timeout=30_000)
        assert base64.b64decode((picture.get_attribute("src") or "").partition(",")[2]) == jpeg()


def test_a_log_in_that_was_ended_is_over_in_all_workers_at_once(two_workers: Served) -> None:
    owner = logged_in(two_workers)
    assert many(two_workers, "GET", "/api/v1/auth/me", headers=owner) == {200}
    assert httpx.post(f"{two_workers.address}/api/v1/auth/logout", headers=owner).status_code == 200
    assert many(two_workers, "GET", "/api/v1/auth/me", headers=owner) == {401}


def test_tries_are_counted_and_meters_added_up_over_all_workers(two_workers: Served) -> None:
    wrong = {"email": OWNER, "password": "a wrong password"}
    answers = [httpx.post(f"{two_workers.address}/api/v1/auth/login", json=wrong).status_code for _ in range(12)]
    assert answers == [401] * FREE_TRIES["account"] + [429] * (12 - FREE_TRIES["account"])
    for _ in range(4):
        told = httpx.get(f"{two_workers.address}/metrics").text
        found = re.search(
            r'wink_request_seconds_count\{method="POST",route="/api/v1/auth/login",status="429"\} (\S+)', told
        )
        assert found is not None
        assert float(found[1]) == 12 - FREE_TRIES["account"]


def test_both_workers_answer_and_neither_says_a_secret(two_workers: Served) -> None:
    owner = logged_in(two_workers)
    many(two_workers, "GET", "/api/v1/stores?token=hunter22", headers=owner)
    many(two_workers, "POST", EVENTS_PATH, json={"events": []}, headers=edge_headers())
    log = two_workers.log.read_text()
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    assert sum(line.get("route") == "/api/v1/stores" for line in lines) == N_CONNECTIONS
    for secret in ("hunter22", PASSWORD, *edge_headers().values(), owner["Authorization"], "k" * 48):
        assert secret not in log


def test_an_upload_under_way_is_taken_whole_when_the_server_is_told_to_stop(two_workers: Served) -> None:
    host, _, port = two_workers.address.removeprefix("http://").partition(":")
    body = json.dumps({"events": [crossing(1)]}).encode()
    (key,) = edge_headers().values()
    head = f"POST {EVENTS_PATH} HTTP/1.1\r\nHost: {host}\r\n{EDGE_KEY_HEADER}: {key}\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection((host, int(port)), timeout=20) as line:
        line.sendall(head.encode() + body[:20])
        time.sleep(0.5)
        two_workers.process.terminate()
        time.sleep(0.5)
        line.sendall(body[20:])
        answer = b"".join(iter(lambda: line.recv(65_536), b"")).decode()
    assert answer.startswith("HTTP/1.1 200"), answer
    assert '"accepted"' in answer
    two_workers.process.wait(20)
    assert two_workers.process.returncode in (0, -15)
    assert "Traceback" not in two_workers.log.read_text()
