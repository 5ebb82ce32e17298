"""Who asks: from a request to a principal."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import APIKeyHeader, HTTPBearer

from cloud_api.auth import tokens
from cloud_api.auth.api_keys import principal_of_key
from cloud_api.auth.sessions import SEEN_STEP, Sessions
from cloud_api.auth.throttle import Throttle
from cloud_api.kit.database import Database
from cloud_api.kit.errors import CloudError
from cloud_api.kit.mail import MailServer
from cloud_api.models.base import utc_now
from cloud_api.settings import CloudSettings
from cloud_api.tenancy.principal import Act, ForbiddenError, Principal, Scope, require, scope_of
from cloud_api.tenancy.transactions import scoped

PAGE_COOKIE = "wink_session"
API_KEY_HEADER = "X-API-KEY"

# For the OpenAPI document; the checks are below.
_BEARER = HTTPBearer(auto_error=False, scheme_name="log-in", description="The access token of POST /auth/login.")
_API_KEY = APIKeyHeader(name=API_KEY_HEADER, auto_error=False, scheme_name="api-key", description="Reads figures only.")


class NobodyError(CloudError):
    """Nobody is logged in."""

    status = 401


def settings_of(request: Request) -> CloudSettings:
    """The settings of this application."""
    settings: CloudSettings = request.app.state.settings
    return settings


def database_of(request: Request) -> Database:
    """The database of this application."""
    database: Database = request.app.state.database
    return database


def throttle_of(request: Request) -> Throttle:
    """What slows down guessing."""
    throttle: Throttle = request.app.state.throttle
    return throttle


def mail_of(request: Request) -> MailServer | None:
    """Where mail is handed in, if anywhere."""
    mail: MailServer | None = request.app.state.mail
    return mail


# FastAPI sends plain functions to a thread, twice as dear as what they do here; these are for Depends.


async def _settings(request: Request) -> CloudSettings:
    return settings_of(request)


async def _database(request: Request) -> Database:
    return database_of(request)


async def _throttle(request: Request) -> Throttle:
    return throttle_of(request)


async def _mail(request: Request) -> MailServer | None:
    return mail_of(request)


async def _address(request: Request) -> str:
    return address_of(request)


def address_of(request: Request) -> str:
    """Where the request came from."""
    return request.client.host if request.client else "unknown"


async def page_principal(request: Request) -> Principal | None:
    """Who is logged in to the pages, by cookie."""
    return await _of_token(request, request.cookies.get(PAGE_COOKIE, ""), audience=tokens.PAGE_AUDIENCE)


async def principal_of(request: Request, _shown: Annotated[object, Depends(_BEARER)] = None) -> Principal:
    """Who asks, by bearer token or by the pages' cookie.

    Raises:
        NobodyError
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    found = None
    if scheme.lower() == "bearer":
        found = await _of_token(request, token, audience=tokens.API_AUDIENCE)
    elif not scheme:
        found = await page_principal(request)
        if found is not None and request.method not in ("GET", "HEAD"):
            _must_be_own(request)
    if found is None:
        raise NobodyError("Log in first: POST /api/v1/auth/login, then send 'Authorization: Bearer ...'.")
    return found


async def scope_in(
    request: Request, database: Annotated[Database, Depends(_database)],
    _shown: Annotated[object, Depends(_API_KEY)] = None, _token: Annotated[object, Depends(_BEARER)] = None,
) -> Scope:  # fmt: skip
    """What the asker may see: a person, or a third party's program with its key.

    Raises:
        NobodyError
    """
    key = request.headers.get(API_KEY_HEADER)
    if key is None:
        return scope_of(await principal_of(request))
    principal = await principal_of_key(database, key)
    if principal is None:
        raise NobodyError("This API key is not known, or was revoked.")
    return scope_of(principal)


class Allowed:
    """A dependency: the asker, whose role must reach ``act``."""

    def __init__(self, act: Act) -> None:
        self._act = act

    async def __call__(self, asker: Annotated[Principal, Depends(principal_of)]) -> Principal:
        require(asker, self._act)
        return asker


async def _of_token(request: Request, token: str, *, audience: str) -> Principal | None:
    claimed = tokens.read(token, key=request.app.state.signing_key, audience=audience) if token else None
    if claimed is None or claimed.session_id is None:
        return None
    scope = Scope(claimed.org_id, None)
    database, now = database_of(request), utc_now()
    async with scoped(database, scope, is_read=True) as connection:
        standing = await Sessions(connection, scope).standing(claimed.session_id, now=now)
    if standing is None or standing.principal.user_id != claimed.user_id:
        return None
    if now - standing.last_used_at > SEEN_STEP:
        async with scoped(database, scope) as connection:
            await Sessions(connection, scope).touch(claimed.session_id, now=now)
    return standing.principal


def _must_be_own(request: Request) -> None:
    # A browser sends its cookie along with what other sites make it send; it also says where that came from.
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise ForbiddenError("This request was sent from another site.")


Settings = Annotated[CloudSettings, Depends(_settings)]
Data = Annotated[Database, Depends(_database)]
Asker = Annotated[Principal, Depends(principal_of)]
InScope = Annotated[Scope, Depends(scope_in)]
Admin = Annotated[Principal, Depends(Allowed(Act.RUN_ORGANISATION))]
SettingsReader = Annotated[Principal, Depends(Allowed(Act.READ_SETTINGS))]
Address = Annotated[str, Depends(_address)]
Throttling = Annotated[Throttle, Depends(_throttle)]
Mail = Annotated[MailServer | None, Depends(_mail)]
