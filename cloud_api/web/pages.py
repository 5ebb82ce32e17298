"""The pages: query + Context + template."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.templating import Jinja2Templates

from cloud_api.auth import tokens
from cloud_api.auth.access import PAGE_COOKIE, Data, Settings, page_principal
from cloud_api.auth.login import LoginError, ThrottledError, log_in
from cloud_api.auth.sessions import Sessions, open_session
from cloud_api.kit.errors import CloudError
from cloud_api.tenancy.principal import Scope, scope_of
from cloud_api.tenancy.transactions import scoped
from cloud_api.web.dashboard import dashboard_context

HERE = Path(__file__).parent
DEMO_EMAIL, DEMO_PASSWORD = "demo@example.com", "demo123"  # noqa: S105 - offered on the page in demo mode only
templates = Jinja2Templates(directory=HERE / "templates")
router = APIRouter(include_in_schema=False)


class ForeignFormError(CloudError):
    """A form that another site sent."""

    status = 403


@router.get("/")
async def home() -> Response:
    """To the dashboard."""
    return RedirectResponse("/dashboard", status_code=303)


@router.get("/login")
async def login_page(request: Request, settings: Settings) -> Response:
    """The log-in form."""
    if await page_principal(request) is not None:
        return RedirectResponse("/dashboard", status_code=303)
    return _login_form(request, settings, error="", email="")


@router.post("/login")
async def login(
    request: Request,
    settings: Settings,
    database: Data,
    email: Annotated[str, Form(max_length=320)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Check the form and set the cookie."""
    must_be_own(request)
    address = request.client.host if request.client else "unknown"
    try:
        principal = await log_in(
            database,
            request.app.state.throttle,
            email=email,
            password=password,
            address=address,
            is_demo=settings.demo,
        )
    except (LoginError, ThrottledError) as error:
        return _login_form(request, settings, error=str(error), email=email, status=error.status)
    agent = request.headers.get("User-Agent", "")
    principal, _ = await open_session(database, principal, kind="page", address=address, agent=agent)
    token, life_s = tokens.issue(principal, key=request.app.state.signing_key, audience=tokens.PAGE_AUDIENCE)
    answer = RedirectResponse("/dashboard", status_code=303)
    answer.set_cookie(PAGE_COOKIE, token, max_age=life_s, httponly=True, samesite="lax", secure=settings.cookie_secure)
    return answer


@router.post("/logout")
async def logout(request: Request, database: Data) -> Response:
    """End the log-in and forget the cookie."""
    must_be_own(request)
    principal = await page_principal(request)
    if principal is not None and principal.session_id is not None:
        scope = Scope(principal.org_id, None)
        async with scoped(database, scope) as connection:
            await Sessions(connection, scope).revoke(principal.session_id, user_id=principal.user_id)
    answer = RedirectResponse("/login", status_code=303)
    answer.delete_cookie(PAGE_COOKIE)
    return answer


@router.get("/dashboard")
async def dashboard(request: Request, settings: Settings, database: Data, store: UUID | Literal[""] = "") -> Response:
    """Today's figures; an empty ``store`` means all."""
    return await _dashboard(request, settings, database, store=store or None, template="dashboard.html")


@router.get("/dashboard/figures")
async def dashboard_figures(
    request: Request, settings: Settings, database: Data, store: UUID | None = None
) -> Response:
    """Only the part that changes, for a page that is open."""
    return await _dashboard(request, settings, database, store=store, template="figures.html")


async def _dashboard(
    request: Request, settings: Settings, database: Data, *, store: UUID | None, template: str
) -> Response:
    principal = await page_principal(request)
    if principal is None:
        return RedirectResponse("/login", status_code=303)
    async with scoped(database, scope_of(principal), is_read=True) as connection:
        context = await dashboard_context(connection, scope_of(principal), store_id=store, now=datetime.now(UTC))
    values = {field: getattr(context, field) for field in context.__dataclass_fields__}
    return templates.TemplateResponse(request, template, {**values, "demo": settings.demo})


def _login_form(request: Request, settings: Settings, *, error: str, email: str, status: int = 200) -> HTMLResponse:
    context = {
        "error": error,
        "email": email,
        "demo": settings.demo,
        "demo_email": DEMO_EMAIL,
        "demo_password": DEMO_PASSWORD,
    }
    return templates.TemplateResponse(request, "login.html", context, status_code=status)


def must_be_own(request: Request) -> None:
    """A form must come from our own page (the SameSite cookie is the first belt, this the second)."""
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("Host"):
        raise ForeignFormError("This form was sent from another site; open the page again.")
