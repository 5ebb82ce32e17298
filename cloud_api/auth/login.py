"""From e-mail and password to a principal."""

from __future__ import annotations

from uuid import UUID

from cloud_api.auth.passwords import verify_password
from cloud_api.auth.throttle import Throttle, ThrottledError, network_of
from cloud_api.auth.users import Users
from cloud_api.kit.database import Database
from cloud_api.kit.errors import CloudError
from cloud_api.models import User
from cloud_api.tenancy.organisations import Organisations
from cloud_api.tenancy.principal import Principal, Role, Scope
from cloud_api.tenancy.shown_credential import row_of_credential
from cloud_api.tenancy.transactions import adopt, by_credential, scoped

__all__ = ["LoginError", "ThrottledError", "log_in"]


_NOWHERE = UUID(int=0)


class LoginError(CloudError):
    """Unknown account and wrong password look the same."""

    status = 401


async def log_in(
    database: Database, throttle: Throttle, *, email: str, password: str, address: str, is_demo: bool
) -> Principal:
    """Check a password. ``is_demo``: the demo organisation, whose password everybody knows, may log in.

    Raises:
        LoginError: unknown e-mail or wrong password.
        ThrottledError: too many wrong passwords for this account or from this address.
    """
    email = email.strip().lower()
    account, place = f"account:{email}", f"address:{network_of(address)}"
    await throttle.spend(account, place)
    principal, stored = await _account(database, email, is_demo=is_demo)
    fits, renewed = await verify_password(password, stored or None)
    if principal is None or not fits:
        raise LoginError("E-mail or password is wrong.")
    await throttle.forget(account)
    await throttle.give_back(place)
    if renewed:
        scope = Scope(principal.org_id, None)
        async with scoped(database, scope) as connection:
            await Users(connection, scope).set_password_hash(principal.user_id, renewed)
    return principal


async def _account(database: Database, email: str, *, is_demo: bool) -> tuple[Principal | None, str]:
    async with by_credential(database, email) as connection:
        row = await row_of_credential(
            connection, User, email, User.id, User.org_id, User.store_id, User.role, User.password_hash, User.is_active
        )
        # Whoever does not exist costs the same statements as whoever does.
        scope = Scope(row.org_id if row else _NOWHERE, None)
        await adopt(connection, scope)
        is_of_demo = await Organisations(connection, scope).is_demo()
    if row is None or not row.is_active or (is_of_demo and not is_demo):
        return None, ""
    return Principal(row.id, row.org_id, row.store_id, Role(row.role), email=email), row.password_hash
