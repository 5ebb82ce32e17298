"""Who did what: one line for every administrative act."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import col

from cloud_api.models import AuditEntry
from cloud_api.tenancy.scoped_repository import ScopedRepository


@dataclass(frozen=True, slots=True)
class AuditView:
    """One line of the log."""

    id: UUID
    at: datetime
    store_id: UUID | None
    actor: str
    act: str
    subject: str
    details: dict[str, Any]
    address: str


class AuditLog(ScopedRepository):
    """Lines are added in the transaction of the act itself, and never changed."""

    async def note(
        self,
        *,
        actor: str,
        act: str,
        subject: str = "",
        actor_id: UUID | None = None,
        store_id: UUID | None = None,
        details: dict[str, Any] | None = None,
        address: str = "",
    ) -> None:
        """Add a line. Never a secret in ``details``."""
        await self._add(
            AuditEntry(
                org_id=self._scope.org_id,
                store_id=store_id or self._scope.store_id,
                actor_id=actor_id,
                actor=actor[:330],
                act=act,
                subject=subject[:400],
                details=details or {},
                address=address[:100],
            )
        )

    async def page(self, *, before: datetime | None, limit: int) -> list[AuditView]:
        """Newest first, older than ``before``."""
        fields = (AuditEntry.id, AuditEntry.at, AuditEntry.store_id, AuditEntry.actor, AuditEntry.act,
                  AuditEntry.subject, AuditEntry.details, AuditEntry.address)  # fmt: skip
        query = self._select(AuditEntry, *(col(f) for f in fields))
        if before is not None:
            query = query.where(col(AuditEntry.at) < before)
        rows = await self._connection.execute(
            query.order_by(col(AuditEntry.at).desc(), col(AuditEntry.id)).limit(limit)
        )
        return [AuditView(*row) for row in rows]
