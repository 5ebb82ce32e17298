"""People of an organisation: invited, changed, shut out; their passwords, and the links that set them."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from cloud_api.auth.credentials import MAX_LENGTH, digest_of, new_secret
from cloud_api.auth.passwords import hash_password, verify_password
from cloud_api.auth.sessions import Sessions
from cloud_api.kit.database import Database
from cloud_api.kit.errors import CloudError, ConflictError, InvalidError, NotFoundError
from cloud_api.models import OneTimeLink, Store, User
from cloud_api.models.base import utc_now
from cloud_api.tenancy.audit import AuditLog
from cloud_api.tenancy.principal import Principal, Role, Scope
from cloud_api.tenancy.scoped_repository import ScopedRepository
from cloud_api.tenancy.shown_credential import row_of_credential
from cloud_api.tenancy.transactions import adopt, by_credential, scoped

INVITATION_LIFE = timedelta(days=7)
RESET_LIFE = timedelta(hours=2)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class LinkError(CloudError):
    """The link is used up, too old, or was never one."""

    status = 410


class WrongPasswordError(CloudError):
    """The present password does not fit."""

    status = 403


@dataclass(frozen=True, slots=True)
class UserView:
    """A person as administrators see them. ``has_password``: the invitation was taken up."""

    id: UUID
    email: str
    role: Role
    store_id: UUID | None
    is_active: bool
    has_password: bool
    created_at: datetime


class Users(ScopedRepository):
    """People of one organisation."""

    async def all(self) -> list[UserView]:
        """By e-mail."""
        rows = await self._connection.execute(self._query().order_by(col(User.email)))
        return [_view(row) for row in rows]

    async def one(self, user_id: UUID) -> UserView:
        """One of them.

        Raises:
            NotFoundError
        """
        row = (await self._connection.execute(self._query().where(col(User.id) == user_id))).first()
        if row is None:
            raise NotFoundError("There is no such user.")
        return _view(row)

    async def add(self, email: str, *, role: Role, store_id: UUID | None) -> UserView:
        """A person without a password, who is to be invited.

        Raises:
            ConflictError, InvalidError, NotFoundError
        """
        user = User(
            org_id=self._scope.org_id, store_id=await self._place(role, store_id), email=checked_email(email), role=role,
            password_hash="",
        )  # fmt: skip
        try:
            async with self._connection.begin_nested():
                await self._add(user)
        except IntegrityError:
            raise ConflictError(f"There is a user {user.email} already.") from None
        return await self.one(user.id)

    async def change(self, user_id: UUID, *, role: Role, store_id: UUID | None, is_active: bool) -> UserView:
        """Give a person another role or store, or shut them out; their log-ins end, for these said who they were.

        Raises:
            ConflictError: nobody would be left to run the organisation; InvalidError, NotFoundError.
        """
        before = await self.one(user_id)
        place = await self._place(role, store_id)
        if before.role is Role.ORG_ADMIN and not (role is Role.ORG_ADMIN and is_active):
            await self._leave_an_admin(besides=user_id)
        query = self._update(User).where(col(User.id) == user_id)
        await self._connection.execute(query.values(role=role, store_id=place, is_active=is_active))
        await Sessions(self._connection, self._scope).revoke_all(user_id)
        return await self.one(user_id)

    async def password_hash(self, user_id: UUID) -> str:
        """What is kept of the password."""
        query = self._select(User, col(User.password_hash)).where(col(User.id) == user_id)
        return str((await self._connection.execute(query)).scalar_one())

    async def set_password_hash(self, user_id: UUID, password_hash: str) -> None:
        """Keep a new one."""
        query = self._update(User).where(col(User.id) == user_id)
        await self._connection.execute(query.values(password_hash=password_hash))

    async def new_link(self, user_id: UUID, *, purpose: str) -> str:
        """The secret of a one-time link; links made before for the same person no longer work."""
        now = utc_now()
        query = self._update(OneTimeLink).where(col(OneTimeLink.user_id) == user_id, col(OneTimeLink.used_at).is_(None))
        await self._connection.execute(query.values(used_at=now))
        secret = new_secret("wink_link")
        life = INVITATION_LIFE if purpose == "invitation" else RESET_LIFE
        await self._add(
            OneTimeLink(
                org_id=self._scope.org_id,
                user_id=user_id,
                purpose=purpose,
                digest=digest_of(secret),
                expires_at=now + life,
            )
        )
        return secret

    async def use_link(self, digest: str, *, now: datetime) -> UUID | None:
        """Use it up; whose it was, or None if it is used up or too old."""
        query = self._update(OneTimeLink).where(
            col(OneTimeLink.digest) == digest, col(OneTimeLink.used_at).is_(None), col(OneTimeLink.expires_at) > now
        )
        used = query.values(used_at=now).returning(col(OneTimeLink.user_id))
        return (await self._connection.execute(used)).scalar_one_or_none()

    async def _place(self, role: Role, store_id: UUID | None) -> UUID | None:
        if role.sees_organisation:
            return None
        if store_id is None:
            raise InvalidError(f"A {role} belongs to one store; name it.")
        query = self._select(Store, col(Store.id)).where(col(Store.id) == store_id)
        if (await self._connection.execute(query)).first() is None:
            raise NotFoundError("There is no such store.")
        return store_id

    async def _leave_an_admin(self, *, besides: UUID) -> None:
        query = self._select(User, col(User.id)).where(
            col(User.role) == Role.ORG_ADMIN, col(User.is_active).is_(True), col(User.id) != besides,
            col(User.password_hash) != "",
        )  # fmt: skip
        if (await self._connection.execute(query.with_for_update())).first() is None:
            raise ConflictError(
                "Nobody would be left to run the organisation; make somebody else an administrator first."
            )

    def _query(self) -> Any:
        return self._select(
            User, col(User.id), col(User.email), col(User.role), col(User.store_id), col(User.is_active),
            col(User.password_hash), col(User.created_at),
        )  # fmt: skip


def checked_email(email: str) -> str:
    """As it is kept.

    Raises:
        InvalidError
    """
    email = email.strip().lower()
    if not _EMAIL.fullmatch(email) or len(email) > 320 or "\x00" in email:
        raise InvalidError(f"'{email[:80]}' is no e-mail address.")
    return email


async def redeem(database: Database, secret: str, password: str, *, address: str) -> str:
    """Set a password by a one-time link; whose it is (their e-mail). All their log-ins end.

    Raises:
        LinkError, InvalidError
    """
    gone = "This link was used before, or is too old; ask for a new one."
    password_hash = await asyncio.to_thread(hash_password, password)
    if len(secret) > MAX_LENGTH:
        raise LinkError(gone)
    digest = digest_of(secret)
    async with by_credential(database, digest) as connection:
        row = await row_of_credential(connection, OneTimeLink, digest, OneTimeLink.org_id, OneTimeLink.purpose)
        if row is None:
            raise LinkError(gone)
        scope = Scope(row.org_id, None)
        await adopt(connection, scope)
        users = Users(connection, scope)
        user_id = await users.use_link(digest, now=utc_now())
        if user_id is None:
            raise LinkError(gone)
        await users.set_password_hash(user_id, password_hash)
        await Sessions(connection, scope).revoke_all(user_id)
        user = await users.one(user_id)
        await AuditLog(connection, scope).note(
            actor=user.email, actor_id=user_id, act="password set", subject=user.email, store_id=user.store_id,
            details={"by": row.purpose}, address=address,
        )  # fmt: skip
    return user.email


async def change_password(database: Database, asker: Principal, *, old: str, new: str, address: str) -> None:
    """Change one's own password; all other log-ins end.

    Raises:
        WrongPasswordError, InvalidError
    """
    scope = Scope(asker.org_id, None)
    async with scoped(database, scope, is_read=True) as connection:
        stored = await Users(connection, scope).password_hash(asker.user_id)
    if not (await verify_password(old, stored or None))[0]:
        raise WrongPasswordError("Your present password is not that.")
    password_hash = await asyncio.to_thread(hash_password, new)
    async with scoped(database, scope) as connection:
        await Users(connection, scope).set_password_hash(asker.user_id, password_hash)
        await Sessions(connection, scope).revoke_all(asker.user_id, but=asker.session_id)
        await AuditLog(connection, scope).note(
            actor=asker.email, actor_id=asker.user_id, act="password changed", subject=asker.email,
            store_id=asker.store_id, address=address,
        )  # fmt: skip


async def forgotten(database: Database, email: str, *, address: str) -> str | None:
    """The secret of a reset link for this e-mail, or None where nobody active has it."""
    email = email.strip().lower()
    async with by_credential(database, email) as connection:
        row = await row_of_credential(connection, User, email, User.org_id, User.id, User.store_id, User.is_active)
        if row is None or not row.is_active:
            return None
        scope = Scope(row.org_id, None)
        await adopt(connection, scope)
        await AuditLog(connection, scope).note(
            actor="somebody", act="reset link mailed", subject=email, store_id=row.store_id, address=address
        )
        return await Users(connection, scope).new_link(row.id, purpose="reset")


def _view(row: Any) -> UserView:
    return UserView(row[0], row[1], Role(row[2]), row[3], row[4], bool(row[5]), row[6])
