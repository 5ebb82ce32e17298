"""Making organisations, stores, users and edge keys."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

from sqlalchemy import insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from cloud_api.auth.credentials import digest_of, hint_of, new_edge_key
from cloud_api.auth.passwords import hash_password
from cloud_api.auth.users import checked_email
from cloud_api.kit.errors import ConflictError, InvalidError, NotFoundError
from cloud_api.models import EdgeDevice, EdgeKey, Organisation, Store, User
from cloud_api.models.base import utc_now
from cloud_api.stores.stores import checked_timezone
from cloud_api.tenancy.audit import AuditLog
from cloud_api.tenancy.principal import Role, Scope

MAX_LIVE_KEYS = 2
_ACTOR = "command line"


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

    async def create_store(self, org: str, name: str, *, timezone: str, capacity: int | None = None) -> UUID:
        """A new store of the organisation named (or numbered) ``org``. ``capacity``: people it has room for.

        Raises:
            NotFoundError, ConflictError, InvalidError
        """
        name = _name(name)
        zone = checked_timezone(timezone)
        store = Store(org_id=await self._organisation(org), name=name, timezone=zone, capacity=capacity)
        await self._insert(Store, store.model_dump(), taken=f"There is a store '{name}' in this organisation already.")
        await self._note(store.org_id, "store made", name, store_id=store.id)
        return store.id

    async def create_user(
        self, email: str, password: str, *, role: str, store: str | None, org: str | None, is_demo: bool = False
    ) -> UUID:
        """A new user: of a store (``store_owner``, ``staff``), or of an organisation (``org_admin``, ``analyst``).

        Raises:
            NotFoundError, ConflictError, InvalidError
        """
        email = checked_email(email)
        if role not in tuple(Role):
            raise InvalidError(f"'{role}' is no role; use one of: {', '.join(Role)}.")
        org_id, store_id = await self._place(Role(role), store=store, org=org)
        password_hash = await asyncio.to_thread(hash_password, password, is_demo=is_demo)
        user = User(org_id=org_id, store_id=store_id, email=email, role=role, password_hash=password_hash)
        await self._insert(User, user.model_dump(), taken=f"There is a user {email} already.")
        await self._note(org_id, "user made", email, store_id=store_id)
        return user.id

    async def create_edge_key(self, store: str, *, device: str = "") -> tuple[UUID, UUID, str]:
        """A new device of a store with its key: (store id, device id, key). The key is shown this once."""
        row = await self._store(store)
        made = EdgeDevice(org_id=row.org_id, store_id=row.id, name=device)
        await self._connection.execute(insert(EdgeDevice).values(made.model_dump()))
        return row.id, made.id, await self._new_key(made.id, row)

    async def rotate_edge_key(self, device: str) -> tuple[UUID, UUID, str]:
        """A second key for a device (its id or its name): (store id, device id, key). The first one goes on living.

        Raises:
            ConflictError: there are two already; NotFoundError, InvalidError.
        """
        found = await self._device(device)
        query = select(col(EdgeKey.hint)).where(col(EdgeKey.device_id) == found.id, col(EdgeKey.revoked_at).is_(None))
        hints = (await self._connection.execute(query)).scalars().all()
        if len(hints) >= MAX_LIVE_KEYS:
            raise ConflictError(f"This device has two keys ({', '.join(hints)}); revoke the one not used any more.")
        store = await self._store(str(found.store_id))
        return store.id, found.id, await self._new_key(found.id, store)

    async def revoke_edge_key(self, key: str) -> tuple[UUID, UUID]:
        """End a key, named by itself, by how it begins, or by its device: (store id, device id).

        Raises:
            NotFoundError: there is no such key; InvalidError: several begin like that.
        """
        alive = select(col(EdgeKey.id), col(EdgeKey.hint), col(EdgeKey.device_id), col(EdgeKey.org_id),
                       col(EdgeKey.store_id)).where(col(EdgeKey.revoked_at).is_(None))  # fmt: skip
        beginning = key.rstrip("….")
        rows = (await self._connection.execute(alive.where(col(EdgeKey.digest) == digest_of(key)))).all()
        if not rows and len(beginning) > len("edge_"):
            begins = col(EdgeKey.hint).startswith(beginning, autoescape=True)
            rows = (await self._connection.execute(alive.where(begins))).all()
        if not rows and _is_id(key):
            rows = (await self._connection.execute(alive.where(col(EdgeKey.device_id) == UUID(key)))).all()
        if not rows:
            raise NotFoundError("There is no such key, or it is revoked already.")
        if len(rows) > 1:
            raise InvalidError(f"Several keys fit: {', '.join(r.hint for r in rows)}; write more of it.")
        row = rows[0]
        await self._connection.execute(update(EdgeKey).where(col(EdgeKey.id) == row.id).values(revoked_at=utc_now()))
        await self._note(row.org_id, "edge key revoked", row.hint, store_id=row.store_id)
        return row.store_id, row.device_id

    async def _new_key(self, device_id: UUID, store: Any) -> str:
        key = new_edge_key(store.name)
        made = EdgeKey(
            org_id=store.org_id, store_id=store.id, device_id=device_id, digest=digest_of(key), hint=hint_of(key)
        )
        await self._connection.execute(insert(EdgeKey).values(made.model_dump()))
        await self._note(store.org_id, "edge key made", made.hint, store_id=store.id)
        return key

    async def _device(self, name_or_id: str) -> Any:
        by_name = col(EdgeDevice.name) == name_or_id
        wanted = or_(by_name, col(EdgeDevice.id) == UUID(name_or_id)) if _is_id(name_or_id) else by_name
        query = select(col(EdgeDevice.id), col(EdgeDevice.store_id)).where(wanted, col(EdgeDevice.retired_at).is_(None))
        found = (await self._connection.execute(query)).all()
        if not found:
            raise NotFoundError(f"There is no device '{name_or_id}'.")
        if len(found) > 1:
            raise InvalidError(f"There are several devices '{name_or_id}'; give the id instead.")
        return found[0]

    async def _note(self, org_id: UUID, act: str, subject: str, *, store_id: UUID | None = None) -> None:
        audit = AuditLog(self._connection, Scope(org_id, None))
        await audit.note(actor=_ACTOR, act=act, subject=subject, store_id=store_id)

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
    return or_(by_name, col(table.id) == UUID(name_or_id)) if _is_id(name_or_id) else by_name


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _name(name: str) -> str:
    name = name.strip()
    if not 1 <= len(name) <= 200:
        raise InvalidError("A name needs 1 to 200 characters.")
    return name
