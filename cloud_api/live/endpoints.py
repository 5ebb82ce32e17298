"""``GET /live/events``: server-sent events that say which stores have new figures."""

from __future__ import annotations

from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from cloud_api.auth.access import Data, InScope
from cloud_api.live.broadcaster import Broadcaster
from cloud_api.tenancy.transactions import scoped
from cloud_api.tenancy.visible_stores import VisibleStores

router = APIRouter(tags=["live"])
HEARTBEAT_S = 15.0


@router.get(
    "/live/events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}}, 401: {"description": "Nobody is logged in."}},
)
async def live_events(request: Request, database: Data, scope: InScope) -> StreamingResponse:
    """An event ``figures`` with a store's id whenever figures of a store in your scope have changed."""
    async with scoped(database, scope, is_read=True) as connection:
        visible = {store.id for store in await VisibleStores(connection, scope).all()}
    broadcaster: Broadcaster = request.app.state.broadcaster

    async def stream() -> AsyncIterator[str]:
        with broadcaster.listen() as listener:
            yield "retry: 2000\n\n"
            async for changed in listener.changes(heartbeat_s=HEARTBEAT_S, visible=visible):
                told = "".join(f"event: figures\ndata: {store_id}\n\n" for store_id in sorted(changed))
                yield told or ": still here\n\n"

    return StreamingResponse(
        stream(), media_type="text/event-stream", headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    )
