"""Plane geometry of zones.

Points are ``(x, y)`` with y growing downwards, as on a screen. Coordinates that are stored or sent are
normalised to 0..1 of the frame (``_norm``); pixels (``_px``) appear only at the edges of the house.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from typing import Annotated

from pydantic import Field
from shapely import LineString, Polygon
from shapely.validation import explain_validity

Point = tuple[float, float]
Size = tuple[int, int]
"""Width and height in pixels."""

UnitCoordinate = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
PointNorm = tuple[UnitCoordinate, UnitCoordinate]

MIN_POLYGON_AREA_NORM = 1e-6
"""Smaller than one pixel of a 1000x1000 frame: nobody can stand in it."""
MIN_LINE_LENGTH_NORM = 1e-3


class GeometryError(ValueError):
    """A shape that cannot be used; the message says what to change.

    Attributes:
        near: where, in the coordinates that were given, if one place is to blame.
    """

    def __init__(self, words: str, *, near: Point | None = None) -> None:
        super().__init__(words)
        self.near = near


def to_norm(points_px: Iterable[Sequence[float]], *, frame_wh: Size) -> tuple[Point, ...]:
    """Pixels -> 0..1 of the frame.

    Raises:
        GeometryError: the frame has no size.
    """
    width, height = frame_wh
    if width <= 0 or height <= 0:
        raise GeometryError(f"The camera's picture has no size ({width}x{height}); test the camera first.")
    return tuple((float(x) / width, float(y) / height) for x, y in points_px)


def to_px(points_norm: Iterable[Point], *, frame_wh: Size) -> tuple[Point, ...]:
    """0..1 of the frame -> pixels (floats)."""
    width, height = frame_wh
    return tuple((x * width, y * height) for x, y in points_norm)


def side_of(a: Point, b: Point, p: Point) -> float:
    """Twice the signed area of (a, b, p).

    Positive: ``p`` lies to the right of a->b as seen on the screen. Negative: to its left. 0: on it.
    """
    return (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0])


def check_line(points: Sequence[Point]) -> None:
    """Refuse a polyline that no one could cross in a known direction.

    Raises:
        GeometryError: fewer than two points, no length, or the line crosses itself.
    """
    if len(points) < 2:
        raise GeometryError("A line needs at least two points; click a second one.")
    _check_finite(points)
    if sum(math.dist(a, b) for a, b in itertools.pairwise(points)) < MIN_LINE_LENGTH_NORM:
        raise GeometryError("The line has no length; move its end away from its start.")
    if any(a == b for a, b in itertools.pairwise(points)):
        raise GeometryError("Two neighbouring points of the line are the same; remove one of them.")
    if not LineString(points).is_simple:
        raise GeometryError("The line crosses itself, so it has no clear sides; move a point so that it does not.")


def check_polygon(points: Sequence[Point]) -> None:
    """Refuse a polygon without a clear inside.

    Raises:
        GeometryError: fewer than three points, no area, or edges that cross.
    """
    distinct = list(dict.fromkeys(points))
    if len(distinct) < 3:
        raise GeometryError("An area needs at least three different corners; add one.")
    _check_finite(points)
    polygon = Polygon(points)
    if polygon.area < MIN_POLYGON_AREA_NORM and polygon.is_valid:
        raise GeometryError("The area is too small for anyone to stand in; draw it larger.")
    if not polygon.is_valid:
        if Polygon(points).convex_hull.area < MIN_POLYGON_AREA_NORM:
            raise GeometryError("All corners lie on one line, so there is no area; move one aside.")
        x, y = explain_validity(polygon).rpartition("[")[2].rstrip("]").split()
        raise GeometryError(
            "The edges of the area cross each other; move a corner so that they do not.", near=(float(x), float(y))
        )


def _check_finite(points: Sequence[Point]) -> None:
    if not all(math.isfinite(c) for point in points for c in point):
        raise GeometryError("A coordinate is not a number; draw the shape again.")
