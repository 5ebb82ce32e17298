"""A real X server without a monitor, and whether anything is on it."""

from __future__ import annotations

import os
import struct
import subprocess
import tempfile
from pathlib import Path

from installer.smoke.programs import SmokeError

SIZE = "1280x800x24"
SHARE_OF_A_WINDOW = 0.2


class Screen:
    """Use as a context; ``display`` is for the environment of a program."""

    def __init__(self) -> None:
        self.display = ""

    def has_window(self) -> bool:
        """Whether a fifth of the screen is painted. The server maps it to a file in the form of xwd."""
        data = (Path(self._folder.name) / "Xvfb_screen0").read_bytes()
        header = struct.unpack(">25I", data[:100])
        pixels = data[header[0] + header[19] * 12 :]
        return len(pixels) - pixels.count(0) > SHARE_OF_A_WINDOW * len(pixels)

    def __enter__(self) -> Screen:
        self._folder = tempfile.TemporaryDirectory(prefix="wink-screen-")
        reader, writer = os.pipe()
        words = [
            "Xvfb",
            "-displayfd",
            str(writer),
            "-screen",
            "0",
            SIZE,
            "-fbdir",
            self._folder.name,
            "-nolisten",
            "tcp",
        ]
        try:
            self._process = subprocess.Popen(
                words, pass_fds=(writer,), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
        except FileNotFoundError as error:
            raise SmokeError("Xvfb is missing: bash installer/linux/system_packages.sh window test") from error
        finally:
            os.close(writer)
        with os.fdopen(reader) as told:
            self.display = f":{told.readline().strip()}"
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(10)
        self._folder.cleanup()
