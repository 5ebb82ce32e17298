"""The door to tenant data: statements that are born with their scope."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Delete, Select, Update, and_, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel

from cloud_api.kit.errors import NotFoundError
from cloud_api.tenancy.principal import Scope


class ScopedRepository:
    """Repositories inherit it. Whatever they ask begins at ``_select``, ``_update``, ``_delete`` or ``_add``."""

    def __init__(self, connection: AsyncConnection, scope: Scope) -> None:
        self._connection = connection
        self._scope = scope

    def _select(self, table: type[SQLModel], *columns: Any) -> Select[Any]:
        """Rows of ``table`` in scope; all columns where none are named."""
        chosen = columns or tuple(_columns(table))
        return select(*chosen).select_from(table).where(self._in_scope(table))

    def _update(self, table: type[SQLModel]) -> Update:
        return update(table).where(self._in_scope(table))

    def _delete(self, table: type[SQLModel]) -> Delete:
        return delete(table).where(self._in_scope(table))

    async def _add(self, row: SQLModel) -> None:
        """Insert a row, which must lie in scope.

        Raises:
            NotFoundError: it belongs to another organisation or store.
        """
        values = row.model_dump()
        org_id = values["id"] if type(row).__tablename__ == "organisations" else values["org_id"]
        store_id = values["id"] if type(row).__tablename__ == "stores" else values.get("store_id")
        if org_id != self._scope.org_id or (self._scope.store_id is not None and store_id != self._scope.store_id):
            raise NotFoundError("There is no such place.")
        await self._connection.execute(insert(type(row)).values(values))

    def _in_scope(self, table: type[SQLModel]) -> ColumnElement[bool]:
        """The condition that every statement carries."""
        columns = {column.name: column for column in _columns(table)}
        name = table.__tablename__
        own: ColumnElement[bool] = columns["id" if name == "organisations" else "org_id"] == self._scope.org_id
        store = columns.get("id" if name == "stores" else "store_id")
        if self._scope.store_id is None or store is None:
            return own
        return and_(own, store == self._scope.store_id)


def _columns(table: type[SQLModel]) -> Any:
    return table.__table__.columns  # type: ignore[attr-defined]  # SQLModel adds it to classes with table=True
