"""Boxes that never move: mannequins, posters, screens, mirrors. Learnt over minutes, offered to the owner, never dropped.

A person who stands still sways by a few hundredths of the own height; a mannequin's box moves by the detector's noise
alone. Only what was seen nearly always at one and the same place over the whole watch is offered.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.detections import Detections
from shared_models.geometry import Point, Size

WATCH_S = 600.0
"""This long something must have stood there."""
MIN_SHARE = 0.8
"""Of the frames looked at since."""
MAX_SWAY = 0.015
"""Standard deviation of middle and size, in heights of the box."""
SAME_IOU = 0.6
LOST_S = 120.0
MIN_SCORE = 0.2
MAX_CANDIDATES = 64
AREA_WIDTHS, AREA_HEIGHTS = 0.6, 0.06

Box = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Furniture:
    """Something that has not moved for minutes.

    Attributes:
        xyxy: pixels of the frame: left, top, right, bottom.
        still_s: seconds since it was first seen.
    """

    xyxy: tuple[float, float, float, float]
    still_s: float

    @property
    def feet_px(self) -> Point:
        return (self.xyxy[0] + self.xyxy[2]) / 2, self.xyxy[3]

    def ignore_area(self, *, frame_wh: Size) -> tuple[Point, ...]:
        """Corners, in pixels, of an area around the foot of it: small, so that people who stand beside it still count."""
        (x, y), reach = self.feet_px, AREA_WIDTHS * (self.xyxy[2] - self.xyxy[0]) / 2
        depth = AREA_HEIGHTS * (self.xyxy[3] - self.xyxy[1])
        width, height = frame_wh
        left, right = max(0.0, x - reach), min(float(width), x + reach)
        top, bottom = max(0.0, min(y, height) - depth), min(float(height), y + depth)
        return (left, top), (right, top), (right, bottom), (left, bottom)


@dataclass(slots=True)
class _Candidate:
    """Running mean and squared deviations (Welford 1962) of one place's box: middle x, middle y, width, height."""

    mean: Box
    first_s: float
    last_s: float
    first_frame: int
    seen: int = 1
    squares: Box = field(default_factory=lambda: np.zeros(4))

    def take(self, box: Box, *, at_s: float) -> None:
        self.seen += 1
        self.last_s = at_s
        gap = box - self.mean
        self.mean = self.mean + gap / self.seen
        self.squares = self.squares + gap * (box - self.mean)

    @property
    def sway(self) -> float:
        return float(np.sqrt(self.squares / self.seen).max() / max(self.mean[3], 1.0))


class FurnitureWatch:
    """Watches one camera's boxes for what never moves."""

    def __init__(self, *, watch_s: float = WATCH_S) -> None:
        self._watch_s = watch_s
        self._candidates: list[_Candidate] = []
        self._frames = 0

    def observe(self, detections: Detections, *, at_s: float) -> None:
        """Take the boxes of one frame at monotonic ``at_s``."""
        self._frames += 1
        boxes = _middles(detections.xyxy[detections.score >= MIN_SCORE].astype(np.float64))
        free = list(range(len(boxes)))
        for candidate in self._candidates:
            best = max(free, key=lambda i: _iou(boxes[i], candidate.mean), default=None)
            if best is not None and _iou(boxes[best], candidate.mean) >= SAME_IOU:
                candidate.take(boxes[best], at_s=at_s)
                free.remove(best)
        self._candidates += [_Candidate(boxes[i], at_s, at_s, self._frames) for i in free]
        self._forget(at_s)

    def found(self) -> list[Furniture]:
        """What has stood still long enough, the longest first."""
        still = [c for c in self._candidates if self._is_furniture(c)]
        return [
            Furniture(_corners(c.mean), c.last_s - c.first_s)
            for c in sorted(still, key=lambda c: c.first_s)
        ]  # fmt: skip

    def _is_furniture(self, candidate: _Candidate) -> bool:
        share = candidate.seen / (self._frames - candidate.first_frame + 1)
        is_long = candidate.last_s - candidate.first_s >= self._watch_s
        return is_long and share >= MIN_SHARE and candidate.sway <= MAX_SWAY

    def _forget(self, at_s: float) -> None:
        """Whoever left, and whoever moves: a person at one place for a while begins anew when the sway is seen."""
        kept = [
            c for c in self._candidates if 0.0 <= at_s - c.last_s <= LOST_S and (c.seen < 20 or c.sway <= 2 * MAX_SWAY)
        ]
        self._candidates = sorted(kept, key=lambda c: -c.seen)[:MAX_CANDIDATES]


def _middles(xyxy: Box) -> Box:
    good = xyxy[np.isfinite(xyxy).all(axis=1)]
    size = good[:, 2:] - good[:, :2]
    return np.hstack([good[:, :2] + size / 2, size])


def _corners(box: Box) -> tuple[float, float, float, float]:
    x, y, width, height = (float(v) for v in box)
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def _iou(a: Box, b: Box) -> float:
    across = min(a[0] + a[2] / 2, b[0] + b[2] / 2) - max(a[0] - a[2] / 2, b[0] - b[2] / 2)
    down = min(a[1] + a[3] / 2, b[1] + b[3] / 2) - max(a[1] - a[3] / 2, b[1] - b[3] / 2)
    if across <= 0 or down <= 0:
        return 0.0
    shared = across * down
    whole = float(a[2] * a[3] + b[2] * b[3] - shared)
    return shared / whole if whole > 0 and math.isfinite(whole) else 0.0
