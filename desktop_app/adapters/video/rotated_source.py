"""A camera that hangs turned: its picture is set upright before anybody sees it."""

from __future__ import annotations

import dataclasses
from functools import cache

import cv2
import numpy as np

from desktop_app.services.ports import BgrImage, CapturedFrame, VideoSource
from shared_models.cameras import Rotation
from shared_models.geometry import Size

_TURNS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


class RotatedSource:
    """Implements ``VideoSource`` over another one. Everything behind it (boxes, zones, ways) knows the upright picture only.

    Args:
        rotation: degrees clockwise by which the picture is turned.
    """

    def __init__(self, source: VideoSource, *, rotation: Rotation) -> None:
        self._source = source
        self._rotation = rotation

    def open(self) -> Size:
        return self._upright(self._source.open())

    def read(self) -> CapturedFrame:
        frame = self._source.read()

        # The conversion below caches as every adapter's does: a frame is asked for its picture several times.
        @cache
        def convert() -> BgrImage:
            return np.asarray(cv2.rotate(frame.bgr(), _TURNS[self._rotation]), np.uint8)

        return dataclasses.replace(frame, size_wh=self._upright(frame.size_wh), convert=convert)

    def close(self) -> None:
        self._source.close()

    def _upright(self, size: Size) -> Size:
        return size if self._rotation == 180 else (size[1], size[0])
