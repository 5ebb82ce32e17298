"""A real X server without a screen, and pictures of what is on it."""

from __future__ import annotations

import os
import struct
import subprocess
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


class Screen:
    """Use as a context; ``display`` is for the environment of a program."""

    def __init__(self, folder: Path, *, width: int, height: int) -> None:
        self._folder = folder
        self._size = f"{width}x{height}x24"
        self._process: subprocess.Popen[bytes] | None = None
        self.display = ""

    def picture(self) -> NDArray[np.uint8]:
        """(H, W, 3) RGB of the whole screen now. The server maps it to a file in the form of xwd."""
        data = (self._folder / "Xvfb_screen0").read_bytes()
        header = struct.unpack(">25I", data[:100])
        size, width, height, row_bytes, colours = header[0], header[4], header[5], header[12], header[19]
        start = size + colours * 12
        rows = np.frombuffer(data, np.uint8, count=row_bytes * height, offset=start).reshape(height, row_bytes)
        return rows[:, : width * 4].reshape(height, width, 4)[..., 2::-1].copy()

    def __enter__(self) -> Screen:
        reader, writer = os.pipe()
        self._process = subprocess.Popen(
            ["Xvfb", "-displayfd", str(writer), "-screen", "0", self._size, "-fbdir", str(self._folder), "-nolisten", "tcp"],
            pass_fds=(writer,), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(writer)
        with os.fdopen(reader) as told:
            self.display = f":{told.readline().strip()}"
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
