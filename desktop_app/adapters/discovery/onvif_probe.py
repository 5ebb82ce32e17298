"""WS-Discovery for network cameras: one multicast question, many answers (OASIS WS-Discovery 1.1, ONVIF core 7.3)."""

from __future__ import annotations

import select
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from urllib.parse import unquote, urlsplit, urlunsplit
from uuid import uuid4

from desktop_app.adapters.discovery.xml_answers import all_named, parse_xml, text_of
from desktop_app.services.camera_discovery import FoundCamera

GROUP, PORT = "239.255.255.250", 3702
MAX_ANSWER_BYTES = 65_507
MAX_CAMERAS = 256
TIMES = 3
"""Datagrams get lost: the question is asked so often over the span."""
TYPES = ("dn:NetworkVideoTransmitter", "tds:Device")
"""Older cameras know themselves by the first, some by the second only."""
_PROBE = """<?xml version="1.0" encoding="UTF-8"?>
<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope" xmlns:w="http://schemas.xmlsoap.org/ws/2004/08/addressing"
 xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" xmlns:dn="http://www.onvif.org/ver10/network/wsdl"
 xmlns:tds="http://www.onvif.org/ver10/device/wsdl">
<e:Header><w:MessageID>uuid:{uuid}</w:MessageID>
<w:To e:mustUnderstand="true">urn:schemas-xmlsoap-org:ws:2005:04:discovery</w:To>
<w:Action e:mustUnderstand="true">http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</w:Action></e:Header>
<e:Body><d:Probe><d:Types>{types}</d:Types></d:Probe></e:Body></e:Envelope>"""


def probe_message(types: str = TYPES[0]) -> bytes:
    """The question."""
    return _PROBE.format(uuid=uuid4(), types=types).encode()


def parse_answer(datagram: bytes, *, sender: str = "") -> list[FoundCamera]:
    """The cameras that an answer names; none if it is not understood. Anybody on the network may have sent it.

    Args:
        sender: the address that the answer came from. A camera that answers for itself is reached there, whatever network it
            believes to be in.
    """
    root = parse_xml(datagram)
    if root is None:
        return []
    matches = list(all_named(root, "ProbeMatch"))[:MAX_CAMERAS]
    found = []
    for match in matches:
        reached_at = sender if len(matches) == 1 else ""
        camera = _camera(text_of(match, "XAddrs").split(), text_of(match, "Scopes").split(), reached_at=reached_at)
        if camera is not None:
            found.append(camera)
    return found


def ask_network(
    *,
    seconds: float,
    is_cancelled: Callable[[], bool],
    target: tuple[str, int] = (GROUP, PORT),
    interfaces: Sequence[str] | None = None,
    clock_s: Callable[[], float] = time.monotonic,
) -> list[FoundCamera]:
    """Ask, and gather answers for ``seconds``.

    Args:
        interfaces: names of the network interfaces to ask on; None: on all, since cameras often hang on a wire of their own
            beside the shop's wireless network.

    Raises:
        OSError: there is no network.
    """
    found: dict[str, FoundCamera] = {}
    with _askers(interfaces) as askers:
        end_s, asked = clock_s() + seconds, 0
        while clock_s() < end_s and not is_cancelled() and len(found) < MAX_CAMERAS:
            if asked < TIMES and clock_s() >= end_s - seconds + asked * seconds / TIMES:
                _ask_all(askers, target)
                asked += 1
            readable, _, _ = select.select(askers, [], [], 0.2)
            for asker in readable:
                with suppress(OSError):
                    datagram, (sender, _) = asker.recvfrom(MAX_ANSWER_BYTES)
                    found.update({camera.address: camera for camera in parse_answer(datagram, sender=sender)})
    return sorted(found.values(), key=lambda camera: (camera.name.lower(), camera.address))


@contextmanager
def _askers(interfaces: Sequence[str] | None) -> Iterator[list[socket.socket]]:
    """A socket for each interface, and one that goes the system's own way."""
    names = [name for _, name in socket.if_nameindex()] if interfaces is None else list(interfaces)
    with ExitStack() as open_ones:
        askers = [] if interfaces is not None else [open_ones.enter_context(_asker())]
        for name in names:
            with suppress(OSError):
                askers.append(open_ones.enter_context(_asker(name)))
        yield askers


def _asker(interface: str | None = None) -> socket.socket:
    asker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        asker.setblocking(False)
        asker.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
        if interface is not None:
            index = socket.if_nametoindex(interface)
            # An interface by its number: as ip_mreqn, and on Windows as an address 0.0.0.number.
            value = struct.pack("!I", index) if sys.platform == "win32" else struct.pack("@4s4si", b"", b"", index)
            asker.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, value)
    except OSError:
        asker.close()
        raise
    return asker


def _ask_all(askers: Sequence[socket.socket], target: tuple[str, int]) -> None:
    """Ask on all; an interface that is down is passed over as long as one is not."""
    trouble: OSError | None = None
    sent = 0
    for asker in askers:
        for types in TYPES:
            try:
                asker.sendto(probe_message(types), target)
                sent += 1
            except OSError as error:
                trouble = error
    if trouble is not None and not sent:
        raise trouble


def _camera(addresses: Iterable[str], scopes: Iterable[str], *, reached_at: str) -> FoundCamera | None:
    services = [(host, address) for address in addresses if (host := _host(address)) and ":" not in host]
    if not services:
        return None
    host, service = next((pair for pair in services if pair[0] == reached_at), services[0])
    if reached_at and host != reached_at:
        host, service = reached_at, _moved(service, reached_at)
    said = dict(_scope(scope) for scope in scopes)
    name = said.get("name") or host
    return FoundCamera(name, f"rtsp://{host}:554/", is_guess=True, model=said.get("hardware", ""), service=service)


def _host(address: str) -> str:
    try:
        parts = urlsplit(address)
        is_port_one = parts.port is None or parts.port > 0
        return (parts.hostname or "") if parts.scheme in ("http", "https") and is_port_one else ""
    except ValueError:
        return ""


def _moved(address: str, host: str) -> str:
    parts = urlsplit(address)
    return urlunsplit(parts._replace(netloc=f"{host}:{parts.port}" if parts.port else host))


def _scope(scope: str) -> tuple[str, str]:
    """``onvif://www.onvif.org/name/Front%20Door`` -> ("name", "Front Door")."""
    _, _, path = scope.partition("onvif.org/")
    key, _, value = path.partition("/")
    return key.lower(), unquote(value)[:80].strip()
