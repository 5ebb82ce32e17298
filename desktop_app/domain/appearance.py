"""The colours of a person's clothes: enough to keep two people apart who meet, too little to know anybody by.

Six numbers per box live in memory as long as a track does. They are never stored and never leave the camera's thread.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.detections import Detections

SIZE = 6
"""Blue, green and red of the upper and of the lower clothes."""
_PARTS = ((0.16, 0.48), (0.55, 0.88))
_ACROSS = (0.28, 0.72)
_ROWS, _COLUMNS = 14, 8


def with_appearance(detections: Detections, bgr: NDArray[np.uint8]) -> Detections:
    """``detections`` with the clothes' colours of each box, read from its picture ``bgr`` (H, W, 3)."""
    return Detections(detections.xyxy, detections.score, clothes_colours(bgr, detections.xyxy))


def clothes_colours(bgr: NDArray[np.uint8], xyxy: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, 6) float32, 0..255: median colour of the trunk and of the legs in each of ``xyxy`` (N, 4 pixels).

    A part that lies outside the picture takes the picture's edge for it. A box that is not finite gives NaN.
    """
    found = np.full((len(xyxy), SIZE), np.nan, np.float32)
    good = np.flatnonzero(np.isfinite(xyxy).all(axis=1))
    if not len(good):
        return found
    height, width = bgr.shape[:2]
    left, top, right, bottom = (xyxy[good, i : i + 1].astype(np.float64) for i in range(4))
    columns = _samples(left, right, _ACROSS, count=_COLUMNS, limit=width)
    for number, part in enumerate(_PARTS):
        rows = _samples(top, bottom, part, count=_ROWS, limit=height)
        pixels = bgr[rows[:, :, None], columns[:, None, :]].reshape(len(good), -1, 3)
        found[good, number * 3 : number * 3 + 3] = np.median(pixels, axis=1)
    return found


def _samples(
    low: NDArray[np.float64], high: NDArray[np.float64], share: tuple[float, float], *, count: int, limit: int
) -> NDArray[np.int64]:
    """(N, count) pixel numbers between two shares of the way from ``low`` to ``high`` (N, 1)."""
    places = low + (high - low) * np.linspace(*share, count)[None]
    return np.clip(places, 0, limit - 1).astype(np.int64)
