"""The zones of the demo's cameras."""

from __future__ import annotations

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
