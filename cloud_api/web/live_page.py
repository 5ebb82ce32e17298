"""Live: who is inside where, which cameras see, and what happened last."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from fastapi.responses import Response

from cloud_api.analytics.repository import AnalyticsRepository
from cloud_api.devices.stills import StillSwitches
from cloud_api.kit.language import clock, figure, mark
from cloud_api.kit.language import gettext as _
from cloud_api.live.recent import RecentEvent, RecentEvents
from cloud_api.stores.cameras import Cameras, CameraView
from cloud_api.tenancy.visible_stores import StoreView
from cloud_api.web.levels import changes_of, levels_from
from cloud_api.web.paging import Paging, paged
from cloud_api.web.shell import Visit, show, visit
from cloud_api.web.words import UNKNOWN, ago, duration_words, plain_id

router = APIRouter(include_in_schema=False)
TICKER = 24
SEEN_LATELY = timedelta(minutes=5)
MOST_STILLS = 40
STATES = {
    "seeing": mark("sees"), "connecting": mark("is connecting"), "stale": mark("sends no pictures"),
    "frozen": mark("sends the same picture"), "refused": mark("is refused"), "off": mark("is switched off"),
    "": mark("not heard of yet"),
}  # fmt: skip
_HAPPENED = {
    "footfall_in": mark("somebody came in"), "footfall_out": mark("somebody went out"),
    "dwell": mark("stayed %(duration)s"), "queue_wait": mark("queued %(duration)s"),
    "shelf_interaction": mark("stood at the shelf for %(duration)s"),
    "camera_gap": mark("camera was blind for %(duration)s"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class CameraState:
    """A camera in one line. ``is_well``: it saw within the last minutes."""

    name: str
    words: str
    is_well: bool


@dataclass(frozen=True, slots=True)
class LiveStore:
    """A store now. None: not known today; ``capacity``: nobody has said how many it has room for."""

    id: UUID
    name: str
    inside: int | None
    most: int | None
    footfall_in: int | None
    footfall_out: int | None
    seen: str
    is_fresh: bool
    cameras: list[CameraState]
    capacity: int | None = None

    @property
    def fill(self) -> float | None:
        """People inside as a share of the room there is; over 1 where it is too full. None: one of them is not known."""
        return self.inside / self.capacity if self.inside is not None and self.capacity else None

    @property
    def ill(self) -> list[CameraState]:
        """Cameras that do not see."""
        return [c for c in self.cameras if not c.is_well]

    @property
    def well(self) -> list[CameraState]:
        return [c for c in self.cameras if c.is_well]


@dataclass(frozen=True, slots=True)
class TickerLine:
    """One event in words."""

    at: str
    store: str
    place: str
    words: str


@dataclass(frozen=True, slots=True)
class StillOf:
    """A camera that may be looked at."""

    store_id: UUID
    store: str
    camera_id: str
    camera: str


@dataclass(frozen=True, slots=True)
class LiveContext:
    """What the page shows."""

    live_stores: list[LiveStore]
    ticker: list[TickerLine]
    n_ill: int
    stills: list[StillOf]
    paging: Paging


async def live_context(seen: Visit) -> LiveContext:
    """The present state of the chosen stores."""
    repository = AnalyticsRepository(seen.connection, seen.shown)
    days = {s.id: seen.now.astimezone(ZoneInfo(s.timezone)).date() for s in seen.shown}
    if not days:
        return LiveContext([], [], 0, [], paged(seen, [], name_of=str)[1])
    first, last = min(days.values()), max(days.values())
    yesterday = first - timedelta(days=1)
    changes = await changes_of(repository, seen.shown, first=yesterday, last=last, now=seen.now)
    levels = levels_from(changes, seen.shown, first=yesterday, last=last, now=seen.now)
    today = levels_from(changes, seen.shown, first=first, last=last, now=seen.now)
    counts: dict[UUID, dict[str, int]] = defaultdict(dict)
    for row in await repository.days(first=first, last=last, types=["footfall_in", "footfall_out"]):
        if row.day == days[row.store_id]:
            counts[row.store_id][row.type] = row.n
    last_seen = await repository.last_seen()
    cameras = await Cameras(seen.connection, seen.scope).of_stores([s.id for s in seen.shown])
    stores = []
    for s in seen.shown:
        own, at, is_known = counts.get(s.id), last_seen.get(s.id), today[s.id].is_known
        stores.append(
            LiveStore(
                s.id, s.name, levels[s.id].now if is_known or levels[s.id].is_known else None,
                today[s.id].peak if is_known else None,
                own.get("footfall_in", 0) if own is not None else None,
                own.get("footfall_out", 0) if own is not None else None,
                _("never heard of") if at is None else _("heard %(ago)s", ago=ago(at, now=seen.now)),
                at is not None and seen.now - at < SEEN_LATELY,
                [camera_state(c, now=seen.now) for c in cameras[s.id] if c.retired_at is None],
                s.capacity,
            )
        )  # fmt: skip
    ids = [s.id for s in seen.shown]
    recent = await RecentEvents(seen.connection, seen.scope).of(ids, now=seen.now, limit=TICKER)
    names = {s.id: (s.name, ZoneInfo(s.timezone)) for s in seen.shown}
    may_look = await stores_with_stills(seen)
    stills = [still for s in seen.shown if s.id in may_look for still in stills_of(s, cameras[s.id])]
    ill = sum(len(store.ill) for store in stores)
    stores.sort(key=lambda store: not (store.ill or (store.fill or 0.0) > 1.0))  # what needs a look stands first
    shown, paging = paged(seen, stores, name_of=lambda store: store.name)
    return LiveContext(shown, [_line(e, names, seen.zone) for e in recent], ill, stills[:MOST_STILLS], paging)


async def stores_with_stills(seen: Visit) -> set[UUID]:
    """Stores whose cameras may be looked at."""
    return await StillSwitches(seen.connection, seen.scope).on()


def stills_of(store: StoreView, cameras: Sequence[CameraView]) -> list[StillOf]:
    """Cameras of such a store."""
    return [StillOf(store.id, store.name, c.camera_id, c.label) for c in cameras if c.retired_at is None]


def camera_state(camera: CameraView, *, now: datetime) -> CameraState:
    """How a camera does, in words that also say how old they are."""
    if camera.reported_at is None:
        return CameraState(camera.label, _("no sign of life yet"), is_well=False)
    is_late = now - camera.reported_at > SEEN_LATELY
    told = camera.words or _(STATES.get(camera.state, camera.state))
    if camera.fps and camera.state == "seeing":
        told = _("%(told)s, %(n)s pictures a second", told=told, n=figure(round(camera.fps, 1)))
    words = f"{told} · {ago(camera.reported_at, now=now)}"
    if is_late:
        silent = duration_words((now - camera.reported_at).total_seconds())
        words = _("not heard of for %(duration)s; then it: %(told)s", duration=silent, told=told)
    return CameraState(camera.label, words, is_well=camera.state == "seeing" and not is_late)


def _line(event: RecentEvent, names: dict[UUID, tuple[str, ZoneInfo]], clock_of_page: ZoneInfo) -> TickerLine:
    name, zone = names[event.store_id]
    place = plain_id(event.zone_id or event.camera_id) or UNKNOWN
    words = _(_HAPPENED[event.type], duration=duration_words(event.value or 0.0))
    local = event.occurred_at.astimezone(zone)
    at = clock(local, has_seconds=True)
    if local.utcoffset() != event.occurred_at.astimezone(clock_of_page).utcoffset():
        # Beside stores of other time zones an hour alone would be read as theirs.
        at = _("%(time)s (%(zone)s)", time=at, zone=local.tzname() or zone.key)
    return TickerLine(at, name, place, words)


@router.get("/live")
async def live(request: Request) -> Response:
    """The page."""
    async with visit(request) as seen:
        return show(seen, "live.html", await live_context(seen), has_period=False)


@router.get("/live-figures")
async def live_figures(request: Request) -> Response:
    """Only the part that changes."""
    async with visit(request) as seen:
        return show(seen, "live_figures.html", await live_context(seen), has_period=False)
