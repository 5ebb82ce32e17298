"""Proof that rollups equal raw events."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from cloud_api.kit.buckets import rollup_start
from cloud_api.models import Event, RollupCoarse, RollupFine

Sums = tuple[int, float, float]
"""Events, sum of their values, the largest value."""
_NOTHING: Sums = (0, 0.0, 0.0)


async def rollup_differences(connection: AsyncConnection) -> list[str]:
    """Every rollup whose figures are not those of its raw events, in words; empty: all are right."""
    fine: dict[tuple[Any, ...], Sums] = defaultdict(lambda: _NOTHING)
    coarse: dict[tuple[Any, ...], Sums] = defaultdict(lambda: _NOTHING)
    query = select(
        col(Event.store_id), col(Event.occurred_at), col(Event.type), col(Event.value), col(Event.camera_id),
        col(Event.zone_id),
    )  # fmt: skip
    for store_id, occurred_at, kind, value, camera_id, zone_id in await connection.execute(query):
        at = rollup_start(occurred_at)
        _add(fine, (store_id, at, kind, camera_id, zone_id), float(value or 0.0))
        _add(coarse, (store_id, at, kind), float(value or 0.0))
    stored_fine = select(
        col(RollupFine.store_id), col(RollupFine.bucket_at), col(RollupFine.type), col(RollupFine.camera_id),
        col(RollupFine.zone_id), col(RollupFine.n), col(RollupFine.total), col(RollupFine.peak),
    )  # fmt: skip
    stored_coarse = select(
        col(RollupCoarse.store_id), col(RollupCoarse.bucket_at), col(RollupCoarse.type), col(RollupCoarse.n),
        col(RollupCoarse.total), col(RollupCoarse.peak),
    )  # fmt: skip
    return [
        *_differences("fine", fine, {tuple(r[:-3]): tuple(r[-3:]) for r in await connection.execute(stored_fine)}),
        *_differences(
            "coarse", coarse, {tuple(r[:-3]): tuple(r[-3:]) for r in await connection.execute(stored_coarse)}
        ),
    ]


def _add(sums: dict[tuple[Any, ...], Sums], key: tuple[Any, ...], value: float) -> None:
    n, total, peak = sums[key]
    sums[key] = (n + 1, total + value, max(peak, value))


def _differences(name: str, raw: dict[tuple[Any, ...], Sums], stored: dict[tuple[Any, ...], Any]) -> list[str]:
    return [
        f"{name} rollup {' '.join(str(part) for part in key)}: stored {stored.get(key, _NOTHING)}, "
        f"events {raw.get(key, _NOTHING)}"
        for key in sorted(raw.keys() | stored.keys(), key=str)
        if not _equal(raw.get(key, _NOTHING), stored.get(key, _NOTHING))
    ]


def _equal(a: Sums, b: Sums) -> bool:
    # Sums of floats depend on their order in the last digits.
    return a[0] == b[0] and math.isclose(a[1], b[1], rel_tol=1e-9, abs_tol=1e-6) and a[2] == b[2]
