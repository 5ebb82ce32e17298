"""One moment of the simulation as a picture, and as boxes with the share of each person that can be seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from desktop_app.adapters.video.virtual_store.figure import Figure
from desktop_app.adapters.video.virtual_store.scenery import draw_scenery
from desktop_app.adapters.video.virtual_store.scenes import SCENES, StoreConfig
from desktop_app.adapters.video.virtual_store.simulation import Pose

NOISE_PICTURES = 7
NOISE_STD = 2.2
_NEVER_BEFORE_M = 0.25
"""Furniture hides a person only if it is nearer than the body's axis by more than this."""


@dataclass(frozen=True, slots=True)
class TruthBox:
    """A person in a picture.

    Attributes:
        xyxy: the whole body in pixels, hidden parts and parts outside the picture included.
        visible: share 0..1 of the body's pixels that is in view and not hidden.
        visible_xyxy: pixels around what can be seen of the body, as an annotator would draw it; None where nothing can.
    """

    person_id: int
    xyxy: tuple[float, float, float, float]
    feet_px: tuple[float, float]
    visible: float
    visible_xyxy: tuple[float, float, float, float] | None


class Renderer:
    """Draws frames of one store. Not thread-safe.

    Args:
        is_cut: asked while the empty room is drawn.

    Raises:
        DrawingCut: it said so.
    """

    def __init__(self, config: StoreConfig, *, is_cut: Callable[[], bool] = lambda: False) -> None:
        self._config = config
        self._camera = SCENES[config.scene].camera(config.size_wh)
        self._scenery = draw_scenery(config.scene, config.size_wh, config.light, is_cut=is_cut)
        self._noise = _noise_pictures(config)

    def figures(self, poses: Sequence[Pose]) -> list[Figure]:
        """Everybody who may be in view, farthest first."""
        width, height = self._config.size_wh
        found = [Figure(pose, self._camera) for pose in poses if pose.at[1] > 0.3]
        seen = [f for f in found if f.box[2] > 0 and f.box[0] < width and f.box[3] > 0 and f.box[1] < height]
        return sorted(seen, key=lambda f: -f.depth_m)

    def picture(self, poses: Sequence[Pose], *, index: int) -> NDArray[np.uint8]:
        """(H, W, 3) uint8 BGR of this moment; ``index`` chooses the sensor's noise."""
        canvas = self._scenery.picture.copy()
        figures = self.figures(poses)
        for figure in figures:
            figure.shadow(canvas)
        for figure in figures:
            figure.draw(canvas)
            self._put_furniture_before(figure, canvas, self._scenery.picture)
        canvas = np.asarray(cv2.GaussianBlur(canvas, (3, 3), 0.6), np.uint8)
        brighter, darker = self._noise[index % NOISE_PICTURES]
        return np.asarray(cv2.subtract(cv2.add(canvas, brighter), darker), np.uint8)

    def truth_boxes(self, poses: Sequence[Pose]) -> list[TruthBox]:
        """Everybody in view with what can be seen of them. Slow: for measuring detectors, not for live use."""
        figures = self.figures(poses)
        width, height = self._config.size_wh
        owner = np.zeros((height, width, 3), np.uint8)
        nobody = np.zeros_like(owner)
        for number, figure in enumerate(figures, start=1):
            figure.draw(owner, flat=(number, 0, 0))
            self._put_furniture_before(figure, owner, nobody)
        boxes = []
        for number, figure in enumerate(figures, start=1):
            seen = owner[..., 0] == number
            share = min(1.0, int(seen.sum()) / max(1, figure.area_px()))
            boxes.append(TruthBox(figure.pose.person_id, figure.box, figure.feet_px, share, _extent(seen)))
        return boxes

    def _put_furniture_before(self, figure: Figure, canvas: NDArray[np.uint8], empty: NDArray[np.uint8]) -> None:
        left, top, right, bottom = (round(v) for v in figure.box)
        part = (slice(max(0, top), max(0, bottom + 1)), slice(max(0, left), max(0, right + 1)))
        nearer = self._scenery.depth[part] < figure.depth_m - _NEVER_BEFORE_M
        if not nearer.any():
            return
        # The floor in front of the feet is nearer too, but no body is painted there.
        canvas[part][nearer] = empty[part][nearer]


def _extent(mask: NDArray[np.bool_]) -> tuple[float, float, float, float] | None:
    """Left, top, right, bottom around the true pixels."""
    columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    if not len(columns):
        return None
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)


def _noise_pictures(config: StoreConfig) -> list[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    source = np.random.default_rng(config.seed)
    pictures = []
    for _ in range(NOISE_PICTURES):
        noise = source.normal(0, NOISE_STD, (config.height, config.width, 1)).round()
        noise = np.repeat(noise, 3, axis=2)
        pictures.append((noise.clip(0, 20).astype(np.uint8), (-noise).clip(0, 20).astype(np.uint8)))
    return pictures
