"""How a reader wants pages: light or dark, and numbers and dates as they write them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import col
from starlette.types import ASGIApp, Receive, Scope, Send

from cloud_api.kit.errors import InvalidError
from cloud_api.kit.language import LOCALES, mark, preferred, speaking
from cloud_api.kit.language import gettext as _
from cloud_api.models import User
from cloud_api.tenancy.principal import Principal
from cloud_api.tenancy.scoped_repository import ScopedRepository

THEMES = {"auto": mark("as the device is set"), "light": mark("light"), "dark": mark("dark")}


@dataclass(frozen=True, slots=True)
class Preferences:
    """``locale`` empty: as the browser says."""

    theme: str = "auto"
    locale: str = ""


class PreferencesOf(ScopedRepository):
    """Of one person."""

    async def get(self, reader: Principal) -> Preferences:
        """What they chose."""
        query = self._select(User, col(User.theme), col(User.locale)).where(col(User.id) == reader.user_id)
        row = (await self._connection.execute(query)).first()
        return Preferences(*row) if row is not None else Preferences()

    async def put(self, reader: Principal, chosen: Preferences) -> None:
        """Keep it.

        Raises:
            InvalidError: there is no such choice.
        """
        if chosen.theme not in THEMES or (chosen.locale and chosen.locale not in LOCALES):
            raise InvalidError(_("Choose one of those that are listed."))
        query = self._update(User).where(col(User.id) == reader.user_id)
        await self._connection.execute(query.values(theme=chosen.theme, locale=chosen.locale))


class Speaking:
    """Plain ASGI: while a page is made, the language is that of its reader's browser."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or scope["path"].startswith(("/api/", "/static/")):
            await self._app(scope, receive, send)
            return
        header = next((value for name, value in scope["headers"] if name == b"accept-language"), b"")
        with speaking(preferred(header.decode("latin-1"))):
            await self._app(scope, receive, send)
