"""Keys of third parties: they read figures and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import col

from cloud_api.auth.credentials import MAX_LENGTH, digest_of, hint_of, new_secret
from cloud_api.kit.database import Database
from cloud_api.kit.errors import ConflictError, NotFoundError
from cloud_api.models import ApiKey
from cloud_api.models.base import utc_now
from cloud_api.tenancy.principal import ApiPrincipal, scope_of
from cloud_api.tenancy.scoped_repository import ScopedRepository
from cloud_api.tenancy.shown_credential import row_of_credential
from cloud_api.tenancy.transactions import adopt, by_credential

PREFIX = "wink_api"
MAX_KEYS = 50
SEEN_STEP = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class ApiKeyView:
    """A key without its secret."""

    id: UUID
    name: str
    hint: str
    store_id: UUID | None
    created_at: datetime
    last_used_at: datetime | None


class ApiKeys(ScopedRepository):
    """Keys of one organisation."""

    async def all(self) -> list[ApiKeyView]:
        """Those that live, newest first."""
        fields = (ApiKey.id, ApiKey.name, ApiKey.hint, ApiKey.store_id, ApiKey.created_at, ApiKey.last_used_at)
        query = self._select(ApiKey, *(col(f) for f in fields)).where(col(ApiKey.revoked_at).is_(None))
        rows = await self._connection.execute(query.order_by(col(ApiKey.created_at).desc()))
        return [ApiKeyView(*row) for row in rows]

    async def add(self, name: str, *, store_id: UUID | None) -> tuple[UUID, str]:
        """A new key: its id and the secret, shown this once.

        Raises:
            ConflictError: there are too many.
        """
        if len(await self.all()) >= MAX_KEYS:
            raise ConflictError(f"There are {MAX_KEYS} keys; revoke one that is not used any more.")
        secret = new_secret(PREFIX)
        key = ApiKey(
            org_id=self._scope.org_id, store_id=store_id, name=name, digest=digest_of(secret), hint=hint_of(secret)
        )
        await self._add(key)
        return key.id, secret

    async def revoke(self, key_id: UUID) -> str:
        """End a key at once; its name.

        Raises:
            NotFoundError
        """
        query = self._update(ApiKey).where(col(ApiKey.id) == key_id, col(ApiKey.revoked_at).is_(None))
        done = query.values(revoked_at=utc_now()).returning(col(ApiKey.name))
        name = (await self._connection.execute(done)).scalar_one_or_none()
        if name is None:
            raise NotFoundError("There is no such key.")
        return str(name)

    async def used(self, key_id: UUID, *, now: datetime) -> None:
        """Note that it was used."""
        query = self._update(ApiKey).where(col(ApiKey.id) == key_id)
        await self._connection.execute(query.values(last_used_at=now))


async def principal_of_key(database: Database, secret: str) -> ApiPrincipal | None:
    """Who speaks with this key, or None."""
    if not 20 <= len(secret) <= MAX_LENGTH:
        return None
    digest, now = digest_of(secret), utc_now()
    async with by_credential(database, digest) as connection:
        fields: tuple[Any, ...] = (
            ApiKey.id, ApiKey.org_id, ApiKey.store_id, ApiKey.revoked_at, ApiKey.last_used_at
        )  # fmt: skip
        row = await row_of_credential(connection, ApiKey, digest, *fields)
        if row is None or row.revoked_at is not None:
            return None
        principal = ApiPrincipal(row.id, row.org_id, row.store_id)
        if row.last_used_at is None or now - row.last_used_at > SEEN_STEP:
            await adopt(connection, scope_of(principal))
            await ApiKeys(connection, scope_of(principal)).used(row.id, now=now)
    return principal
