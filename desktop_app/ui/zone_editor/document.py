"""The zones of one camera as an immutable value, and every edit as a function from one to the next. Knows no Qt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from pydantic import ValidationError

from shared_models.geometry import GeometryError, Point
from shared_models.zones import LineZone, PolygonZone, Zone, ZonePurpose


@dataclass(frozen=True, slots=True)
class ZoneDocument:
    """Zones in drawing order."""

    zones: tuple[Zone, ...] = ()

    def zone(self, zone_id: str | None) -> Zone | None:
        """The zone with this id."""
        return next((zone for zone in self.zones if zone.zone_id == zone_id), None)

    def with_zone(self, zone: Zone) -> ZoneDocument:
        """With ``zone`` in the place of the one with its id, or at the end."""
        if self.zone(zone.zone_id) is None:
            return ZoneDocument((*self.zones, zone))
        return ZoneDocument(tuple(zone if z.zone_id == zone.zone_id else z for z in self.zones))

    def without(self, zone_id: str) -> ZoneDocument:
        """Without the zone with this id."""
        return ZoneDocument(tuple(z for z in self.zones if z.zone_id != zone_id))

    def with_copies(self, zones: Iterable[Zone]) -> ZoneDocument:
        """With copies of another camera's zones: new ids, first revision, names that are not taken."""
        document = self
        for zone in zones:
            name = free_name(document, zone.label)
            copy = remade(zone, zone_id=new_zone_id(), name=name, revision=1)
            document = document.with_zone(copy)
        return document


def new_zone_id() -> str:
    """An id that no zone of any camera has."""
    return f"zone-{uuid4().hex[:10]}"


def free_name(document: ZoneDocument, name: str) -> str:
    """``name``, with a number where another zone is called that already."""
    taken = {zone.label for zone in document.zones}
    number, candidate = 1, name
    while candidate in taken:
        number += 1
        candidate = f"{name} {number}"
    return candidate


def remade(zone: Zone, **fields: Any) -> Zone:
    """``zone`` with other fields, checked again.

    Raises:
        GeometryError: it would be no zone; the message says what to change.
    """
    try:
        return type(zone).model_validate({**zone.model_dump(), **fields})
    except ValidationError as error:
        raise GeometryError(sentence_of(error)) from None


def sentence_of(error: ValidationError) -> str:
    """The first mistake, as a sentence without pydantic's own words."""
    return str(error.errors()[0]["msg"]).removeprefix("Value error, ")


def clamped(point: Point) -> Point:
    """``point`` within the picture."""
    return min(1.0, max(0.0, point[0])), min(1.0, max(0.0, point[1]))


def moved(zone: Zone, delta: Point) -> Zone:
    """The whole zone moved, as far as it stays within the picture."""
    xs, ys = [x for x, _ in zone.points], [y for _, y in zone.points]
    dx = min(1.0 - max(xs), max(-min(xs), delta[0]))
    dy = min(1.0 - max(ys), max(-min(ys), delta[1]))
    return remade(zone, points=tuple(clamped((x + dx, y + dy)) for x, y in zone.points))


def with_vertex_at(zone: Zone, index: int, point: Point) -> Zone:
    """With one corner moved to ``point``.

    Raises:
        GeometryError: the shape would be none.
    """
    points = list(zone.points)
    points[index] = clamped(point)
    return remade(zone, points=tuple(points))


def with_vertex_after(zone: Zone, index: int, point: Point) -> Zone:
    """With a new corner on the edge that begins at ``index``.

    Raises:
        GeometryError: the shape would be none.
    """
    points = list(zone.points)
    points.insert(index + 1, clamped(point))
    return remade(zone, points=tuple(points))


def without_vertex(zone: Zone, index: int) -> Zone:
    """Without one corner.

    Raises:
        GeometryError: too few would be left.
    """
    return remade(zone, points=tuple(p for i, p in enumerate(zone.points) if i != index))


def flipped(zone: Zone) -> Zone:
    """A line with in and out swapped; an area as it is."""
    return zone.flipped() if isinstance(zone, LineZone) else zone


def with_purpose(zone: Zone, purpose: ZonePurpose, *, shelf_category: str = "") -> Zone:
    """An area with another purpose; only a shelf has a category."""
    if not isinstance(zone, PolygonZone):
        return zone
    category = shelf_category.strip() or None if purpose is ZonePurpose.SHELF else None
    return remade(zone, purpose=purpose, shelf_category=category)


def middle_of(points: Sequence[Point], index: int) -> Point:
    """The middle of the edge that begins at ``index``; the last edge of an area ends at its first corner."""
    a, b = points[index], points[(index + 1) % len(points)]
    return (a[0] + b[0]) / 2, (a[1] + b[1]) / 2
