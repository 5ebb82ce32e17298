"""Where people stop, and where they do not. Of one store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from cloud_api.analytics.repository import AnalyticsRepository
from cloud_api.analytics.zones import zone_figures
from cloud_api.insights.statement import HOURS_DAYS, Kind, Statement, Weight
from cloud_api.kit.language import gettext as _
from cloud_api.kit.language import number
from cloud_api.tenancy.visible_stores import StoreView

FEWEST_STAYS = 200
"""In all areas of the days looked at, before they are compared."""
DEAD = 0.25
"""An area with less than this share of the stays of the middle one is told as dead."""
BUSY = 2.0


@dataclass(frozen=True, slots=True)
class Area:
    """An area or shelf that is drawn; queues and what is left out are none."""

    camera_id: str
    zone_id: str
    name: str


@dataclass(frozen=True, slots=True)
class _Visited:
    area: Area
    n: int
    mean_s: float


async def busy_and_dead(
    repository: AnalyticsRepository, store: StoreView, areas: Sequence[Area], *, now: datetime
) -> list[Statement]:
    """The area where most people stop and that where fewest do, of the last four weeks; areas of one store."""
    zone = ZoneInfo(store.timezone)
    end = datetime.combine(now.astimezone(zone).date(), time(), zone)
    start = end - timedelta(days=HOURS_DAYS)
    sums = await repository.zone_sums(start=start.astimezone(UTC), end=end.astimezone(UTC))
    figures = {(z.camera_id, z.zone_id): z for z in zone_figures(sums)}
    visited = []
    for area in areas:
        own = figures.get((area.camera_id, area.zone_id))
        n = own.presences if own else 0
        visited.append(_Visited(area, n, own.dwell_total_s / n if own and n else 0.0))
    visited.sort(key=lambda v: -v.n)
    if len(visited) < 2 or sum(v.n for v in visited) < FEWEST_STAYS:
        return []
    return [_words(store, visited)]


def _words(store: StoreView, visited: Sequence[_Visited]) -> Statement:
    most, least = visited[0], visited[-1]
    middle = visited[len(visited) // 2].n if len(visited) > 2 else most.n
    words = _("Most people stop at '%(name)s'.", name=most.area.name)
    is_dead = least.n < DEAD * middle
    if is_dead:
        words += " " + _("'%(name)s' is hardly visited.", name=least.area.name)
    elif most.n > BUSY * least.n:
        words += " " + _("'%(name)s' has %(share)s %% of its stays.", name=least.area.name,
                         share=number(100 * least.n / most.n))  # fmt: skip
    else:
        words += " " + _("No area is left out.")
    numbers = tuple(
        _("%(name)s: %(n)s stays a day, %(seconds)s s each", name=v.area.name, n=number(v.n / HOURS_DAYS, digits=1),
          seconds=number(v.mean_s))
        for v in visited[:8]
    )  # fmt: skip
    return Statement(
        Kind.AREAS, Weight.WARN if is_dead else Weight.PLAIN, store, words, numbers,
        _("Stays in areas and at shelves, %(days)s days. Where nobody stops, look whether goods, light or way are wrong, "
          "or the area is drawn where no feet are seen.", days=HOURS_DAYS),
        12.0 if is_dead else 4.0, claim=f"{most.area.zone_id} {least.area.zone_id} {is_dead}",
    )  # fmt: skip
