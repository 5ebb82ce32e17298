"""A cloud that is told to stop: uploads under way come to their end, and open pages do not hold it up."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from shared_models.ids import uuid7
from shared_models.sync import EDGE_KEY_HEADER, EVENTS_PATH
from tests.helpers.cloud_process import Cloud

pytestmark = pytest.mark.e2e
HELD_S = 5.0
"""How long the upload is held back: longer than the three seconds that were too few."""
EMAIL, PASSWORD = "boss@acme.example", "correct horse battery"


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    monkeypatch.setenv("WINK_CLOUD_STOP_WAIT_S", "300")
    made = Cloud(tmp_path)
    made.command("create-org", "Acme")
    made.command("create-store", "--org", "Acme", "--name", "High Street", "--timezone", "Europe/Berlin")
    made.command("create-user", "--email", EMAIL, "--role", "org_admin", "--password-stdin", stdin=f"{PASSWORD}\n")
    made.start()
    process = told(made)
    try:
        yield made
    finally:
        process.kill()
        process.wait()


def told(cloud: Cloud) -> subprocess.Popen[bytes]:
    assert cloud.process is not None
    return cloud.process


def upload() -> bytes:
    event = {
        "event_id": str(uuid7()), "seq": 1, "type": "footfall_in", "camera_id": "door", "zone_id": "line",
        "zone_revision": 1, "occurred_at": datetime.now(UTC).isoformat(),
    }  # fmt: skip
    return json.dumps({"events": [event]}).encode()


def test_an_upload_that_ends_after_the_server_was_told_is_written_and_answered(cloud: Cloud) -> None:
    made = cloud.command("create-edge-key", "--store", "High Street")
    body = upload()
    with closing(http.client.HTTPConnection("127.0.0.1", cloud.port, timeout=60)) as line:
        line.putrequest("POST", EVENTS_PATH)
        for name, value in {EDGE_KEY_HEADER: made["edge_key"], "Content-Length": str(len(body))}.items():
            line.putheader(name, value)
        line.endheaders(body[:40])
        line.sock.settimeout(60)
        # The first half must have begun a request: one that came later and is answered shows that it has.
        assert cloud.answers()
        told(cloud).send_signal(signal.SIGTERM)
        time.sleep(HELD_S)
        assert not cloud.answers()  # nobody new is let in
        line.send(body[40:])
        answer = line.getresponse()
        assert (answer.status, json.load(answer)["contiguous_seq"]) == (200, 1)
    assert told(cloud).wait(60) in (0, -signal.SIGTERM)
    assert len(cloud.events(made["device_id"])) == 1


def test_an_open_page_does_not_hold_the_end_up(cloud: Cloud) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", cloud.port, timeout=60)) as line:
        form = json.dumps({"email": EMAIL, "password": PASSWORD})
        line.request("POST", "/api/v1/auth/login", form, {"Content-Type": "application/json"})
        token = json.load(line.getresponse())["access_token"]
        line.request("GET", "/live/events", headers={"Authorization": f"Bearer {token}"})
        stream: Any = line.getresponse()
        assert stream.readline() == b"retry: 2000\n"
        told(cloud).send_signal(signal.SIGTERM)
        # Long before the five minutes that requests under way are given here.
        assert told(cloud).wait(60) in (0, -signal.SIGTERM)
        assert "exceeded" not in (cloud.data_dir / "cloud.log").read_text()
