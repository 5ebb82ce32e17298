"""The application: every part put together."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from sqlalchemy import text
from starlette.middleware.base import RequestResponseEndpoint

import cloud_api.analytics.endpoints
import cloud_api.auth.endpoints
import cloud_api.ingest.endpoints
import cloud_api.live.endpoints
from cloud_api.auth.throttle import Throttle
from cloud_api.kit.database import Database
from cloud_api.kit.errors import CloudError
from cloud_api.live.broadcaster import Broadcaster
from cloud_api.migrations import is_current, upgrade
from cloud_api.settings import CloudSettings
from cloud_api.web import pages

log = logging.getLogger(__name__)

SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


class BehindError(RuntimeError):
    """The database's schema is older than the program."""


def create_app(settings: CloudSettings | None = None) -> FastAPI:
    """The cloud. SQLite is brought up to date at start; PostgreSQL must be, by ``wink-cloud migrate``.

    Raises (at start-up):
        BehindError: PostgreSQL's schema is not current.
    """
    settings = settings or CloudSettings()
    database = Database(settings.database_url, data_dir=settings.data_dir)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await prepare(database)
        yield
        app.state.broadcaster.close()
        await database.close()

    # FastAPI's own documentation page loads its script from a third party; /openapi.json stays.
    app = FastAPI(title="Wink Analytics", version="0.1.0", lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.settings = settings
    app.state.database = database
    app.state.signing_key = settings.signing_key()
    app.state.throttle = Throttle()
    app.state.broadcaster = Broadcaster()
    app.state.ingest_places = asyncio.Semaphore(settings.max_ingests)
    for module in (
        cloud_api.auth.endpoints,
        cloud_api.ingest.endpoints,
        cloud_api.analytics.endpoints,
        cloud_api.live.endpoints,
    ):
        app.include_router(module.router)
    app.include_router(pages.router)
    app.mount("/static", StaticFiles(directory=pages.HERE / "static"), name="static")
    _add_health(app, database)
    _add_handlers(app)
    return app


async def prepare(database: Database) -> None:
    """Bring SQLite up to date; check that PostgreSQL is."""
    async with database.begin() as connection:
        if database.is_sqlite:
            await connection.run_sync(upgrade)
        elif not await connection.run_sync(is_current):
            raise BehindError("The database's schema is not current; run: wink-cloud migrate")


def _add_health(app: FastAPI, database: Database) -> None:
    @app.get("/healthz", tags=["health"])
    async def healthz() -> dict[str, str]:
        """The program runs."""
        return {"status": "ok"}

    @app.get("/readyz", tags=["health"])
    async def readyz() -> dict[str, str]:
        """The database answers."""
        async with database.begin() as connection:
            await connection.execute(text("SELECT 1"))
        return {"status": "ok"}


def _add_handlers(app: FastAPI) -> None:
    @app.middleware("http")
    async def add_headers(request: Request, call_next: RequestResponseEndpoint) -> Response:
        response = await call_next(request)
        for name, value in SECURITY_HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    @app.exception_handler(CloudError)
    async def on_error(request: Request, error: Exception) -> Response:
        status = getattr(error, "status", 400)
        headers = {}
        if (retry_after_s := getattr(error, "retry_after_s", None)) is not None:
            headers["Retry-After"] = str(int(retry_after_s) + 1)
        if status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        if _wants_page(request):
            page = pages.templates.TemplateResponse(
                request, "error.html", {"status": status, "words": str(error), "demo": False}, status_code=status
            )
            return HTMLResponse(page.body, status_code=status)
        return JSONResponse({"detail": str(error)}, status_code=status, headers=headers)

    @app.exception_handler(RequestValidationError)
    async def on_invalid(_: Request, error: Exception) -> Response:
        # FastAPI's own answer repeats the input, which may hold a password.
        found = error.errors() if isinstance(error, RequestValidationError) else []
        told = "; ".join(f"{'.'.join(str(p) for p in e['loc'][1:])}: {e['msg']}" for e in found)
        return JSONResponse({"detail": told or "The request cannot be read."}, status_code=422)


def _wants_page(request: Request) -> bool:
    return not request.url.path.startswith(("/api/", "/live/")) and "text/html" in request.headers.get("Accept", "")
