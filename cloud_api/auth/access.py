"""Who asks: from a request to a principal."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from cloud_api.auth import tokens
from cloud_api.kit.database import Database
from cloud_api.kit.errors import CloudError
from cloud_api.settings import CloudSettings
from cloud_api.tenancy.principal import Principal, Scope, scope_of

PAGE_COOKIE = "wink_session"


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


def page_principal(request: Request) -> Principal | None:
    """Who is logged in to the pages, by cookie."""
    token = request.cookies.get(PAGE_COOKIE, "")
    return tokens.read(token, key=request.app.state.signing_key, audience=tokens.PAGE_AUDIENCE) if token else None


def principal_of(request: Request) -> Principal:
    """Who asks, by bearer token or by the pages' cookie.

    Raises:
        NobodyError
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    found = None
    if scheme.lower() == "bearer":
        found = tokens.read(token, key=request.app.state.signing_key, audience=tokens.API_AUDIENCE)
    elif not scheme:
        found = page_principal(request)
    if found is None:
        raise NobodyError("Log in first: POST /api/v1/auth/login, then send 'Authorization: Bearer ...'.")
    return found


def scope_in(principal: Annotated[Principal, Depends(principal_of)]) -> Scope:
    """What the asker may see."""
    return scope_of(principal)


Settings = Annotated[CloudSettings, Depends(settings_of)]
Data = Annotated[Database, Depends(database_of)]
Asker = Annotated[Principal, Depends(principal_of)]
InScope = Annotated[Scope, Depends(scope_in)]
