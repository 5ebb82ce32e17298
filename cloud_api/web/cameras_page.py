"""Cameras: how they do now and did in the last days; made known, renamed, retired."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from cloud_api.analytics.repository import AnalyticsRepository
from cloud_api.auth.access import Address, Data
from cloud_api.kit.errors import CloudError, NotFoundError
from cloud_api.kit.language import gettext as _
from cloud_api.kit.language import weekday
from cloud_api.stores.cameras import Cameras, CameraView
from cloud_api.stores.endpoints import CameraChange, CameraForm, make_camera, put_camera
from cloud_api.tenancy.visible_stores import StoreView
from cloud_api.web.charts import Grid, grid
from cloud_api.web.live_page import CameraState, camera_state
from cloud_api.web.paging import Paging, paged
from cloud_api.web.shell import Visit, posted, show, told, uuid_in, visit
from cloud_api.web.words import duration_words

router = APIRouter(include_in_schema=False)
DAYS = 7
MOST_STRIPS = 60
"""Cameras whose last days are looked up for one page."""


@dataclass(frozen=True, slots=True)
class CameraCard:
    """One camera. ``blind``: the last days, hour by hour; None: too many cameras, or never heard of."""

    camera: CameraView
    state: CameraState
    blind: Grid | None
    blind_words: str


@dataclass(frozen=True, slots=True)
class StoreCameras:
    """A store with its cameras; retired ones apart."""

    store: StoreView
    cards: list[CameraCard]
    retired: list[CameraView]


@dataclass(frozen=True, slots=True)
class CamerasContext:
    """What the page shows. ``error``: of a form that was just sent."""

    groups: list[StoreCameras]
    error: str
    n_cameras: int
    n_ill: int
    paging: Paging
    n_days: int = DAYS


async def cameras_context(seen: Visit, *, error: str = "") -> CamerasContext:
    """The cameras of the chosen stores."""
    by_store = await Cameras(seen.connection, seen.scope).of_stores([s.id for s in seen.shown])
    blind_by_camera = await AnalyticsRepository(seen.connection, seen.shown).blind_by_camera(
        start=seen.now - timedelta(days=DAYS + 1), end=seen.now
    )
    states = {
        (store_id, c.camera_id): camera_state(c, now=seen.now)
        for store_id, own in by_store.items()
        for c in own
        if c.retired_at is None
    }
    ill = {store_id for (store_id, _camera), state in states.items() if not state.is_well}
    ordered = sorted(seen.shown, key=lambda s: s.id not in ill)  # what needs a look stands first
    stores, paging = paged(seen, ordered, name_of=lambda s: s.name)
    groups, looked_up = [], 0
    for store in stores:
        cards = []
        for camera in (c for c in by_store[store.id] if c.retired_at is None):
            looked_up += 1
            is_shown = looked_up <= MOST_STRIPS and camera.reported_at is not None
            found = blind_by_camera.get((store.id, camera.camera_id), [])
            # Hour by hour is for the page of one store: among many, words say it.
            has_hours = is_shown and seen.chosen is not None
            blind, words = _blind(seen, store, camera, found) if is_shown else (None, "")
            cards.append(CameraCard(camera, states[store.id, camera.camera_id], blind if has_hours else None, words))
        cards.sort(key=lambda card: card.state.is_well)
        groups.append(StoreCameras(store, cards, [c for c in by_store[store.id] if c.retired_at is not None]))
    return CamerasContext(groups, error, len(states), sum(not s.is_well for s in states.values()), paging)


def _blind(
    seen: Visit, store: StoreView, camera: CameraView, all_found: Sequence[tuple[datetime, float]]
) -> tuple[Grid, str]:
    zone = ZoneInfo(store.timezone)
    today = seen.now.astimezone(zone).date()
    first = today - timedelta(days=DAYS - 1)
    start = datetime.combine(first, time(), zone).astimezone(UTC)
    found = {at: blind_s for at, blind_s in all_found if at >= start}
    by_hour: dict[tuple[date, int], float] = {}
    for at, blind_s in found.items():
        local = at.astimezone(zone)
        key = (local.date(), local.hour)
        by_hour[key] = by_hour.get(key, 0.0) + blind_s / 60
    rows: list[tuple[str, list[float | None]]] = []
    for n in range(DAYS):
        day = first + timedelta(days=n)
        rows.append(
            (
                weekday(day.weekday(), "abbreviated"),
                [_minutes(day, h, by_hour, camera, zone, seen.now) for h in range(24)],
            )
        )
    total_s = sum(found.values())
    words = (
        _("blind for %(duration)s in %(n)s days", duration=duration_words(total_s), n=DAYS)
        if total_s
        else _("no gap in %(n)s days", n=DAYS)
    )
    return grid(rows, [f"{h:02d}" for h in range(24)], unit=_("minutes blind"), row_height=20, highest=60), words


def _minutes(
    day: date, hour: int, by_hour: dict[tuple[date, int], float], camera: CameraView, zone: ZoneInfo, now: datetime
) -> float | None:
    at = datetime.combine(day, time(hour), zone)
    if at > now or at + timedelta(hours=1) < camera.first_seen_at:
        return None
    return min(60.0, by_hour.get((day, hour), 0.0))


@router.get("/cameras")
async def cameras_page(request: Request) -> Response:
    """The page."""
    async with visit(request) as seen:
        return show(seen, "cameras.html", await cameras_context(seen), has_period=False)


@router.post("/cameras")
async def change_cameras(request: Request, database: Data, address: Address) -> Response:
    """Make known, rename, retire or take back a camera."""
    principal, form = await posted(request)
    try:
        store_id = uuid_in(form, "store_id")
        if store_id is None:
            raise NotFoundError(_("Choose a store."))
        if form.get("act") == "add":
            made = CameraForm(camera_id=form.get("camera_id", ""), name=form.get("name", ""))
            await make_camera(store_id, made, principal, database, address)
        else:
            change = CameraChange(name=form.get("name", ""), is_retired=form.get("act") == "retire")
            await put_camera(store_id, form.get("camera_id", ""), change, principal, database, address)
    except (CloudError, ValidationError) as error:
        async with visit(request) as seen:
            context = await cameras_context(seen, error=told(error))
            return show(seen, "cameras.html", context, has_period=False, status=getattr(error, "status", 422))
    return RedirectResponse(f"/cameras?store={_of(store_id)}", status_code=303)


def _of(store_id: UUID | None) -> str:
    return str(store_id) if store_id else ""
