"""Scripts, style sheet and icon: kept by browsers for a year under an address that says what they hold."""

from __future__ import annotations

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

KEPT = "public, max-age=31536000, immutable"
ASKED = "no-cache"


class KeptFiles(StaticFiles):
    """``?v=`` is a part of the content's hash (``shell.static``); without it a browser asks each time whether it is new."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """One file."""
        answer = await super().get_response(path, scope)
        if answer.status_code < 400:
            is_named = scope.get("query_string", b"").startswith(b"v=")
            answer.headers["Cache-Control"] = KEPT if is_named else ASKED
        return answer
