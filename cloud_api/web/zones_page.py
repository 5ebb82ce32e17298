"""Zones: what is drawn on each camera's picture, drawn and edited in the browser, with every revision kept."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import quote, urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Body, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from cloud_api.analytics.heat import HeatMap, heat_of
from cloud_api.analytics.span import TimeSpan, span_of
from cloud_api.auth.access import Address, Data, NobodyError, page_principal
from cloud_api.kit.errors import InvalidError, NotFoundError
from cloud_api.kit.language import gettext as _
from cloud_api.stores.cameras import Cameras, CameraView
from cloud_api.stores.endpoints import ZonesForm, choose_zones, put_zones_of_camera
from cloud_api.stores.zone_sets import RevisionView, ZoneSetsOf
from cloud_api.tenancy.visible_stores import StoreView
from cloud_api.web.live_page import stores_with_stills
from cloud_api.web.paging import Paging, paged
from cloud_api.web.shell import Visit, must_be_own, posted, show, uuid_in, visit
from cloud_api.web.words import ago
from cloud_api.web.zone_advice import advise
from shared_models.metrics import Bucket

router = APIRouter(include_in_schema=False)
HEAT_SPAN = timedelta(days=28)
FRAME_W, FRAME_H = 1280, 720
"""The neutral frame that zones are drawn on, in units of the drawing; zones themselves are 0..1."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A zone as it is drawn. ``style``: line, area, shelf, queue or ignore. ``arrow``: to the in side of a line."""

    name: str
    style: str
    points: str
    arrow: str
    label_x: float
    label_y: float


@dataclass(frozen=True, slots=True)
class CameraZones:
    """One camera of the list."""

    store: StoreView
    camera: CameraView
    shapes: list[Shape]
    has_conflict: bool


@dataclass(frozen=True, slots=True)
class ZonesContext:
    """The list."""

    cameras: list[CameraZones]
    paging: Paging
    width: int = FRAME_W
    height: int = FRAME_H


@dataclass(frozen=True, slots=True)
class RevisionLine:
    """One revision in words."""

    view: RevisionView
    made: str
    shapes: list[Shape]


@dataclass(frozen=True, slots=True)
class HeatSquare:
    """Where people stood, in units of the drawing. ``strength``: 0..1."""

    x: float
    y: float
    width: float
    height: float
    strength: float


@dataclass(frozen=True, slots=True)
class EditorContext:
    """One camera's zones; ``document`` is the JSON that the editor begins with."""

    store: StoreView
    camera: CameraView
    revisions: list[RevisionLine]
    conflicts: list[RevisionLine]
    current: int
    shapes: list[Shape]
    document: str
    heat: list[HeatSquare]
    still: str
    width: int = FRAME_W
    height: int = FRAME_H


def shapes_of(zones: list[dict[str, Any]]) -> list[Shape]:
    """Zones as drawings."""
    return [_shape(zone) for zone in zones]


def _shape(zone: dict[str, Any]) -> Shape:
    points = [(x * FRAME_W, y * FRAME_H) for x, y in zone["points"]]
    is_line = zone["kind"] == "line"
    listed = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    x, y = points[0] if is_line else (sum(p[0] for p in points) / len(points), sum(p[1] for p in points) / len(points))
    style = "line" if is_line else str(zone.get("purpose", "area"))
    return Shape(
        zone.get("name") or zone["zone_id"], style, listed, _arrow(points) if is_line else "", round(x, 1), round(y, 1)
    )


def _arrow(points: list[tuple[float, float]]) -> str:
    """A triangle on the right of the middle segment, which is the in side."""
    middle = (len(points) - 1) // 2
    (ax, ay), (bx, by) = points[middle], points[middle + 1]
    length = ((bx - ax) ** 2 + (by - ay) ** 2) ** 0.5 or 1.0
    ux, uy = (bx - ax) / length, (by - ay) / length
    mx, my = (ax + bx) / 2, (ay + by) / 2
    corners = [(mx - 18 * ux, my - 18 * uy), (mx + 18 * ux, my + 18 * uy), (mx - 36 * uy, my + 36 * ux)]
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)


@router.get("/zones")
async def zones_page(request: Request) -> Response:
    """All cameras of the chosen stores with what is drawn on them."""
    async with visit(request) as seen:
        stores, paging = paged(seen, seen.shown, name_of=lambda s: s.name)
        ids, sets = [s.id for s in stores], ZoneSetsOf(seen.connection, seen.scope)
        held, conflicts = await sets.documents_in_force(ids), await sets.conflicts_of(ids)
        cameras = await Cameras(seen.connection, seen.scope).of_stores(ids)
        listed = [
            CameraZones(
                store, c, shapes_of(held.get((store.id, c.camera_id), [])), (store.id, c.camera_id) in conflicts
            )
            for store in stores
            for c in cameras[store.id]
            if c.retired_at is None
        ]
        return show(seen, "zones.html", ZonesContext(listed, paging), has_period=False)


@router.get("/zones/{store_id}/{camera_id:path}")
async def editor_page(request: Request, store_id: UUID, camera_id: str) -> Response:
    """Draw and edit; the editor saves by the API, with the same checks as at the laptop."""
    async with visit(request) as seen:
        context = await _editor(seen, store_id, camera_id)
        return show(seen, "zone_editor.html", context, has_period=False, has_stores=False)


async def _editor(seen: Visit, store_id: UUID, camera_id: str) -> EditorContext:
    store = next((s for s in seen.stores if s.id == store_id), None)
    if store is None:
        raise NotFoundError(_("There is no such store."))
    camera = await Cameras(seen.connection, seen.scope).one(store_id, camera_id)
    history = await ZoneSetsOf(seen.connection, seen.scope).history(store_id, camera_id)
    lines = [RevisionLine(r, ago(r.made_at, now=seen.now), shapes_of(list(r.zones))) for r in history]
    current = next((line for line in lines if line.view.is_current), None)
    zones = list(current.view.zones) if current else []
    document = json.dumps({"based_on": camera.zone_revision, "zones": zones}).replace("<", "\\u003c")
    return EditorContext(
        store, camera, lines, [line for line in lines if line.view.is_conflict], camera.zone_revision,
        current.shapes if current else [], document, _squares(await _heat(seen, store, camera_id)),
        await _still(seen, store, camera_id),
    )  # fmt: skip


def _weeks(seen: Visit, store: StoreView) -> TimeSpan:
    return span_of(seen.now - HEAT_SPAN, seen.now, bucket=Bucket.DAY, zone=ZoneInfo(store.timezone))


async def _heat(seen: Visit, store: StoreView, camera_id: str) -> HeatMap:
    return await heat_of(seen.connection, store, camera_id, _weeks(seen, store))


def _squares(heat: HeatMap) -> list[HeatSquare]:
    top = max((cell.person_s for cell in heat.cells), default=0.0)
    if not top:
        return []
    width, height = FRAME_W / heat.columns, FRAME_H / heat.rows
    return [
        HeatSquare(round(c.column * width, 1), round(c.row * height, 1), round(width, 1), round(height, 1),
                   round((c.person_s / top) ** 0.5, 3))
        for c in heat.cells if c.person_s > 0.004 * top
    ]  # fmt: skip


async def _still(seen: Visit, store: StoreView, camera_id: str) -> str:
    if store.id not in await stores_with_stills(seen):
        return ""
    return f"/still?{urlencode({'store': store.id, 'camera': camera_id})}"


def _camera_of(request: Request) -> tuple[UUID, str]:
    store_id = uuid_in(request.query_params, "store")
    if store_id is None:
        raise NotFoundError(_("There is no such store."))
    return store_id, request.query_params.get("camera", "")


@router.post("/zones/advice")
async def advice(
    request: Request, zones: Annotated[list[dict[str, Any]], Body(embed=True, max_length=100)]
) -> Response:
    """What to tell of zones that are being drawn; changes nothing."""
    _store_id, camera_id = _camera_of(request)
    async with visit(request) as seen:
        heat = await _heat(seen, seen.shown[0], camera_id) if seen.chosen else None
        found = await asyncio.to_thread(advise, zones, heat)
    return JSONResponse([asdict(one) for one in found])


@router.post("/zones/save")
async def save(request: Request, database: Data, address: Address, form: ZonesForm) -> Response:
    """A new revision, with the checks of the API; here too for cameras whose id has a slash."""
    must_be_own(request)
    principal = await page_principal(request)
    if principal is None:
        raise NobodyError(_("You are no longer logged in; log in in another window, then save again."))
    store_id, camera_id = _camera_of(request)
    answer = await put_zones_of_camera(store_id, camera_id, form, principal, database, address)
    return JSONResponse(answer.model_dump(mode="json"))


@router.post("/zones/choose")
async def choose(request: Request, database: Data, address: Address) -> Response:
    """Go back to an older revision, or decide a conflict."""
    principal, form = await posted(request)
    store_id, camera_id, revision = uuid_in(form, "store_id"), form.get("camera_id", ""), form.get("revision", "")
    if store_id is None or not revision.isdecimal() or len(revision) > 9:
        raise InvalidError(_("Choose a revision."))
    await choose_zones(store_id, camera_id, int(revision), principal, database, address)
    return RedirectResponse(f"/zones/{store_id}/{quote(camera_id, safe='')}", status_code=303)
