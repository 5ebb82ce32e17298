"""Cameras that speak HTTP, made by hand: what they send is a function of the test."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import av
import cv2
import numpy as np

SIZE = 64, 48
Send = Callable[[bytes], None]


@contextmanager
def network_camera(play: Callable[[Send], None], *, content_type: str) -> Iterator[str]:
    """An address at which ``play(send)`` is what each client sees; it ends when the client goes, or with the context."""
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", content_type)
            self.end_headers()
            try:
                play(self._send)
            except OSError:
                return

        def _send(self, data: bytes) -> None:
            if over.is_set():
                raise ConnectionAbortedError
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, name="camera-server", kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/video"
        finally:
            over.set()
            server.shutdown()
            thread.join()


MJPEG = "multipart/x-mixed-replace; boundary=picture"


def jpeg_part(jpeg: bytes) -> bytes:
    """One picture of an MJPEG stream."""
    return f"--picture\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n".encode() + jpeg + b"\r\n"


def jpeg(shade: int, *, noise_seed: int | None = None) -> bytes:
    """A grey picture, with a sensor's noise if a seed is given."""
    image = np.full((SIZE[1], SIZE[0], 3), shade, np.uint8)
    if noise_seed is not None:
        image += np.random.default_rng(noise_seed).integers(0, 20, image.shape, np.uint8)
    return cv2.imencode(".jpg", image)[1].tobytes()


def h264_without_key_frames(count: int = 60) -> list[bytes]:
    """Access units of a stream whose key frames never come: parameter sets and differences only."""
    codec = av.CodecContext.create("libx264", "w")
    codec.width, codec.height, codec.pix_fmt = *SIZE, "yuv420p"
    codec.time_base, codec.framerate = Fraction(1, 25), Fraction(25, 1)
    codec.options = {
        "g": "1000",
        "bf": "0",
        "preset": "ultrafast",
        "tune": "zerolatency",
        "x264-params": "repeat-headers=1:scenecut=0",
    }
    packets: list[bytes] = []
    for index in range(count):
        ramp = np.roll(np.tile(np.arange(SIZE[0], dtype=np.uint8)[None, :, None] * 3, (SIZE[1], 1, 3)), index, 1)
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(ramp), format="bgr24")
        frame.pts = index
        packets += [bytes(packet) for packet in codec.encode(frame)]
    first, *rest = packets
    units = first.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1")
    parameters = b"".join(b"\0\0\1" + unit for unit in units if unit and unit[0] & 31 in (7, 8))
    return [parameters + packet for packet in rest]


def paced(parts: Iterator[bytes], send: Send, *, fps: float) -> None:
    """Send a part at a time, as a camera does."""
    for part in parts:
        send(part)
        time.sleep(1 / fps)
