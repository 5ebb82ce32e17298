"""Edge keys: 256 random bits behind a readable prefix; only their SHA-256 is kept."""

from __future__ import annotations

import hashlib
import re
import secrets

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from cloud_api.models import EdgeDevice, EdgeKey
from cloud_api.tenancy.principal import EdgePrincipal

MAX_KEY_LENGTH = 200


def new_key(store_name: str) -> str:
    """A key that tells a person which store it is for."""
    slug = re.sub(r"[^a-z0-9]+", "", store_name.lower())[:16] or "store"
    return f"edge_{slug}_{secrets.token_urlsafe(32)}"


def digest_of(key: str) -> str:
    """What is kept of it. The key is random, so a plain hash is enough."""
    return hashlib.sha256(key.encode()).hexdigest()


async def device_of(connection: AsyncConnection, key: str) -> EdgePrincipal | None:
    """The device that speaks with ``key``, or None."""
    if not 20 <= len(key) <= MAX_KEY_LENGTH:
        return None
    query = (
        select(col(EdgeDevice.id), col(EdgeDevice.org_id), col(EdgeDevice.store_id))
        .join(EdgeKey, col(EdgeKey.device_id) == col(EdgeDevice.id))
        .where(col(EdgeKey.digest) == digest_of(key), col(EdgeKey.revoked_at).is_(None))
    )
    row = (await connection.execute(query)).first()
    return EdgePrincipal(row[0], row[1], row[2]) if row else None
