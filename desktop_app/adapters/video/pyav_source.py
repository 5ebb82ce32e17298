"""Cameras and files through PyAV (FFmpeg): RTSP over TCP, MJPEG over HTTP, USB cameras, video files.

PyAV gives up on a silent server after a timeout; OpenCV's reader can block for ever (opencv issue 22677).
"""

from __future__ import annotations

import errno
import os
import sys
import threading
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import av
import av.error
import numpy as np
from av.device import enumerate_input_devices

from desktop_app.adapters.video.interruption import interruptible
from desktop_app.adapters.video.usb_device import UsbCamera, usb_target
from desktop_app.services.ports import (
    BgrImage,
    CapturedFrame,
    SourceAuthError,
    SourceEnded,
    SourceError,
    SourceNotFound,
    SourceTimeout,
    SourceUnreachable,
    SourceUnreadable,
)
from shared_models.cameras import SourceAddress, SourceKind, redact
from shared_models.clock import Clock
from shared_models.geometry import Size

OPEN_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 5.0
FALLBACK_FPS = 25.0
NO_KEYFRAME_S = 60.0
"""Cameras send a key frame at least every few seconds; after this long without one something is set wrongly."""
PROBE_US = 1_500_000
"""FFmpeg's own five seconds of guessing the frame rate are five seconds of blindness after each outage."""
MAX_PTS_STEP_S = 10.0
"""A larger step between two frames of a file is a broken time stamp, not a pause."""
NAP_S = 0.1
"""How long a file that plays in real time sleeps at a stretch: it must hear that it is closed."""


@dataclass(frozen=True, slots=True)
class _Opened:
    container: Any
    stream: Any
    frames: Iterator[Any]
    size_wh: Size
    fps: float


class PyAvSource:
    """One camera or file.

    Live sources stamp frames with the clock when they arrive. Files keep their own time: ``at_s`` follows the
    presentation stamps, monotone across loops and broken stamps, and ``captured_at`` is the opening moment plus it.

    Args:
        realtime: files only; wait until each frame is due, or give them as fast as they decode.
        loop: files only; begin again at the end.
    """

    def __init__(
        self,
        address: SourceAddress,
        *,
        clock: Clock,
        realtime: bool = True,
        loop: bool = False,
        open_timeout_s: float = OPEN_TIMEOUT_S,
        read_timeout_s: float = READ_TIMEOUT_S,
        no_keyframe_s: float = NO_KEYFRAME_S,
    ) -> None:
        self._address = address
        self._clock = clock
        self._realtime = realtime
        self._loop = loop
        self._timeout = (open_timeout_s, read_timeout_s)
        self._opened: _Opened | None = None
        self._index = 0
        self._started_at: datetime = clock.utc_now()
        self._started_s = 0.0
        self._media_s = 0.0
        self._last_pts_s: float | None = None
        self._no_keyframe_s = no_keyframe_s
        self._closed = threading.Event()
        self._last_frame_s = 0.0
        # FFmpeg's container must not be freed under a reader: who holds this may touch it.
        self._in_use = threading.Lock()

    def open(self) -> Size:
        with self._in_use:
            self._closed.clear()
            with interruptible(self._closed):
                self._opened = self._connect()
        self._index, self._media_s, self._last_pts_s = 0, 0.0, None
        self._started_at, self._started_s = self._clock.utc_now(), self._clock.monotonic_s()
        return self._opened.size_wh

    def read(self) -> CapturedFrame:
        with self._in_use:
            try:
                while True:
                    opened = self._opened
                    if opened is None or self._closed.is_set():
                        raise _closed_words()
                    frame = self._next(opened)
                    if frame is not None:
                        break
            finally:
                if self._closed.is_set():
                    self._let_go()
        return self._captured(frame, opened)

    def close(self) -> None:
        """Close; an opening or a read under way in another thread is cut, and lets go itself."""
        self._closed.set()
        if self._in_use.acquire(blocking=False):
            try:
                self._let_go()
            finally:
                self._in_use.release()

    def _let_go(self) -> None:
        opened, self._opened = self._opened, None
        if opened is not None:
            opened.container.close()

    def _next(self, opened: _Opened) -> Any | None:
        """The next decoded frame; None where a loop begins anew."""
        try:
            with interruptible(self._closed):
                frame = next(opened.frames, None)
        except (av.error.FFmpegError, OSError, ValueError) as error:
            raise self._explained(error) from None
        if frame is not None:
            return frame
        if self._closed.is_set():
            return None
        if self._address.kind is not SourceKind.FILE:
            raise SourceUnreachable(f"{self._where()} ended the stream.")
        if not self._loop or self._index == 0:
            raise SourceEnded("The file is over.")
        self._let_go()
        self._opened = self._connect()
        self._last_pts_s = None
        return None

    def _decoded(self, container: Any, stream: Any) -> Iterator[Any]:
        """Frames of all packets. A damaged packet costs its own frame, not the connection.

        Raises:
            SourceTimeout: nothing came within the read timeout.
            SourceUnreadable: packets flow, but no whole picture has come of them for ``no_keyframe_s``.
        """
        self._last_frame_s = asked_s = self._clock.monotonic_s()
        for packet in container.demux(stream):
            if self._closed.is_set():
                return
            # WORKAROUND: at a read timeout FFmpeg first hands out the old picture that its parser still held, and tells
            # of the timeout only at the next read, five seconds later. That picture is no sign of life.
            if self._clock.monotonic_s() - asked_s >= self._timeout[1] and self._address.kind is not SourceKind.FILE:
                raise self._silent()
            try:
                frames = packet.decode()
            except av.error.FFmpegError:
                frames = []  # decoding reads nothing: whatever is wrong is wrong with this packet
            for frame in frames:
                self._last_frame_s = self._clock.monotonic_s()
                yield frame
            if self._clock.monotonic_s() - self._last_frame_s > self._no_keyframe_s:
                raise SourceUnreadable(
                    f"{self._where()} sends data, but no whole picture; set its key frame interval to 2 seconds."
                )
            asked_s = self._clock.monotonic_s()

    def _captured(self, frame: Any, opened: _Opened) -> CapturedFrame:
        index, self._index = self._index, self._index + 1
        conversion = _Conversion(frame)
        size_wh = (frame.width, frame.height)
        if self._address.kind is not SourceKind.FILE:
            at_s, captured_at = self._clock.monotonic_s(), self._clock.utc_now()
            return CapturedFrame(index, captured_at, at_s, size_wh, conversion, conversion.fingerprint)
        self._media_s += self._step_s(frame, opened) if index else 0.0
        at_s = self._started_s + self._media_s
        if self._realtime:
            self._sleep_until(at_s)
        return CapturedFrame(index, self._started_at + timedelta(seconds=self._media_s), at_s, size_wh, conversion)

    def _sleep_until(self, at_s: float) -> None:
        while (left_s := at_s - self._clock.monotonic_s()) > 0 and not self._closed.is_set():
            self._clock.sleep(min(left_s, NAP_S))

    def _step_s(self, frame: Any, opened: _Opened) -> float:
        """Seconds since the frame before."""
        pts_s = None if frame.pts is None else float(frame.pts * frame.time_base)
        last_s, self._last_pts_s = self._last_pts_s, pts_s
        return media_step_s(pts_s, last_s, usual_s=1.0 / opened.fps)

    def _connect(self) -> _Opened:
        target, container_format, options = self._target()
        asked_s = self._clock.monotonic_s()
        try:
            container = av.open(target, mode="r", format=container_format, options=options, timeout=self._timeout)
        except (av.error.FFmpegError, OSError, ValueError) as error:
            # FFmpeg calls an RTSP server that accepts and never says a word "invalid data".
            if isinstance(error, av.error.InvalidDataError) and self._clock.monotonic_s() - asked_s >= self._timeout[0]:
                raise self._silent() from None
            raise self._explained(error) from None
        try:
            if not container.streams.video:
                raise SourceUnreadable(f"{self._where()} sends no picture, only sound or data.")
            stream = container.streams.video[0]
            # Frame threads would hold back several frames: with one camera per thread there is work for every core.
            stream.thread_type = "SLICE" if self._address.kind is not SourceKind.FILE else "AUTO"
            size = (stream.codec_context.width, stream.codec_context.height)
            fps = float(stream.average_rate or stream.guessed_rate or FALLBACK_FPS)
            return _Opened(container, stream, self._decoded(container, stream), size, fps)
        except SourceError:
            container.close()
            raise
        except (av.error.FFmpegError, OSError, ValueError) as error:
            container.close()
            raise self._explained(error) from None

    def _target(self) -> tuple[str, str | None, dict[str, str]]:
        text = self._address.reveal()
        kind = self._address.kind
        if kind is SourceKind.RTSP:
            probe = {"analyzeduration": str(PROBE_US), "fpsprobesize": "0"}
            return text, None, {"rtsp_transport": "tcp", "allowed_media_types": "video", **probe}
        if kind is SourceKind.USB:
            camera = text.partition("://")[2] or text
            target = usb_target(camera, platform=sys.platform, cameras=_usb_cameras)
            return target.name, target.format, target.options
        if kind is SourceKind.FILE:
            path = text.removeprefix("file://")
            if not os.path.exists(path):  # noqa: PTH110 - a Windows path in a URL is no Path yet
                raise SourceNotFound(f"There is no file {path}.")
            return path, None, {}
        return text, None, {}

    def _where(self) -> str:
        if self._address.kind is SourceKind.FILE:
            return "The file"
        return f"The camera at {self._address.host}" if self._address.host else "The camera"

    def _silent(self) -> SourceTimeout:
        return SourceTimeout(f"{self._where()} does not answer; is it switched on and on this network?")

    def _explained(self, error: Exception) -> SourceError:
        """The error in an owner's words."""
        if self._closed.is_set():
            return _closed_words()
        where, host = self._where(), self._address.host
        match error:
            case av.error.HTTPUnauthorizedError() | av.error.HTTPForbiddenError():
                return SourceAuthError(f"{where} refuses this user name or password.")
            case av.error.HTTPNotFoundError():
                return SourceNotFound(f"{where} answers, but has no stream at this path; check the address.")
            case av.error.ExitError() | av.error.TimeoutError():
                return self._silent()
            case av.error.ConnectionRefusedError():
                return SourceUnreachable(f"Nothing answers at {host}; is the camera on, and is the port right?")
            case av.error.FileNotFoundError() | FileNotFoundError():
                return SourceNotFound(f"{where} was not found; is it plugged in?")
            case av.error.PermissionError():
                return SourceNotFound(f"{where} may not be opened by this user, or another program uses it.")
            case av.error.InvalidDataError() | ValueError():
                return self._no_video()
            case _:
                return self._explained_by_number(error)

    def _no_video(self) -> SourceError:
        if self._address.kind is SourceKind.RTSP and self._opened is None:
            where = self._address.host
            return SourceUnreadable(f"Something answers at {where}, but not as a camera; check address and port.")
        return SourceUnreadable(f"{self._where()} sends something that is no video.")

    def _explained_by_number(self, error: Exception) -> SourceError:
        where, host = self._where(), self._address.host
        said = redact(str(error)).replace(str(self._address), "").strip(" :;'")
        number = getattr(error, "errno", 0)
        if number == errno.EIO:
            return SourceUnreachable(f"{where} broke off the connection.")
        if number in (errno.ENETUNREACH, errno.EHOSTUNREACH):
            return SourceUnreachable(f"There is no route to {host}; is this laptop on the cameras' network?")
        if "Name or service not known" in said or "resolve" in said.lower() or number == -5:
            return SourceUnreachable(f"The name {host or 'of the camera'} is not known on this network.")
        return SourceUnreachable(f"{where} cannot be read ({said[:120] or type(error).__name__}).")


class _Conversion:
    """Colour conversion of one decoded frame, done at most once, when somebody asks."""

    __slots__ = ("_frame", "_image")

    def __init__(self, frame: Any) -> None:
        self._frame: Any | None = frame
        self._image: BgrImage | None = None

    def __call__(self) -> BgrImage:
        frame = self._frame
        if self._image is None and frame is not None:
            self._image = np.ascontiguousarray(frame.to_ndarray(format="bgr24"))
            self._frame = None
        if self._image is None:
            raise AssertionError("a frame is converted by one thread at a time")
        return self._image

    def fingerprint(self) -> int | None:
        """A number that differs between different pictures: of the brightness as it was decoded. None once converted."""
        frame = self._frame
        return zlib.adler32(frame.planes[0]) if frame is not None else None


def media_step_s(pts_s: float | None, last_s: float | None, *, usual_s: float) -> float:
    """Seconds from one frame of a file to the next by their presentation stamps, where these make sense.

    A stamp that is missing, repeated, runs backwards or jumps by more than ``MAX_PTS_STEP_S`` is broken: the frame takes
    ``usual_s`` as its neighbours do, so that a file's time always runs on.
    """
    if pts_s is None or last_s is None or not 0.0 < pts_s - last_s <= MAX_PTS_STEP_S:
        return usual_s
    return pts_s - last_s


def _closed_words() -> SourceEnded:
    return SourceEnded("The source is closed.")


def _usb_cameras() -> list[UsbCamera]:
    """DirectShow's devices, in its order."""
    try:
        found = enumerate_input_devices("dshow")
    except (av.error.FFmpegError, OSError, ValueError):
        return []
    return [UsbCamera(d.name, d.description or d.name) for d in found if "video" in d.media_types]
