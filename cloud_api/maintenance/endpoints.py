"""``/healthz``, ``/readyz``, ``/metrics``: for those who run the cloud."""

from __future__ import annotations

import ipaddress
import secrets

from fastapi import APIRouter, Request
from fastapi.responses import Response

from cloud_api.auth.access import Data, Settings
from cloud_api.kit.errors import CloudError
from cloud_api.maintenance.meters import Meters
from cloud_api.migrations import is_behind

router = APIRouter(tags=["health"])


class NotForYouError(CloudError):
    """Figures of the program are for its operator."""

    status = 401


class NotReadyError(CloudError):
    """The database answers, and is not yet what the program needs."""

    status = 503
    retry_after_s = 5.0


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """The program runs."""
    return {"status": "ok"}


@router.get("/readyz", responses={503: {"description": "The database does not answer, or is not migrated."}})
async def readyz(database: Data) -> dict[str, str]:
    """The database answers, and its schema is no older than the program."""
    async with database.begin(is_read=True) as connection:
        if await connection.run_sync(is_behind):
            raise NotReadyError("The database's schema is not current; run: wink-cloud migrate")
    return {"status": "ok"}


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}}, 401: {"description": "For the operator only."}},
)
async def metrics(request: Request, settings: Settings) -> Response:
    """Figures of the program, for Prometheus: with the metrics token, or from this machine where none is set."""
    if not _may_read(request, settings.metrics_token.get_secret_value()):
        raise NotForYouError("Set WINK_CLOUD_METRICS_TOKEN and send it as 'Authorization: Bearer ...'.")
    meters: Meters = request.app.state.meters
    return Response(meters.page(), media_type="text/plain; version=0.0.4")


def _may_read(request: Request, token: str) -> bool:
    if token:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return secrets.compare_digest(given.encode(), token.encode())
    # Behind a proxy everybody comes from this machine; a proxy says so.
    if any(name in request.headers for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP")):
        return False
    try:
        return request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
