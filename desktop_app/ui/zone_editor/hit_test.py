"""What lies under a point: a pure function. A corner goes before an edge, an edge before a body."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from desktop_app.domain.polygon import contains
from desktop_app.ui.zone_editor.document import ZoneDocument
from shared_models.geometry import Point, Size, to_px
from shared_models.zones import PolygonZone, Zone


class HitKind(StrEnum):
    """Which part of a zone."""

    VERTEX = "vertex"
    EDGE = "edge"
    BODY = "body"


@dataclass(frozen=True, slots=True)
class Hit:
    """One part of one zone. ``index``: of the corner, or of the corner at which the edge begins; 0 for a body."""

    kind: HitKind
    zone_id: str
    index: int = 0


def hit_test(
    document: ZoneDocument, point_px: Point, *, frame_wh: Size, tolerance_px: float, selected: str | None = None
) -> Hit | None:
    """The part of a zone under ``point_px``.

    Args:
        point_px: in pixels of the picture.
        tolerance_px: how near counts, in the same pixels (a screen distance divided by the zoom).
        selected: this zone's parts go before other zones' parts of the same kind.
    """
    newest_first = document.zones[::-1]
    ordered = sorted(newest_first, key=lambda zone: zone.zone_id != selected)
    shapes = [(zone, to_px(zone.points, frame_wh=frame_wh)) for zone in ordered]
    return (
        _nearest(_vertices(shapes, point_px), tolerance_px)
        or _nearest(_edges(shapes, point_px), tolerance_px)
        or _body(shapes, point_px)
    )


Shapes = list[tuple[Zone, tuple[Point, ...]]]


def _nearest(found: Iterator[tuple[float, Hit]], tolerance_px: float) -> Hit | None:
    """The nearest within tolerance; of equally near ones the first."""
    best: tuple[float, Hit] | None = None
    for distance, hit in found:
        if distance <= tolerance_px and (best is None or distance < best[0] - 1e-9):
            best = distance, hit
    return best[1] if best else None


def _vertices(shapes: Shapes, p: Point) -> Iterator[tuple[float, Hit]]:
    for zone, points in shapes:
        for index, vertex in enumerate(points):
            yield math.dist(vertex, p), Hit(HitKind.VERTEX, zone.zone_id, index)


def _edges(shapes: Shapes, p: Point) -> Iterator[tuple[float, Hit]]:
    for zone, points in shapes:
        count = len(points) if isinstance(zone, PolygonZone) else len(points) - 1
        for index in range(count):
            yield (
                segment_distance(points[index], points[(index + 1) % len(points)], p),
                Hit(HitKind.EDGE, zone.zone_id, index),
            )


def _body(shapes: Shapes, p: Point) -> Hit | None:
    """Of areas that lie over each other the smallest: the larger can still be taken elsewhere."""
    inside = [(_area(points), zone) for zone, points in shapes if isinstance(zone, PolygonZone) and contains(points, p)]
    if not inside:
        return None
    return Hit(HitKind.BODY, min(inside, key=lambda found: found[0])[1].zone_id)


def segment_distance(a: Point, b: Point, p: Point) -> float:
    """Distance of ``p`` to the segment a-b."""
    length_2 = (b[0] - a[0]) ** 2 + (b[1] - a[1]) ** 2
    if length_2 == 0:
        return math.dist(a, p)
    t = min(1.0, max(0.0, ((p[0] - a[0]) * (b[0] - a[0]) + (p[1] - a[1]) * (b[1] - a[1])) / length_2))
    return math.dist(p, (a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])))


def _area(points: tuple[Point, ...]) -> float:
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(points, (*points[1:], points[0]), strict=True))) / 2
