"""Inside and outside of a closed region. Pixels; y grows downwards."""

from __future__ import annotations

from collections.abc import Sequence

from shared_models.geometry import Point


def contains(polygon: Sequence[Point], p: Point) -> bool:
    """Whether ``p`` lies in the polygon (even-odd rule; a point on the lower or left edge is inside)."""
    x, y = p
    inside = False
    ax, ay = polygon[-1]
    for bx, by in polygon:
        if (ay > y) != (by > y) and x < (bx - ax) * (y - ay) / (by - ay) + ax:
            inside = not inside
        ax, ay = bx, by
    return inside
