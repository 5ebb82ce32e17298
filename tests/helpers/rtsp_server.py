"""A real RTSP camera for tests: Debian's GStreamer in a process that can be killed, frozen and restarted."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
from pathlib import Path

from tests.helpers.material import CACHE, vtest_avi

PROGRAM = Path(__file__).with_name("rtsp_server_program.py")
SYSTEM_PYTHON = "/usr/bin/python3"
FPS = 10
USER = "admin"


def h264_film() -> Path:
    """vtest.avi as an H.264 stream with a key frame each second, made once.

    Raises:
        RuntimeError: ffmpeg fails; says how.
    """
    film = CACHE / "vtest.h264"
    if film.is_file():
        return film
    part = film.with_suffix(".part")
    done = subprocess.run(
        ["ffmpeg", "-y", "-loglevel", "error", "-i", str(vtest_avi()), "-an", "-vf", "scale=384:288",
         "-c:v", "libx264", "-preset", "veryfast", "-g", str(FPS), "-bf", "0", "-pix_fmt", "yuv420p",
         "-bsf:v", "h264_metadata=aud=insert", "-f", "h264", str(part)],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"ffmpeg cannot encode vtest.avi: {done.stderr.strip()}")
    part.replace(film)
    return film


def free_port() -> int:
    """A port of the loopback that nobody listens at now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class RtspServer:
    """A camera at ``address``. Use as a context: it is dead afterwards, in whatever state it was."""

    def __init__(self, *, password: str = "", film: Path | None = None, fps: int = FPS) -> None:
        """``film``: H.264 with access unit delimiters and ``fps`` frames per second; vtest.avi without one."""
        self.port = free_port()
        self._password, self._film, self._fps = password, film, fps
        self._process: subprocess.Popen[str] | None = None

    @property
    def address(self) -> str:
        """Without credentials."""
        return f"rtsp://127.0.0.1:{self.port}/live"

    def address_with(self, password: str) -> str:
        """With the right user and this password."""
        return f"rtsp://{USER}:{password}@127.0.0.1:{self.port}/live"

    def start(self) -> None:
        """Start and wait until it listens."""
        film = str(self._film or h264_film())
        options = {"port": self.port, "film": film, "fps": self._fps, "user": USER, "password": self._password}
        self._process = subprocess.Popen(
            [SYSTEM_PYTHON, str(PROGRAM), json.dumps(options)], stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        if self._process.stdout.readline().strip() != "ready":
            self.kill()
            raise RuntimeError("The RTSP server does not start; are the Debian packages of `make test` installed?")

    def freeze(self) -> None:
        """Stop it in the middle of everything: connections stay open, nothing comes."""
        self._running().send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen one go on."""
        self._running().send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it without a goodbye."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait(10)
            if process.stdout is not None:
                process.stdout.close()

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None:
            raise RuntimeError("the server does not run")
        return self._process

    def __enter__(self) -> RtspServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
