"""Rows of the demo that are no figures: its laptops, cameras, and the events of the last two hours."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from random import Random
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from cloud_api.demo_data.drawings import HEAT_GRID
from cloud_api.kit.buckets import ROLLUP
from cloud_api.models import Camera, EdgeDevice, Event, HeatDay, Organisation
from shared_models.ids import uuid7


class DemoPlaces:
    """Works in the operator's transaction, on rows of the demo organisation only."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def organisations(self) -> list[tuple[str, bool]]:
        """Names of all, and whether each is a demo."""
        rows = await self._connection.execute(select(col(Organisation.name), col(Organisation.is_demo)))
        return [(row[0], row[1]) for row in rows]

    async def id_of(self, name: str) -> UUID:
        """Of the organisation of this name."""
        query = select(col(Organisation.id)).where(col(Organisation.name) == name)
        return (await self._connection.execute(query)).scalar_one()

    async def add_laptop(self, org_id: UUID, store_id: UUID, *, since: datetime, now: datetime, n_events: int) -> UUID:
        """A laptop that was heard just now."""
        made = EdgeDevice(
            org_id=org_id, store_id=store_id, name="Demo laptop", version="demo", outbox_depth=0, clock_offset_s=0.1,
            contiguous_seq=n_events, highest_seq=n_events, last_seen_at=now, last_heartbeat_at=now, created_at=since,
        )  # fmt: skip
        await self._connection.execute(insert(EdgeDevice).values(made.model_dump()))
        return made.id

    async def add_camera(
        self, org_id: UUID, store_id: UUID, camera_id: str, *, name: str, device_id: UUID, since: datetime,
        now: datetime, state: str, words: str, fps: float | None,
    ) -> None:  # fmt: skip
        """A camera that was reported just now."""
        made = Camera(
            store_id=store_id, camera_id=camera_id, org_id=org_id, name=name, device_id=device_id, state=state,
            words=words, fps=fps, reported_at=now, first_seen_at=since,
        )  # fmt: skip
        await self._connection.execute(insert(Camera).values(made.model_dump()))

    async def add_heat(
        self, org_id: UUID, store_id: UUID, camera_id: str, day: date, *, cells: dict[str, float], person_s: float
    ) -> None:
        """Where people stood on a day, on the grid of ``HEAT_GRID``."""
        columns, rows = HEAT_GRID
        made = HeatDay(
            store_id=store_id, day=day, camera_id=camera_id, columns=columns, rows=rows, org_id=org_id, n=96,
            seconds=person_s, cells=cells,
        )  # fmt: skip
        await self._connection.execute(insert(HeatDay).values(made.model_dump()))

    async def add_events(
        self, org_id: UUID, store_id: UUID, device_id: UUID, latest: Sequence[tuple[str, datetime]], *,
        door: tuple[str, str], now: datetime,
    ) -> None:  # fmt: skip
        """What happened at the door of late."""
        chance = Random(store_id.int)  # noqa: S311 - no secret
        moments = sorted((at + chance.random() * min(ROLLUP, now - at), kind) for kind, at in latest)
        rows = [
            Event(
                store_id=store_id, event_id=uuid7(), org_id=org_id, device_id=device_id, seq=seq, type=kind,
                camera_id=door[0], zone_id=door[1], zone_revision=1, occurred_at=at, received_at=at,
            ).model_dump()
            for seq, (at, kind) in enumerate(moments, 1)
        ]  # fmt: skip
        if rows:
            await self._connection.execute(insert(Event), rows)
