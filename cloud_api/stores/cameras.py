"""The cameras of a store: known since they were heard of, or made by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Float, Select, bindparam, func
from sqlmodel import col

from cloud_api.kit.database import insert_for, is_one_of
from cloud_api.kit.errors import ConflictError, NotFoundError
from cloud_api.models import Camera
from cloud_api.models.base import utc_now
from cloud_api.tenancy.scoped_repository import ScopedRepository
from shared_models.heartbeat import CameraHealth

MAX_CAMERAS = 200
"""Per store: a laptop that makes up camera names does not fill the registry."""


@dataclass(frozen=True, slots=True)
class CameraView:
    """A camera as pages know it. ``state`` and ``words`` are of ``reported_at``."""

    store_id: UUID
    camera_id: str
    name: str
    device_id: UUID | None
    zone_revision: int
    state: str
    words: str
    fps: float | None
    reported_at: datetime | None
    first_seen_at: datetime
    retired_at: datetime | None

    @property
    def label(self) -> str:
        """What people call it."""
        return self.name or self.camera_id


class Cameras(ScopedRepository):
    """Cameras of stores in scope."""

    async def of(self, store_id: UUID) -> list[CameraView]:
        """All of a store, by id, retired ones too."""
        query = self._query().where(col(Camera.store_id) == store_id).order_by(col(Camera.camera_id))
        return [CameraView(*row) for row in await self._connection.execute(query)]

    async def of_stores(self, store_ids: Sequence[UUID]) -> dict[UUID, list[CameraView]]:
        """The same of each of many stores, in one query."""
        query = (
            self._query()
            .where(is_one_of(self._connection, col(Camera.store_id), store_ids))
            .order_by(col(Camera.camera_id))
        )
        found: dict[UUID, list[CameraView]] = {store_id: [] for store_id in store_ids}
        for row in await self._connection.execute(query):
            found[row[0]].append(CameraView(*row))
        return found

    async def one(self, store_id: UUID, camera_id: str, *, is_locked: bool = False) -> CameraView:
        """One of them. ``is_locked``: nobody else changes it until this transaction ends.

        Raises:
            NotFoundError
        """
        query = self._query().where(col(Camera.store_id) == store_id, col(Camera.camera_id) == camera_id)
        row = (await self._connection.execute(query.with_for_update() if is_locked else query)).first()
        if row is None:
            raise NotFoundError("There is no such camera.")
        return CameraView(*row)

    async def saw(
        self, store_id: UUID, cameras: Mapping[str, tuple[datetime, datetime]], *, device_id: UUID | None
    ) -> None:
        """Make known what was heard of for the first time; a camera that saw after it was retired is back.

        Args:
            cameras: when each of them saw first and last, as far as is known now.
        """
        known = {c.camera_id: c for c in await self.of(store_id)}
        n, new = len(known), []
        for camera_id, (first_at, last_at) in sorted(cameras.items()):
            old = known.get(camera_id)
            if old is None and n < MAX_CAMERAS:
                n += 1
                made = Camera(
                    store_id=store_id, camera_id=camera_id, org_id=self._scope.org_id, device_id=device_id,
                    first_seen_at=first_at,
                )  # fmt: skip
                new.append(made.model_dump())
            elif old is not None:
                if old.retired_at is not None and last_at > old.retired_at:
                    await self.retire(store_id, camera_id, is_retired=False)
                if first_at < old.first_seen_at:
                    await self._change(store_id, camera_id, first_seen_at=first_at)
        if new:
            await self._connection.execute(insert_for(self._connection)(Camera).on_conflict_do_nothing(), new)

    async def add(self, store_id: UUID, camera_id: str, *, name: str) -> CameraView:
        """A camera made by hand, before it is heard of.

        Raises:
            ConflictError
        """
        cameras = await self.of(store_id)
        if any(c.camera_id == camera_id for c in cameras):
            raise ConflictError(f"There is a camera '{camera_id}' in this store already.")
        if len(cameras) >= MAX_CAMERAS:
            raise ConflictError(f"A store may have {MAX_CAMERAS} cameras.")
        await self._add(Camera(store_id=store_id, camera_id=camera_id, org_id=self._scope.org_id, name=name))
        return await self.one(store_id, camera_id)

    async def rename(self, store_id: UUID, camera_id: str, name: str) -> None:
        """What people call it."""
        await self._change(store_id, camera_id, name=name)

    async def retire(self, store_id: UUID, camera_id: str, *, is_retired: bool) -> None:
        """Its figures stay; it is no longer expected to see."""
        await self._change(store_id, camera_id, retired_at=utc_now() if is_retired else None)

    async def report(self, store_id: UUID, told: Sequence[CameraHealth], *, device_id: UUID, now: datetime) -> None:
        """How they do, by the laptop's word, all in one go. A name given in the cloud stays."""
        if not told:
            return
        query = (
            self._update(Camera)
            .where(col(Camera.store_id) == store_id, col(Camera.camera_id) == bindparam("of_camera"))
            .values(
                state=bindparam("told_state"), words=bindparam("told_words"), fps=bindparam("told_fps", type_=Float),
                reported_at=now, device_id=device_id,
                name=func.coalesce(func.nullif(col(Camera.name), ""), bindparam("told_name")),
            )
        )  # fmt: skip
        rows = [
            {"of_camera": c.camera_id, "told_state": str(c.state), "told_words": c.words, "told_fps": c.fps,
             "told_name": c.name}
            for c in sorted(told, key=lambda c: c.camera_id)
        ]  # fmt: skip
        await self._connection.execute(query, rows)

    async def set_zone_revision(self, store_id: UUID, camera_id: str, revision: int) -> None:
        """Which of its zone sets is in force."""
        await self._change(store_id, camera_id, zone_revision=revision)

    async def _change(self, store_id: UUID, camera_id: str, **values: object) -> None:
        query = self._update(Camera).where(col(Camera.store_id) == store_id, col(Camera.camera_id) == camera_id)
        await self._connection.execute(query.values(**values))

    def _query(self) -> Select[Any]:
        fields = (Camera.store_id, Camera.camera_id, Camera.name, Camera.device_id, Camera.zone_revision, Camera.state,
                  Camera.words, Camera.fps, Camera.reported_at, Camera.first_seen_at, Camera.retired_at)  # fmt: skip
        return self._select(Camera, *(col(f) for f in fields))
