"""The one look-up that comes before any scope: the row whose own secret somebody shows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel, col

from cloud_api.models import ApiKey, EdgeKey, OneTimeLink, PairingCode, RefreshToken, User

SECRET_COLUMNS: dict[type[SQLModel], Any] = {
    ApiKey: ApiKey.digest,
    EdgeKey: EdgeKey.digest,
    OneTimeLink: OneTimeLink.digest,
    PairingCode: PairingCode.digest,
    RefreshToken: RefreshToken.digest,
    User: User.email,
}


async def row_of_credential(
    connection: AsyncConnection, table: type[SQLModel], secret: str, *columns: Any
) -> Row[Any] | None:
    """``columns`` of the row of ``table`` that ``secret`` (a digest; of a user: the e-mail) belongs to.

    The transaction must have been begun with ``by_credential``; adopt the scope that the row names afterwards.
    """
    query = select(*(col(c) for c in columns)).where(col(SECRET_COLUMNS[table]) == secret)
    return (await connection.execute(query)).first()
