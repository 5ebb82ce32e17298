"""A pinhole camera above a flat floor: metres to pixels and rays back.

World: x to the right, y forward along the floor, z up; the camera stands at (0, 0, height) and looks down by ``pitch``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared_models.geometry import Size

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CameraModel:
    """Where the camera hangs and what it sees. ``field_deg``: horizontal field of view."""

    height_m: float
    pitch_deg: float
    field_deg: float
    size_wh: Size

    @property
    def focal_px(self) -> float:
        return self.size_wh[0] / 2 / math.tan(math.radians(self.field_deg) / 2)

    def project(self, points: Floats) -> Floats:
        """World (N, 3) metres -> (N, 3): x px, y px, distance along the optical axis in metres (at least 0.05)."""
        sin, cos = math.sin(math.radians(self.pitch_deg)), math.cos(math.radians(self.pitch_deg))
        below = self.height_m - points[:, 2]
        depth = np.maximum(points[:, 1] * cos + below * sin, 0.05)
        down = below * cos - points[:, 1] * sin
        x = self.size_wh[0] / 2 + self.focal_px * points[:, 0] / depth
        y = self.size_wh[1] / 2 + self.focal_px * down / depth
        return np.stack([x, y, depth], axis=1)

    def rays(self) -> Floats:
        """(H, W, 3): direction of each pixel's ray in the world; one unit of it is one metre of optical depth."""
        sin, cos = math.sin(math.radians(self.pitch_deg)), math.cos(math.radians(self.pitch_deg))
        width, height = self.size_wh
        right, down = np.meshgrid(
            (np.arange(width) + 0.5 - width / 2) / self.focal_px, (np.arange(height) + 0.5 - height / 2) / self.focal_px
        )
        return np.stack([right, cos - down * sin, -sin - down * cos], axis=-1)
