"""What every request passes: safe headers, a line in the log, a tick of the meters."""

from __future__ import annotations

import logging
import time
from collections.abc import MutableMapping
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cloud_api.maintenance.meters import Meters

log = logging.getLogger("wink.requests")
SECURITY_HEADERS = {
    "content-security-policy": "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
}
HTTPS_ONLY = {"strict-transport-security": "max-age=31536000"}
"""For a year, browsers do not even try plain HTTP. Only said where log-in cookies are kept to HTTPS too."""
_QUIET = {"/healthz", "/readyz", "/metrics"}


class Watch:
    """Plain ASGI: it lies on the hot path of uploads, and must not hold streams up."""

    def __init__(self, app: ASGIApp, *, meters: Meters, is_https_only: bool = False) -> None:
        self._app = app
        self._meters = meters
        given = {**SECURITY_HEADERS, **(HTTPS_ONLY if is_https_only else {})}
        self._headers = [(name.encode(), value.encode()) for name, value in given.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start_s, status = time.perf_counter(), 500

        async def send_watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _add_headers(message, self._headers)
            await send(message)

        self._meters.begun()
        try:
            await self._app(scope, receive, send_watched)
        finally:
            self._note(scope, status=status, seconds=time.perf_counter() - start_s)

    def _note(self, scope: Scope, *, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "") or "none"
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        self._meters.answered(method=method, route=route, status=status, seconds=seconds)
        if route not in _QUIET:
            # The pattern, not the address: an address may hold what is nobody's business.
            line = {"method": method, "route": route, "status": status, "ms": round(seconds * 1000, 1)}
            log.info("%s %s %d", method, route, status, extra=line)


_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


def _add_headers(message: MutableMapping[str, Any], more: list[tuple[bytes, bytes]]) -> None:
    headers = list(message.get("headers", []))
    there = {name.lower() for name, _ in headers}
    headers += [(name, value) for name, value in more if name not in there]
    message["headers"] = headers
