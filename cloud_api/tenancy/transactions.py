"""Transactions that say who asks: the scope goes to the repositories, and to row-level security as the second belt."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_api.kit.database import Database, buckle
from cloud_api.tenancy.principal import Scope


def scoped(database: Database, scope: Scope, *, is_read: bool = False) -> AbstractAsyncContextManager[AsyncConnection]:
    """A transaction that sees what ``scope`` may see."""
    return database.begin(_belt(scope), is_read=is_read)


def by_credential(database: Database, credential: str) -> AbstractAsyncContextManager[AsyncConnection]:
    """A transaction that sees the one row whose own secret (digest, or e-mail of a log-in) this is."""
    return database.begin({"credential": credential})


def maintenance(database: Database) -> AbstractAsyncContextManager[AsyncConnection]:
    """A transaction of the operator, as the owner of the tables: bound to no organisation."""
    return database.begin({"maintenance": "on"}, is_direct=True)


async def adopt(connection: AsyncConnection, scope: Scope) -> None:
    """From here on, this transaction sees what ``scope`` may see."""
    await buckle(connection, _belt(scope))


async def show(connection: AsyncConnection, credential: str) -> None:
    """From here on, this transaction sees the row whose own secret this is, and no tenant's."""
    await buckle(connection, {"credential": credential})


def _belt(scope: Scope) -> dict[str, str]:
    return {"org_id": str(scope.org_id), "store_id": str(scope.store_id) if scope.store_id else ""}
