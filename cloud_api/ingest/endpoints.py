"""``POST /api/v1/edge/events``."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime

import asyncpg
from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy.exc import DBAPIError

from cloud_api.auth.access import database_of, settings_of
from cloud_api.ingest.admission import Admission, lane_of
from cloud_api.ingest.batch import ReadBatch, TooLargeError, read_batch, unpack
from cloud_api.ingest.columns import Columns, read_columns
from cloud_api.ingest.memory import IngestMemory, first_seen
from cloud_api.ingest.service import NewReceipt, Receipt, ingest, make_known
from cloud_api.ingest.swift import is_swift, take
from cloud_api.kit.database import Database, is_passing
from cloud_api.tenancy.principal import EdgePrincipal
from shared_models.sync import EDGE_KEY_HEADER, EVENTS_PATH, BatchReceipt, EventBatch, ReceiptStatus

log = logging.getLogger(__name__)
router = APIRouter(tags=["edge"])
RETRIES = 4


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
        "security": [{"edge-key": []}],
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
async def post_events(request: Request) -> Response:
    """Take a batch of events (JSON; gzip or zstd allowed). Sending twice changes nothing."""
    # What FastAPI would find out for us (application's state, key) costs a tenth of a small upload: it is asked here.
    database, settings = database_of(request), settings_of(request)
    key = request.headers.get(EDGE_KEY_HEADER)
    memory: IngestMemory = request.app.state.ingest_memory
    admission: Admission = request.app.state.admission
    edge = await memory.device_of(database, key or "")
    async with admission.reading():
        body = await _body(request, max_bytes=settings.max_body_bytes)
        encoding = request.headers.get("Content-Encoding", "").strip().lower()
        plain = unpack(body, encoding=encoding, max_bytes=settings.max_body_bytes)
        receipt = await _taken(database, edge, plain, memory, admission)
    new = receipt.count(ReceiptStatus.ACCEPTED)
    if new:
        request.app.state.broadcaster.publish(edge.store_id)
    request.app.state.meters.ingested(
        accepted=new, rejected=receipt.count(ReceiptStatus.REJECTED), duplicate=receipt.count(ReceiptStatus.DUPLICATE)
    )
    return Response(receipt.json(), media_type="application/json")


async def _taken(
    database: Database, edge: EdgePrincipal, plain: bytes, memory: IngestMemory, admission: Admission
) -> Receipt | NewReceipt:
    now = datetime.now(UTC)
    columns = None if database.is_sqlite else read_columns(plain)
    if columns is not None and is_swift(columns, now=now):
        async with admission.writing(lane_of(max(columns.moments), now=now)):
            swift = await _swiftly(database, edge, columns, memory, now=now)
            return swift or await _written(database, edge, read_batch(plain), memory)
    batch = read_batch(plain)
    newest = max((e.occurred_at for e in batch.events.values()), default=None)
    async with admission.writing(lane_of(newest, now=now)):
        return await _written(database, edge, batch, memory)


async def _swiftly(
    database: Database, edge: EdgePrincipal, columns: Columns, memory: IngestMemory, *, now: datetime
) -> NewReceipt | None:
    """The receipt of a batch that is all new; None: nothing was written, it must be looked at closely."""
    store_id = edge.store_id
    timezone = memory.timezone_of(store_id)
    try:
        taken = await take(database, edge, columns, timezone=timezone, now=now)
        if taken.reached is None and taken.timezone not in ("", timezone):
            memory.note_timezone(store_id, taken.timezone)
            taken = await take(database, edge, columns, timezone=taken.timezone, now=now)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, DBAPIError, OSError) as error:
        log.debug("an upload is looked at closely: %s", type(error).__name__)
        return None
    if taken.reached is None:
        return None
    seen = first_seen(zip(columns.cameras, columns.moments, strict=True))
    if unknown := memory.unknown_cameras(store_id, seen):
        await make_known(database, edge, unknown, zip(columns.cameras, columns.moments, strict=True))
        memory.note_cameras(store_id, {camera_id: seen[camera_id] for camera_id in unknown})
    return NewReceipt(columns.ids, taken.reached)


async def _written(database: Database, edge: EdgePrincipal, batch: ReadBatch, memory: IngestMemory) -> Receipt:
    seen = first_seen((e.camera_id, e.occurred_at) for e in batch.events.values())
    unknown = memory.unknown_cameras(edge.store_id, seen)
    for attempt in range(RETRIES):
        try:
            done = await ingest(database, edge, batch, new_cameras=unknown)
            memory.note_cameras(edge.store_id, {camera_id: seen[camera_id] for camera_id in unknown})
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
