"""Pairing over HTTP, cameras on network and USB, secrets, and the day's events from the outbox's file."""

from __future__ import annotations

import json
import socket
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from desktop_app.adapters.cloud.enrolment import HttpEnrolment
from desktop_app.adapters.credentials.file_credentials import FileCredentials
from desktop_app.adapters.credentials.secret_stores import ChosenSecrets, system_keyring
from desktop_app.adapters.discovery.onvif_probe import ask_network, parse_answer, probe_message
from desktop_app.adapters.discovery.usb_cameras import list_usb
from desktop_app.adapters.storage.event_archive import SqliteEventArchive
from desktop_app.adapters.storage.sqlite_outbox import SqliteOutbox
from desktop_app.services.enrolment import Enrolled, EnrolmentError
from desktop_app.services.ports import OutboxError
from desktop_app.services.secret_store import SecretStoreError
from shared_models.clock import SystemClock
from shared_models.events import EventDraft, EventType

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def enrol(answer: httpx.Response | Exception, *, url: str = "https://cloud.example") -> Enrolled:
    def handle(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/api/v1/edge/enrol"
        assert json.loads(request.content) == {"code": "ABCDEFGH", "device_name": "till", "version": "1"}
        if isinstance(answer, Exception):
            raise answer
        return answer

    adapter = HttpEnrolment(transport=httpx.MockTransport(handle))
    return adapter.enrol(cloud_url=url, code="ABCDEFGH", device_name="till", version="1")


@pytest.mark.parametrize(
    "body",
    [
        {"edge_key": "edge_x_1", "store": {"name": "High Street", "time_zone": "Europe/Berlin"}},
        {"edge_key": "edge_x_1", "store_name": "High Street", "timezone": "Europe/Berlin"},
    ],
)
def test_a_pairing_code_becomes_a_key(body: dict[str, object]) -> None:
    taken = enrol(httpx.Response(200, json=body))
    assert taken.edge_key.get_secret_value() == "edge_x_1"
    assert (taken.store.name, taken.store.time_zone, taken.store.reset_hour) == ("High Street", "Europe/Berlin", 4)
    assert "edge_x_1" not in repr(taken)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (httpx.Response(404), "no pairing at this address"),
        (httpx.Response(404, json={"detail": "Not Found"}), "no pairing at this address"),
        (httpx.Response(404, json={"detail": "This code is wrong, was used."}), "does not know this pairing code"),
        (httpx.Response(410), "does not know this pairing code"),
        (httpx.Response(422), "does not know this pairing code"),
        (httpx.Response(429), "Too many tries"),
        (httpx.Response(503), "problem of its own"),
        (httpx.Response(200, text="<html>log in</html>"), "no Wink cloud"),
        (httpx.Response(200, json={"edge_key": ""}), "no Wink cloud"),
        (httpx.Response(200, json=["?"]), "no Wink cloud"),
        (httpx.ConnectError("refused"), "cannot be reached"),
        (httpx.ReadTimeout("slow"), "in time"),
    ],
)
def test_each_refusal_says_what_to_do(answer: httpx.Response | Exception, words: str) -> None:
    with pytest.raises(EnrolmentError, match=words):
        enrol(answer)


def test_a_code_is_not_sent_in_the_clear() -> None:
    with pytest.raises(EnrolmentError, match="not encrypted"):
        enrol(httpx.Response(200), url="http://cloud.example")


ANSWER = b"""<?xml version="1.0"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"
 xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"><s:Body><d:ProbeMatches><d:ProbeMatch>
<d:Scopes>onvif://www.onvif.org/name/Front%20Door onvif://www.onvif.org/hardware/X100</d:Scopes>
<d:XAddrs>http://[fe80::1]/onvif/device_service http://192.168.1.101/onvif/device_service</d:XAddrs>
</d:ProbeMatch></d:ProbeMatches></s:Body></s:Envelope>"""


def test_an_answer_names_the_camera() -> None:
    (camera,) = parse_answer(ANSWER)
    assert (camera.name, camera.model, camera.address, camera.is_guess) == (
        "Front Door", "X100", "rtsp://192.168.1.101:554/", True,
    )  # fmt: skip


@pytest.mark.parametrize("answer", [b"", b"<", b"\xff\xfe", b"<a/>", b'<!DOCTYPE x [<!ENTITY a "b">]><a>&a;</a>'])
def test_anybodys_nonsense_is_no_camera(answer: bytes) -> None:
    assert parse_answer(answer) == []


def test_the_network_is_asked_and_answers_are_gathered_once() -> None:
    asked: list[bytes] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as camera:
        camera.bind(("127.0.0.1", 0))
        camera.settimeout(5)

        def answer() -> None:
            question, asker = camera.recvfrom(65_507)
            asked.append(question)
            camera.sendto(b"garbage", asker)
            camera.sendto(ANSWER, asker)
            camera.sendto(ANSWER, asker)

        thread = threading.Thread(target=answer, name="played-camera")
        thread.start()
        found = ask_network(seconds=0.6, is_cancelled=lambda: False, target=camera.getsockname())
        thread.join()
    assert [c.name for c in found] == ["Front Door"]
    assert b"NetworkVideoTransmitter" in asked[0]
    assert probe_message() != probe_message()


def test_a_search_that_nobody_wants_any_more_ends_at_once() -> None:
    assert ask_network(seconds=60, is_cancelled=lambda: True, target=("127.0.0.1", 9)) == []


def test_usb_cameras_are_listed_once_each_with_their_names(tmp_path: Path) -> None:
    for number, (name, device) in enumerate((("Webcam", "usb1"), ("Webcam", "usb1"), ("Dome", "usb2"))):
        (tmp_path / device).mkdir(exist_ok=True)
        folder = tmp_path / "class" / f"video{number}"
        folder.mkdir(parents=True)
        (folder / "name").write_text(f"{name}\n")
        (folder / "device").symlink_to(tmp_path / device)
    found = list_usb(platform="linux", sys_class=tmp_path / "class")
    assert [(c.name, c.address) for c in found] == [("Webcam", "usb://0"), ("Dome", "usb://2")]
    assert list_usb(platform="linux", sys_class=tmp_path / "none") == []
    assert list_usb(platform="win32")[0].is_guess


def test_secrets_are_kept_in_the_keyring_where_there_is_one(tmp_path: Path) -> None:
    ring = FileCredentials(tmp_path / "ring.json")
    secrets = ChosenSecrets(tmp_path / "credentials.json", is_file_allowed=lambda: False, ring=ring)
    assert not secrets.needs_consent
    secrets.put("camera/a", "admin:x:y")
    secrets.put("edge-key", "edge_store_abc")
    assert (secrets.get("camera/a"), secrets.get("edge-key")) == ("admin:x:y", "edge_store_abc")
    assert ring.users() == {"camera/a": "admin", "edge-key": ""}, "the command line sees the same secrets"
    secrets.forget("camera/a")
    secrets.forget("camera/a")
    assert secrets.get("camera/a") is None
    assert not (tmp_path / "credentials.json").exists()


def test_without_a_keyring_nothing_is_kept_before_the_owner_agrees(tmp_path: Path) -> None:
    is_allowed, path = False, tmp_path / "credentials.json"
    secrets = ChosenSecrets(path, is_file_allowed=lambda: is_allowed, ring=None)
    assert secrets.needs_consent
    with pytest.raises(SecretStoreError, match="until you allow"):
        secrets.put("camera/a", "admin:x")
    is_allowed = True
    secrets.put("camera/a", "admin:x")
    assert secrets.get("camera/a") == "admin:x"
    assert "only this user" in secrets.words
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    secrets.forget("camera/a")
    assert secrets.get("camera/a") is None


def test_a_machine_without_a_keyring_has_none() -> None:
    assert system_keyring() is None


def test_a_damaged_secret_file_is_said(tmp_path: Path) -> None:
    path = tmp_path / "credentials.json"
    path.write_text("{")
    path.chmod(0o600)
    with pytest.raises(SecretStoreError, match="delete it"):
        ChosenSecrets(path, is_file_allowed=lambda: True, ring=None).get("x")


def draft(kind: EventType, at: datetime, **fields: object) -> EventDraft:
    values = {"type": kind, "camera_id": "a", "zone_id": "door", "zone_revision": 1, "occurred_at": at, **fields}
    return EventDraft.model_validate(values)


def test_the_archive_reads_a_day_while_the_outbox_writes(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite3"
    archive = SqliteEventArchive(path)
    assert archive.events(start_at=NOW, end_at=NOW + timedelta(days=1)) == []
    outbox = SqliteOutbox(path, clock=SystemClock())
    try:
        events = outbox.append(
            [
                draft(EventType.FOOTFALL_IN, NOW, track_id=5),
                draft(EventType.DWELL, NOW + timedelta(hours=1), value=7.5),
                draft(EventType.FOOTFALL_IN, NOW + timedelta(days=1)),
            ],
            counters={},
        )
        outbox.settle(accepted=[str(events[0].event_id)], rejected={str(events[1].event_id): "no such zone"})
        found = archive.events(start_at=NOW, end_at=NOW + timedelta(days=1))
    finally:
        outbox.close()
    assert [(e.type, e.value, e.track_id, e.is_sent, e.is_refused) for e in found] == [
        (EventType.FOOTFALL_IN, None, 5, True, False),
        (EventType.DWELL, 7.5, None, False, True),
    ]
    assert found[0].occurred_at == NOW


def test_a_damaged_archive_is_said(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite3"
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(OutboxError, match="cannot be read"):
        SqliteEventArchive(path).events(start_at=NOW, end_at=NOW)
