"""Log-in tokens: signed, short-lived, for one audience, with the algorithm pinned, bound to a session."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import jwt

from cloud_api.tenancy.principal import Principal, Role

ALGORITHM = "HS256"
ISSUER = "wink-cloud"
API_AUDIENCE = "wink-api"
PAGE_AUDIENCE = "wink-pages"
API_LIFE = timedelta(minutes=15)
PAGE_LIFE = timedelta(hours=12)
_CLAIMS = ["sub", "sid", "org_id", "role", "iss", "aud", "exp", "iat"]


def issue(principal: Principal, *, key: str, audience: str) -> tuple[str, int]:
    """A token, and the seconds it lives."""
    life = API_LIFE if audience == API_AUDIENCE else PAGE_LIFE
    now = datetime.now(UTC)
    claims = {
        "sub": str(principal.user_id),
        "sid": str(principal.session_id),
        "org_id": str(principal.org_id),
        "store_id": str(principal.store_id) if principal.store_id else None,
        "role": str(principal.role),
        "iss": ISSUER,
        "aud": audience,
        "iat": now,
        "exp": now + life,
    }
    return jwt.encode(claims, key, algorithm=ALGORITHM), int(life.total_seconds())


def read(token: str, *, key: str, audience: str) -> Principal | None:
    """Who it speaks for, or None if it is not to be believed. Whether its session still stands is not told here."""
    try:
        claims = jwt.decode(
            token, key, algorithms=[ALGORITHM], audience=audience, issuer=ISSUER, options={"require": _CLAIMS}
        )
        store_id = claims.get("store_id")
        return Principal(
            UUID(claims["sub"]),
            UUID(claims["org_id"]),
            UUID(store_id) if store_id else None,
            Role(claims["role"]),
            UUID(claims["sid"]),
        )
    except (jwt.PyJWTError, ValueError, TypeError, AttributeError):
        return None
