"""Making organisations, stores, users and edge keys."""

from __future__ import annotations

import asyncio
import difflib
import re
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from sqlalchemy import insert, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from cloud_api.auth.passwords import hash_password
from cloud_api.devices.edge_keys import digest_of, new_key
from cloud_api.kit.errors import ConflictError, InvalidError, NotFoundError
from cloud_api.models import EdgeDevice, EdgeKey, Organisation, Store, User
from cloud_api.tenancy.principal import Role

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class Administration:
    """What the command line may do: it works on the machine of the cloud and is bound to no organisation."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def create_organisation(self, name: str, *, is_demo: bool = False) -> UUID:
        """A new tenant.

        Raises:
            ConflictError, InvalidError
        """
        name = _name(name)
        organisation = Organisation(name=name, is_demo=is_demo)
        await self._insert(Organisation, organisation.model_dump(), taken=f"There is an organisation '{name}' already.")
        return organisation.id

    async def create_store(self, org: str, name: str, *, timezone: str) -> UUID:
        """A new store of the organisation named (or numbered) ``org``.

        Raises:
            NotFoundError, ConflictError, InvalidError
        """
        if timezone not in available_timezones():
            near = difflib.get_close_matches(timezone, available_timezones(), n=3, cutoff=0.5)
            hint = f"did you mean {', '.join(near)}?" if near else "write e.g. Europe/Berlin."
            raise InvalidError(f"'{timezone}' is no time zone; {hint}")
        name = _name(name)
        store = Store(org_id=await self._organisation(org), name=name, timezone=timezone)
        await self._insert(Store, store.model_dump(), taken=f"There is a store '{name}' in this organisation already.")
        return store.id

    async def create_user(
        self, email: str, password: str, *, role: str, store: str | None, org: str | None, is_demo: bool = False
    ) -> UUID:
        """A new user: of a store (``store_owner``, ``staff``), or of an organisation (``org_admin``, ``analyst``).

        Raises:
            NotFoundError, ConflictError, InvalidError
        """
        email = email.strip().lower()
        if not _EMAIL.fullmatch(email) or len(email) > 320:
            raise InvalidError(f"'{email}' is no e-mail address.")
        if role not in tuple(Role):
            raise InvalidError(f"'{role}' is no role; use one of: {', '.join(Role)}.")
        org_id, store_id = await self._place(Role(role), store=store, org=org)
        password_hash = await asyncio.to_thread(hash_password, password, is_demo=is_demo)
        user = User(org_id=org_id, store_id=store_id, email=email, role=role, password_hash=password_hash)
        await self._insert(User, user.model_dump(), taken=f"There is a user {email} already.")
        return user.id

    async def create_edge_key(self, store: str, *, device: str = "") -> tuple[UUID, UUID, str]:
        """A new device of a store with its key: (store id, device id, key). The key is shown this once."""
        row = await self._store(store)
        made = EdgeDevice(org_id=row.org_id, store_id=row.id, name=device)
        key = new_key(row.name)
        await self._connection.execute(insert(EdgeDevice).values(made.model_dump()))
        await self._connection.execute(
            insert(EdgeKey).values(EdgeKey(device_id=made.id, digest=digest_of(key)).model_dump())
        )
        return row.id, made.id, key

    async def _place(self, role: Role, *, store: str | None, org: str | None) -> tuple[UUID, UUID | None]:
        if role.sees_organisation:
            if org:
                return await self._organisation(org), None
            if store:
                return (await self._store(store)).org_id, None
            return await self._only_organisation(), None
        if not store:
            raise InvalidError(f"A {role} belongs to one store; name it with --store.")
        row = await self._store(store)
        return row.org_id, row.id

    async def _organisation(self, name_or_id: str) -> UUID:
        query = select(col(Organisation.id)).where(_matches(Organisation, name_or_id))
        found = (await self._connection.execute(query)).scalar_one_or_none()
        if found is None:
            names = (await self._connection.execute(select(col(Organisation.name)))).scalars().all()
            raise NotFoundError(
                f"There is no organisation '{name_or_id}'. There are: {', '.join(names) or 'none yet'}."
            )
        return found

    async def _only_organisation(self) -> UUID:
        found = (await self._connection.execute(select(col(Organisation.id)))).scalars().all()
        if len(found) != 1:
            raise InvalidError("Name the organisation with --org.")
        return found[0]

    async def _store(self, name_or_id: str) -> Any:
        query = select(col(Store.id), col(Store.org_id), col(Store.name)).where(_matches(Store, name_or_id))
        found = (await self._connection.execute(query)).all()
        if not found:
            names = (await self._connection.execute(select(col(Store.name)))).scalars().all()
            raise NotFoundError(f"There is no store '{name_or_id}'. There are: {', '.join(names) or 'none yet'}.")
        if len(found) > 1:
            raise InvalidError(f"Several organisations have a store '{name_or_id}'; give its id instead.")
        return found[0]

    async def _insert(self, table: type[Any], values: dict[str, Any], *, taken: str) -> None:
        try:
            async with self._connection.begin_nested():
                await self._connection.execute(insert(table).values(values))
        except IntegrityError:
            raise ConflictError(taken) from None


def _matches(table: type[Organisation] | type[Store], name_or_id: str) -> Any:
    by_name = col(table.name) == name_or_id
    try:
        return or_(by_name, col(table.id) == UUID(name_or_id))
    except ValueError:
        return by_name


def _name(name: str) -> str:
    name = name.strip()
    if not 1 <= len(name) <= 200:
        raise InvalidError("A name needs 1 to 200 characters.")
    return name
