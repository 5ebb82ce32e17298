"""The way to the cloud: gzip JSON over HTTPS, with the edge key in a header and nowhere else."""

from __future__ import annotations

import gzip
import ipaddress
import math
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
from pydantic import SecretStr, ValidationError

from desktop_app.services.ports import CloudAnswer
from shared_models.cameras import redact
from shared_models.sync import EDGE_KEY_HEADER, EVENTS_PATH, BatchReceipt

CONNECT_TIMEOUT_S = 10.0
ANSWER_TIMEOUT_S = 30.0
LONGEST_ANSWER_S = 90.0
"""A whole answer; one that drips longer is given up."""
MAX_ANSWER_BYTES = 4_000_000
STRANGER_WORDS = "Something answers in the cloud's place (a log-in page of the network?)."


class HttpCloud:
    """One store's connection.

    Raises:
        ValueError: the address is not https, and is neither this machine nor allowed to be insecure; or the key is none.
    """

    def __init__(
        self,
        api_url: str,
        edge_key: SecretStr,
        *,
        allow_insecure: bool = False,
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
        answer_timeout_s: float = ANSWER_TIMEOUT_S,
    ) -> None:
        timeout = httpx.Timeout(answer_timeout_s, connect=connect_timeout_s)
        self._client = edge_client(api_url, edge_key, allow_insecure=allow_insecure, timeout=timeout)
        self._wire = Wire()

    def send(self, payload: bytes) -> CloudAnswer:
        return self._post(payload)[0]

    def check(self) -> tuple[CloudAnswer, float | None]:
        """Upload nothing: the answer, and by how many seconds this machine's clock is behind the cloud's (None: unknown)."""
        began = datetime.now(UTC)
        answer, headers = self._post(b'{"events":[]}')
        try:
            said = parsedate_to_datetime(headers.get("Date", ""))
        except ValueError:
            return answer, None
        # The header cuts off what is below a second; the answer was written somewhere between now and then.
        return answer, (said - began).total_seconds() + 0.5 - (datetime.now(UTC) - began).total_seconds() / 2

    def close(self) -> None:
        """Let go of the connection; a request under way in another thread ends."""
        self._wire.cut()
        self._client.close()

    def _post(self, payload: bytes) -> tuple[CloudAnswer, Mapping[str, str]]:
        headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        try:
            with self._client.stream(
                "POST",
                EVENTS_PATH,
                content=gzip.compress(payload, 5),
                headers=headers,
                extensions={"trace": self._wire.follow},
            ) as response:
                return _understood(response, limited_body(response)), response.headers
        except (httpx.HTTPError, httpx.StreamError, RuntimeError) as error:
            return CloudAnswer(0, words=network_words(error)), {}


def edge_client(api_url: str, edge_key: SecretStr, *, allow_insecure: bool, timeout: httpx.Timeout) -> httpx.Client:
    """A client that speaks as a store, with its key in a header.

    Raises:
        ValueError: the address is not https, and is neither this machine nor allowed to be insecure; or the key is none.
    """
    if urlsplit(api_url).scheme != "https" and not allow_insecure and not is_loopback(api_url):
        raise ValueError(
            f"{redact(api_url)} is not encrypted: anyone on the way could read the edge key. Use https://, or set "
            "WINK_ALLOW_INSECURE_CLOUD=1 on a network you trust."
        )
    key = edge_key.get_secret_value().strip()
    if not (key.isascii() and key.isprintable()):
        raise ValueError("The edge key holds characters that no key has; copy it once more.")
    headers = {EDGE_KEY_HEADER: key}
    return httpx.Client(base_url=api_url, headers=headers, timeout=timeout, follow_redirects=False)


class Wire:
    """Knows the connection's socket: closing a client in one thread does not wake another that reads from it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._is_cut = False

    def follow(self, event: str, info: dict[str, Any]) -> None:
        """httpcore's trace: remember each socket it connects."""
        if event not in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            return
        with self._lock:
            self._socket = info["return_value"].get_extra_info("socket")
        if self._is_cut:
            self.cut()

    def cut(self) -> None:
        """End what waits on the connection, and every one that is made from now on."""
        with self._lock:
            self._is_cut = True
            if self._socket is not None:
                with suppress(OSError):
                    # The plain socket's own method: the one of TLS would begin a polite goodbye in the other's stead.
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


def is_loopback(url: str) -> bool:
    """Whether the address is this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def limited_body(response: httpx.Response) -> bytes:
    """The answer's body, up to a size and a time that no cloud of ours needs."""
    deadline_s = time.monotonic() + LONGEST_ANSWER_S
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > MAX_ANSWER_BYTES or time.monotonic() > deadline_s:
            break
    return bytes(body)


def _understood(response: httpx.Response, body: bytes) -> CloudAnswer:
    retry_after_s = retry_after(response.headers.get("Retry-After"))
    if response.status_code != 200:
        return CloudAnswer(response.status_code, retry_after_s=retry_after_s, words=status_words(response))
    try:
        return CloudAnswer(200, BatchReceipt.model_validate_json(body))
    except ValidationError:
        return CloudAnswer(0, words=STRANGER_WORDS)


def retry_after(value: str | None) -> float | None:
    """Seconds, from either form of the header."""
    if value is None:
        return None
    with suppress(ValueError):
        seconds = float(value)
        return max(0.0, seconds) if math.isfinite(seconds) else None
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def status_words(response: httpx.Response) -> str:
    """What an answer that is no success means."""
    match response.status_code:
        case 401 | 403:
            return "The cloud does not accept this store's edge key; enter a new one."
        case 413:
            return "The cloud finds the upload too large."
        case 429 | 503:
            return "The cloud is busy."
        case status if status >= 500:
            return f"The cloud has a problem of its own ({status})."
        case 404:
            return "There is no Wink cloud at this address."
        case status if 300 <= status < 400:
            return STRANGER_WORDS
        case status:
            return f"The cloud refuses the upload ({status})."


def network_words(error: Exception) -> str:
    """Why there was no answer, without any address or secret."""
    match error:
        case httpx.ConnectTimeout() | httpx.ReadTimeout() | httpx.WriteTimeout() | httpx.PoolTimeout():
            return "The cloud does not answer in time."
        case httpx.ConnectError() if _is_distrust(error):
            return "The cloud's certificate is not trusted; check the address, and this machine's clock."
        case httpx.ConnectError():
            return "The cloud cannot be reached; is this machine online?"
        case _:
            return f"The connection to the cloud broke ({type(error).__name__})."


def _is_distrust(error: BaseException | None) -> bool:
    """Whether a certificate is at the bottom of it."""
    while error is not None and not isinstance(error, ssl.SSLCertVerificationError):
        error = error.__cause__ or error.__context__
    return error is not None
