"""The stores a scope may see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Select
from sqlmodel import col

from cloud_api.kit.errors import NotFoundError
from cloud_api.models import Store
from cloud_api.tenancy.scoped_repository import ScopedRepository
from shared_models.store_time import StoreTime


@dataclass(frozen=True, slots=True)
class StoreView:
    """A store as pages and queries know it."""

    id: UUID
    org_id: UUID
    name: str
    timezone: str
    reset_hour: int
    config_revision: int = 0
    capacity: int | None = None

    @property
    def time(self) -> StoreTime:
        """Its days, and when its level begins anew."""
        return StoreTime(ZoneInfo(self.timezone), self.reset_hour)


class VisibleStores(ScopedRepository):
    """Stores of one scope. Every query about a store begins here."""

    async def all(self) -> list[StoreView]:
        """By name."""
        rows = await self._connection.execute(self._query().order_by(col(Store.name)))
        return [StoreView(*row) for row in rows]

    async def one(self, store_id: UUID) -> StoreView:
        """One of them.

        Raises:
            NotFoundError: there is none, or it is somebody else's.
        """
        row = (await self._connection.execute(self._query().where(col(Store.id) == store_id))).first()
        if row is None:
            raise NotFoundError("There is no such store.")
        return StoreView(*row)

    def _query(self) -> Select[Any]:
        return self._select(
            Store, col(Store.id), col(Store.org_id), col(Store.name), col(Store.timezone), col(Store.reset_hour),
            col(Store.config_revision), col(Store.capacity),
        )  # fmt: skip
