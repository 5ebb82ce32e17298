"""How often something may be tried: counted in the database, so that all workers count together."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from ipaddress import IPv4Address, ip_address, ip_network

from sqlalchemy import case, delete, update
from sqlmodel import col

from cloud_api.kit.database import Database, insert_for
from cloud_api.kit.errors import CloudError
from cloud_api.models import Tries
from cloud_api.models.base import utc_now

WINDOW = timedelta(minutes=5)
FREE_TRIES = {"account": 5, "address": 30, "pairing": 10, "forgot": 5, "renew": 60}
"""Tries within ``WINDOW``, by the kind of key (the word before its first colon)."""


class ThrottledError(CloudError):
    """Too many tries."""

    status = 429

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"Too many tries; wait {int(retry_after_s) + 1} seconds.")
        self.retry_after_s = retry_after_s


class Throttle:
    """Keys are ``kind:what``, e.g. ``account:owner@example.com``; only their hashes are stored."""

    def __init__(self, database: Database, *, now: Callable[[], datetime] = utc_now) -> None:
        self._database = database
        self._now = now

    async def spend(self, *keys: str) -> None:
        """Count one try for each key, before it is known whether it succeeds: many at once must not all pass.

        Raises:
            ThrottledError: one of the keys has had all its tries.
        """
        now = self._now()
        waits = []
        async with self._database.begin() as connection:
            for key in sorted(keys):  # always in one order: two requests never wait for each other crosswise
                made = insert_for(connection)(Tries).values(key=_stored(key), n=1, since_at=now)
                is_over = col(Tries.since_at) <= now - WINDOW
                counted = made.on_conflict_do_update(
                    index_elements=["key"],
                    set_={
                        "n": case((is_over, 1), else_=col(Tries.n) + 1),
                        "since_at": case((is_over, now), else_=col(Tries.since_at)),
                    },
                ).returning(col(Tries.n), col(Tries.since_at))
                n, since_at = (await connection.execute(counted)).one()
                if n > FREE_TRIES[key.partition(":")[0]]:
                    waits.append((since_at + WINDOW - now).total_seconds())
        if waits:
            raise ThrottledError(max(0.0, *waits))

    async def give_back(self, key: str) -> None:
        """Take back one try of ``key``: it was no failure."""
        async with self._database.begin() as connection:
            query = update(Tries).where(col(Tries.key) == _stored(key), col(Tries.n) > 0)
            await connection.execute(query.values(n=col(Tries.n) - 1))

    async def forget(self, key: str) -> None:
        """Start anew."""
        async with self._database.begin() as connection:
            await connection.execute(delete(Tries).where(col(Tries.key) == _stored(key)))


def network_of(address: str) -> str:
    """What counts as one place: an IPv6 customer has at least a /64 of addresses, and could use each of them once."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv4Address):
        return address
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ip_network((found, 64), strict=False))


def _stored(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
