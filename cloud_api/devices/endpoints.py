"""``/api/v1/edge/...`` beside the events, and ``/api/v1/devices``: laptops and their keys."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response, Security
from fastapi.security import APIKeyHeader
from pydantic import BaseModel

from cloud_api.auth.access import Address, Asker, Data, SettingsReader, Throttling
from cloud_api.auth.throttle import network_of
from cloud_api.devices.devices import Devices, DeviceView, KeyView
from cloud_api.devices.edge_keys import device_of
from cloud_api.devices.heartbeat import beat
from cloud_api.devices.pairing import PairingCodes, enrol
from cloud_api.devices.stills import StillBox, StillSwitches, must_be_on
from cloud_api.kit.errors import InvalidError
from cloud_api.kit.texts import Name
from cloud_api.models.base import utc_now
from cloud_api.stores.cameras import Cameras
from cloud_api.stores.endpoints import REFUSALS, reach
from cloud_api.stores.zone_sets import ZoneSetsOf
from cloud_api.tenancy.audit import AuditLog
from cloud_api.tenancy.principal import Act, EdgePrincipal, Principal, require, scope_of
from cloud_api.tenancy.transactions import scoped
from cloud_api.tenancy.visible_stores import VisibleStores
from shared_models.cameras import CameraId
from shared_models.enrolment import ENROL_PATH, EnrolAnswer, EnrolRequest
from shared_models.heartbeat import HEARTBEAT_PATH, Heartbeat, HeartbeatAnswer
from shared_models.stills import MAX_STILL_BYTES, STILL_PATH, STILL_TYPE
from shared_models.sync import EDGE_KEY_HEADER
from shared_models.zone_sets import EDGE_ZONES_PATH, ZoneEdit, ZoneEditAnswer, ZoneSets

router = APIRouter(tags=["edge"])
administration = APIRouter(prefix="/api/v1", tags=["administration"])
_KEY = APIKeyHeader(name=EDGE_KEY_HEADER, auto_error=False, scheme_name="edge-key")
_UNKNOWN: dict[int | str, dict[str, Any]] = {401: {"description": f"No laptop has this {EDGE_KEY_HEADER}."}}


async def edge_of(database: Data, key: Annotated[str | None, Security(_KEY)]) -> EdgePrincipal:
    """The laptop that asks."""
    return await device_of(database, key or "")


Edge = Annotated[EdgePrincipal, Depends(edge_of)]


class PairingCodeItem(BaseModel):
    """Type it at the laptop before ``expires_at``."""

    code: str
    expires_at: datetime


class KeyItem(BaseModel):
    """A key without its secret."""

    key_id: UUID
    hint: str
    created_at: datetime


class DeviceItem(BaseModel):
    """A laptop and how it does. ``missing_events``: some before ``highest_seq`` have not arrived yet."""

    device_id: UUID
    store_id: UUID
    name: str
    version: str
    outbox_depth: int | None
    clock_offset_s: float | None
    has_missing_events: bool
    last_seen_at: datetime | None
    last_heartbeat_at: datetime | None
    created_at: datetime
    keys: list[KeyItem]


class DeviceList(BaseModel):
    """Laptops that are in use."""

    devices: list[DeviceItem]


class DeviceForm(BaseModel):
    """What people call it."""

    name: Name


class NewEdgeKey(BaseModel):
    """The key itself, shown this once."""

    device_id: UUID
    edge_key: str


@router.post(
    ENROL_PATH,
    status_code=201,
    responses={404: {"description": "Wrong, used or too old."}, 429: {"description": "Too many tries."}},
)
async def post_enrol(request: EnrolRequest, database: Data, throttle: Throttling, address: Address) -> EnrolAnswer:
    """Exchange a pairing code for an edge key. A code is good once, for ten minutes."""
    await throttle.spend(f"pairing:{network_of(address)}")
    answer = await enrol(database, request, address=address)
    await throttle.give_back(f"pairing:{network_of(address)}")
    return answer


@router.post(HEARTBEAT_PATH, responses=_UNKNOWN)
async def post_heartbeat(told: Heartbeat, edge: Edge, database: Data, request: Request) -> HeartbeatAnswer:
    """A sign of life, once a minute; the answer says what has changed."""
    return await beat(database, edge, told, stills=request.app.state.stills)


_STILL_BODY = {
    "requestBody": {"required": True, "content": {STILL_TYPE: {"schema": {"type": "string", "format": "binary"}}}}
}
_STILL_ANSWERS: dict[int | str, dict[str, Any]] = {
    **_UNKNOWN,
    403: {"description": "Stills are switched off for this store."},
    409: {"description": "Nobody looks."},
    422: {"description": "It is no small JPEG."},
}


@router.put(STILL_PATH, status_code=204, responses=_STILL_ANSWERS, openapi_extra=_STILL_BODY)
async def put_still(
    request: Request, edge: Edge, database: Data, camera_id: Annotated[CameraId, Query(description="Of which camera.")]
) -> Response:
    """One still picture of a camera that a heartbeat's answer asked for. It is held in memory for two minutes."""
    box: StillBox = request.app.state.stills
    scope = scope_of(edge)
    async with scoped(database, scope, is_read=True) as connection:
        must_be_on(edge.store_id, await StillSwitches(connection, scope).on())
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_STILL_BYTES:
            raise InvalidError(f"A still has at most {MAX_STILL_BYTES} bytes.")
    box.put(edge.store_id, camera_id, bytes(body), now=utc_now())
    return Response(status_code=204)


@router.get(EDGE_ZONES_PATH, responses=_UNKNOWN)
async def get_edge_zones(edge: Edge, database: Data) -> ZoneSets:
    """The zone sets in force in this laptop's store."""
    scope = scope_of(edge)
    async with scoped(database, scope, is_read=True) as connection:
        store = await VisibleStores(connection, scope).one(edge.store_id)
        sets = await ZoneSetsOf(connection, scope).in_force(edge.store_id)
    return ZoneSets(config_revision=store.config_revision, sets=tuple(sets))


@router.put(EDGE_ZONES_PATH, responses={**_UNKNOWN, 409: {"description": "Too many edits wait for a decision."}})
async def put_edge_zones(edit: ZoneEdit, edge: Edge, database: Data) -> ZoneEditAnswer:
    """Zones that were edited in the store. An edit of an older revision is kept as a conflict; a person decides."""
    scope = scope_of(edge)
    async with scoped(database, scope) as connection:
        device = await Devices(connection, scope).one(edge.device_id)
        seen = {edit.camera_id: (utc_now(), utc_now())}
        await Cameras(connection, scope).saw(edge.store_id, seen, device_id=edge.device_id)
        author = f"laptop {device.name}".strip()
        answer = await ZoneSetsOf(connection, scope).edit(edge.store_id, edit, author=author)
        await AuditLog(connection, scope).note(
            actor=author, actor_id=device.id, act="zones edited", subject=edit.camera_id,
            details={"revision": answer.revision, "outcome": answer.outcome},
        )  # fmt: skip
    return answer


@administration.post("/stores/{store_id}/pairing-codes", status_code=201, responses=REFUSALS)
async def make_pairing_code(store_id: UUID, asker: Asker, database: Data, address: Address) -> PairingCodeItem:
    """A code that enrols one laptop in this store."""
    scope = scope_of(asker)
    async with scoped(database, scope) as connection:
        store = await reach(asker, VisibleStores(connection, scope), store_id)
        code, expires_at = await PairingCodes(connection, scope).make(store_id, created_by=asker.user_id)
        await AuditLog(connection, scope).note(
            **_by(asker, address), act="pairing code made", subject=store.name, store_id=store_id
        )
    return PairingCodeItem(code=code, expires_at=expires_at)


@administration.get("/devices", responses=REFUSALS)
async def list_devices(
    asker: SettingsReader, database: Data, store_id: Annotated[UUID | None, Query(description="Of one store.")] = None
) -> DeviceList:
    """Laptops, of one store or of all that you may see."""
    scope = scope_of(asker)
    async with scoped(database, scope, is_read=True) as connection:
        if store_id is not None:
            await VisibleStores(connection, scope).one(store_id)
        devices = Devices(connection, scope)
        keys: dict[UUID, list[KeyView]] = defaultdict(list)
        for key in await devices.keys():
            keys[key.device_id].append(key)
        items = [_item(d, keys[d.id]) for d in await devices.all(store_id)]
    return DeviceList(devices=items)


@administration.put("/devices/{device_id}", responses=REFUSALS)
async def rename_device(
    device_id: UUID, form: DeviceForm, asker: Asker, database: Data, address: Address
) -> DeviceItem:
    """Give a laptop another name."""
    scope = scope_of(asker)
    async with scoped(database, scope) as connection:
        devices = Devices(connection, scope)
        before = await devices.one(device_id, is_locked=True)
        require(asker, Act.RUN_STORE)
        await devices.rename(device_id, form.name)
        await AuditLog(connection, scope).note(
            **_by(asker, address), act="laptop renamed", subject=form.name, store_id=before.store_id
        )
        return _item(await devices.one(device_id), await devices.keys(device_id))


@administration.delete("/devices/{device_id}", responses=REFUSALS)
async def retire_device(device_id: UUID, asker: Asker, database: Data, address: Address) -> DeviceItem:
    """Retire a laptop: its keys end at once, its figures stay."""
    scope = scope_of(asker)
    async with scoped(database, scope) as connection:
        devices = Devices(connection, scope)
        device = await devices.one(device_id, is_locked=True)
        require(asker, Act.RUN_STORE)
        await devices.retire(device_id)
        await AuditLog(connection, scope).note(
            **_by(asker, address), act="laptop retired", subject=device.name, store_id=device.store_id
        )
        return _item(await devices.one(device_id), [])


@administration.post(
    "/devices/{device_id}/keys", status_code=201, responses={**REFUSALS, 409: {"description": "It has two keys."}}
)
async def make_edge_key(device_id: UUID, asker: Asker, database: Data, address: Address) -> NewEdgeKey:
    """A second key for a laptop; give it to the laptop, then revoke the first."""
    scope = scope_of(asker)
    async with scoped(database, scope) as connection:
        devices = Devices(connection, scope)
        device = await devices.one(device_id)
        require(asker, Act.RUN_STORE)
        store = await VisibleStores(connection, scope).one(device.store_id)
        key = await devices.new_key(device_id, store)
        await AuditLog(connection, scope).note(
            **_by(asker, address), act="edge key made", subject=device.name, store_id=store.id
        )
    return NewEdgeKey(device_id=device_id, edge_key=key)


@administration.delete("/devices/{device_id}/keys/{key_id}", responses=REFUSALS)
async def revoke_edge_key(device_id: UUID, key_id: UUID, asker: Asker, database: Data, address: Address) -> DeviceItem:
    """End a key; within a minute nobody speaks with it any more."""
    scope = scope_of(asker)
    async with scoped(database, scope) as connection:
        devices = Devices(connection, scope)
        device = await devices.one(device_id)
        require(asker, Act.RUN_STORE)
        await devices.revoke_key(device_id, key_id)
        await AuditLog(connection, scope).note(
            **_by(asker, address), act="edge key revoked", subject=device.name, store_id=device.store_id
        )
        return _item(device, await devices.keys(device_id))


def _by(asker: Principal, address: str) -> dict[str, Any]:
    return {"actor": asker.email, "actor_id": asker.user_id, "address": address}


def _item(d: DeviceView, keys: list[KeyView]) -> DeviceItem:
    return DeviceItem(
        device_id=d.id, store_id=d.store_id, name=d.name, version=d.version, outbox_depth=d.outbox_depth,
        clock_offset_s=d.clock_offset_s, has_missing_events=d.highest_seq > d.contiguous_seq,
        last_seen_at=d.last_seen_at, last_heartbeat_at=d.last_heartbeat_at, created_at=d.created_at,
        keys=[KeyItem(key_id=k.id, hint=k.hint, created_at=k.created_at) for k in keys],
    )  # fmt: skip
