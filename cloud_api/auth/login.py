"""From e-mail and password to a principal."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select, update
from sqlmodel import col

from cloud_api.auth.passwords import verify_password
from cloud_api.auth.throttle import Throttle
from cloud_api.kit.database import Database
from cloud_api.kit.errors import CloudError
from cloud_api.models import Organisation, User
from cloud_api.tenancy.principal import Principal, Role


class LoginError(CloudError):
    """Unknown account and wrong password look the same."""

    status = 401


class ThrottledError(CloudError):
    """Too many tries."""

    status = 429

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"Too many tries; wait {int(retry_after_s) + 1} seconds.")
        self.retry_after_s = retry_after_s


async def log_in(
    database: Database, throttle: Throttle, *, email: str, password: str, address: str, is_demo: bool
) -> Principal:
    """Check a password. ``is_demo``: the demo organisation, whose password everybody knows, may log in.

    Raises:
        LoginError: unknown e-mail or wrong password.
        ThrottledError: too many wrong passwords for this account or from this address.
    """
    email = email.strip().lower()
    keys = (f"account:{email}", f"address:{address}")
    wait_s = throttle.wait_s(*keys)
    if wait_s > 0:
        raise ThrottledError(wait_s)
    # Counted before the slow hash: many tries at once must not all pass the check above.
    throttle.failed(*keys)
    async with database.begin() as connection:
        query = select(
            col(User.id), col(User.org_id), col(User.store_id), col(User.role), col(User.password_hash)
        ).where(col(User.email) == email)
        if not is_demo:
            query = query.join(Organisation, col(Organisation.id) == col(User.org_id))
            query = query.where(col(Organisation.is_demo).is_(False))
        row = (await connection.execute(query)).first()
    fits, renewed = await verify_password(password, row.password_hash if row else None)
    if row is None or not fits:
        raise LoginError("E-mail or password is wrong.")
    throttle.succeeded(keys[0])
    throttle.forgive(keys[1])
    if renewed:
        await _renew(database, user_id=row.id, password_hash=renewed)
    return Principal(row.id, row.org_id, row.store_id, Role(row.role))


async def _renew(database: Database, *, user_id: UUID, password_hash: str) -> None:
    async with database.begin() as connection:
        await connection.execute(update(User).where(col(User.id) == user_id).values(password_hash=password_hash))
