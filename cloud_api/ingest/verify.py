"""Proof that rollups equal raw events."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from cloud_api.kit.buckets import rollup_start
from cloud_api.models import Event, RollupCoarse, RollupFine


async def rollup_differences(connection: AsyncConnection) -> list[str]:
    """Every rollup whose number is not that of its raw events, in words; empty: all are right."""
    fine: dict[tuple[Any, ...], int] = defaultdict(int)
    coarse: dict[tuple[Any, ...], int] = defaultdict(int)
    query = select(
        col(Event.store_id), col(Event.occurred_at), col(Event.type), col(Event.camera_id), col(Event.zone_id)
    )
    for store_id, occurred_at, kind, camera_id, zone_id in await connection.execute(query):
        at = rollup_start(occurred_at)
        fine[store_id, at, kind, camera_id, zone_id] += 1
        coarse[store_id, at, kind] += 1
    stored_fine = select(
        col(RollupFine.store_id), col(RollupFine.bucket_at), col(RollupFine.type), col(RollupFine.camera_id),
        col(RollupFine.zone_id), col(RollupFine.n),
    )  # fmt: skip
    stored_coarse = select(
        col(RollupCoarse.store_id), col(RollupCoarse.bucket_at), col(RollupCoarse.type), col(RollupCoarse.n)
    )
    return [
        *_differences("fine", fine, {tuple(r[:-1]): r[-1] for r in await connection.execute(stored_fine)}),
        *_differences("coarse", coarse, {tuple(r[:-1]): r[-1] for r in await connection.execute(stored_coarse)}),
    ]


def _differences(name: str, raw: dict[tuple[Any, ...], int], stored: dict[tuple[Any, ...], int]) -> list[str]:
    return [
        f"{name} rollup {' '.join(str(part) for part in key)}: {stored.get(key, 0)} stored, {raw.get(key, 0)} events"
        for key in sorted(raw.keys() | stored.keys(), key=str)
        if raw.get(key, 0) != stored.get(key, 0)
    ]
