"""What crossing a line means (COUNTING.md section 3), said a second time: of exact paths, with nothing of the rules."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray

HELD_HEIGHTS, COMMITTED_HEIGHTS = 0.12, 0.25
Floats = NDArray[np.float64]
Point = tuple[float, float]


def crossings_of(
    points: Sequence[Point], feet: Floats, height: Floats, *, in_view: NDArray[np.bool_]
) -> list[tuple[int, int]]:
    """(index, side) of each crossing of the polyline ``points`` by one person.

    Side +1: to the right of the line's direction; -1: to the left.

    Args:
        feet: (N, 2) pixels, in the order of time.
        height: (N,) pixels.
        in_view: (N,) where false, nobody can see the person, and what nobody can see is nobody's truth.
    """
    shape = shapely.LineString(points)
    distances = shapely.distance(shapely.points(feet), shape) / height
    held = pending = 0
    at = last = feet[0]
    is_deep = False
    found: list[tuple[int, int]] = []
    for i in np.flatnonzero((distances > HELD_HEIGHTS) & in_view).tolist():
        side = side_of(points, (float(feet[i, 0]), float(feet[i, 1])))
        is_committed = distances[i] >= COMMITTED_HEIGHTS
        if not held or side == held:
            is_deep = is_deep or is_committed
            held, at, pending = side, feet[i], 0
        elif not is_committed:
            pending, last = i, feet[i]
        else:
            if shapely.LineString([at, feet[i]]).intersects(shape):
                found.append((i, side))
            held, at, pending, is_deep = side, feet[i], 0, True
    # Who is seen no more while past the line, and came from well before it, has crossed.
    if pending and is_deep and shapely.LineString([at, last]).intersects(shape):
        found.append((pending, -held))
    return found


def side_of(points: Sequence[Point], p: Point) -> int:
    """Of the polyline's nearest part; where two are as near, of the two together."""
    best: list[tuple[float, float]] = []
    for a, b in pairwise(points):
        length = math.dist(a, b)
        t = ((p[0] - a[0]) * (b[0] - a[0]) + (p[1] - a[1]) * (b[1] - a[1])) / length**2
        t = min(1.0, max(0.0, t))
        near = math.dist(p, (a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])))
        cross = ((b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0])) / length
        best.append((near, cross))
    nearest = min(near for near, _ in best)
    return 1 if sum(cross for near, cross in best if near <= nearest + 1e-6) > 0 else -1
