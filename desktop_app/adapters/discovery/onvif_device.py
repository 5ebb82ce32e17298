"""Asking one ONVIF camera where its streams are (ONVIF core 5.9 and 5.12, device and media services ver10, SOAP 1.2).

The order: its clock (that question needs no password), where its media service is, its profiles, a stream of the largest and
one of a smaller profile, a picture. A password goes as a digest only: as WS-UsernameToken, stamped by the *camera's* clock
because cameras refuse stamps that are some seconds off and shop cameras are months off; or as HTTP digest where the camera
asks for that.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import SplitResult, urlsplit, urlunsplit
from xml.sax.saxutils import escape

import httpx

from desktop_app.adapters.discovery.xml_answers import all_named, first_named, parse_xml, text_of
from desktop_app.services.camera_discovery import CameraQuestionError, CameraStreams

MAX_ANSWER_BYTES, MAX_PICTURE_BYTES = 512 * 1024, 8 * 1024 * 1024
READ_TIMEOUT_S, WHOLE_S = 5.0, 20.0
"""A camera may be slow; one that drips its answer must not hold the search for ever."""
MAX_PROFILES = 32
SMALL_WIDTH_PX = 480
"""A smaller stream is worth having from this width on: people are too small in less."""
_WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss"
_DEVICE, _MEDIA = "http://www.onvif.org/ver10/device/wsdl", "http://www.onvif.org/ver10/media/wsdl"
_ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope">'
    "<s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
)
_SECURITY = (
    '<w:Security s:mustUnderstand="1" xmlns:w="{wsse}-wssecurity-secext-1.0.xsd" '
    'xmlns:u="{wsse}-wssecurity-utility-1.0.xsd"><w:UsernameToken><w:Username>{user}</w:Username>'
    '<w:Password Type="{wsse}-username-token-profile-1.0#PasswordDigest">{digest}</w:Password>'
    '<w:Nonce EncodingType="{wsse}-soap-message-security-1.0#Base64Binary">{nonce}</w:Nonce>'
    "<u:Created>{created}</u:Created></w:UsernameToken></w:Security>"
)
REFUSED = "The camera at {host} refuses this user name or password; some cameras have a user of their own for ONVIF."
SILENT = "The camera at {host} does not answer in time; is it switched on and in this network?"
STRANGE = (
    "The camera at {host} answers, but not as one with ONVIF does; type the address of its stream (its manual says it)."
)
NO_STREAM = "The camera at {host} has no video stream; look into its own settings page."


@dataclass(frozen=True, slots=True)
class _Profile:
    token: str
    width: int
    height: int


def ask_streams(
    service: str,
    *,
    user: str = "",
    password: str = "",
    is_cancelled: Callable[[], bool] = lambda: False,
    clock_s: Callable[[], float] = time.monotonic,
) -> CameraStreams:
    """Where the streams of the camera with this device service are; with a picture if it gives one.

    Raises:
        CameraQuestionError: in words.
    """
    with _Camera(service, user=user, password=password, is_cancelled=is_cancelled, clock_s=clock_s) as camera:
        camera.learn_clock()
        media = camera.media_address()
        profiles = camera.profiles(media)
        main, small = _chosen(profiles)
        source = camera.stream(media, main)
        substream = camera.stream(media, small) if small is not None else None
        return CameraStreams(
            source=source,
            substream=substream if substream != source else None,
            picture=camera.picture(media, small or main),
            clock_offset_s=camera.clock_offset_s,
        )


def password_digest(nonce: bytes, created: str, password: str) -> str:
    """Base64(SHA-1(nonce + created + password)): WSS UsernameToken profile 1.0, section 3."""
    return base64.b64encode(hashlib.sha1(nonce + created.encode() + password.encode()).digest()).decode()  # noqa: S324 - the protocol's


class _Camera:
    """One conversation: how this camera wants to be asked is learnt from its answers."""

    def __init__(
        self, service: str, *, user: str, password: str, is_cancelled: Callable[[], bool], clock_s: Callable[[], float]
    ) -> None:
        self._service, self._user, self._password = service, user, password
        self._host = urlsplit(service).hostname or service
        self._is_cancelled, self._clock_s = is_cancelled, clock_s
        self._end_s = clock_s() + WHOLE_S
        self._by_http = False
        self.clock_offset_s = 0.0
        self._client = httpx.Client(timeout=READ_TIMEOUT_S, follow_redirects=False, trust_env=False, verify=False)  # noqa: S501 - cameras sign for themselves; the password goes as a digest

    def __enter__(self) -> _Camera:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def learn_clock(self) -> None:
        """How far the camera's clock is from this computer's; one that does not tell is taken to be right."""
        with suppress(_RefusedError):
            told = self._ask(self._service, f'<GetSystemDateAndTime xmlns="{_DEVICE}"/>', is_open=True)
            moment = first_named(told, "UTCDateTime")
            with suppress(ValueError, OverflowError):
                if moment is not None:
                    parts = ("Year", "Month", "Day", "Hour", "Minute", "Second")
                    at = datetime(*(int(text_of(moment, part)) for part in parts), tzinfo=UTC)  # type: ignore[arg-type,misc]
                    self.clock_offset_s = (at - datetime.now(UTC)).total_seconds()

    def media_address(self) -> str:
        """Its media service, at the address at which the camera was reached."""
        body = f'<GetCapabilities xmlns="{_DEVICE}"><Category>Media</Category></GetCapabilities>'
        said = text_of(self._answer(self._service, body), "Media", "XAddr")
        return self._here(said) if urlsplit(said).scheme in ("http", "https") else self._service

    def profiles(self, media: str) -> list[_Profile]:
        """What it streams, largest first."""
        root = self._answer(media, f'<GetProfiles xmlns="{_MEDIA}"/>')
        found = []
        for element in list(all_named(root, "Profiles"))[:MAX_PROFILES]:
            encoder = first_named(element, "VideoEncoderConfiguration")
            token = element.get("token", "")
            if encoder is not None and token:
                width, height = (_number(text_of(encoder, "Resolution", side)) for side in ("Width", "Height"))
                found.append(_Profile(token, width, height))
        if not found:
            raise CameraQuestionError(NO_STREAM.format(host=self._host))
        return sorted(found, key=lambda p: p.width * p.height, reverse=True)

    def stream(self, media: str, profile: _Profile) -> str:
        """Its address, without user and password, at the address at which the camera was reached."""
        body = (
            f'<GetStreamUri xmlns="{_MEDIA}"><StreamSetup><Stream xmlns="http://www.onvif.org/ver10/schema">RTP-Unicast'
            '</Stream><Transport xmlns="http://www.onvif.org/ver10/schema"><Protocol>RTSP</Protocol></Transport></StreamSetup>'
            f"<ProfileToken>{escape(profile.token)}</ProfileToken></GetStreamUri>"
        )
        said = text_of(self._answer(media, body), "Uri")
        if urlsplit(said).scheme not in ("rtsp", "rtsps"):
            raise CameraQuestionError(STRANGE.format(host=self._host))
        return self._here(said)

    def picture(self, media: str, profile: _Profile) -> bytes | None:
        """A still picture (JPEG); None where it gives none: that is no failure."""
        body = f'<GetSnapshotUri xmlns="{_MEDIA}"><ProfileToken>{escape(profile.token)}</ProfileToken></GetSnapshotUri>'
        with suppress(CameraQuestionError):
            said = text_of(self._answer(media, body), "Uri")
            if urlsplit(said).scheme in ("http", "https"):
                auth = httpx.DigestAuth(self._user, self._password) if self._user else None
                status, _, found = self._exchange("GET", self._here(said), auth=auth, limit=MAX_PICTURE_BYTES)
                if status == 200 and found.startswith(b"\xff\xd8"):
                    return found
        return None

    # -- inside

    def _answer(self, address: str, body: str) -> ET.Element:
        try:
            return self._ask(address, body)
        except _RefusedError as error:
            raise CameraQuestionError(REFUSED.format(host=self._host)) from error

    def _ask(self, address: str, body: str, *, is_open: bool = False) -> ET.Element:
        """Post a question; ``is_open``: one that needs no password."""
        has_user = bool(self._user) and not is_open
        if has_user and not self._by_http:
            status, challenge, found = self._post(address, body, header=self._token())
            if status == 401 and "digest" in challenge.lower():
                self._by_http = True
        if self._by_http or not has_user:
            auth = httpx.DigestAuth(self._user, self._password) if has_user else None
            status, _, found = self._post(address, body, auth=auth)
        root = parse_xml(found)
        if status in (401, 403) or (root is not None and _is_refusal(root)):
            raise _RefusedError
        if root is None or status != 200 or first_named(root, "Fault") is not None:
            raise CameraQuestionError(STRANGE.format(host=self._host))
        return root

    def _post(
        self, address: str, body: str, *, header: str = "", auth: httpx.Auth | None = None
    ) -> tuple[int, str, bytes]:
        content = _ENVELOPE.format(header=header, body=body).encode()
        return self._exchange("POST", address, content=content, auth=auth, limit=MAX_ANSWER_BYTES)

    def _exchange(
        self, method: str, address: str, *, limit: int, content: bytes | None = None, auth: httpx.Auth | None = None
    ) -> tuple[int, str, bytes]:
        """(status, challenge, body). A body over ``limit`` is cut off, so that it is no XML."""
        headers = {"Content-Type": "application/soap+xml; charset=utf-8"} if content else {}
        found = bytearray()
        try:
            with self._client.stream(method, address, content=content, headers=headers, auth=auth) as response:
                for chunk in response.iter_bytes():
                    found += chunk
                    if self._is_cancelled() or self._clock_s() > self._end_s:
                        raise CameraQuestionError(SILENT.format(host=self._host))
                    if len(found) > limit:
                        raise CameraQuestionError(STRANGE.format(host=self._host))
                return response.status_code, response.headers.get("WWW-Authenticate", ""), bytes(found)
        except (httpx.TimeoutException, httpx.ConnectError) as error:
            raise CameraQuestionError(SILENT.format(host=self._host)) from error
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            raise CameraQuestionError(STRANGE.format(host=self._host)) from error

    def _token(self) -> str:
        nonce = secrets.token_bytes(16)
        created = f"{datetime.now(UTC) + timedelta(seconds=self.clock_offset_s):%Y-%m-%dT%H:%M:%S.000Z}"
        return _SECURITY.format(
            wsse=_WSSE,
            user=escape(self._user),
            digest=password_digest(nonce, created, self._password),
            nonce=base64.b64encode(nonce).decode(),
            created=created,
        )

    def _here(self, address: str) -> str:
        """What the camera says, at the address at which it answered: many tell one of a network they were in before."""
        try:
            parts = urlsplit(address)
            port = f":{parts.port}" if parts.port else ""
        except ValueError as error:
            raise CameraQuestionError(STRANGE.format(host=self._host)) from error
        host = f"[{self._host}]" if ":" in self._host else self._host
        return urlunsplit(SplitResult(parts.scheme, f"{host}{port}", parts.path, parts.query, ""))


class _RefusedError(Exception):
    """The camera wants another user or password."""


def _is_refusal(root: ET.Element) -> bool:
    fault = first_named(root, "Fault")
    if fault is None:
        return False
    codes = {(value.text or "").rpartition(":")[2].strip() for value in all_named(fault, "Value")}
    return bool(codes & {"NotAuthorized", "FailedAuthentication", "FailedCheck", "InvalidSecurityToken"})


def _chosen(profiles: list[_Profile]) -> tuple[_Profile, _Profile | None]:
    """The largest, and the smallest of the others in which people can still be found."""
    main, *others = profiles
    small = [p for p in others if SMALL_WIDTH_PX <= p.width < main.width]
    return main, small[-1] if small else None


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 6 else 0
