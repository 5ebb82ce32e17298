"""What must be done now and then: months made ahead, old events dropped, dead log-ins and codes swept out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import column, delete, or_, select, table
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from cloud_api.kit.buckets import rollup_start
from cloud_api.maintenance.partitions import drop_older, make_ahead
from cloud_api.models import OneTimeLink, PairingCode, RefreshToken, Session, Tries
from cloud_api.models.base import UtcDateTime
from cloud_api.rollups.proof import note_retained_from, retained_from

SWEEP_AFTER = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What was done."""

    made: list[str]
    dropped: list[str]
    events_deleted: int
    swept: int

    def words(self) -> str:
        """For the operator."""
        parts = [
            f"months made: {', '.join(self.made) or 'none'}",
            f"months dropped: {', '.join(self.dropped) or 'none'}",
            f"old events deleted: {self.events_deleted}",
            f"ended log-ins, links and codes swept out: {self.swept}",
        ]
        return "; ".join(parts)


async def upkeep(connection: AsyncConnection, *, now: datetime, retention_days: int) -> Upkeep:
    """Do it, as the owner. ``retention_days`` 0: events are kept for ever."""
    made = await make_ahead(connection, today=now.date())
    dropped: list[str] = []
    deleted = 0
    if retention_days:
        cutoff = rollup_start(now - timedelta(days=retention_days))
        if connection.dialect.name == "postgresql":
            dropped = await drop_older(connection, cutoff=cutoff)
        deleted = await _delete_older(connection, cutoff)
        if deleted or dropped:
            before = await retained_from(connection)
            await note_retained_from(connection, max(cutoff, before) if before else cutoff)
    return Upkeep(made, dropped, deleted, await _sweep(connection, now - SWEEP_AFTER))


async def _delete_older(connection: AsyncConnection, cutoff: datetime) -> int:
    # Months are dropped whole; what fits no month lies in the default partition and goes by its time.
    rows = "events_default" if connection.dialect.name == "postgresql" else "events"
    query = delete(table(rows, column("occurred_at", UtcDateTime))).where(column("occurred_at", UtcDateTime) < cutoff)
    done: Any = await connection.execute(query)
    return int(done.rowcount)


async def _sweep(connection: AsyncConnection, before: datetime) -> int:
    ended = select(col(Session.id)).where(or_(col(Session.expires_at) < before, col(Session.revoked_at) < before))
    swept = 0
    for query in (
        delete(RefreshToken).where(col(RefreshToken.session_id).in_(ended)),
        delete(RefreshToken).where(col(RefreshToken.used_at) < before),
        delete(Session).where(or_(col(Session.expires_at) < before, col(Session.revoked_at) < before)),
        delete(OneTimeLink).where(col(OneTimeLink.expires_at) < before),
        delete(PairingCode).where(col(PairingCode.expires_at) < before),
        delete(Tries).where(col(Tries.since_at) < before),
    ):
        done: Any = await connection.execute(query)
        swept += int(done.rowcount)
    return swept
