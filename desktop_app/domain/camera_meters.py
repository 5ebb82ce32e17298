"""What is measured of a camera as a whole: people per area minute by minute, and where they stood."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from desktop_app.domain.heatmap import HeatGrid, HeatMeter
from desktop_app.domain.occupancy import MinuteOfPeople, OccupancyMeter
from desktop_app.domain.presence import Moment
from shared_models.events import EventDraft, EventType
from shared_models.geometry import Point
from shared_models.zones import PolygonZone


class CameraMeters:
    """Occupancy of ``areas`` and the heat map of one camera, as event drafts."""

    def __init__(self, camera_id: str, areas: Sequence[PolygonZone]) -> None:
        self._camera_id = camera_id
        self._areas = [(area, OccupancyMeter()) for area in areas]
        self._heat = HeatMeter()

    def observe(self, moment: Moment, *, people_in: Counter[str], feet_norm: Iterable[Point]) -> list[EventDraft]:
        """Take one frame: how many are in each area (by zone id), and where everybody stands."""
        drafts: list[EventDraft] = []
        for area, meter in self._areas:
            people = people_in[area.zone_id]
            drafts += self._occupancy(area, meter.observe(people, at_s=moment.at_s, occurred_at=moment.occurred_at))
        grid = self._heat.observe(feet_norm, at_s=moment.at_s, occurred_at=moment.occurred_at)
        return drafts + self._heatmap(grid)

    def end(self) -> list[EventDraft]:
        """The camera stops: what the meters have of the minute and the quarter under way."""
        drafts = [draft for area, meter in self._areas for draft in self._occupancy(area, meter.end())]
        return drafts + self._heatmap(self._heat.end())

    def _occupancy(self, area: PolygonZone, minute: MinuteOfPeople | None) -> list[EventDraft]:
        if minute is None:
            return []
        return [
            EventDraft(
                type=EventType.OCCUPANCY,
                camera_id=self._camera_id,
                zone_id=area.zone_id,
                zone_revision=area.revision,
                occurred_at=minute.ended_at,
                value=round(minute.mean, 3),
                attributes={"peak": minute.peak, "seen_s": round(minute.seen_s, 1)},
            )
        ]

    def _heatmap(self, grid: HeatGrid | None) -> list[EventDraft]:
        if grid is None:
            return []
        return [
            EventDraft(
                type=EventType.HEATMAP,
                camera_id=self._camera_id,
                occurred_at=grid.ended_at,
                attributes=grid.attributes(),
            )
        ]
