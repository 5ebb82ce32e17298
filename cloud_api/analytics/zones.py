"""Figures per camera and zone."""

from __future__ import annotations

from collections import defaultdict
from uuid import UUID

from pydantic import BaseModel, Field

from cloud_api.analytics.repository import ZoneSum
from cloud_api.kit.language import mark

WALKWAY = mark("walkway inside, in no sum")
"""What pages and reports say beside the crossings of such a line."""
STAYS = ("dwell", "shelf_interaction", "queue_wait")


class ZoneFigures(BaseModel):
    """One zone over a time. ``dwell_total_s``: seconds of all presences; divide by ``presences`` for the mean.

    ``in`` and ``out``: all crossings of the line. Those in ``walkway_in`` and ``walkway_out`` were counted while it was a
    walkway inside, and are in no sum of people in or out.
    """

    store_id: UUID
    camera_id: str
    zone_id: str
    footfall_in: int = Field(default=0, serialization_alias="in")
    footfall_out: int = Field(default=0, serialization_alias="out")
    walkway_in: int = 0
    walkway_out: int = 0
    presences: int = 0
    dwell_total_s: float = 0.0
    dwell_longest_s: float = 0.0

    @property
    def is_walkway(self) -> bool:
        """Whether some of its crossings are in no sum."""
        return bool(self.walkway_in or self.walkway_out)


class ZoneTable(BaseModel):
    """All zones that were heard of."""

    zones: list[ZoneFigures]


def zone_figures(sums: list[ZoneSum]) -> list[ZoneFigures]:
    """One line per zone; events without a zone (gaps, heat maps) have none."""
    by_zone: dict[tuple[UUID, str, str], list[ZoneSum]] = defaultdict(list)
    for row in sums:
        if row.zone_id:
            by_zone[row.store_id, row.camera_id, row.zone_id].append(row)
    return [_figures(key, rows) for key, rows in sorted(by_zone.items(), key=lambda item: item[0][1:])]


def _figures(key: tuple[UUID, str, str], rows: list[ZoneSum]) -> ZoneFigures:
    counts = {row.type: row.n for row in rows}
    walkway_in, walkway_out = counts.get("walkway_in", 0), counts.get("walkway_out", 0)
    stays = [row for row in rows if row.type in STAYS]
    return ZoneFigures(
        store_id=key[0],
        camera_id=key[1],
        zone_id=key[2],
        footfall_in=counts.get("footfall_in", 0) + walkway_in,
        footfall_out=counts.get("footfall_out", 0) + walkway_out,
        walkway_in=walkway_in,
        walkway_out=walkway_out,
        presences=sum(row.n for row in stays),
        dwell_total_s=round(sum(row.total for row in stays), 3),
        dwell_longest_s=max((row.peak for row in stays), default=0.0),
    )
