"""A still goes to the cloud as it is; a refusal is told in words."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from pydantic import SecretStr

from desktop_app.adapters.cloud.http_link import HttpLink
from desktop_app.adapters.video.jpeg import encode_jpeg
from desktop_app.services.edge_link import LinkError
from shared_models.stills import MAX_STILL_BYTES, STILL_PATH, STILL_TYPE


class Cloud(BaseHTTPRequestHandler):
    taken: ClassVar[list[tuple[str, str, str, bytes]]] = []
    status = 204

    def do_PUT(self) -> None:
        asked = urlsplit(self.path)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        camera = parse_qs(asked.query)["camera_id"][0]
        self.taken.append((asked.path, camera, self.headers["Content-Type"], body))
        self.send_response(type(self).status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def cloud() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Cloud)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    Cloud.taken.clear()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_still_is_put_as_it_is(cloud: str) -> None:
    picture = encode_jpeg(np.random.default_rng(1).integers(0, 255, (156, 208, 3), dtype=np.uint8))
    assert len(picture) < MAX_STILL_BYTES
    Cloud.status = 204
    link = HttpLink(cloud, SecretStr("edge_x_1"))
    link.still("front/left ä", picture)
    assert Cloud.taken == [(STILL_PATH, "front/left ä", STILL_TYPE, picture)]
    Cloud.status = 409
    with pytest.raises(LinkError) as told:
        link.still("front/left ä", picture)
    assert told.value.status == 409
    link.close()
