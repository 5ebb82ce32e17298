"""Signed distance to a directed polyline, and where a chord meets it. Pixels; y grows downwards."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from shared_models.geometry import Point, side_of


def signed_distance(points: Sequence[Point], p: Point) -> float:
    """Distance of ``p`` to the polyline in pixels; positive to the right of its direction as seen on the screen.

    Near an inner joint the sign is that of the joint's bisecting normal: its two segments may disagree there.
    """
    if len(points) == 2:  # most lines are of one piece, and this is the hottest place of all
        (ax, ay), (bx, by), (px, py) = points[0], points[1], p
        along_x, along_y, from_x, from_y = bx - ax, by - ay, px - ax, py - ay
        t = (from_x * along_x + from_y * along_y) / (along_x * along_x + along_y * along_y)
        t = 0.0 if t < 0.0 else 1.0 if t > 1.0 else t
        side = along_x * from_y - along_y * from_x
        return math.copysign(math.hypot(from_x - t * along_x, from_y - t * along_y), side) if side else 0.0
    best, sign = math.inf, 0.0
    last = len(points) - 2
    for i, (a, b) in enumerate(pairwise(points)):
        t = _position(a, b, p)
        clamped = min(1.0, max(0.0, t))
        distance = math.dist(p, (a[0] + clamped * (b[0] - a[0]), a[1] + clamped * (b[1] - a[1])))
        if distance < best:
            best = distance
            if t > 1.0 and i < last:
                sign = _joint_side(a, b, points[i + 2], p)
            elif t < 0.0 and i > 0:
                sign = _joint_side(points[i - 1], a, b, p)
            else:
                sign = side_of(a, b, p)
    return math.copysign(best, sign) if sign else 0.0


def meets(points: Sequence[Point], start: Point, end: Point) -> bool:
    """Whether the chord from ``start`` to ``end`` passes through the polyline to its other side.

    Touching an end counts as meeting it; meeting it an even number of times does not change the side.
    """
    hits = [t for a, b in pairwise(points) if (t := _crossing(a, b, start, end)) is not None]
    # A chord through a joint meets both of its segments at one place: once.
    distinct = [t for i, t in enumerate(hits) if all(abs(t - other) > 1e-9 for other in hits[:i])]
    return len(distinct) % 2 == 1


def _position(a: Point, b: Point, p: Point) -> float:
    length_2 = (b[0] - a[0]) ** 2 + (b[1] - a[1]) ** 2
    return ((p[0] - a[0]) * (b[0] - a[0]) + (p[1] - a[1]) * (b[1] - a[1])) / length_2


def _joint_side(a: Point, joint: Point, c: Point, p: Point) -> float:
    first, second = math.dist(a, joint), math.dist(joint, c)
    along = (
        (joint[0] - a[0]) / first + (c[0] - joint[0]) / second,
        (joint[1] - a[1]) / first + (c[1] - joint[1]) / second,
    )
    return side_of((0.0, 0.0), along, (p[0] - joint[0], p[1] - joint[1]))


def _crossing(a: Point, b: Point, start: Point, end: Point) -> float | None:
    """The share 0..1 of the chord at which it meets the segment a-b, or None."""
    before, after = side_of(a, b, start), side_of(a, b, end)
    if before == after or before * after > 0:
        return None
    first, second = side_of(start, end, a), side_of(start, end, b)
    if first * second > 0:
        return None
    return before / (before - after)
