"""``POST /api/v1/edge/events``."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Request, Security
from fastapi.responses import Response
from fastapi.security import APIKeyHeader
from sqlalchemy.exc import DBAPIError

from cloud_api.auth.access import Data, Settings
from cloud_api.ingest.admission import Admission, lane_of
from cloud_api.ingest.batch import ReadBatch, TooLargeError, read_batch, unpack
from cloud_api.ingest.memory import IngestMemory
from cloud_api.ingest.service import Receipt, ingest
from cloud_api.kit.database import Database, is_passing
from cloud_api.tenancy.principal import EdgePrincipal
from shared_models.sync import EDGE_KEY_HEADER, EVENTS_PATH, BatchReceipt, EventBatch, ReceiptStatus

router = APIRouter(tags=["edge"])
RETRIES = 4
_KEY = APIKeyHeader(name=EDGE_KEY_HEADER, auto_error=False, scheme_name="edge-key")


@router.post(
    EVENTS_PATH,
    response_model=BatchReceipt,
    responses={
        401: {"description": f"No laptop has this {EDGE_KEY_HEADER}."},
        413: {"description": "Too large."},
        422: {"description": "Not a batch."},
        429: {"description": "Busy; come back after Retry-After seconds."},
        503: {"description": "The database does not answer; see Retry-After."},
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
    },
)
async def post_events(
    request: Request, database: Data, settings: Settings, key: Annotated[str | None, Security(_KEY)]
) -> Response:
    """Take a batch of events (JSON; gzip or zstd allowed). Sending twice changes nothing."""
    memory: IngestMemory = request.app.state.ingest_memory
    admission: Admission = request.app.state.admission
    edge = await memory.device_of(database, key or "")
    async with admission.reading():
        body = await _body(request, max_bytes=settings.max_body_bytes)
        encoding = request.headers.get("Content-Encoding", "").strip().lower()
        batch = read_batch(unpack(body, encoding=encoding, max_bytes=settings.max_body_bytes))
        now = datetime.now(UTC)
        newest = max((e.occurred_at for e in batch.events.values()), default=None)
        async with admission.writing(lane_of(newest, now=now)):
            receipt = await _written(database, edge, batch, memory)
    new = receipt.count(ReceiptStatus.ACCEPTED)
    if new:
        request.app.state.broadcaster.publish(edge.store_id)
    request.app.state.meters.ingested(
        accepted=new, rejected=receipt.count(ReceiptStatus.REJECTED), duplicate=receipt.count(ReceiptStatus.DUPLICATE)
    )
    return Response(receipt.json(), media_type="application/json")


async def _written(database: Database, edge: EdgePrincipal, batch: ReadBatch, memory: IngestMemory) -> Receipt:
    cameras = {e.camera_id for e in batch.events.values()}
    unknown = memory.unknown_cameras(edge.store_id, cameras)
    for attempt in range(RETRIES):
        try:
            done = await ingest(database, edge, batch, new_cameras=unknown)
            memory.note_cameras(edge.store_id, unknown)
            return done
        except DBAPIError as error:
            if attempt == RETRIES - 1 or not is_passing(error):
                raise
            await asyncio.sleep(0.05 * 2**attempt)
    raise AssertionError("unreachable")


async def _body(request: Request, *, max_bytes: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > max_bytes:
            raise TooLargeError(f"The body is larger than {max_bytes} bytes.")
        chunks.append(chunk)
    return b"".join(chunks)
