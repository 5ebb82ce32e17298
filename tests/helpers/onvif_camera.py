"""A network camera as far as ONVIF goes: answers WS-Discovery by UDP, and device and media questions over HTTP (SOAP 1.2).

Written by what the ONVIF core and media specifications and WS-Discovery say, in the manner of shop cameras: strict about a
password's stamp, vague about their own address.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

GROUP, PORT = "239.255.255.250", 3702
JPEG = b"\xff\xd8\xff\xe0" + b"picture" + b"\xff\xd9"
STRICT_S = 5.0
"""A stamp that is further from the camera's own clock is refused."""
_SOAP = (
    '<?xml version="1.0" encoding="UTF-8"?><env:Envelope xmlns:env="http://www.w3.org/2003/05/soap-envelope" '
    'xmlns:tds="http://www.onvif.org/ver10/device/wsdl" xmlns:trt="http://www.onvif.org/ver10/media/wsdl" '
    'xmlns:tt="http://www.onvif.org/ver10/schema" xmlns:ter="http://www.onvif.org/ver10/error"><env:Body>{body}</env:Body>'
    "</env:Envelope>"
)
_FAULT = (
    "<env:Fault><env:Code><env:Value>env:Sender</env:Value><env:Subcode><env:Value>{code}</env:Value></env:Subcode></env:Code>"
    '<env:Reason><env:Text xml:lang="en">{words}</env:Text></env:Reason></env:Fault>'
)
_MATCH = (
    '<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
    'xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" '
    'xmlns:dn="http://www.onvif.org/ver10/network/wsdl"><s:Header><a:MessageID>uuid:{uuid}</a:MessageID>'
    "<a:RelatesTo>{related}</a:RelatesTo>"
    "<a:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/ProbeMatches</a:Action></s:Header><s:Body><d:ProbeMatches>"
    "<d:ProbeMatch><a:EndpointReference><a:Address>urn:uuid:{uuid}</a:Address></a:EndpointReference>"
    "<d:Types>dn:NetworkVideoTransmitter</d:Types><d:Scopes>onvif://www.onvif.org/Profile/Streaming "
    "onvif://www.onvif.org/name/{name} onvif://www.onvif.org/hardware/WK-200</d:Scopes><d:XAddrs>{address}</d:XAddrs>"
    "<d:MetadataVersion>1</d:MetadataVersion></d:ProbeMatch></d:ProbeMatches></s:Body></s:Envelope>"
)


@dataclass(frozen=True, slots=True)
class Profile:
    """A stream it has."""

    token: str
    width: int
    height: int


MAIN, SUB, TINY = Profile("main & <1>", 1920, 1080), Profile("sub", 640, 360), Profile("tiny", 176, 144)


@dataclass
class OnvifCamera:
    """Use as a context. On loopback, at an address of its own in 127.0.0.0/8.

    Attributes:
        auth: ``wsse``, ``http`` (digest only), or ``none``.
        clock_offset_s: how far its clock is ahead.
        told_host: the host that it believes to have; empty: the right one.
        answers: what it says to a question instead of what it should, by the question's name.
        slow_s: how long each answer waits.
        drips: an answer comes byte by byte, and does not end.
        asked: the names of the questions, in order; ``sent`` everything that reached it.
    """

    host: str = "127.0.0.1"
    name: str = "Front%20Door"
    profiles: tuple[Profile, ...] = (SUB, MAIN, TINY)
    user: str = "admin"
    password: str = "pass & word"  # noqa: S105 - a played camera's
    auth: str = "wsse"
    clock_offset_s: float = 0.0
    told_host: str = ""
    answers: dict[str, bytes] = field(default_factory=dict)
    slow_s: float = 0.0
    drips: bool = False
    has_snapshot: bool = True
    asked: list[str] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)

    @property
    def service(self) -> str:
        """Its device service."""
        return f"http://{self.host}:{self.port}/onvif/device_service"

    @property
    def port(self) -> int:
        """Of its HTTP service."""
        return int(self._server.server_address[1])

    def now(self) -> datetime:
        """By its own clock."""
        return datetime.now(UTC) + timedelta(seconds=self.clock_offset_s)

    def __enter__(self) -> OnvifCamera:
        self._nonce = secrets.token_hex(8)
        self._over = threading.Event()
        camera = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                camera.sent.append(body + str(self.headers).encode())
                camera._respond(self, *camera._soap(self, body))

            def do_GET(self) -> None:
                camera.sent.append(str(self.headers).encode())
                if camera.auth != "none" and not camera._is_http_right(self):
                    camera._respond(self, 401, b"")
                else:
                    camera._respond(self, 200, JPEG)

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer((self.host, 0), Handler)
        self._server.daemon_threads = True
        self._listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind((GROUP, PORT))
        group = struct.pack("@4s4si", socket.inet_aton(GROUP), b"", socket.if_nametoindex("lo"))
        self._listener.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
        self._listener.settimeout(0.1)
        self._threads = [
            threading.Thread(target=self._server.serve_forever, args=(0.05,), name="onvif-http"),
            threading.Thread(target=self._discoverable, name="onvif-discovery"),
        ]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
        for thread in self._threads:
            thread.join()
        self._listener.close()

    # -- discovery

    def _discoverable(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as answering:
            answering.bind((self.host, 0))
            while not self._over.is_set():
                try:
                    question, asker = self._listener.recvfrom(65_507)
                except TimeoutError:
                    continue
                related = re.search(rb"MessageID>([^<]+)<", question)
                if related is None or b"NetworkVideoTransmitter" not in question:
                    continue
                self.asked.append("Probe")
                address = f"http://{self.told_host or self.host}:{self.port}/onvif/device_service"
                answer = _MATCH.format(
                    uuid=self._nonce,
                    related=related[1].decode(),
                    name=self.name,
                    address=f"http://[fe80::1]/x {address}",
                )
                answering.sendto(self.answers.get("Probe", answer.encode()), asker)

    # -- questions

    def _soap(self, handler: BaseHTTPRequestHandler, body: bytes) -> tuple[int, bytes]:
        found = re.search(rb"<s:Body><(\w+)", body)
        name = found[1].decode() if found else ""
        self.asked.append(name)
        if name in self.answers:
            return 200, self.answers[name]
        if name != "GetSystemDateAndTime" and self.auth != "none":
            if self.auth == "http" and not self._is_http_right(handler):
                return 401, b""
            if self.auth == "wsse" and not self._is_token_right(body.decode()):
                return 400, self._said(_FAULT.format(code="ter:NotAuthorized", words="Sender not Authorized"))
        return self._answer(name, body.decode())

    def _answer(self, name: str, question: str) -> tuple[int, bytes]:
        host = self.told_host or self.host
        token = re.search(r"ProfileToken>([^<]*)<", question)
        chosen = _unescaped(token[1]) if token else ""
        if name == "GetSystemDateAndTime":
            return 200, self._said(_clock(self.now()))
        if name == "GetCapabilities":
            address = f"http://{host}:{self.port}/onvif/media"
            media = f"<tt:Media><tt:XAddr>{address}</tt:XAddr></tt:Media>"
            said = f"<tds:Capabilities>{media}</tds:Capabilities>"
            return 200, self._said(f"<tds:GetCapabilitiesResponse>{said}</tds:GetCapabilitiesResponse>")
        if name == "GetProfiles":
            rows = "".join(_profile(profile) for profile in self.profiles)
            return 200, self._said(f"<trt:GetProfilesResponse>{rows}</trt:GetProfilesResponse>")
        if name == "GetStreamUri" and chosen in [p.token for p in self.profiles]:
            index = [p.token for p in self.profiles].index(chosen)
            uri = f"rtsp://{self.user}:secret@{host}:8554/stream{index}?a=1&amp;b=2"
            said = f"<trt:MediaUri><tt:Uri>{uri}</tt:Uri><tt:Timeout>PT0S</tt:Timeout></trt:MediaUri>"
            return 200, self._said(f"<trt:GetStreamUriResponse>{said}</trt:GetStreamUriResponse>")
        if name == "GetSnapshotUri" and self.has_snapshot:
            said = f"<trt:MediaUri><tt:Uri>http://{host}:{self.port}/snap.jpg</tt:Uri></trt:MediaUri>"
            return 200, self._said(f"<trt:GetSnapshotUriResponse>{said}</trt:GetSnapshotUriResponse>")
        return 500, self._said(_FAULT.format(code="ter:ActionNotSupported", words="not here"))

    @staticmethod
    def _said(body: str) -> bytes:
        return _SOAP.format(body=body).encode()

    def _is_token_right(self, body: str) -> bool:
        parts = {
            name: found[1]
            for name in ("Username", "Password", "Nonce", "Created")
            if (found := re.search(rf"<\w:{name}(?: [^>]*)?>([^<]*)<", body))
        }
        if len(parts) != 4 or _unescaped(parts["Username"]) != self.user:
            return False
        created = datetime.fromisoformat(parts["Created"].replace("Z", "+00:00"))
        plain = base64.b64decode(parts["Nonce"]) + parts["Created"].encode() + self.password.encode()
        is_fresh = abs((created - self.now()).total_seconds()) <= STRICT_S
        return is_fresh and base64.b64encode(hashlib.sha1(plain).digest()).decode() == parts["Password"]  # noqa: S324 - the protocol's

    def _is_http_right(self, handler: BaseHTTPRequestHandler) -> bool:
        """RFC 7616 with MD5 and qop=auth."""
        said = dict(re.findall(r'(\w+)="?([^",]*)"?', handler.headers.get("Authorization", "")))
        if said.get("username") != self.user or said.get("nonce") != self._nonce:
            return False
        own = _md5(f"{self.user}:camera:{self.password}")
        asked = _md5(f"{handler.command}:{said.get('uri', '')}")
        right = _md5(f"{own}:{self._nonce}:{said.get('nc', '')}:{said.get('cnonce', '')}:{said.get('qop', '')}:{asked}")
        return said.get("response") == right

    def _respond(self, handler: BaseHTTPRequestHandler, status: int, body: bytes) -> None:
        self._over.wait(self.slow_s)
        handler.send_response(status)
        if status == 401:
            handler.send_header("WWW-Authenticate", f'Digest realm="camera", nonce="{self._nonce}", qop="auth"')
        handler.send_header("Content-Length", str(10_000_000 if self.drips else len(body)))
        handler.end_headers()
        try:
            while self.drips and not self._over.is_set():
                handler.wfile.write(b"<")
                time.sleep(0.05)
            handler.wfile.write(body)
        except OSError:
            handler.close_connection = True


def _profile(profile: Profile) -> str:
    token = profile.token.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    size = f"<tt:Width>{profile.width}</tt:Width><tt:Height>{profile.height}</tt:Height>"
    encoder = f"<tt:Encoding>H264</tt:Encoding><tt:Resolution>{size}</tt:Resolution>"
    return (
        f'<trt:Profiles token="{token}" fixed="true"><tt:Name>{token}</tt:Name><tt:VideoEncoderConfiguration token="e">'
        f"{encoder}</tt:VideoEncoderConfiguration></trt:Profiles>"
    )


def _clock(at: datetime) -> str:
    clock = f"<tt:Hour>{at.hour}</tt:Hour><tt:Minute>{at.minute}</tt:Minute><tt:Second>{at.second}</tt:Second>"
    day = f"<tt:Year>{at.year}</tt:Year><tt:Month>{at.month}</tt:Month><tt:Day>{at.day}</tt:Day>"
    moment = f"<tt:UTCDateTime><tt:Time>{clock}</tt:Time><tt:Date>{day}</tt:Date></tt:UTCDateTime>"
    said = f"<tds:SystemDateAndTime><tt:DateTimeType>Manual</tt:DateTimeType>{moment}</tds:SystemDateAndTime>"
    return f"<tds:GetSystemDateAndTimeResponse>{said}</tds:GetSystemDateAndTimeResponse>"


def _unescaped(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()  # noqa: S324 - the protocol's
