"""A link to the cloud that loses replies: the request arrives, the cloud commits, the answer never comes back."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "host", "content-length"}


@dataclass
class LossyLink:
    """What passed.

    Attributes:
        batches: uploads that the cloud answered.
        cut: those of them whose answer was withheld.
        refused: uploads that found no cloud.
    """

    url: str = ""
    batches: int = 0
    cut: int = 0
    refused: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


@contextmanager
def lossy_link(*, cloud_port: int, cut_every: int) -> Iterator[LossyLink]:
    """A proxy before the cloud that withholds every ``cut_every``-th answer and closes the connection instead."""
    link = LossyLink()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 10

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            upstream = http.client.HTTPConnection("127.0.0.1", cloud_port, timeout=30)
            try:
                kept = {k: v for k, v in self.headers.items() if k.lower() not in HOP_BY_HOP}
                upstream.request("POST", self.path, body, kept)
                answer = upstream.getresponse()
                reply = answer.read()
            except (OSError, http.client.HTTPException):
                with link.lock:
                    link.refused += 1
                self.close_connection = True
                return
            finally:
                upstream.close()
            if answer.status == 200:
                with link.lock:
                    link.batches += 1
                    is_cut = link.batches % cut_every == 0
                    link.cut += is_cut
                if is_cut:
                    self.close_connection = True
                    return
            self._pass_on(answer, reply)

        def _pass_on(self, answer: http.client.HTTPResponse, reply: bytes) -> None:
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in HOP_BY_HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        def handle(self) -> None:
            try:
                super().handle()
            except ConnectionError:
                return  # the edge was killed in the middle

        def log_message(self, format: str, *args: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        link.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, name="lossy-link", kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield link
        finally:
            server.shutdown()
            thread.join()
