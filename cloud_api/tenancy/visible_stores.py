"""The one door to tenant data: which stores a scope may see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from cloud_api.kit.errors import NotFoundError
from cloud_api.models import Store
from cloud_api.tenancy.principal import Scope


@dataclass(frozen=True, slots=True)
class StoreView:
    """A store as pages and queries know it."""

    id: UUID
    org_id: UUID
    name: str
    timezone: str
    reset_hour: int


class VisibleStores:
    """Stores of one scope. Every query about a store begins here."""

    def __init__(self, connection: AsyncConnection, scope: Scope) -> None:
        self._connection = connection
        self._scope = scope

    async def all(self) -> list[StoreView]:
        """By name."""
        rows = await self._connection.execute(self._query().order_by(col(Store.name)))
        return [_view(row) for row in rows]

    async def one(self, store_id: UUID) -> StoreView:
        """One of them.

        Raises:
            NotFoundError: there is none, or it is somebody else's.
        """
        row = (await self._connection.execute(self._query().where(col(Store.id) == store_id))).first()
        if row is None:
            raise NotFoundError("There is no such store.")
        return _view(row)

    def _query(self) -> Select[UUID, UUID, str, str, int]:
        query = select(col(Store.id), col(Store.org_id), col(Store.name), col(Store.timezone), col(Store.reset_hour))
        query = query.where(col(Store.org_id) == self._scope.org_id)
        if self._scope.store_id is not None:
            query = query.where(col(Store.id) == self._scope.store_id)
        return query


def _view(row: Any) -> StoreView:
    store_id, org_id, name, timezone, reset_hour = row
    return StoreView(store_id, org_id, name, timezone, reset_hour)
