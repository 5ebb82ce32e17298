"""A small web server with or without TLS, as a proxy in front of the cloud would answer."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.helpers.authority import Certificate


@dataclass
class FrontDoor:
    """What it answers: by path (status, body), headers for all, and how far its clock is off."""

    answers: dict[str, tuple[int, str]] = field(
        default_factory=lambda: {"/healthz": (200, '{"status": "ok"}'), "/readyz": (200, '{"status":"ok"}')}
    )
    headers: dict[str, str] = field(default_factory=lambda: {"Strict-Transport-Security": "max-age=31536000"})
    redirect: str = ""
    clock_off_s: float = 0.0

    def answer(self, path: str) -> tuple[int, str]:
        if self.redirect:
            return 301, ""
        return self.answers.get(path, (404, "nothing here"))


@contextmanager
def opened(door: FrontDoor, certificate: Certificate | None = None) -> Iterator[int]:
    """The port at which it answers."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # noqa: N802 - the library's name
            status, body = door.answer(self.path)
            self.send_response(status)
            for name, value in {**door.headers, **({"Location": door.redirect} if door.redirect else {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body.encode())

        def date_time_string(self, timestamp: float | None = None) -> str:
            return formatdate((timestamp or time.time()) + door.clock_off_s, usegmt=True)

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: Any) -> None:
            pass  # a guest who does not like the certificate

    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = False
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.chain, certificate.key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="front door")
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
