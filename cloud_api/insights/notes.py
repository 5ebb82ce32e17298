"""Marks that readers put on statements: put away, or kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import col

from cloud_api.insights.statements import Statement
from cloud_api.kit.errors import NotFoundError
from cloud_api.kit.language import gettext as _
from cloud_api.models import InsightNote
from cloud_api.tenancy.principal import Principal
from cloud_api.tenancy.scoped_repository import ScopedRepository

MOST_KEPT = 50
MOST_NOTES = 2000
DISMISSED, KEPT = "dismissed", "kept"


@dataclass(frozen=True, slots=True)
class KeptStatement:
    """A statement as it stood on the day on which it was kept."""

    key: str
    kind: str
    store: str
    words: str
    numbers: tuple[str, ...]
    reason: str
    made_at: datetime


class InsightNotes(ScopedRepository):
    """Of one reader."""

    async def of(self, reader: Principal) -> dict[str, str]:
        """The mark of each key; the newest ones."""
        query = self._select(InsightNote, col(InsightNote.key), col(InsightNote.mark)).where(self._own(reader))
        rows = await self._connection.execute(query.order_by(col(InsightNote.made_at).desc()).limit(MOST_NOTES))
        return {row[0]: row[1] for row in rows}

    async def kept(self, reader: Principal) -> list[KeptStatement]:
        """Newest first."""
        query = self._select(InsightNote, col(InsightNote.key), col(InsightNote.document), col(InsightNote.made_at))
        query = query.where(self._own(reader), col(InsightNote.mark) == KEPT)
        rows = await self._connection.execute(query.order_by(col(InsightNote.made_at).desc()).limit(MOST_KEPT))
        return [_kept(key, document, made_at) for key, document, made_at in rows]

    async def put(self, reader: Principal, statement: Statement, mark: str) -> None:
        """Mark it, whatever the mark was before."""
        await self.take_back(reader, statement.key)
        await self._add(
            InsightNote(
                user_id=reader.user_id, key=statement.key, org_id=reader.org_id,
                store_id=statement.store.id if statement.store else None, mark=mark, document=_document(statement),
            )
        )  # fmt: skip

    async def take_back(self, reader: Principal, key: str) -> None:
        """As if it had never been marked."""
        await self._connection.execute(self._delete(InsightNote).where(self._own(reader), col(InsightNote.key) == key))

    def _own(self, reader: Principal) -> Any:
        return col(InsightNote.user_id) == reader.user_id


def found(statements: list[Statement], key: str) -> Statement:
    """The statement with this key.

    Raises:
        NotFoundError: the figures have moved on, and nobody says this any more.
    """
    for statement in statements:
        if statement.key == key:
            return statement
    raise NotFoundError(_("The figures have moved on, and this is no longer said; load the page again."))


def _document(statement: Statement) -> dict[str, Any]:
    return {
        "kind": str(statement.kind), "store": statement.store.name if statement.store else "", "words": statement.words,
        "numbers": list(statement.numbers), "reason": statement.reason,
    }  # fmt: skip


def _kept(key: str, document: dict[str, Any], made_at: datetime) -> KeptStatement:
    numbers = tuple(str(n) for n in document.get("numbers", ()))
    kind, store, words, reason = (str(document.get(name, "")) for name in ("kind", "store", "words", "reason"))
    return KeptStatement(key, kind, store, words, numbers, reason, made_at)


__all__ = ["DISMISSED", "KEPT", "InsightNotes", "KeptStatement", "found"]
