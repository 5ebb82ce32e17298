"""Zones of cameras, revision by revision: who drew what, which one counts, and what waits for a decision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func
from sqlmodel import col

from cloud_api.kit.database import is_one_of
from cloud_api.kit.errors import ConflictError, NotFoundError
from cloud_api.models import Camera, ZoneRevision
from cloud_api.stores.cameras import Cameras
from cloud_api.stores.stores import Stores
from cloud_api.tenancy.scoped_repository import ScopedRepository
from shared_models.zone_sets import EditOutcome, ZoneEdit, ZoneEditAnswer, ZoneSet
from shared_models.zones import Zone

MAX_CONFLICTS = 20


@dataclass(frozen=True, slots=True)
class RevisionView:
    """One revision. ``is_current``: it counts. ``is_conflict``: it waits for a decision."""

    camera_id: str
    revision: int
    based_on: int
    is_current: bool
    is_conflict: bool
    author: str
    note: str
    made_at: datetime
    zones: tuple[dict[str, Any], ...]


class ZoneSetsOf(ScopedRepository):
    """Zone sets of stores in scope. An edit of the newest becomes the newest; any other waits beside it."""

    async def in_force(self, store_id: UUID) -> list[ZoneSet]:
        """The set that counts, of each camera that has one."""
        rows = await self._connection.execute(self._in_force([store_id]))
        return [ZoneSet.model_validate({"camera_id": c, "revision": r, "zones": d}) for _store, c, r, d in rows]

    async def documents_in_force(self, store_ids: Sequence[UUID]) -> dict[tuple[UUID, str], list[dict[str, Any]]]:
        """The same of many stores in one query, by store and camera: zones as they are kept."""
        rows = await self._connection.execute(self._in_force(store_ids))
        return {(store_id, camera_id): document for store_id, camera_id, _revision, document in rows}

    async def conflicts(self, store_id: UUID) -> list[str]:
        """Cameras on whose zones somebody must decide."""
        return sorted(camera_id for _store, camera_id in await self.conflicts_of([store_id]))

    async def conflicts_of(self, store_ids: Sequence[UUID]) -> set[tuple[UUID, str]]:
        """The same of many stores in one query, by store and camera."""
        query = self._select(ZoneRevision, col(ZoneRevision.store_id), col(ZoneRevision.camera_id)).where(
            is_one_of(self._connection, col(ZoneRevision.store_id), store_ids), col(ZoneRevision.state) == "conflict"
        )
        return {(store_id, camera_id) for store_id, camera_id in await self._connection.execute(query)}

    def _in_force(self, store_ids: Sequence[UUID]) -> Select[Any]:
        fields = (ZoneRevision.store_id, ZoneRevision.camera_id, ZoneRevision.revision, ZoneRevision.document)
        is_current = (
            (col(Camera.store_id) == col(ZoneRevision.store_id))
            & (col(Camera.camera_id) == col(ZoneRevision.camera_id))
            & (col(Camera.zone_revision) == col(ZoneRevision.revision))
        )
        query = self._select(ZoneRevision, *(col(f) for f in fields)).join(Camera, is_current)
        return query.where(is_one_of(self._connection, col(ZoneRevision.store_id), store_ids)).order_by(
            col(ZoneRevision.camera_id)
        )

    async def history(self, store_id: UUID, camera_id: str, *, limit: int = 100) -> list[RevisionView]:
        """Newest first.

        Raises:
            NotFoundError: no such camera.
        """
        camera = await Cameras(self._connection, self._scope).one(store_id, camera_id)
        query = self._of(store_id, camera_id).order_by(col(ZoneRevision.revision).desc()).limit(limit)
        return [_view(row, current=camera.zone_revision) for row in await self._connection.execute(query)]

    async def edit(self, store_id: UUID, edit: ZoneEdit, *, author: str, note: str = "") -> ZoneEditAnswer:
        """Keep an edit: as the newest if it was made from the newest, else as a conflict.

        Raises:
            ConflictError: too many edits wait for a decision.
            NotFoundError: no such camera.
        """
        cameras = Cameras(self._connection, self._scope)
        current = (await cameras.one(store_id, edit.camera_id, is_locked=True)).zone_revision
        document = document_of(edit.zones)
        if current and (await self._one(store_id, edit.camera_id, current)).document == document:
            await self._decided(store_id, edit, author=author)
            return ZoneEditAnswer(outcome=EditOutcome.UNCHANGED, revision=current)
        if edit.based_on == current:
            await self._decided(store_id, edit, author=author)
            made = await self._keep(store_id, edit.camera_id, document, based_on=current, author=author, note=note)
            return ZoneEditAnswer(outcome=EditOutcome.KEPT, revision=made)
        waiting = await self._waiting(store_id, edit.camera_id)
        for row in waiting:
            if row.document == document:
                return ZoneEditAnswer(outcome=EditOutcome.CONFLICT, revision=current, conflict_revision=row.revision)
        if len(waiting) >= MAX_CONFLICTS:
            raise ConflictError("Too many edits of these zones wait for a decision; decide first which one counts.")
        made = await self._insert(
            store_id, edit.camera_id, document, based_on=edit.based_on, author=author, note=note, state="conflict"
        )
        return ZoneEditAnswer(outcome=EditOutcome.CONFLICT, revision=current, conflict_revision=made)

    async def choose(self, store_id: UUID, camera_id: str, revision: int, *, author: str) -> ZoneEditAnswer:
        """Make an older revision, or one that waits, the newest. Nothing waits any more.

        Raises:
            NotFoundError
        """
        camera = await Cameras(self._connection, self._scope).one(store_id, camera_id, is_locked=True)
        chosen = await self._one(store_id, camera_id, revision)
        query = self._update(ZoneRevision).where(
            col(ZoneRevision.store_id) == store_id, col(ZoneRevision.camera_id) == camera_id
        )
        await self._connection.execute(query.values(state="kept"))
        note = f"as in revision {revision}"
        made = await self._keep(
            store_id, camera_id, chosen.document, based_on=camera.zone_revision, author=author, note=note
        )
        return ZoneEditAnswer(outcome=EditOutcome.KEPT, revision=made)

    async def _keep(
        self, store_id: UUID, camera_id: str, document: list[dict[str, Any]], *, based_on: int, author: str, note: str
    ) -> int:
        made = await self._insert(
            store_id, camera_id, document, based_on=based_on, author=author, note=note, state="kept"
        )
        await Cameras(self._connection, self._scope).set_zone_revision(store_id, camera_id, made)
        await Stores(self._connection, self._scope).raise_config_revision(store_id)
        return made

    async def _insert(
        self, store_id: UUID, camera_id: str, document: list[dict[str, Any]], *, based_on: int, author: str, note: str,
        state: str,
    ) -> int:  # fmt: skip
        query = self._select(ZoneRevision, func.max(col(ZoneRevision.revision))).where(
            col(ZoneRevision.store_id) == store_id, col(ZoneRevision.camera_id) == camera_id
        )
        revision = int((await self._connection.execute(query)).scalar_one() or 0) + 1
        await self._add(
            ZoneRevision(
                store_id=store_id, camera_id=camera_id, revision=revision, org_id=self._scope.org_id, based_on=based_on,
                state=state, document=document, author=author[:330], note=note[:300],
            )
        )  # fmt: skip
        return revision

    async def _decided(self, store_id: UUID, edit: ZoneEdit, *, author: str) -> None:
        """What the same author had brought up to the conflict that this edit decides waits no more."""
        if edit.decides is None:
            return
        query = self._update(ZoneRevision).where(
            col(ZoneRevision.store_id) == store_id,
            col(ZoneRevision.camera_id) == edit.camera_id,
            col(ZoneRevision.state) == "conflict",
            col(ZoneRevision.author) == author[:330],
            col(ZoneRevision.revision) <= edit.decides,
        )
        await self._connection.execute(query.values(state="kept"))

    async def _waiting(self, store_id: UUID, camera_id: str) -> Sequence[Any]:
        query = self._of(store_id, camera_id).where(col(ZoneRevision.state) == "conflict")
        found: Sequence[Any] = (await self._connection.execute(query)).all()
        return found

    async def _one(self, store_id: UUID, camera_id: str, revision: int) -> Any:
        query = self._of(store_id, camera_id).where(col(ZoneRevision.revision) == revision)
        row = (await self._connection.execute(query)).first()
        if row is None:
            raise NotFoundError("There is no such revision.")
        return row

    def _of(self, store_id: UUID, camera_id: str) -> Select[Any]:
        return self._select(ZoneRevision).where(
            col(ZoneRevision.store_id) == store_id, col(ZoneRevision.camera_id) == camera_id
        )


def document_of(zones: Sequence[Zone]) -> list[dict[str, Any]]:
    """Zones as they are kept."""
    return [zone.model_dump(mode="json") for zone in zones]


def _view(row: Any, *, current: int) -> RevisionView:
    return RevisionView(
        row.camera_id, row.revision, row.based_on, row.revision == current, row.state == "conflict", row.author,
        row.note, row.made_at, tuple(row.document),
    )  # fmt: skip
