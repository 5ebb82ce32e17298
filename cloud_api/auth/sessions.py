"""Log-ins that can be listed, renewed and revoked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import col

from cloud_api.auth.credentials import MAX_LENGTH, digest_of, new_secret
from cloud_api.auth.tokens import PAGE_LIFE
from cloud_api.kit.database import Database
from cloud_api.kit.errors import CloudError, NotFoundError
from cloud_api.models import RefreshToken, Session, User
from cloud_api.models.base import new_id, utc_now
from cloud_api.tenancy.audit import AuditLog
from cloud_api.tenancy.principal import Principal, Role, Scope
from cloud_api.tenancy.scoped_repository import ScopedRepository
from cloud_api.tenancy.shown_credential import row_of_credential
from cloud_api.tenancy.transactions import adopt, by_credential, scoped

REFRESH_LIFE = timedelta(days=30)
SEEN_STEP = timedelta(minutes=5)


class RenewalError(CloudError):
    """The refresh token is not to be believed."""

    status = 401


@dataclass(frozen=True, slots=True)
class SessionView:
    """One log-in as its owner sees it."""

    id: UUID
    user_id: UUID
    kind: str
    address: str
    agent: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """A session that stands: whom it speaks for, and when it was last used (to some minutes)."""

    principal: Principal
    last_used_at: datetime


class Sessions(ScopedRepository):
    """Sessions of one organisation (``scope`` without a store)."""

    async def open(self, principal: Principal, *, kind: str, address: str, agent: str) -> Principal:
        """A new log-in; the same principal with its session."""
        life = PAGE_LIFE if kind == "page" else REFRESH_LIFE
        session = Session(
            id=new_id(), org_id=principal.org_id, user_id=principal.user_id, kind=kind, address=address[:100],
            agent=agent[:200], expires_at=utc_now() + life,
        )  # fmt: skip
        await self._add(session)
        return replace(principal, session_id=session.id)

    async def add_refresh_token(self, session_id: UUID) -> str:
        """A token that renews the session once."""
        secret = new_secret("wink_refresh")
        await self._add(RefreshToken(org_id=self._scope.org_id, session_id=session_id, digest=digest_of(secret)))
        return secret

    async def standing(self, session_id: UUID, *, now: datetime) -> Standing | None:
        """Who the session speaks for now, by the role of today; None once it has ended."""
        query = (
            self._select(
                Session, col(User.id), col(User.org_id), col(User.store_id), col(User.role), col(Session.id),
                col(User.email), col(Session.last_used_at),
            )
            .join(User, col(User.id) == col(Session.user_id))
            .where(
                col(Session.id) == session_id,
                col(Session.revoked_at).is_(None),
                col(Session.expires_at) > now,
                col(User.is_active).is_(True),
            )
        )  # fmt: skip
        row = (await self._connection.execute(query)).first()
        if row is None:
            return None
        return Standing(Principal(row[0], row[1], row[2], Role(row[3]), row[4], row[5]), row.last_used_at)

    async def touch(self, session_id: UUID, *, now: datetime) -> None:
        """Note that it was used."""
        query = self._update(Session).where(col(Session.id) == session_id)
        await self._connection.execute(query.values(last_used_at=now))

    async def of_user(self, user_id: UUID, *, now: datetime) -> list[SessionView]:
        """Those that stand, newest first."""
        fields = (Session.id, Session.user_id, Session.kind, Session.address, Session.agent, Session.created_at,
                  Session.last_used_at, Session.expires_at)  # fmt: skip
        query = self._select(Session, *(col(f) for f in fields)).where(
            col(Session.user_id) == user_id, col(Session.revoked_at).is_(None), col(Session.expires_at) > now
        )
        rows = await self._connection.execute(query.order_by(col(Session.created_at).desc()))
        return [SessionView(*row) for row in rows]

    async def revoke(self, session_id: UUID, *, user_id: UUID) -> None:
        """End one of a person's log-ins.

        Raises:
            NotFoundError: they have no such one.
        """
        query = self._update(Session).where(
            col(Session.id) == session_id, col(Session.user_id) == user_id, col(Session.revoked_at).is_(None)
        )
        done: Any = await self._connection.execute(query.values(revoked_at=utc_now()))
        if done.rowcount == 0:
            raise NotFoundError("There is no such log-in.")

    async def revoke_all(self, user_id: UUID, *, but: UUID | None = None) -> int:
        """End all log-ins of a person (except one); how many that were."""
        query = self._update(Session).where(col(Session.user_id) == user_id, col(Session.revoked_at).is_(None))
        if but is not None:
            query = query.where(col(Session.id) != but)
        done: Any = await self._connection.execute(query.values(revoked_at=utc_now()))
        return int(done.rowcount)

    async def use_refresh_token(self, digest: str, *, now: datetime) -> bool:
        """Use it up; False if somebody has before."""
        query = self._update(RefreshToken).where(
            col(RefreshToken.digest) == digest, col(RefreshToken.used_at).is_(None)
        )
        done: Any = await self._connection.execute(query.values(used_at=now))
        return bool(done.rowcount == 1)

    async def end_stolen(self, session_id: UUID, *, now: datetime) -> None:
        """End a session whose refresh token came twice: one of the two was a thief."""
        query = self._update(Session).where(col(Session.id) == session_id, col(Session.revoked_at).is_(None))
        ended = query.values(revoked_at=now).returning(col(Session.user_id))
        user_id = (await self._connection.execute(ended)).scalar_one_or_none()
        if user_id is not None:
            await AuditLog(self._connection, self._scope).note(
                actor="the cloud", act="log-in ended", subject=str(user_id),
                details={"because": "a refresh token came twice"},
            )  # fmt: skip


async def open_session(
    database: Database, principal: Principal, *, kind: str, address: str, agent: str
) -> tuple[Principal, str]:
    """A new log-in: the principal with its session, and a refresh token (empty for pages)."""
    async with scoped(database, Scope(principal.org_id, None)) as connection:
        sessions = Sessions(connection, Scope(principal.org_id, None))
        opened = await sessions.open(principal, kind=kind, address=address, agent=agent)
        if kind == "page" or opened.session_id is None:
            return opened, ""
        return opened, await sessions.add_refresh_token(opened.session_id)


async def renew(database: Database, refresh_token: str) -> tuple[Principal, str]:
    """Exchange a refresh token for the next one. One that comes twice was stolen: its session ends.

    Raises:
        RenewalError
    """
    if len(refresh_token) > MAX_LENGTH:
        raise RenewalError("Log in again.")
    digest, now = digest_of(refresh_token), utc_now()
    async with by_credential(database, digest) as connection:
        row = await row_of_credential(connection, RefreshToken, digest, RefreshToken.org_id, RefreshToken.session_id)
        if row is not None:
            scope = Scope(row.org_id, None)
            await adopt(connection, scope)
            sessions = Sessions(connection, scope)
            if await sessions.use_refresh_token(digest, now=now):
                standing = await sessions.standing(row.session_id, now=now)
                if standing is not None:
                    await sessions.touch(row.session_id, now=now)
                    return standing.principal, await sessions.add_refresh_token(row.session_id)
            else:
                await sessions.end_stolen(row.session_id, now=now)
    raise RenewalError("Log in again.")
