"""Real cameras that are killed, frozen, restarted and locked: GStreamer's RTSP server, and a small MJPEG one."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np
import pytest

from desktop_app.adapters.video.open_source import make_source
from desktop_app.adapters.video.pyav_source import PyAvSource
from desktop_app.services.engine_view import CameraCondition
from desktop_app.services.ports import SourceError, SourceNotFound, SourceTimeout
from desktop_app.workers.camera_worker import CameraWorker, Gap
from shared_models.cameras import SourceAddress
from shared_models.clock import SystemClock
from tests.helpers.rtsp_server import RtspServer

pytestmark = pytest.mark.e2e
CLOCK = SystemClock()
PASSWORD = "hunter2-secret"


def wait_until(check: Callable[[], bool], *, within_s: float) -> float:
    """Seconds until ``check`` held."""
    began = time.monotonic()
    while not check():
        assert time.monotonic() - began < within_s, f"it did not happen within {within_s} s"
        time.sleep(0.02)
    return time.monotonic() - began


@contextmanager
def watched(address: str, gaps: list[Gap]) -> Iterator[CameraWorker]:
    source = make_source(SourceAddress(address), clock=CLOCK)
    worker = CameraWorker("cam", source, clock=CLOCK, on_gap=lambda _, gap: gaps.append(gap))
    worker.start()
    try:
        yield worker
    finally:
        worker.stop()


def is_live(worker: CameraWorker) -> bool:
    return worker.state.condition is CameraCondition.LIVE


def test_a_camera_that_is_killed_is_back_within_ten_seconds_of_its_return_and_tells_the_gap() -> None:
    gaps: list[Gap] = []
    with RtspServer() as server, watched(server.address, gaps) as worker:
        wait_until(lambda: is_live(worker), within_s=10)
        server.kill()
        killed_s = time.monotonic()
        wait_until(lambda: not is_live(worker), within_s=5)
        time.sleep(5)
        server.start()
        wait_until(lambda: is_live(worker), within_s=10)
        blind_s = time.monotonic() - killed_s
        wait_until(lambda: worker.slot.take() is not None, within_s=2)
    assert len(gaps) == 1, gaps
    gap = gaps[0]
    assert gap.reason == "SourceUnreachable"
    assert gap.duration_s == pytest.approx(blind_s, abs=0.5)


def test_a_frozen_camera_is_told_at_once_and_harms_no_other() -> None:
    gaps: list[Gap] = []
    other_gaps: list[Gap] = []
    with (
        RtspServer() as frozen,
        RtspServer() as healthy,
        watched(frozen.address, gaps) as worker,
        watched(healthy.address, other_gaps) as other,
    ):
        wait_until(lambda: is_live(worker) and is_live(other), within_s=15)
        frozen.freeze()
        frozen_s = time.monotonic()
        assert wait_until(lambda: not is_live(worker), within_s=5) >= 2.5
        assert "No picture for 3 seconds" in worker.state.words
        wait_until(lambda: "does not answer" in worker.state.words, within_s=12)
        assert is_live(other)
        assert other.slot.take() is not None
        frozen.kill()
        frozen.start()
        wait_until(lambda: is_live(worker), within_s=10)
        blind_s = time.monotonic() - frozen_s
    assert len(gaps) == 1, gaps
    gap = gaps[0]
    assert gap.reason == "SourceTimeout"
    assert gap.duration_s == pytest.approx(blind_s, abs=0.5)
    assert other_gaps == []


def test_a_stop_is_prompt_while_a_frozen_camera_is_read() -> None:
    gaps: list[Gap] = []
    with RtspServer() as server:
        source = make_source(SourceAddress(server.address), clock=CLOCK)
        worker = CameraWorker("cam", source, clock=CLOCK, on_gap=lambda _, gap: gaps.append(gap))
        worker.start()
        wait_until(lambda: is_live(worker), within_s=10)
        server.freeze()
        time.sleep(1.5)
        began_s = time.monotonic()
        worker.stop()
        assert time.monotonic() - began_s < 4.0
        assert not worker.thread.is_alive
    assert gaps == []


def test_a_camera_that_hesitates_for_four_seconds_was_blind_for_four_seconds() -> None:
    gaps: list[Gap] = []
    with RtspServer() as server, watched(server.address, gaps) as worker:
        wait_until(lambda: is_live(worker), within_s=10)
        time.sleep(0.5)
        server.freeze()
        time.sleep(4)
        server.thaw()
        wait_until(lambda: is_live(worker), within_s=5)
    assert len(gaps) == 1, gaps
    gap = gaps[0]
    assert gap.reason == "stale"
    assert gap.duration_s == pytest.approx(4.0, abs=0.5)


def test_a_locked_camera_opens_with_its_password_and_refuses_another_without_telling_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG")
    gaps: list[Gap] = []
    with RtspServer(password=PASSWORD) as server:
        with watched(server.address_with(PASSWORD), gaps) as worker:
            wait_until(lambda: is_live(worker), within_s=10)
        with watched(server.address_with("wrong-secret"), gaps) as worker:
            wait_until(lambda: worker.state.condition is CameraCondition.TROUBLE, within_s=10)
            refused = worker.state
            time.sleep(3)
            assert worker.state == refused, "it knocks again: cameras lock accounts"
            stopping_s = time.monotonic()
        assert time.monotonic() - stopping_s < 4
    assert refused.words == f"The camera at 127.0.0.1:{server.port} refuses this user name or password."
    assert [gap.reason for gap in gaps] == ["SourceAuthError"]
    assert "secret" not in caplog.text


def test_a_wrong_path_is_told_apart_from_a_dead_camera() -> None:
    with RtspServer() as server:
        source = make_source(SourceAddress(server.address + "/nowhere"), clock=CLOCK)
        with pytest.raises(SourceNotFound, match="no stream at this path"):
            source.open()


def test_a_source_that_is_closed_under_its_reader_ends_the_read() -> None:
    errors: list[SourceError] = []
    with RtspServer() as server:
        source = PyAvSource(SourceAddress(server.address), clock=CLOCK, read_timeout_s=1.0)
        source.open()

        def read_on() -> None:
            try:
                while True:
                    source.read()
            except SourceError as error:
                errors.append(error)

        reader = threading.Thread(target=read_on, name="reader")
        reader.start()
        server.freeze()
        time.sleep(0.5)
        source.close()
        reader.join(5)
        assert not reader.is_alive()
    assert len(errors) == 1


class MjpegCamera(BaseHTTPRequestHandler):
    """Thirty pictures, as old network cameras send them."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=picture")
        self.end_headers()
        for shade in range(30):
            jpeg = cv2.imencode(".jpg", np.full((48, 64, 3), 8 * shade, np.uint8))[1].tobytes()
            head = f"--picture\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
            self.wfile.write(head.encode() + jpeg + b"\r\n")

    def log_message(self, format: str, *args: object) -> None:
        return


def test_a_camera_that_sends_jpegs_over_http_plays() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), MjpegCamera) as server:
        thread = threading.Thread(target=server.serve_forever, name="mjpeg")
        thread.start()
        try:
            source = make_source(SourceAddress(f"http://127.0.0.1:{server.server_port}/video.mjpg"), clock=CLOCK)
            assert source.open() == (64, 48)
            shades = [float(source.read().bgr().mean()) for _ in range(20)]
            source.close()
        finally:
            server.shutdown()
            thread.join()
    assert shades == sorted(shades)
    assert shades[19] - shades[0] > 100


def test_a_server_that_accepts_and_says_nothing_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"rtsp://127.0.0.1:{silent.getsockname()[1]}/live"
        source = PyAvSource(SourceAddress(address), clock=CLOCK, open_timeout_s=1.0)
        with pytest.raises(SourceTimeout, match="does not answer"):
            source.open()
