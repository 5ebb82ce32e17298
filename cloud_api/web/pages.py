"""All pages, and those that come before a log-in."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from cloud_api.auth import tokens
from cloud_api.auth.access import PAGE_COOKIE, Data, Settings, page_principal
from cloud_api.auth.login import LoginError, ThrottledError, log_in
from cloud_api.auth.sessions import Sessions, open_session
from cloud_api.demo_data.log_in import DEMO_EMAIL, DEMO_PASSWORD
from cloud_api.tenancy.principal import Scope
from cloud_api.tenancy.transactions import scoped
from cloud_api.web import (
    cameras_page,
    dashboard,
    definitions,
    insights_page,
    live_page,
    reports_page,
    settings_pages,
    stills_page,
    zones_page,
)
from cloud_api.web.shell import HERE, must_be_own, templates

__all__ = ["HERE", "router", "templates"]
router = APIRouter(include_in_schema=False)
for _page in (dashboard, definitions, live_page, cameras_page, settings_pages, zones_page, insights_page, reports_page,
              stills_page):  # fmt: skip
    router.include_router(_page.router)


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


@router.get("/forgot")
async def forgot(request: Request) -> Response:
    """Ask for a reset link."""
    return templates.TemplateResponse(request, "forgot.html", {})


def _login_form(request: Request, settings: Settings, *, error: str, email: str, status: int = 200) -> HTMLResponse:
    context = {
        "error": error,
        "email": email,
        "demo": settings.demo,
        "demo_email": DEMO_EMAIL,
        "demo_password": DEMO_PASSWORD,
    }
    return templates.TemplateResponse(request, "login.html", context, status_code=status)
