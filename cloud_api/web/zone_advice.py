"""Advice on zones that are being drawn: the checks of the laptop, and whether anybody walks there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError
from shapely import LineString, Polygon, box

from cloud_api.analytics.heat import HeatMap
from cloud_api.kit.language import gettext as _
from shared_models.placement import hugs_edge
from shared_models.zones import LineZone, Zone

REACH_NORM = 0.06
"""How far from a line somebody may have stood to have been near it."""
FEWEST_PERSON_S = 600.0
"""In the whole picture, before it is said that nobody walks somewhere in it."""
_ZONE: TypeAdapter[Zone] = TypeAdapter(Zone)


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing to tell of one zone. ``is_wrong``: it cannot be saved like this."""

    zone_id: str
    words: str
    is_wrong: bool = False


def advise(zones: Sequence[Mapping[str, Any]], heat: HeatMap | None) -> list[Advice]:
    """What to tell of each zone, wrong or right."""
    return [found for zone in zones for found in _of(dict(zone), heat)]


def _of(raw: dict[str, Any], heat: HeatMap | None) -> list[Advice]:
    zone_id = str(raw.get("zone_id", ""))
    try:
        zone = _ZONE.validate_python(raw)
    except ValidationError as error:
        told = error.errors()[0]["msg"].removeprefix("Value error, ")
        return [Advice(zone_id, told[:1].upper() + told[1:], is_wrong=True)]
    found = []
    if isinstance(zone, LineZone) and hugs_edge(zone.points):
        found.append(Advice(zone_id, _(
            "It runs along the edge of the picture: people appear there instead of crossing. Draw it further inside."
        )))  # fmt: skip
    walked = person_s_near(zone, heat) if heat is not None else None
    if walked is not None and walked == 0:
        found.append(Advice(zone_id, _("Nobody was seen here in the last weeks; is it in the right place?")))
    elif walked:
        found.append(Advice(zone_id, _("People walk and stand here: a good place.")) if not found else found.pop())
    return found


def person_s_near(zone: Zone, heat: HeatMap) -> float | None:
    """Person-seconds in and near a zone; None: too little is known of the picture."""
    if sum(cell.person_s for cell in heat.cells) < FEWEST_PERSON_S:
        return None
    shape = LineString(zone.points).buffer(REACH_NORM) if isinstance(zone, LineZone) else Polygon(zone.points)
    width, height = 1 / heat.columns, 1 / heat.rows
    return sum(
        cell.person_s
        for cell in heat.cells
        if shape.intersects(
            box(cell.column * width, cell.row * height, (cell.column + 1) * width, (cell.row + 1) * height)
        )
    )
