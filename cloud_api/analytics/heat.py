"""Heat maps: where people stood in a camera's picture."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_api.analytics.repository import AnalyticsRepository
from cloud_api.analytics.span import TimeSpan
from cloud_api.tenancy.visible_stores import StoreView


@dataclass(frozen=True, slots=True)
class HeatCell:
    """``row`` and ``column`` from the upper left corner."""

    row: int
    column: int
    person_s: float


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Person-seconds per cell of a grid over the picture; ``seen_s``: how long the camera saw. Cells without are 0."""

    store_id: UUID
    camera_id: str
    columns: int
    rows: int
    seen_s: float
    cells: list[HeatCell]


async def heat_of(connection: AsyncConnection, store: StoreView, camera_id: str, span: TimeSpan) -> HeatMap:
    """The heat map of whole days. Where the grid was changed meanwhile, that of the newest."""
    first, last = span.days
    found = await AnalyticsRepository(connection, [store]).heat(camera_id, first=first, last=last)
    if not found:
        return HeatMap(store.id, camera_id, 0, 0, 0.0, [])
    columns, rows = found[-1][:2]
    sums: dict[int, float] = defaultdict(float)
    seen_s = 0.0
    for own_columns, own_rows, _, seconds, cells in found:
        if (own_columns, own_rows) == (columns, rows):
            seen_s += seconds
            for cell, person_s in cells.items():
                sums[int(cell)] += person_s
    found_cells = [HeatCell(i // columns, i % columns, round(s, 2)) for i, s in sorted(sums.items())]
    return HeatMap(store.id, camera_id, columns, rows, round(seen_s, 1), found_cells)
