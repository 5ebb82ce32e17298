"""A picture, or a folder of pictures in the order of their names, as a source."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import cv2
import numpy as np

from desktop_app.services.ports import BgrImage, CapturedFrame, SourceEnded, SourceNotFound, SourceUnreadable
from shared_models.clock import Clock
from shared_models.geometry import Size

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})


def is_pictures(path: Path) -> bool:
    """Whether ``path`` is a picture or a folder."""
    return path.is_dir() or path.suffix.lower() in SUFFIXES


class PictureSource:
    """Pictures as frames 1, 2, ... of a film of ``fps`` frames per second; its time is the film's."""

    def __init__(self, path: Path, *, fps: float, clock: Clock) -> None:
        self._path = path
        self._fps = fps
        self._clock = clock
        self._files: list[Path] = []
        self._index = 0

    def open(self) -> Size:
        self._files = self._listed()
        self._index = 0
        self._started_at, self._started_s = self._clock.utc_now(), self._clock.monotonic_s()
        height, width = _load(self._files[0]).shape[:2]
        return width, height

    def read(self) -> CapturedFrame:
        if self._index >= len(self._files):
            raise SourceEnded("The pictures are over.")
        index, self._index = self._index, self._index + 1
        image = _load(self._files[index])
        media_s = index / self._fps
        return CapturedFrame(
            index,
            self._started_at + timedelta(seconds=media_s),
            self._started_s + media_s,
            (image.shape[1], image.shape[0]),
            lambda: image,
        )

    def close(self) -> None:
        self._files = []

    def _listed(self) -> list[Path]:
        if not self._path.exists():
            raise SourceNotFound(f"There is no picture or folder {self._path}.")
        if self._path.is_file():
            return [self._path]
        files = sorted(p for p in self._path.iterdir() if p.suffix.lower() in SUFFIXES)
        if not files:
            raise SourceNotFound(f"The folder {self._path} holds no picture ({', '.join(sorted(SUFFIXES))}).")
        return files


def _load(path: Path) -> BgrImage:
    # imdecode on bytes: imread cannot open paths with letters outside the system's code page on Windows.
    image = cv2.imdecode(np.frombuffer(path.read_bytes() or b"\0", np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise SourceUnreadable(f"{path.name} is no picture that can be read.")
    return np.asarray(image, np.uint8)
