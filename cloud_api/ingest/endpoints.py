"""``POST /api/v1/edge/events``."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy.exc import DBAPIError

from cloud_api.auth.access import Data, Settings
from cloud_api.devices.edge_keys import device_of
from cloud_api.ingest.batch import TooLargeError, read_batch, unpack
from cloud_api.ingest.service import ingest
from cloud_api.kit.database import Database
from cloud_api.kit.errors import CloudError
from cloud_api.tenancy.principal import EdgePrincipal
from shared_models.sync import EDGE_KEY_HEADER, EVENTS_PATH, BatchReceipt, EventBatch

router = APIRouter(tags=["edge"])
RETRIES = 3
RETRY_AFTER_S = 2


class UnknownKeyError(CloudError):
    """No device speaks with this key."""

    status = 401


class BusyError(CloudError):
    """Come back later."""

    status = 503
    retry_after_s = RETRY_AFTER_S


@router.post(
    EVENTS_PATH,
    response_model=BatchReceipt,
    responses={
        401: {"description": f"No device has this {EDGE_KEY_HEADER}."},
        413: {"description": "Too large."},
        422: {"description": "Not a batch."},
        503: {"description": "Busy; see Retry-After."},
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": EventBatch.model_json_schema(ref_template="#/components/schemas/{model}")
                }
            },
        },
        "parameters": [{"name": EDGE_KEY_HEADER, "in": "header", "required": True, "schema": {"type": "string"}}],
    },
)
async def post_events(request: Request, database: Data, settings: Settings) -> Response:
    """Take a batch of events (JSON, gzip allowed). Sending twice changes nothing."""
    edge = await _device(request, database)
    body = await _body(request, max_bytes=settings.max_body_bytes)
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    batch = read_batch(unpack(body, encoding=encoding, max_bytes=settings.max_body_bytes))
    places: asyncio.Semaphore = request.app.state.ingest_places
    if places.locked():
        raise BusyError("The cloud is busy; the events are safe where they are.")
    async with places:
        for attempt in range(RETRIES):
            try:
                receipt, new = await ingest(database, edge, batch)
                break
            except DBAPIError:
                if attempt == RETRIES - 1:
                    raise BusyError("The database is busy; the events are safe where they are.") from None
                await asyncio.sleep(0.05 * 2**attempt)
    if new:
        request.app.state.broadcaster.publish(edge.store_id)
    return Response(receipt.model_dump_json(), media_type="application/json")


async def _device(request: Request, database: Database) -> EdgePrincipal:
    key = request.headers.get(EDGE_KEY_HEADER, "")
    async with database.begin() as connection:
        found = await device_of(connection, key)
    if found is None:
        raise UnknownKeyError("This edge key is not known, or was revoked; make a new one for the store.")
    return found


async def _body(request: Request, *, max_bytes: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > max_bytes:
            raise TooLargeError(f"The body is larger than {max_bytes} bytes.")
        chunks.append(chunk)
    return b"".join(chunks)
