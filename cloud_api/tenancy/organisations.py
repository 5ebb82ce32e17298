"""The organisation of a scope."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from cloud_api.kit.errors import ConflictError
from cloud_api.models import Organisation
from cloud_api.tenancy.scoped_repository import ScopedRepository


@dataclass(frozen=True, slots=True)
class OrganisationView:
    """The tenant."""

    id: UUID
    name: str
    is_demo: bool


class Organisations(ScopedRepository):
    """There is exactly one in each scope."""

    async def own(self) -> OrganisationView:
        """It."""
        query = self._select(Organisation, col(Organisation.id), col(Organisation.name), col(Organisation.is_demo))
        return OrganisationView(*(await self._connection.execute(query)).one())

    async def is_demo(self) -> bool:
        """Whether it is the demo; there may be none in scope."""
        query = self._select(Organisation, col(Organisation.is_demo))
        return bool((await self._connection.execute(query)).scalar_one_or_none())

    async def hides_people(self) -> bool:
        """Whether screens of its laptops show people pixelated."""
        query = self._select(Organisation, col(Organisation.hides_people))
        return bool((await self._connection.execute(query)).scalar_one())

    async def hide_people(self, *, is_on: bool) -> None:
        """Switch it."""
        await self._connection.execute(self._update(Organisation).values(hides_people=is_on))

    async def rename(self, name: str) -> None:
        """Give it another name.

        Raises:
            ConflictError: somebody has it.
        """
        try:
            async with self._connection.begin_nested():
                await self._connection.execute(self._update(Organisation).values(name=name))
        except IntegrityError:
            raise ConflictError("This name is taken; choose another one.") from None
