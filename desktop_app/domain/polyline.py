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
    best, nearest, overshoot = math.inf, 0, 0.0
    px, py = p
    ax, ay = points[0]
    for i in range(len(points) - 1):
        bx, by = points[i + 1]
        along_x, along_y, from_x, from_y = bx - ax, by - ay, px - ax, py - ay
        t = (from_x * along_x + from_y * along_y) / (along_x * along_x + along_y * along_y)
        clamped = 0.0 if t < 0.0 else 1.0 if t > 1.0 else t
        distance = math.hypot(px - (ax + clamped * along_x), py - (ay + clamped * along_y))
        if distance < best:
            best, nearest, overshoot = distance, i, t
        ax, ay = bx, by
    side = _side_of_nearest(points, nearest, overshoot, p)
    return math.copysign(best, side) if side else 0.0


def _side_of_nearest(points: Sequence[Point], i: int, t: float, p: Point) -> float:
    """The side by segment ``i``; by the joint where ``p`` lies beyond the segment's end (``t`` outside 0..1)."""
    if t > 1.0 and i < len(points) - 2:
        return _joint_side(points[i], points[i + 1], points[i + 2], p)
    if t < 0.0 and i > 0:
        return _joint_side(points[i - 1], points[i], points[i + 1], p)
    return side_of(points[i], points[i + 1], p)


def meets(points: Sequence[Point], start: Point, end: Point) -> bool:
    """Whether the chord from ``start`` to ``end`` passes through the polyline to its other side.

    Touching an end counts as meeting it; meeting it an even number of times does not change the side.
    """
    hits = [t for a, b in pairwise(points) if (t := _crossing(a, b, start, end)) is not None]
    # A chord through a joint meets both of its segments at one place: once.
    distinct = [t for i, t in enumerate(hits) if all(abs(t - other) > 1e-9 for other in hits[:i])]
    return len(distinct) % 2 == 1


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
