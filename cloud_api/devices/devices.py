"""Laptops of stores: who they are, how they do, and the keys they speak with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select
from sqlmodel import col

from cloud_api.auth.credentials import digest_of, hint_of, new_edge_key
from cloud_api.kit.errors import ConflictError, NotFoundError
from cloud_api.models import EdgeDevice, EdgeKey
from cloud_api.models.base import utc_now
from cloud_api.tenancy.scoped_repository import ScopedRepository
from cloud_api.tenancy.visible_stores import StoreView
from shared_models.heartbeat import Heartbeat

MAX_LIVE_KEYS = 2
"""The old one and its successor, while a laptop changes over."""


@dataclass(frozen=True, slots=True)
class KeyView:
    """A key without its secret."""

    id: UUID
    device_id: UUID
    hint: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class DeviceView:
    """A laptop and how it does."""

    id: UUID
    store_id: UUID
    name: str
    version: str
    outbox_depth: int | None
    clock_offset_s: float | None
    contiguous_seq: int
    highest_seq: int
    last_seen_at: datetime | None
    last_heartbeat_at: datetime | None
    retired_at: datetime | None
    created_at: datetime


class Devices(ScopedRepository):
    """Laptops of stores in scope."""

    async def all(self, store_id: UUID | None = None) -> list[DeviceView]:
        """Those that are not retired, of one store or of all in scope."""
        query = self._query().where(col(EdgeDevice.retired_at).is_(None))
        if store_id is not None:
            query = query.where(col(EdgeDevice.store_id) == store_id)
        return [DeviceView(*row) for row in await self._connection.execute(query.order_by(col(EdgeDevice.created_at)))]

    async def one(self, device_id: UUID, *, is_locked: bool = False) -> DeviceView:
        """One of them.

        Raises:
            NotFoundError
        """
        query = self._query().where(col(EdgeDevice.id) == device_id)
        row = (await self._connection.execute(query.with_for_update() if is_locked else query)).first()
        if row is None:
            raise NotFoundError("There is no such laptop.")
        return DeviceView(*row)

    async def enrol(self, store: StoreView, *, name: str, version: str = "") -> tuple[UUID, str]:
        """A new laptop of a store: its id and its key, which is shown this once."""
        device = EdgeDevice(org_id=store.org_id, store_id=store.id, name=name, version=version)
        await self._add(device)
        return device.id, await self._new_key(device.id, store)

    async def new_key(self, device_id: UUID, store: StoreView) -> str:
        """A second key, so that the first can be given up without a pause.

        Raises:
            ConflictError: there are two already, or the laptop is retired.
        """
        device = await self.one(device_id, is_locked=True)
        if device.retired_at is not None:
            raise ConflictError("This laptop is retired; enrol it again.")
        if len(await self.keys(device_id)) >= MAX_LIVE_KEYS:
            raise ConflictError("This laptop has two keys; revoke the one that is not used any more.")
        return await self._new_key(device_id, store)

    async def keys(self, device_id: UUID | None = None) -> list[KeyView]:
        """Keys that live, oldest first: of one laptop, or of all in scope."""
        query = self._select(
            EdgeKey, col(EdgeKey.id), col(EdgeKey.device_id), col(EdgeKey.hint), col(EdgeKey.created_at)
        ).where(col(EdgeKey.revoked_at).is_(None))
        if device_id is not None:
            query = query.where(col(EdgeKey.device_id) == device_id)
        return [KeyView(*row) for row in await self._connection.execute(query.order_by(col(EdgeKey.created_at)))]

    async def revoke_key(self, device_id: UUID, key_id: UUID) -> None:
        """End a key at once.

        Raises:
            NotFoundError
        """
        query = self._update(EdgeKey).where(
            col(EdgeKey.id) == key_id, col(EdgeKey.device_id) == device_id, col(EdgeKey.revoked_at).is_(None)
        )
        done: Any = await self._connection.execute(query.values(revoked_at=utc_now()))
        if done.rowcount == 0:
            raise NotFoundError("There is no such key.")

    async def rename(self, device_id: UUID, name: str) -> None:
        """What people call it."""
        query = self._update(EdgeDevice).where(col(EdgeDevice.id) == device_id)
        await self._connection.execute(query.values(name=name))

    async def retire(self, device_id: UUID) -> None:
        """It speaks no more: its keys end with it."""
        now = utc_now()
        keys = self._update(EdgeKey).where(col(EdgeKey.device_id) == device_id, col(EdgeKey.revoked_at).is_(None))
        await self._connection.execute(keys.values(revoked_at=now))
        query = self._update(EdgeDevice).where(col(EdgeDevice.id) == device_id)
        await self._connection.execute(query.values(retired_at=now))

    async def heard(self, device_id: UUID, beat: Heartbeat, *, now: datetime, clock_offset_s: float) -> None:
        """Keep what a heartbeat tells of the laptop itself."""
        query = self._update(EdgeDevice).where(col(EdgeDevice.id) == device_id)
        await self._connection.execute(
            query.values(
                last_seen_at=now, last_heartbeat_at=now, version=beat.version, outbox_depth=beat.outbox_depth,
                clock_offset_s=clock_offset_s,
            )
        )  # fmt: skip

    async def _new_key(self, device_id: UUID, store: StoreView) -> str:
        key = new_edge_key(store.name)
        await self._add(
            EdgeKey(
                org_id=store.org_id, store_id=store.id, device_id=device_id, digest=digest_of(key), hint=hint_of(key)
            )
        )
        return key

    def _query(self) -> Select[Any]:
        fields = (
            EdgeDevice.id, EdgeDevice.store_id, EdgeDevice.name, EdgeDevice.version, EdgeDevice.outbox_depth,
            EdgeDevice.clock_offset_s, EdgeDevice.contiguous_seq, EdgeDevice.highest_seq, EdgeDevice.last_seen_at,
            EdgeDevice.last_heartbeat_at, EdgeDevice.retired_at, EdgeDevice.created_at,
        )  # fmt: skip
        return self._select(EdgeDevice, *(col(f) for f in fields))
