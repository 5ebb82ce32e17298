from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import av.container.core
import numpy as np
import pytest

from desktop_app.adapters.video.open_source import make_source
from desktop_app.adapters.video.pyav_source import MAX_PTS_STEP_S, PyAvSource, media_step_s
from desktop_app.adapters.video.usb_device import UsbCamera, usb_target
from desktop_app.services.ports import (
    CapturedFrame,
    SourceEnded,
    SourceError,
    SourceNotFound,
    SourceUnreachable,
    SourceUnreadable,
    VideoSource,
)
from shared_models.cameras import SourceAddress
from shared_models.clock import SystemClock
from tests.helpers.network_camera import (
    MJPEG,
    Send,
    h264_without_key_frames,
    jpeg,
    jpeg_part,
    network_camera,
    paced,
)

CLOCK = SystemClock()


def source_at(address: str, **limits: float) -> PyAvSource:
    return PyAvSource(SourceAddress(address), clock=CLOCK, **limits)  # type: ignore[arg-type]


def read_many(source: VideoSource, count: int) -> list[CapturedFrame]:
    return [source.read() for _ in range(count)]


def read_into(frames: list[CapturedFrame], source: VideoSource) -> None:
    while True:
        frames.append(source.read())


# -- ending what waits


def seconds_until_cut(act: Callable[[], object], close: Callable[[], None]) -> tuple[float, list[Exception]]:
    """How long ``act`` goes on in a thread of its own after ``close`` was called from here, and what it raised."""
    raised: list[Exception] = []

    def run() -> None:
        try:
            act()
        except SourceError as error:
            raised.append(error)

    thread = threading.Thread(target=run, name="reader")
    thread.start()
    time.sleep(0.4)
    assert thread.is_alive()
    began_s = time.monotonic()
    close()
    thread.join(8)
    return time.monotonic() - began_s, raised


def test_an_opening_that_waits_for_a_silent_server_is_cut_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        source = source_at(f"rtsp://127.0.0.1:{silent.getsockname()[1]}/live")
        waited_s, raised = seconds_until_cut(source.open, source.close)
    assert waited_s < 0.5
    assert [str(error) for error in raised] == ["The source is closed."]


def test_a_read_that_waits_for_a_silent_camera_is_cut_at_once_and_the_source_opens_again() -> None:
    def play(send: Send) -> None:
        for n in range(30):
            send(jpeg_part(jpeg(100, noise_seed=n)))
        for _ in range(100):
            time.sleep(0.03)
            send(b"")  # nothing, as long as somebody listens

    with network_camera(play, content_type=MJPEG) as address:
        source = source_at(address)
        source.open()
        waited_s, raised = seconds_until_cut(lambda: read_many(source, 10_000), source.close)
        assert waited_s < 0.5
        assert isinstance(raised[0], SourceEnded)
        assert source.open() == (64, 48)
        assert source.read().index == 0
        source.close()


def test_a_file_in_real_time_is_cut_in_its_pause(film_with_a_jump: Path) -> None:
    source = make_source(SourceAddress(str(film_with_a_jump)), clock=CLOCK, realtime=True)
    source.open()
    waited_s, _ = seconds_until_cut(lambda: read_many(source, 10_000), source.close)
    assert waited_s < 0.5


def test_the_clock_of_ffmpegs_interrupt_callback_is_ours() -> None:
    """Guards the workaround in interruption.py: a PyAV that asks another clock would make every stop slow."""
    assert type(av.container.core.time).__name__ == "_LeapingTime"  # type: ignore[attr-defined]
    assert abs(av.container.core.time.monotonic() - time.monotonic()) < 1.0  # type: ignore[attr-defined]


# -- damaged and missing pictures


def test_a_damaged_picture_costs_itself_and_not_the_connection() -> None:
    def play(send: Send) -> None:
        for n in range(40):
            whole = jpeg(100, noise_seed=n)
            send(jpeg_part(b"\xff\xd8 this is no picture \xff\xd9" if n % 5 == 2 else whole))

    with network_camera(play, content_type=MJPEG) as address:
        source = source_at(address)
        source.open()
        frames = read_many(source, 25)
        source.close()
    assert [frame.index for frame in frames] == list(range(25))


def test_a_film_with_holes_in_it_plays_to_its_end(film_with_a_jump: Path) -> None:
    content = bytearray(film_with_a_jump.read_bytes())
    for place in (len(content) // 3, len(content) // 2):
        content[place : place + 12] = b"\xff" * 12
    film_with_a_jump.write_bytes(content)
    source = make_source(SourceAddress(str(film_with_a_jump)), clock=CLOCK, realtime=False)
    source.open()
    frames: list[CapturedFrame] = []
    with pytest.raises(SourceEnded):
        read_into(frames, source)
    source.close()
    assert 20 <= len(frames) <= 30


def test_a_camera_that_sends_no_whole_picture_any_more_is_told() -> None:
    def pictures() -> itertools.chain[bytes]:
        return itertools.chain((jpeg_part(jpeg(100, noise_seed=n)) for n in range(15)), itertools.repeat(broken))

    broken = jpeg_part(b"\xff\xd8 this is no picture \xff\xd9")
    with network_camera(lambda send: paced(pictures(), send, fps=50), content_type=MJPEG) as address:
        source = source_at(address, no_keyframe_s=0.6)
        source.open()
        with pytest.raises(SourceUnreadable, match="no whole picture; set its key frame interval"):
            read_many(source, 100)
        source.close()


def test_a_camera_whose_key_frame_never_comes_is_told() -> None:
    units = h264_without_key_frames()
    with network_camera(lambda send: paced(itertools.cycle(units), send, fps=50), content_type="video/h264") as address:
        source = source_at(f"{address}.h264", no_keyframe_s=1.0)
        source.open()
        began_s = time.monotonic()
        with pytest.raises(SourceUnreadable, match="no whole picture"):
            source.read()
        assert 0.9 < time.monotonic() - began_s < 4
        source.close()


def test_a_stream_that_ends_is_an_outage_and_no_end() -> None:
    def play(send: Send) -> None:
        for n in range(20):
            send(jpeg_part(jpeg(100, noise_seed=n)))

    with network_camera(play, content_type=MJPEG) as address:
        source = source_at(address)
        source.open()
        with pytest.raises(SourceUnreachable, match=r"ended the stream|broke off the connection"):
            read_many(source, 30)
        source.close()


# -- whether identical pictures are a sign of trouble


def test_a_living_camera_tells_its_pictures_apart_and_a_film_says_nothing(film_with_a_jump: Path) -> None:
    def play(send: Send) -> None:
        for n in (1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6):
            send(jpeg_part(jpeg(100, noise_seed=n)))

    with network_camera(play, content_type=MJPEG) as address:
        source = source_at(address)
        source.open()
        frames = read_many(source, 6)
        prints = [frame.fingerprint() for frame in frames if frame.fingerprint]
        source.close()
    assert len(prints) == 6
    assert len(set(prints)) == 3
    frames[0].bgr()
    assert frames[0].fingerprint is not None
    assert frames[0].fingerprint() is None, "the decoded picture is gone after its conversion"
    film = make_source(SourceAddress(str(film_with_a_jump)), clock=CLOCK, realtime=False)
    film.open()
    assert film.read().fingerprint is None
    film.close()


@pytest.mark.parametrize("address", ["virtual-store://entrance?people=0", "PICTURE"])
def test_drawn_stores_and_pictures_are_never_told_frozen(address: str, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg(100))
    text = str(tmp_path / "a.jpg") if address == "PICTURE" else address
    source = make_source(SourceAddress(text), clock=CLOCK, realtime=False)
    source.open()
    assert source.read().fingerprint is None
    source.close()


# -- stamps


@pytest.mark.parametrize(
    ("pts_s", "last_s", "step_s"),
    [
        (1.1, 1.0, 0.1),
        (1.0, 1.0, 0.04),  # repeated
        (0.5, 1.0, 0.04),  # backwards
        (-5.0, 1.0, 0.04),
        (1.0 + 2 * MAX_PTS_STEP_S, 1.0, 0.04),  # a jump
        (95443.7, 1.0, 0.04),  # an MPEG stamp that ran over
        (None, 1.0, 0.04),
        (1.0, None, 0.04),
        (9.0, 1.0, 8.0),  # a camera that records movement only: a pause
    ],
)
def test_a_broken_stamp_is_no_pause(pts_s: float | None, last_s: float | None, step_s: float) -> None:
    assert media_step_s(pts_s, last_s, usual_s=0.04) == pytest.approx(step_s)


@pytest.fixture
def film_with_a_jump(tmp_path: Path) -> Path:
    """Ten frames per second; a pause of 9 s after the third frame, a jump of an hour after the 20th."""
    path = tmp_path / "film.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 10)
        for index in range(30):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), index * 8, np.uint8), format="bgr24")
            frame.pts = index + (90 if index >= 3 else 0) + (36_000 if index >= 20 else 0)
            for packet in stream.encode(frame):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


def test_the_time_of_a_film_with_broken_stamps_runs_on(film_with_a_jump: Path) -> None:
    source = make_source(SourceAddress(str(film_with_a_jump)), clock=CLOCK, realtime=False)
    source.open()
    times = [source.read().at_s for _ in range(30)]
    source.close()
    steps = [round(b - a, 2) for a, b in itertools.pairwise(times)]
    assert steps[2] == pytest.approx(9.1)
    assert [step for n, step in enumerate(steps) if n != 2] == pytest.approx([0.1] * 28, abs=0.02)


# -- USB cameras


TWO = (UsbCamera("@device_pnp_1", "HD Webcam"), UsbCamera("@device_pnp_2", "Ceiling camera"))


@pytest.mark.parametrize(
    ("camera", "platform", "name", "format_name"),
    [
        ("0", "linux", "/dev/video0", "v4l2"),
        ("/dev/video3", "linux", "/dev/video3", "v4l2"),
        ("usb-046d_HD-video-index0", "linux", "/dev/v4l/by-id/usb-046d_HD-video-index0", "v4l2"),
        ("1", "win32", "video=@device_pnp_2", "dshow"),
        ("HD Webcam", "win32", "video=HD Webcam", "dshow"),
        ("1", "darwin", "1:none", "avfoundation"),
        ("FaceTime HD Camera", "darwin", "FaceTime HD Camera:none", "avfoundation"),
    ],
)
def test_a_usb_camera_is_called_as_its_system_calls_it(camera: str, platform: str, name: str, format_name: str) -> None:
    target = usb_target(camera, platform=platform, cameras=lambda: TWO)
    assert (target.name, target.format) == (name, format_name)


def test_a_usb_number_that_windows_has_not_lists_those_it_has() -> None:
    with pytest.raises(SourceNotFound, match=r"number 2 \(0: HD Webcam; 1: Ceiling camera\)"):
        usb_target("2", platform="win32", cameras=lambda: TWO)
    with pytest.raises(SourceNotFound, match="none is plugged in"):
        usb_target("0", platform="win32", cameras=tuple)


def test_other_systems_are_not_asked_for_their_devices() -> None:
    def nobody_asks() -> list[UsbCamera]:
        raise AssertionError("asked")

    assert usb_target("0", platform="linux", cameras=nobody_asks).options == {}
    assert usb_target("0", platform="darwin", cameras=nobody_asks).options == {"framerate": "30"}
