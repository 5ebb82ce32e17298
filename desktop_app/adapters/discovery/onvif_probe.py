"""WS-Discovery for network cameras: one multicast question, many answers (OASIS WS-Discovery 1.1, ONVIF core 7.3)."""

from __future__ import annotations

import socket
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from desktop_app.services.camera_discovery import FoundCamera

GROUP, PORT = "239.255.255.250", 3702
MAX_ANSWER_BYTES = 65_507
MAX_CAMERAS = 256
_PROBE = """<?xml version="1.0" encoding="UTF-8"?>
<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope" xmlns:w="http://schemas.xmlsoap.org/ws/2004/08/addressing"
 xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" xmlns:dn="http://www.onvif.org/ver10/network/wsdl">
<e:Header><w:MessageID>uuid:{uuid}</w:MessageID>
<w:To e:mustUnderstand="true">urn:schemas-xmlsoap-org:ws:2005:04:discovery</w:To>
<w:Action e:mustUnderstand="true">http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</w:Action></e:Header>
<e:Body><d:Probe><d:Types>dn:NetworkVideoTransmitter</d:Types></d:Probe></e:Body></e:Envelope>"""


def probe_message() -> bytes:
    """The question."""
    return _PROBE.format(uuid=uuid4()).encode()


def parse_answer(datagram: bytes) -> list[FoundCamera]:
    """The cameras that an answer names; none if it is not understood. Anybody on the network may have sent it."""
    if b"<!DOCTYPE" in datagram or b"<!ENTITY" in datagram:
        return []
    try:
        root = ET.fromstring(datagram)  # noqa: S314 - entities are refused above, the size is a datagram's
    except ET.ParseError:
        return []
    found = []
    for match in root.iter():
        if _local(match.tag) == "ProbeMatch":
            camera = _camera(_text(match, "XAddrs").split(), _text(match, "Scopes").split())
            if camera is not None:
                found.append(camera)
    return found


def ask_network(
    *,
    seconds: float,
    is_cancelled: Callable[[], bool],
    target: tuple[str, int] = (GROUP, PORT),
    clock_s: Callable[[], float] = time.monotonic,
) -> list[FoundCamera]:
    """Ask, and gather answers for ``seconds``.

    Raises:
        OSError: there is no network.
    """
    found: dict[str, FoundCamera] = {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
        asker.settimeout(0.2)
        end_s, asked = clock_s() + seconds, 0
        while clock_s() < end_s and not is_cancelled() and len(found) < MAX_CAMERAS:
            # Datagrams get lost: the question is asked three times over the span.
            if asked < 3 and clock_s() >= end_s - seconds + asked * seconds / 3:
                asker.sendto(probe_message(), target)
                asked += 1
            try:
                datagram, _ = asker.recvfrom(MAX_ANSWER_BYTES)
            except TimeoutError:
                continue
            found.update({camera.address: camera for camera in parse_answer(datagram)})
    return sorted(found.values(), key=lambda camera: camera.name.lower())


def _camera(addresses: Iterable[str], scopes: Iterable[str]) -> FoundCamera | None:
    host = next((h for a in addresses if (h := urlsplit(a).hostname) and ":" not in h), None)
    if host is None:
        return None
    said = dict(_scope(scope) for scope in scopes)
    return FoundCamera(said.get("name") or host, f"rtsp://{host}:554/", is_guess=True, model=said.get("hardware", ""))


def _scope(scope: str) -> tuple[str, str]:
    """``onvif://www.onvif.org/name/Front%20Door`` -> ("name", "Front Door")."""
    _, _, path = scope.partition("onvif.org/")
    key, _, value = path.partition("/")
    return key.lower(), unquote(value)[:80].strip()


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _text(parent: ET.Element, name: str) -> str:
    return next((child.text or "" for child in parent.iter() if _local(child.tag) == name), "")
