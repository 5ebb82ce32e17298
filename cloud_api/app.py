"""The application: every part put together."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.exception_handlers import http_exception_handler
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException

import cloud_api.analytics.endpoints
import cloud_api.auth.endpoints
import cloud_api.auth.user_endpoints
import cloud_api.devices.endpoints
import cloud_api.ingest.endpoints
import cloud_api.live.endpoints
import cloud_api.maintenance.endpoints
import cloud_api.stores.endpoints
from cloud_api.auth import passwords
from cloud_api.auth.links import mail_server
from cloud_api.auth.signing_key import signing_key
from cloud_api.auth.throttle import Throttle
from cloud_api.ingest.admission import Admission
from cloud_api.ingest.memory import IngestMemory
from cloud_api.insights.memory import InsightsMemory
from cloud_api.kit.database import Database, is_bad_value
from cloud_api.kit.errors import CloudError
from cloud_api.kit.packing import Packing
from cloud_api.live.broadcaster import Broadcaster
from cloud_api.live.figure_news import FigureNews
from cloud_api.live.relay import Relay
from cloud_api.live.still_news import StillNews
from cloud_api.maintenance.meters import Meters
from cloud_api.maintenance.round import Round
from cloud_api.maintenance.schema import BehindError, prepare
from cloud_api.maintenance.watch import Watch
from cloud_api.settings import CloudSettings, Mode
from cloud_api.web import pages, shell, welcome
from cloud_api.web.reader import Speaking
from cloud_api.web.static_files import KeptFiles

__all__ = ["BehindError", "create_app", "prepare"]
log = logging.getLogger(__name__)
RETRY_AFTER_S = 5


def create_app(
    settings: CloudSettings | None = None, *, has_round: bool = False, has_shared_meters: bool = False
) -> FastAPI:
    """The cloud. SQLite is brought up to date at start; PostgreSQL must be, by ``wink-cloud migrate``.

    Args:
        has_round: do the upkeep now and then, in the background.
        has_shared_meters: there are several workers; figures of ``/metrics`` are those of all.

    Raises (at start-up):
        BehindError: PostgreSQL's schema is not current; RowSecurityError, SigningKeyError: see there.
    """
    settings = settings or CloudSettings()
    database = Database(
        settings.database_url, data_dir=settings.data_dir, direct_url=settings.database_direct_url,
        pool_size=settings.pool_size, keeps_statements=settings.prepared_statements,
        n_swift=settings.max_ingests,
    )  # fmt: skip
    broadcaster, still_news = Broadcaster(), StillNews()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(database.close)
            await prepare(database, is_strict=settings.mode is Mode.PRODUCTION)
            await asyncio.to_thread(passwords.make_ready)
            await asyncio.to_thread(shell.make_ready)
            app.state.signing_key = await signing_key(settings, database)
            if not database.is_sqlite:
                relay = Relay(database, FigureNews(broadcaster), still_news)
                await stack.enter_async_context(relay.running())
            await stack.enter_async_context(still_news.box.running())
            if has_round:
                the_round = Round(database, retention_days=settings.retention_days)
                await stack.enter_async_context(the_round.running())
            stack.callback(broadcaster.close)
            yield

    # FastAPI's own documentation page loads its script from a third party; /openapi.json stays.
    app = FastAPI(title="Wink Analytics", version="0.1.0", lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.settings = settings
    app.state.database = database
    app.state.throttle = Throttle(database)
    app.state.mail = mail_server(settings)
    app.state.broadcaster = broadcaster
    app.state.admission = Admission(settings.max_ingests)
    app.state.ingest_memory = IngestMemory()
    app.state.insights_memory = InsightsMemory()
    app.state.stills = still_news.box
    app.state.meters = Meters(is_shared=has_shared_meters)
    _add_routes(app)
    _add_handlers(app)
    return app


def _add_routes(app: FastAPI) -> None:
    # Routes are tried one after another: uploads, of which there are most, find theirs first.
    for router in (
        cloud_api.ingest.endpoints.router,
        cloud_api.auth.endpoints.router,
        cloud_api.auth.user_endpoints.router,
        cloud_api.stores.endpoints.router,
        cloud_api.devices.endpoints.router,
        cloud_api.devices.endpoints.administration,
        cloud_api.analytics.endpoints.router,
        cloud_api.live.endpoints.router,
        cloud_api.maintenance.endpoints.router,
        pages.router,
        welcome.router,
    ):
        app.include_router(router)
    app.mount("/static", KeptFiles(directory=pages.HERE / "static"), name="static")


def _add_handlers(app: FastAPI) -> None:
    app.add_middleware(Packing)
    app.add_middleware(Speaking)
    app.add_middleware(Watch, meters=app.state.meters, is_https_only=app.state.settings.cookie_secure)

    @app.exception_handler(CloudError)
    async def on_error(request: Request, error: Exception) -> Response:
        status = getattr(error, "status", 400)
        headers = {}
        if (retry_after_s := getattr(error, "retry_after_s", None)) is not None:
            headers["Retry-After"] = str(int(retry_after_s) + 1)
        if status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        return _told(request, str(error), status=status, headers=headers)

    @app.exception_handler(HTTPException)
    async def on_refusal(request: Request, error: Exception) -> Response:
        refusal = error if isinstance(error, HTTPException) else HTTPException(500)
        if refusal.status_code >= 400 and _wants_page(request):
            return _told(request, str(refusal.detail), status=refusal.status_code)
        return await http_exception_handler(request, refusal)

    @app.exception_handler(RequestValidationError)
    async def on_invalid(request: Request, error: Exception) -> Response:
        # FastAPI's own answer repeats the input, which may hold a password.
        found = error.errors() if isinstance(error, RequestValidationError) else []
        told = "; ".join(f"{'.'.join(str(p) for p in e['loc'][1:])}: {e['msg']}" for e in found)
        return _told(request, told or "The request cannot be read.", status=422)

    @app.exception_handler(DBAPIError)
    async def on_database_error(request: Request, error: Exception) -> Response:
        if isinstance(error, DBAPIError) and is_bad_value(error):
            return _told(request, "A value in the request cannot be stored.", status=422)
        if isinstance(error, IntegrityError):
            # Two requests did the same at once, and the other one was first.
            return _told(request, "This has just been changed by somebody else; look again.", status=409)
        log.error("the database does not do what it should: %s", getattr(error, "orig", error))
        return _later(request, "The database does not answer; try again in a moment.")

    @app.exception_handler(PoolTimeoutError)
    async def on_full_pool(request: Request, _: Exception) -> Response:
        return _later(request, "The cloud is busy; try again in a moment.")

    @app.exception_handler(OSError)
    async def on_no_connection(request: Request, error: Exception) -> Response:
        log.error("the database cannot be reached: %s", type(error).__name__)
        return _later(request, "The database does not answer; try again in a moment.")


def _later(request: Request, words: str) -> Response:
    return _told(request, words, status=503, headers={"Retry-After": str(RETRY_AFTER_S)})


def _told(request: Request, words: str, *, status: int, headers: dict[str, str] | None = None) -> Response:
    """What went wrong: a page for whoever looks at pages, JSON for programs."""
    if not _wants_page(request):
        return JSONResponse({"detail": words}, status_code=status, headers=headers)
    page = pages.templates.TemplateResponse(
        request, "error.html", {"status": status, "words": words, "demo": False}, status_code=status
    )
    return HTMLResponse(page.body, status_code=status, headers=headers)


def _wants_page(request: Request) -> bool:
    return not request.url.path.startswith(("/api/", "/live/")) and "text/html" in request.headers.get("Accept", "")
