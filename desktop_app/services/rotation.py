"""Zones of a camera that was hung otherwise: they stay where they are in the room."""

from __future__ import annotations

from collections.abc import Sequence

from shared_models.geometry import Point
from shared_models.zones import Zone

QUARTER = 90


def turned(zones: Sequence[Zone], *, degrees: int) -> tuple[Zone, ...]:
    """``zones`` on a picture that is turned by ``degrees`` clockwise; inner sides stay inner sides."""
    quarters = degrees % 360 // QUARTER
    return tuple(
        zone.model_copy(update={"points": tuple(_turned(point, quarters) for point in zone.points)}) for zone in zones
    )


def _turned(point: Point, quarters: int) -> Point:
    x, y = point
    for _ in range(quarters):
        x, y = round(1.0 - y, 9), x
    return x, y
