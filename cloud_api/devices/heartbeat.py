"""The sign of life of a laptop: what it tells is kept, and what it should know is answered."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_api.devices.devices import Devices
from cloud_api.devices.stills import StillBox, StillSwitches
from cloud_api.kit.database import Database
from cloud_api.models.base import utc_now
from cloud_api.rollups.figures import Figures
from cloud_api.rollups.writer import FigureWriter
from cloud_api.stores.cameras import Cameras
from cloud_api.stores.zone_sets import ZoneSetsOf
from cloud_api.tenancy.organisations import Organisations
from cloud_api.tenancy.principal import EdgePrincipal, Scope, scope_of
from cloud_api.tenancy.transactions import scoped
from cloud_api.tenancy.visible_stores import StoreView, VisibleStores
from shared_models.enrolment import StoreFacts
from shared_models.heartbeat import CameraState, Heartbeat, HeartbeatAnswer


async def beat(database: Database, edge: EdgePrincipal, told: Heartbeat, *, stills: StillBox) -> HeartbeatAnswer:
    """Take a heartbeat and answer it."""
    scope, now = scope_of(edge), utc_now()
    offset_s = (now - told.sent_at).total_seconds()
    async with scoped(database, scope) as connection:
        store = await VisibleStores(connection, scope).one(edge.store_id)
        await Devices(connection, scope).heard(edge.device_id, told, now=now, clock_offset_s=offset_s)
        cameras = Cameras(connection, scope)
        await cameras.saw(store.id, {c.camera_id: (now, now) for c in told.cameras}, device_id=edge.device_id)
        await cameras.report(store.id, told.cameras, device_id=edge.device_id, now=now)
        if any(c.state is CameraState.SEEING for c in told.cameras):
            await _note_heard(connection, scope, store, now=now)
        zones = ZoneSetsOf(connection, scope)
        conflicts = await zones.conflicts(store.id)
        held = {c.camera_id: c.zone_revision for c in told.cameras}
        newer = [
            s
            for s in await zones.in_force(store.id)
            if s.revision > held.get(s.camera_id, 0) and s.camera_id not in conflicts
        ]
        wanted = stills.wanted(store.id, now=now)
        if wanted and store.id not in await StillSwitches(connection, scope).on():
            wanted = ()
        hides_people = await Organisations(connection, scope).hides_people()
    return HeartbeatAnswer(
        now=now, clock_offset_s=round(offset_s, 3), config_revision=store.config_revision, zone_sets=tuple(newer),
        conflicts=tuple(conflicts), stills=wanted, hides_people=hides_people,
        store=StoreFacts(name=store.name, time_zone=store.timezone, reset_hour=store.reset_hour),
    )  # fmt: skip


async def _note_heard(connection: AsyncConnection, scope: Scope, store: StoreView, *, now: datetime) -> None:
    figures = Figures(ZoneInfo(store.timezone))
    at, day = figures.quarter(now)
    figures.heard[at] = day
    await FigureWriter(connection, org_id=scope.org_id, store_id=store.id).write(figures)
