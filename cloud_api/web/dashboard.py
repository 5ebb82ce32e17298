"""The dashboard: a period in all visible stores, or in one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import parse_qsl, urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
from fastapi import APIRouter, Request
from fastapi.responses import Response

from cloud_api.analytics.ranking import rank
from cloud_api.analytics.repository import AnalyticsRepository
from cloud_api.analytics.zones import ZoneFigures, zone_figures
from cloud_api.insights.usual import Usual, against_usual, together
from cloud_api.kit.buckets import ROLLUP, rollup_start
from cloud_api.kit.language import clock, day_and_month, hour, short_day, weekday
from cloud_api.kit.language import gettext as _
from cloud_api.kit.language import ngettext as _n
from cloud_api.stores.cameras import Cameras
from cloud_api.stores.opening_hours import OpeningHoursOf
from cloud_api.stores.zone_sets import ZoneSetsOf
from cloud_api.tenancy.visible_stores import StoreView
from cloud_api.web.attention import MOST as MOST_NOTICES
from cloud_api.web.attention import Notice, notices_of
from cloud_api.web.charts import BarChart, Grid, Point, bar_chart, grid
from cloud_api.web.levels import Level, levels_of
from cloud_api.web.live_page import SEEN_LATELY
from cloud_api.web.paging import WHOLE, Paging, paged
from cloud_api.web.periods import Period
from cloud_api.web.shell import Visit, show, visit
from cloud_api.web.tiles import StoreLine, Tile, arrow, than_words, tiles_of, total_of
from cloud_api.web.words import UNKNOWN, ago, change_words, number, plain_id

router = APIRouter(include_in_schema=False)
ORDERS: dict[str, Callable[[StoreLine], float | str | None]] = {
    "name": lambda line: line.name.casefold(),
    "footfall_in": lambda line: line.footfall_in,
    "footfall_out": lambda line: line.footfall_out,
    "inside": lambda line: line.inside,
    "per_open_hour": lambda line: line.per_open_hour,
    "coverage": lambda line: line.coverage,
    "change": lambda line: line.change_share,
}
"""What the list of stores may be sorted by; names rise, figures fall, unless the reader turns them."""
MOST_PEOPLE = "footfall_in"
SILENT_AFTER = timedelta(minutes=20)
"""After which a day under way is compared with nothing."""
PROFILE_DAYS = 56
PEAK_LIMIT = 100
"""Days times stores up to which the level of occupancy is followed through each quarter hour; of a single day always."""


@dataclass(frozen=True, slots=True)
class ZoneLine:
    """One zone with the names that people gave."""

    figures: ZoneFigures
    zone: str
    camera: str
    mean_s: float | None


@dataclass(frozen=True, slots=True)
class Head:
    """A column of the list of stores. ``order``: as the list is sorted by it, or empty; ``query``: of the link that sorts."""

    title: str
    is_number: bool = False
    order: str = ""
    query: str = ""


@dataclass(frozen=True, slots=True)
class DashboardContext:
    """All that the dashboard's template may use."""

    has_store: bool
    has_data: bool
    has_hours: bool
    headline: str
    verdict: str
    is_live: bool
    tiles: list[Tile]
    trend: BarChart
    trend_title: str
    trend_rows: list[Point]
    has_trend: bool
    profile: Grid | None
    profile_title: str
    zones: list[ZoneLine] | None
    lines: list[StoreLine]
    totals: StoreLine | None
    notices: list[Notice]
    n_more_notices: int
    heads: list[Head]
    paging: Paging


async def dashboard_context(seen: Visit) -> DashboardContext:
    """The figures of the chosen stores and days."""
    shown, period = seen.shown, seen.period
    if not shown:
        return _without_stores(seen)
    repository = AnalyticsRepository(seen.connection, shown)
    pairs = await against_usual(repository, shown, first=period.first, last=period.last, now=seen.now)
    levels = await _levels(seen, repository)
    last_seen = await repository.last_seen()
    silent = _silent(seen, last_seen)
    for store_id in silent:
        # Nobody knows how many came since: a day that is half unknown is compared with nothing.
        pairs[store_id] = {day: pair for day, pair in pairs[store_id].items() if day < period.today}
    lines = await _lines(seen, repository, pairs, levels, last_seen, silent)
    all_pairs = together([p for days in pairs.values() for p in days.values()])
    rows, trend_title = await _trend(seen, repository, pairs)
    tiles = await tiles_of(seen, repository, lines, all_pairs, levels, rows)
    notices = await notices_of(seen, lines, silent)
    profile = await _profile(seen, repository)
    by, is_turned = _order(seen)
    shown_lines, paging = paged(
        seen, ordered(lines, by=by, is_turned=is_turned), name_of=lambda line: line.name,
        kept=_kept(seen, by, is_turned=is_turned), may_be_whole=True,
    )  # fmt: skip
    return DashboardContext(
        has_store=True,
        has_data=bool(last_seen) or any(line.footfall_in is not None for line in lines),
        has_hours=any(line.per_open_hour is not None for line in lines),
        headline=seen.chosen.name if seen.chosen else _("All stores"),
        verdict=_verdict(all_pairs, period, seen, silent),
        is_live=period.has_today,
        tiles=tiles,
        trend=bar_chart(rows),
        trend_title=trend_title,
        trend_rows=rows,
        has_trend=any(r.value for r in rows),
        profile=profile,
        profile_title=_(
            "Hour by weekday, people in on an average day of %(n)s days", n=min(period.n_days, PROFILE_DAYS)
        ),
        zones=await _zones(seen, repository) if seen.chosen else None,
        lines=shown_lines,
        totals=total_of(lines, all_pairs),
        notices=notices[:MOST_NOTICES],
        n_more_notices=max(0, len(notices) - MOST_NOTICES),
        heads=_heads(seen, paging, by, is_turned=is_turned) if len(lines) > 1 else _plain_heads(seen),
        paging=paging,
    )


def _without_stores(seen: Visit) -> DashboardContext:
    return DashboardContext(
        False, False, False, _("Welcome"), "", False, [], bar_chart([]), "", [], False, None, "", None, [], None,
        [], 0, [], paged(seen, [], name_of=str)[1],
    )  # fmt: skip


def _order(seen: Visit) -> tuple[str, bool]:
    """What the reader has sorted the list of stores by, and whether the other way round."""
    asked = seen.request.query_params
    by = asked.get("by", "")
    return (by if by in ORDERS else MOST_PEOPLE), asked.get("turned") == "1"


def ordered(lines: Sequence[StoreLine], *, by: str, is_turned: bool) -> list[StoreLine]:
    """Stores of which the figure is not known come last, whichever way; those that are alike by name."""
    value_of = ORDERS[by]
    by_name = sorted(lines, key=lambda line: line.name.casefold())
    known = [line for line in by_name if value_of(line) is not None]
    falls = (by != "name") is not is_turned
    known.sort(key=value_of, reverse=falls)  # type: ignore[arg-type]  # none of them is None
    return known + [line for line in by_name if value_of(line) is None]


def _kept(seen: Visit, by: str, *, is_turned: bool) -> list[tuple[str, str]]:
    """What links and the form to find a store carry, so that days and order stay."""
    order = [("by", by)] if by != MOST_PEOPLE else []
    return [*parse_qsl(seen.period.query), *order, *([("turned", "1")] if is_turned else [])]


def _plain_heads(seen: Visit) -> list[Head]:
    inside = [Head(_("Inside"), is_number=True)] if seen.period.has_today else []
    return [
        Head(_("Store")), Head(_("In"), is_number=True), Head(_("Out"), is_number=True), *inside,
        Head(_("In per open hour"), is_number=True), Head(_("Coverage"), is_number=True), Head(_("Against usual")),
        Head(_("Laptop")),
    ]  # fmt: skip


def _heads(seen: Visit, paging: Paging, by: str, *, is_turned: bool) -> list[Head]:
    """Each with the link that sorts by it, or turns the order that is."""
    names = [name for name in ORDERS if name != "inside" or seen.period.has_today]
    found = [("find", paging.find)] if paging.find else []
    whole = [("page", WHOLE)] if paging.is_whole else []
    heads = []
    for name, head in zip(names, _plain_heads(seen), strict=False):  # the laptop's is no figure
        is_own = name == by
        falls = (name != "name") is not is_turned
        query = urlencode([*_kept(seen, name, is_turned=is_own and not is_turned), *found, *whole])
        order = ("descending" if falls else "ascending") if is_own else ""
        heads.append(Head(head.title, head.is_number, order, query))
    return [*heads, *_plain_heads(seen)[len(names) :]]


def _silent(seen: Visit, last_seen: dict[UUID, datetime]) -> dict[UUID, datetime]:
    """Stores of which nothing is heard, each with the moment since when; of a period with today."""
    if not seen.period.has_today:
        return {}
    return {s.id: at for s in seen.shown if (at := last_seen.get(s.id)) is not None and seen.now - at > SILENT_AFTER}


def since_words(at: datetime, *, seen: Visit, zone: ZoneInfo) -> str:
    """``silent since 11:40``, with the day where it was another one."""
    own = at.astimezone(zone)
    if own.date() == seen.now.astimezone(zone).date():
        return _("silent since %(time)s", time=clock(own))
    return _("silent since %(day)s, %(time)s", day=short_day(own.date()), time=clock(own))


def _verdict(pair: Usual, period: Period, seen: Visit, silent: dict[UUID, datetime]) -> str:
    if seen.chosen is not None and seen.chosen.id in silent:
        words = since_words(silent[seen.chosen.id], seen=seen, zone=seen.zone)
        return _("%(silent)s: nothing is known since, so nothing is compared.", silent=words[0].upper() + words[1:])
    if silent and len(silent) == len(seen.shown):
        return _("All stores are silent: nothing is known of the present, so nothing is compared.")
    told = _compared(pair, period)
    if silent:
        told += " " + _n(
            "%(n)s store is silent and is left out.", "%(n)s stores are silent and are left out.", len(silent)
        )
    return told


def _compared(pair: Usual, period: Period) -> str:
    if pair.change is None:
        return _("Nothing to compare with yet: the same weekdays before have no data.")
    words = change_words(pair.change, than=than_words(period))
    return f"{words[0].upper()}{words[1:]}."


async def _levels(seen: Visit, repository: AnalyticsRepository) -> dict[UUID, Level]:
    if not seen.period.is_one_day and seen.period.n_days * len(seen.shown) > PEAK_LIMIT:
        return {}
    return await levels_of(repository, seen.shown, first=seen.period.first, last=seen.period.last, now=seen.now)


async def _lines(
    seen: Visit, repository: AnalyticsRepository, pairs: dict[UUID, dict[date, Usual]], levels: dict[UUID, Level],
    last_seen: dict[UUID, datetime], silent: dict[UUID, datetime],
) -> list[StoreLine]:  # fmt: skip
    """Of all stores, those with most people first."""
    hours = await OpeningHoursOf(seen.connection, seen.scope).of([s.id for s in seen.shown])
    period = seen.period
    days = {"first": period.first, "last": period.last}
    ranking = await rank(repository, seen.shown, hours, **days, by=MOST_PEOPLE, now=seen.now)
    best = max([r.footfall_in or 0 for r in ranking.stores], default=0)
    by_hour = sorted((r for r in ranking.stores if r.per_open_hour is not None), key=lambda r: -(r.per_open_hour or 0))
    places = {r.store_id: n for n, r in enumerate(by_hour, 1)}
    zones = {s.id: ZoneInfo(s.timezone) for s in seen.shown}
    lines = []
    for r in ranking.stores:
        pair, at = together(list(pairs[r.store_id].values())), last_seen.get(r.store_id)
        level = levels.get(r.store_id)
        lines.append(
            StoreLine(
                id=r.store_id,
                name=r.name,
                footfall_in=r.footfall_in,
                footfall_out=r.footfall_out,
                inside=level.now if level and level.is_known and period.has_today else None,
                per_open_hour=r.per_open_hour,
                per_hour_rank=places.get(r.store_id),
                change=_change(pair, silent.get(r.store_id), seen, zones[r.store_id]),
                change_share=None if r.store_id in silent else pair.change,
                trend=arrow(pair.change),
                coverage=r.coverage,
                share_of_best=round((r.footfall_in or 0) / best, 3) if best else 0.0,
                seen=_("never heard of") if at is None else _("heard %(ago)s", ago=ago(at, now=seen.now)),
                is_fresh=at is not None and seen.now - at < SEEN_LATELY,
            )
        )
    return lines


def _change(pair: Usual, silent_at: datetime | None, seen: Visit, zone: ZoneInfo) -> str:
    if silent_at is not None:
        return since_words(silent_at, seen=seen, zone=zone)
    return UNKNOWN if pair.change is None else change_words(pair.change, than=_("usual"))


async def _trend(
    seen: Visit, repository: AnalyticsRepository, pairs: dict[UUID, dict[date, Usual]]
) -> tuple[list[Point], str]:
    if seen.period.is_one_day:
        return await _hours(seen, repository), _("Hour by hour, people in")
    days = {"first": seen.period.first, "last": seen.period.last}
    (counts,) = await repository.day_counts(["footfall_in"], **days)
    heard, _blind_s = await repository.day_heard(**days)
    sums, is_heard = np.maximum(counts, 0).sum(axis=0).tolist(), (heard.max(axis=0) > 0).tolist()
    points = []
    for n in range(seen.period.n_days):
        day = seen.period.first + timedelta(days=n)
        pair = together([p[day] for p in pairs.values() if day in p])
        value = sums[n] if is_heard[n] else None
        usual = pair.usual if pair.n == len(seen.shown) else None
        told = _told(short_day(day), value, usual)
        points.append(Point(day_and_month(day), told, value, usual, when=short_day(day)))
    return points, _("Day by day, people in")


def _told(when: str, value: float | None, usual: float | None) -> str:
    if value is None:
        return _("%(when)s: not known", when=when)
    if usual is None:
        return _("%(when)s: %(n)s in", when=when, n=number(value))
    return _("%(when)s: %(n)s in, usual %(usual)s", when=when, n=number(value), usual=number(usual))


async def _hours(seen: Visit, repository: AnalyticsRepository) -> list[Point]:
    """A day's hours: every store's by its own clock."""
    day = seen.period.first
    before = [day - timedelta(days=7 * n) for n in range(4, 0, -1)]
    totals = await repository.hour_totals("footfall_in", days=[*before, day])
    quarters, _blind_s = await repository.day_heard(first=before[0], last=day)
    n_known = int((quarters[:, 0:28:7].max(axis=0) > 0).sum())
    heard = await _hours_heard(repository, day)
    points = []
    for h in range(24):
        value = totals.get((day, h), 0) if h in heard else None
        mean = sum(totals.get((d, h), 0) for d in before) / n_known if n_known else None
        is_to_come = value is None and day == seen.period.today and h > seen.now.astimezone(seen.zone).hour
        told = (
            _("%(when)s: still to come, usual %(usual)s", when=hour(h), usual=number(mean))
            if is_to_come
            else _told(hour(h), value, mean)
        )
        points.append(Point(f"{h:02d}", told, value, mean))
    # Hours of the night, in which nobody comes and nobody ever came, only take the room.
    busy = [n for n, p in enumerate(points) if p.value or p.usual]
    return points[busy[0] : busy[-1] + 1] if busy else points


async def _hours_heard(repository: AnalyticsRepository, day: date) -> set[int]:
    """Hours of a day in which any store was heard, each by its own clock."""
    start = datetime.combine(day, time(), UTC) - timedelta(hours=14)
    end = start + timedelta(hours=52)
    heard = set()
    for zone, quarters in (await repository.quarters_heard_by_zone(start=start, end=end)).items():
        locals_ = (at.astimezone(ZoneInfo(zone)) for at in quarters)
        heard |= {local.hour for local in locals_ if local.date() == day}
    return heard


async def _profile(seen: Visit, repository: AnalyticsRepository) -> Grid | None:
    period = seen.period
    if period.is_one_day:
        return None
    first = max(period.first, period.last - timedelta(days=PROFILE_DAYS - 1))
    sums: dict[tuple[int, int], int] = defaultdict(int)
    days: dict[int, set[date]] = defaultdict(set)
    shown = [first + timedelta(days=n) for n in range((period.last - first).days + 1)]
    for (day, h), n in (await repository.hour_totals("footfall_in", days=shown)).items():
        sums[day.weekday(), h] += n
        days[day.weekday()].add(day)
    if not sums:
        return None
    hours = [h for _day, h in sums]
    shown_hours = range(min(hours), max(hours) + 1)
    rows: list[tuple[str, list[float | None]]] = [
        (weekday(d, "abbreviated"), [sums[d, h] / len(days[d]) if days[d] else None for h in shown_hours])
        for d in range(7)
    ]
    return grid(rows, [f"{h:02d}" for h in shown_hours], unit=_("in"))


async def _zones(seen: Visit, repository: AnalyticsRepository) -> list[ZoneLine]:
    zone = seen.zone
    start = datetime.combine(seen.period.first, time(), zone)
    end = datetime.combine(seen.period.last + timedelta(days=1), time(), zone)
    until = rollup_start(end.astimezone(UTC) + ROLLUP - timedelta(microseconds=1))
    sums = await repository.zone_sums(start=rollup_start(start), end=until)
    names = await zone_names(seen, seen.shown[0])
    return [
        ZoneLine(
            z,
            names.get((z.camera_id, z.zone_id), plain_id(z.zone_id)),
            names.get((z.camera_id, ""), plain_id(z.camera_id)),
            z.dwell_total_s / z.presences if z.presences else None,
        )
        for z in zone_figures(sums)
    ]


async def zone_names(seen: Visit, store: StoreView) -> dict[tuple[str, str], str]:
    """What people call zones, by camera and zone; cameras under an empty zone."""
    names: dict[tuple[str, str], str] = {}
    for camera in await Cameras(seen.connection, seen.scope).of(store.id):
        names[camera.camera_id, ""] = camera.name or plain_id(camera.camera_id)
    for held in await ZoneSetsOf(seen.connection, seen.scope).in_force(store.id):
        for zone in held.zones:
            if zone.name:
                names[held.camera_id, zone.zone_id] = zone.name
    return names


@router.get("/dashboard")
async def dashboard(request: Request) -> Response:
    """The page; an empty ``store`` means all."""
    async with visit(request) as seen:
        return show(seen, "dashboard.html", await dashboard_context(seen))


@router.get("/dashboard/figures")
async def dashboard_figures(request: Request) -> Response:
    """Only the part that changes, for a page that is open."""
    async with visit(request) as seen:
        return show(seen, "figures.html", await dashboard_context(seen))
