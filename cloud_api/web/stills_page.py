"""Still pictures of cameras, while somebody looks."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from cloud_api.auth.access import Address, database_of
from cloud_api.devices.stills import StillBox, StillSwitches, must_be_on
from cloud_api.kit.errors import NotFoundError
from cloud_api.kit.language import gettext as _
from cloud_api.models.base import utc_now
from cloud_api.stores.cameras import Cameras
from cloud_api.tenancy.audit import AuditLog
from cloud_api.tenancy.transactions import scoped
from cloud_api.web.shell import visit
from shared_models.stills import STILL_TYPE

router = APIRouter(include_in_schema=False)


@router.get("/still")
async def still(request: Request, address: Address, camera: str = "") -> Response:
    """The newest still of a camera of the chosen store; nothing (204) until its laptop has sent one."""
    box: StillBox = request.app.state.stills
    async with visit(request) as seen:
        if seen.chosen is None:
            raise NotFoundError(_("There are no stills here."))
        store, principal, scope, now = seen.chosen, seen.principal, seen.scope, utc_now()
        must_be_on(store.id, await StillSwitches(seen.connection, scope).on())
        found = await Cameras(seen.connection, scope).one(store.id, camera)
    if box.ask(store.id, camera, now=now):
        async with scoped(database_of(request), scope) as connection:
            await AuditLog(connection, scope).note(
                actor=principal.email, actor_id=principal.user_id, act="stills looked at", subject=found.label,
                store_id=store.id, address=address,
            )  # fmt: skip
    held = box.get(store.id, camera, now=now)
    if held is None:
        return Response(status_code=204, headers={"Cache-Control": "no-store"})
    return Response(held.jpeg, media_type=STILL_TYPE, headers={"Cache-Control": "no-store"})
