"""The zones of the demo's cameras."""

from __future__ import annotations

from math import exp

from cloud_api.demo_data.figures import DOOR, FLOOR, TILL
from shared_models.zones import LineZone, PolygonZone, Zone, ZonePurpose

ZONE_SETS: dict[str, tuple[Zone, ...]] = {
    DOOR: (LineZone(zone_id="door", name="Front door", points=((0.2, 0.62), (0.8, 0.62))),),
    FLOOR: (
        PolygonZone(zone_id="new_season", name="New season", points=((0.08, 0.35), (0.45, 0.3), (0.5, 0.8), (0.1, 0.9))),
        PolygonZone(zone_id="shoes", name="Shoe wall", points=((0.6, 0.25), (0.92, 0.3), (0.9, 0.55), (0.6, 0.5)),
                    purpose=ZonePurpose.SHELF, shelf_category="shoes"),
    ),
    TILL: (
        PolygonZone(zone_id="queue", name="Till queue", points=((0.3, 0.4), (0.7, 0.4), (0.75, 0.85), (0.25, 0.85)),
                    purpose=ZonePurpose.QUEUE),
    ),
}  # fmt: skip


HEAT_GRID = (32, 18)
"""Columns and rows of the demo's heat maps."""
_SPOTS = {
    DOOR: ((0.5, 0.62, 0.2, 0.22, 1.0), (0.35, 0.85, 0.12, 0.1, 0.5)),
    FLOOR: ((0.28, 0.6, 0.12, 0.2, 1.0), (0.75, 0.45, 0.1, 0.1, 0.9), (0.52, 0.75, 0.25, 0.1, 0.4)),
    TILL: ((0.5, 0.62, 0.12, 0.16, 1.0), (0.5, 0.42, 0.2, 0.05, 0.5)),
}
"""Where people stand: x, y, their spread in both, and how much."""


def heat_cells(camera_id: str, *, person_s: float) -> dict[str, float]:
    """Person-seconds per cell, row by row; cells that hardly anybody enters are left out."""
    columns, rows = HEAT_GRID
    found = {}
    for row in range(rows):
        for column in range(columns):
            x, y = (column + 0.5) / columns, (row + 0.5) / rows
            weight = sum(
                w * exp(-(((x - cx) / sx) ** 2) - ((y - cy) / sy) ** 2) for cx, cy, sx, sy, w in _SPOTS[camera_id]
            )
            if weight > 0.02:
                found[str(row * columns + column)] = round(weight * person_s / 100, 1)
    return found
