"""Answers packed on their way out, where no proxy does it: pages, scripts, figures."""

from __future__ import annotations

import asyncio
import secrets
import struct
import zlib
from collections.abc import MutableMapping
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LEAST_BYTES = 1_000
"""Less is one packet either way."""
LARGE_BYTES = 200_000
"""What is larger is packed in a thread: it would hold all others up."""
LEVEL = 5
MOST_PADDING = 100
_TYPES = (
    "text/html", "text/css", "text/javascript", "text/csv", "text/plain", "application/javascript", "application/json",
    "application/manifest+json", "image/svg+xml",
)  # fmt: skip
_GZIP_HEAD = struct.pack("<4BLBB", 0x1F, 0x8B, 8, 8, 0, 0, 255)  # with a file name, of no time, of no system


class Packing:
    """Plain ASGI. Only whole answers to GET are packed: streams go out as they come, and answers to all else are short.

    They also hold secrets that are shown once (log-ins, keys, links), which should lie in no body that somebody could
    have packed again and again beside guesses of theirs (BREACH). What stands in every page, its form token, differs
    each time (``web.shell``); and each answer is longer by a number of bytes that nobody can know, so that its length
    alone tells little.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        accepted = b",".join(value for name, value in scope["headers"] if name == b"accept-encoding")
        answer = _Answer(send, is_packed=takes_gzip(accepted.decode("latin-1")))
        await self._app(scope, receive, answer.send)


class _Answer:
    """One answer: its head is held back until its body is there."""

    def __init__(self, send: Send, *, is_packed: bool) -> None:
        self._send = send
        self._is_packed = is_packed
        self._head: MutableMapping[str, Any] | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            if not _is_packable(message):
                await self._send(message)
                return
            MutableHeaders(raw=message["headers"]).add_vary_header("Accept-Encoding")
            self._head = message
            return
        head, self._head = self._head, None
        if head is None:
            await self._send(message)
            return
        body = message.get("body", b"")
        if self._is_packed and not message.get("more_body", False) and len(body) >= LEAST_BYTES:
            body = await asyncio.to_thread(packed, body) if len(body) > LARGE_BYTES else packed(body)
            _rewrite(head, length=len(body))
        await self._send(head)
        await self._send({**message, "body": body})


def takes_gzip(accepted: str) -> bool:
    """Whether an ``Accept-Encoding`` lets us use it."""
    wanted: dict[str, float] = {}
    for part in accepted.split(","):
        name, _, rest = part.strip().partition(";")
        quality = rest.strip().removeprefix("q=")
        try:
            wanted[name.strip().lower()] = float(quality) if quality else 1.0
        except ValueError:
            continue
    return wanted.get("gzip", wanted.get("*", 0.0)) > 0


def packed(body: bytes) -> bytes:
    """``body`` in gzip, of a length that differs by chance: its head holds a file name that nobody reads."""
    name = secrets.token_hex(MOST_PADDING)[: 1 + secrets.randbelow(MOST_PADDING)].encode()
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    content = packer.compress(body) + packer.flush()
    return _GZIP_HEAD + name + b"\0" + content + struct.pack("<LL", zlib.crc32(body), len(body) & 0xFFFFFFFF)


def _is_packable(head: Message) -> bool:
    headers = MutableHeaders(raw=head["headers"])
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    is_plain = "content-encoding" not in headers and "no-transform" not in headers.get("cache-control", "")
    return head["status"] == 200 and kind in _TYPES and is_plain


def _rewrite(head: MutableMapping[str, Any], *, length: int) -> None:
    headers = MutableHeaders(raw=head["headers"])
    headers["Content-Encoding"] = "gzip"
    headers["Content-Length"] = str(length)
    if (tag := headers.get("etag", "")) and not tag.startswith("W/"):
        headers["ETag"] = f"W/{tag}"  # the same content in other bytes
