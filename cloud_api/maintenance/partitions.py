"""Months of events on PostgreSQL: made ahead, and dropped whole when their time has passed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

MONTHS_BACK, MONTHS_AHEAD = 2, 3


def month_start(day: date, *, months: int = 0) -> date:
    """The first day of the month that lies ``months`` after that of ``day``."""
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def first_id(day: date) -> UUID:
    """The lowest UUIDv7 that can be minted on ``day`` (UTC): ids are ordered by time, so a month is a range of them."""
    return UUID(int=int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000) << 80)


def name_of(month: date) -> str:
    """The table of a month."""
    return f"events_{month:%Y_%m}"


async def partitions(connection: AsyncConnection) -> dict[str, date]:
    """The months that have a table of their own, by its name."""
    query = text(
        "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
        "WHERE i.inhparent = 'events'::regclass AND c.relname <> 'events_default' ORDER BY 1"
    )
    names = (await connection.execute(query)).scalars()
    return {name: date(int(name[7:11]), int(name[12:14]), 1) for name in names}


async def make_ahead(connection: AsyncConnection, *, today: date) -> list[str]:
    """Make the tables of the months around ``today`` that are missing; their names. Runs as the owner."""
    if connection.dialect.name != "postgresql":
        return []
    there = await partitions(connection)
    made = []
    for months in range(-MONTHS_BACK, MONTHS_AHEAD + 1):
        month = month_start(today, months=months)
        if name_of(month) not in there:
            await _make(connection, month)
            made.append(name_of(month))
    return made


async def drop_older(connection: AsyncConnection, *, cutoff: datetime) -> list[str]:
    """Drop months that hold nothing newer than ``cutoff``; their names. Runs as the owner."""
    dropped = []
    for name, month in (await partitions(connection)).items():
        following = month_start(month, months=1)
        if following > (cutoff - timedelta(days=1)).date():
            continue
        # A clock that was wrong may have put a newer event into an older month: then the month waits.
        query = text("SELECT 1 FROM events WHERE event_id >= :a AND event_id < :b AND occurred_at >= :c LIMIT 1")
        span = {"a": first_id(month), "b": first_id(following), "c": cutoff}
        if (await connection.execute(query, span)).first() is None:
            await connection.execute(text(f"DROP TABLE {name}"))
            dropped.append(name)
    return dropped


async def _make(connection: AsyncConnection, month: date) -> None:
    name = name_of(month)
    low, high = first_id(month), first_id(month_start(month, months=1))
    # What came for this month before it had a table lies in the default one, and moves.
    for statement in (
        f"CREATE TABLE {name} (LIKE events INCLUDING ALL)",
        f"WITH moved AS (DELETE FROM events WHERE event_id >= '{low}' AND event_id < '{high}' RETURNING *) "  # noqa: S608
        f"INSERT INTO {name} SELECT * FROM moved",
        f"ALTER TABLE events ATTACH PARTITION {name} FOR VALUES FROM ('{low}') TO ('{high}')",
        f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY",
        # For backups, which read each month by itself.
        f"CREATE POLICY maintenance ON {name} TO CURRENT_USER "
        "USING ((SELECT wink_maintenance())) WITH CHECK ((SELECT wink_maintenance()))",
    ):
        await connection.execute(text(statement))
