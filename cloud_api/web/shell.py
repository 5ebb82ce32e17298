"""What every page has in common: who looks, which stores and days, where else to go."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import HTTPException, Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_api.auth.access import database_of, page_principal, settings_of
from cloud_api.kit.errors import CloudError, NotFoundError
from cloud_api.kit.language import current, mark, moment, plain_day, short_day, speak
from cloud_api.kit.language import gettext as _
from cloud_api.tenancy.organisations import Organisations, OrganisationView
from cloud_api.tenancy.principal import Act, Principal, Scope, may, require, scope_of
from cloud_api.tenancy.transactions import scoped
from cloud_api.tenancy.visible_stores import StoreView, VisibleStores
from cloud_api.web import words
from cloud_api.web.demo_clock import DemoClock
from cloud_api.web.periods import CHOICES, Period, period_of
from cloud_api.web.reader import PreferencesOf

HERE = Path(__file__).parent
templates = Jinja2Templates(directory=HERE / "templates")
templates.env.add_extension("jinja2.ext.i18n")
templates.env.install_gettext_callables(  # type: ignore[attr-defined]  # which the extension adds
    lambda text: current().texts.gettext(text),
    lambda one, many, n: current().texts.ngettext(one, many, n),
    newstyle=True,
)
templates.env.globals["language"] = current
templates.env.filters |= {
    "figure": words.figure,
    "plain_day": plain_day,
    "short_day": short_day,
    "moment": moment,
    "number": words.number,
    "percent": words.percent,
    "duration": words.duration_words,
    "plain_id": words.plain_id,
}
MAX_FIELD = 20_000


def make_ready() -> None:
    """Translate all templates into the program that they are, so that the first page costs no more than the next."""
    for name in templates.env.list_templates():
        templates.env.get_template(name)


def static(name: str) -> str:
    """The address of a file of the pages, with what it holds: a browser may keep it for ever."""
    if name not in _static:
        digest = hashlib.sha256((HERE / "static" / name).read_bytes()).hexdigest()[:12]
        _static[name] = f"/static/{name}?v={digest}"
    return _static[name]


_static: dict[str, str] = {}
templates.env.globals["static"] = static


class ForeignFormError(CloudError):
    """A form that another site sent, or that is too old."""

    status = 403


@dataclass(frozen=True, slots=True)
class NavItem:
    """One entry of the navigation."""

    title: str
    path: str
    act: Act | None = None


NAVIGATION = (
    NavItem(mark("Dashboard"), "/dashboard"),
    NavItem(mark("Live"), "/live"),
    NavItem(mark("Cameras"), "/cameras"),
    NavItem(mark("Insights"), "/insights"),
    NavItem(mark("Zones"), "/zones"),
    NavItem(mark("Reports"), "/reports"),
    NavItem(mark("Settings"), "/settings"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody looks at a page. ``chosen`` None: all stores. ``shown``: those that the page is about.

    ``stands_at``: of a made-up demo, the moment that ``now`` is for ever; None: time goes on.
    """

    request: Request
    principal: Principal
    scope: Scope
    connection: AsyncConnection
    organisation: OrganisationView
    stores: list[StoreView]
    chosen: StoreView | None
    period: Period
    now: datetime
    theme: str = "auto"
    stands_at: datetime | None = None

    @property
    def shown(self) -> list[StoreView]:
        return [self.chosen] if self.chosen else self.stores

    @property
    def zone(self) -> ZoneInfo:
        """The clock that the page goes by: the first store's."""
        return ZoneInfo(self.shown[0].timezone) if self.shown else ZoneInfo("UTC")

    @property
    def query(self) -> str:
        """What links carry so that the next page shows the same stores and days."""
        store = f"store={self.chosen.id}&" if self.chosen else ""
        return f"{store}{self.period.query}"

    def may(self, act: Act) -> bool:
        """Whether the role reaches."""
        return may(self.principal, act)


@asynccontextmanager
async def visit(request: Request, *, act: Act | None = None, is_read: bool = True) -> AsyncIterator[Visit]:
    """One transaction of whoever is logged in; nobody is sent to the log-in.

    Raises:
        HTTPException: to the log-in; ForbiddenError: the role does not reach; NotFoundError: the store is not in sight.
    """
    principal = await page_principal(request)
    if principal is None:
        raise HTTPException(303, headers={"Location": "/login"})
    if act is not None:
        require(principal, act)
    scope = scope_of(principal)
    async with scoped(database_of(request), scope, is_read=is_read) as connection:
        preferences = await PreferencesOf(connection, scope).get(principal)
        if preferences.locale:
            speak(preferences.locale)
        stores = await VisibleStores(connection, scope).all()
        chosen = _chosen(request.query_params.get("store", ""), stores)
        organisation = await Organisations(connection, scope).own()
        stands_at = await DemoClock(connection, scope).stands_at() if organisation.is_demo else None
        now = stands_at or datetime.now(UTC)
        zone = ZoneInfo((chosen or stores[0]).timezone) if stores else ZoneInfo("UTC")
        period = period_of(request.query_params, today=now.astimezone(zone).date())
        yield Visit(
            request,
            principal,
            scope,
            connection,
            organisation,
            stores,
            chosen,
            period,
            now,
            preferences.theme,
            stands_at,
        )


def _chosen(asked: str, stores: list[StoreView]) -> StoreView | None:
    if not asked:
        return stores[0] if len(stores) == 1 else None
    found = next((s for s in stores if str(s.id) == asked), None)
    if found is None:
        raise NotFoundError(_("There is no such store."))
    return found


def show(
    seen: Visit, template: str, context: Any, *, has_period: bool = True, has_stores: bool = True, status: int = 200
) -> HTMLResponse:
    """Render a page: its Context dataclass, and what all pages have in common under ``shell``."""
    values = {f.name: getattr(context, f.name) for f in fields(context)}
    shell = {
        "principal": seen.principal,
        "organisation": seen.organisation,
        "is_demo": seen.organisation.is_demo or settings_of(seen.request).demo,
        "nav": [
            (_(item.title), item.path, seen.request.url.path.startswith(item.path))
            for item in NAVIGATION
            if item.act is None or seen.may(item.act)
        ],
        "stores": seen.stores,
        "chosen": seen.chosen,
        "period": seen.period,
        "periods": {key: _(words) for key, words in CHOICES.items()},
        "query": seen.query,
        "has_period": has_period,
        "has_stores": has_stores,
        "path": seen.request.url.path,
        "theme": seen.theme,
        "stands_at": seen.stands_at.astimezone(seen.zone) if seen.stands_at else None,
        "csrf": csrf_of(seen.request, seen.principal),
        "may_change": seen.may(Act.RUN_STORE),
        "may_run": seen.may(Act.RUN_ORGANISATION),
    }
    return templates.TemplateResponse(seen.request, template, {**values, "shell": shell}, status_code=status)


def csrf_of(request: Request, principal: Principal) -> str:
    """What a form of this log-in carries, and no other site can know.

    It reads differently each time: half of it is chance that covers the other half, so that nobody can find it letter
    by letter from the lengths of packed pages (BREACH).
    """
    cover = secrets.token_bytes(hashlib.sha256().digest_size)
    return (cover + _covered(_form_token(request, principal), cover)).hex()


def _fits(given: str, request: Request, principal: Principal) -> bool:
    try:
        told = bytes.fromhex(given)
    except ValueError:
        return False
    size = hashlib.sha256().digest_size
    if len(told) != 2 * size:
        return False
    return hmac.compare_digest(_covered(told[size:], told[:size]), _form_token(request, principal))


def _form_token(request: Request, principal: Principal) -> bytes:
    key = str(request.app.state.signing_key).encode()
    return hmac.new(key, f"form:{principal.session_id}".encode(), hashlib.sha256).digest()


def _covered(token: bytes, cover: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(token, cover, strict=True))


async def posted(request: Request) -> tuple[Principal, dict[str, str]]:
    """Who sent a form, and its fields.

    Raises:
        HTTPException: to the log-in; ForeignFormError.
    """
    must_be_own(request)
    principal = await page_principal(request)
    if principal is None:
        raise HTTPException(303, headers={"Location": "/login"})
    form = {k: v for k, v in (await request.form(max_files=0, max_fields=500)).items() if isinstance(v, str)}
    if not _fits(form.pop("csrf", ""), request, principal):
        raise ForeignFormError(_("This form is too old; go back, load the page again and repeat what you did."))
    return principal, form


def must_be_own(request: Request) -> None:
    """A form must come from our own page (the SameSite cookie is the first belt, this the second).

    Raises:
        ForeignFormError
    """
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("Host"):
        raise ForeignFormError(_("This form was sent from another site; open the page again."))


def told(error: CloudError | ValidationError) -> str:
    """What went wrong, for whoever filled in a form."""
    if isinstance(error, ValidationError):
        return "; ".join(f"{_field(e['loc'])}{e['msg'].removeprefix('Value error, ')}" for e in error.errors())
    return str(error)


def _field(place: tuple[int | str, ...]) -> str:
    named = [str(p).replace("_", " ") for p in place if isinstance(p, str)]
    return f"{named[-1]}: " if named else ""


def uuid_in(form: Mapping[str, str], name: str) -> UUID | None:
    """An id that a form carries; empty: None.

    Raises:
        NotFoundError: it is none.
    """
    text = form.get(name, "")
    if not text:
        return None
    try:
        return UUID(text)
    except ValueError:
        raise NotFoundError(_("There is no such thing.")) from None
