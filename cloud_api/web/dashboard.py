"""The dashboard: today in all visible stores, or in one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_api.analytics.repository import AnalyticsRepository, QuarterHour
from cloud_api.analytics.zones import ZoneFigures, zone_figures
from cloud_api.kit.buckets import ROLLUP, rollup_start
from cloud_api.tenancy.principal import Scope
from cloud_api.tenancy.visible_stores import StoreView, VisibleStores

CHART_WIDTH, CHART_HEIGHT = 720, 180
SEEN_LATELY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure. ``value`` "–": not known, which is not zero."""

    name: str
    title: str
    value: str
    note: str


@dataclass(frozen=True, slots=True)
class HourBar:
    """One hour of today's profile. Chart coordinates in pixels of the drawing."""

    hour: str
    footfall_in: int
    footfall_out: int
    x: float
    width: float
    height_in: float
    height_out: float


@dataclass(frozen=True, slots=True)
class StoreLine:
    """One store of the list; its figures are None while nothing was heard of it today: not known is not zero."""

    id: UUID
    name: str
    footfall_in: int | None
    footfall_out: int | None
    inside: int | None
    seen: str
    is_fresh: bool


@dataclass(frozen=True, slots=True)
class DashboardContext:
    """All that the dashboard's template may use."""

    stores: list[StoreView]
    chosen: StoreView | None
    day: str
    timezone: str
    tiles: list[Tile]
    hours: list[HourBar]
    zones: list[ZoneFigures]
    lines: list[StoreLine]
    has_data: bool
    highest: int
    chart_width: int = CHART_WIDTH
    chart_height: int = CHART_HEIGHT


async def dashboard_context(
    connection: AsyncConnection, scope: Scope, *, store_id: UUID | None, now: datetime
) -> DashboardContext:
    """Today's figures.

    Raises:
        NotFoundError: ``store_id`` is not in scope.
    """
    visible = VisibleStores(connection, scope)
    stores = await visible.all()
    chosen = await visible.one(store_id) if store_id else (stores[0] if len(stores) == 1 else None)
    shown = [chosen] if chosen else stores
    zone = ZoneInfo(shown[0].timezone) if shown else ZoneInfo("UTC")
    starts = {s.id: business_day_start(now, s) for s in shown}
    repository = AnalyticsRepository(connection, shown)
    first = min(starts.values(), default=now)
    quarters = await repository.quarter_hours(start=rollup_start(first), end=rollup_start(now) + ROLLUP)
    today = [q for q in quarters if q.bucket_at >= starts[q.store_id]]
    sums = await repository.zone_sums(start=rollup_start(first), end=rollup_start(now) + ROLLUP)
    seen = await repository.last_seen()
    hours = _hours(today, zone=zone, start=first, now=now)
    lines = [_line(s, today, seen.get(s.id), now=now) for s in shown]
    return DashboardContext(
        stores=stores,
        chosen=chosen,
        day=f"{first.astimezone(zone):%A, %d %B %Y}",
        timezone=str(zone),
        tiles=_tiles(today, inside=sum(line.inside or 0 for line in lines)),
        hours=hours,
        zones=zone_figures(sums),
        lines=lines,
        has_data=bool(today) or bool(seen),
        highest=max((max(h.footfall_in, h.footfall_out) for h in hours), default=0),
    )


def business_day_start(now: datetime, store: StoreView) -> datetime:
    """When the store's present business day began, in UTC."""
    local = now.astimezone(ZoneInfo(store.timezone))
    start = local.replace(hour=store.reset_hour, minute=0, second=0, microsecond=0)
    if start > local:
        start = (start - timedelta(days=1)).replace(hour=store.reset_hour)
    return start.astimezone(UTC)


def _count(quarters: list[QuarterHour], kind: str) -> int:
    return sum(q.n for q in quarters if q.type == kind)


def _mean_s(quarters: list[QuarterHour], kind: str) -> tuple[str, str]:
    n = _count(quarters, kind)
    if not n:
        return "–", "no stay has ended yet"
    return duration_words(sum(q.total for q in quarters if q.type == kind) / n), f"mean of {n}"


def _tiles(today: list[QuarterHour], *, inside: int) -> list[Tile]:
    # Inside: each store is never below zero, then they add up; one store's drift takes nobody out of another.
    went_in, went_out = _count(today, "footfall_in"), _count(today, "footfall_out")
    known = bool(today)
    dwell, dwell_note = _mean_s(today, "dwell")
    wait, wait_note = _mean_s(today, "queue_wait")
    return [
        Tile("footfall_in", "People in", str(went_in) if known else "–", "crossings to the inside today"),
        Tile("footfall_out", "People out", str(went_out) if known else "–", "crossings to the outside today"),
        Tile("occupancy", "Inside now", str(inside) if known else "–", "in minus out today"),
        Tile("dwell", "Time spent", dwell, dwell_note),
        Tile("queue_wait", "Queue wait", wait, wait_note),
        Tile("shelf_interaction", "Shelf visits", str(_count(today, "shelf_interaction")) if known else "–", "today"),
    ]


def _hours(today: list[QuarterHour], *, zone: ZoneInfo, start: datetime, now: datetime) -> list[HourBar]:
    count = int((now - start) / timedelta(hours=1)) + 1
    sums = {i: [0, 0] for i in range(count)}
    for q in today:
        index = int((q.bucket_at - start) / timedelta(hours=1))
        if q.type in ("footfall_in", "footfall_out") and index in sums:
            sums[index][q.type == "footfall_out"] += q.n
    highest = max([1, *(v for pair in sums.values() for v in pair)])
    step = CHART_WIDTH / max(12, count)
    return [
        HourBar(
            hour=f"{(start + timedelta(hours=i)).astimezone(zone):%H:%M}",
            footfall_in=went_in,
            footfall_out=went_out,
            x=round(i * step, 1),
            width=round(step * 0.38, 1),
            height_in=round(CHART_HEIGHT * went_in / highest, 1),
            height_out=round(CHART_HEIGHT * went_out / highest, 1),
        )
        for i, (went_in, went_out) in sums.items()
    ]


def _line(store: StoreView, today: list[QuarterHour], seen_at: datetime | None, *, now: datetime) -> StoreLine:
    own = [q for q in today if q.store_id == store.id]
    went_in, went_out = _count(own, "footfall_in"), _count(own, "footfall_out")
    seen = "never heard of" if seen_at is None else f"heard {duration_words((now - seen_at).total_seconds())} ago"
    is_fresh = seen_at is not None and now - seen_at < SEEN_LATELY
    if not own:
        return StoreLine(store.id, store.name, None, None, None, seen, is_fresh)
    return StoreLine(store.id, store.name, went_in, went_out, max(0, went_in - went_out), seen, is_fresh)


def duration_words(seconds: float) -> str:
    """Seconds as people say them."""
    seconds = max(0.0, seconds)
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h" if seconds < 172_800 else f"{seconds / 86_400:.0f} days"
