"""The half-drawn shape: a frozen value that is replaced whole and becomes a zone only if it can be one. Knows no Qt."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum

from shared_models.geometry import GeometryError, Point, check_line, check_polygon
from shared_models.zones import LineZone, PolygonZone, Zone, ZonePurpose


class ShapeKind(StrEnum):
    """What is being drawn."""

    LINE = "line"
    AREA = "area"


@dataclass(frozen=True, slots=True)
class Draft:
    """Points set so far, normalised, and where the pointer is."""

    kind: ShapeKind
    points: tuple[Point, ...] = ()
    cursor: Point | None = None

    @property
    def is_empty(self) -> bool:
        """No point was set yet."""
        return not self.points

    def with_point(self, point: Point) -> Draft:
        """With one more point; a second click on the same place adds none."""
        if self.points and math.dist(self.points[-1], point) < 1e-6:
            return self
        return replace(self, points=(*self.points, point))

    def with_cursor(self, point: Point | None) -> Draft:
        """With the pointer elsewhere."""
        return replace(self, cursor=point)

    def without_last(self) -> Draft:
        """One point taken back."""
        return replace(self, points=self.points[:-1])

    @property
    def shown(self) -> tuple[Point, ...]:
        """The points with the pointer as the next one."""
        return self.points if self.cursor is None else (*self.points, self.cursor)

    @property
    def problem(self) -> str:
        """Why it is no zone yet, in words; empty if it is."""
        try:
            (check_line if self.kind is ShapeKind.LINE else check_polygon)(self.points)
        except GeometryError as error:
            return str(error)
        return ""

    def finished(self, *, zone_id: str, name: str, purpose: ZonePurpose = ZonePurpose.AREA) -> Zone:
        """The zone.

        Raises:
            GeometryError: it is none; the message says what to change.
        """
        if self.problem:
            raise GeometryError(self.problem)
        if self.kind is ShapeKind.LINE:
            return LineZone(zone_id=zone_id, name=name, points=self.points)
        return PolygonZone(zone_id=zone_id, name=name, points=self.points, purpose=purpose)
