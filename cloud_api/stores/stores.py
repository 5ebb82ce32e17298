"""Making and changing stores, within an organisation."""

from __future__ import annotations

import difflib
from uuid import UUID
from zoneinfo import available_timezones

from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from cloud_api.kit.errors import ConflictError, InvalidError
from cloud_api.models import Store
from cloud_api.rollups.days import Days
from cloud_api.tenancy.scoped_repository import ScopedRepository
from cloud_api.tenancy.visible_stores import StoreView, VisibleStores


class Stores(ScopedRepository):
    """Stores of one scope."""

    async def add(self, name: str, *, timezone: str, reset_hour: int = 4, capacity: int | None = None) -> StoreView:
        """A new one. ``capacity``: people it has room for.

        Raises:
            ConflictError, InvalidError
        """
        store = Store(
            org_id=self._scope.org_id, name=name, timezone=checked_timezone(timezone), reset_hour=reset_hour,
            capacity=capacity,
        )  # fmt: skip
        try:
            async with self._connection.begin_nested():
                await self._add(store)
        except IntegrityError:
            raise ConflictError(f"There is a store '{name}' in this organisation already.") from None
        return await VisibleStores(self._connection, self._scope).one(store.id)

    async def change(
        self, store_id: UUID, *, name: str, timezone: str, reset_hour: int, capacity: int | None = None
    ) -> StoreView:
        """Another name, time zone, reset hour or capacity (None: not said).

        Another time zone moves its days: they are added up anew.

        Raises:
            ConflictError, InvalidError, NotFoundError
        """
        visible = VisibleStores(self._connection, self._scope)
        before = await visible.one(store_id)
        query = self._update(Store).where(col(Store.id) == store_id)
        values = {"name": name, "timezone": checked_timezone(timezone), "reset_hour": reset_hour, "capacity": capacity}
        try:
            async with self._connection.begin_nested():
                await self._connection.execute(query.values(**values))
        except IntegrityError:
            raise ConflictError(f"There is a store '{name}' in this organisation already.") from None
        if timezone != before.timezone:
            await Days(self._connection, self._scope).add_up(store_id, timezone=timezone)
        return await visible.one(store_id)

    async def raise_config_revision(self, store_id: UUID) -> int:
        """Something has changed that its laptops should know."""
        query = (
            self._update(Store).where(col(Store.id) == store_id).values(config_revision=col(Store.config_revision) + 1)
        )
        return int((await self._connection.execute(query.returning(col(Store.config_revision)))).scalar_one())


def checked_timezone(timezone: str) -> str:
    """The name itself.

    Raises:
        InvalidError: there is no such time zone.
    """
    if timezone not in available_timezones():
        near = difflib.get_close_matches(timezone, available_timezones(), n=3, cutoff=0.5)
        hint = f"did you mean {', '.join(near)}?" if near else "write e.g. Europe/Berlin."
        raise InvalidError(f"'{timezone}' is no time zone; {hint}")
    return timezone
