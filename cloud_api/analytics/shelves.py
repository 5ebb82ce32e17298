"""Shelf visits per category."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_api.analytics.repository import AnalyticsRepository
from cloud_api.analytics.span import TimeSpan
from cloud_api.tenancy.visible_stores import StoreView


@dataclass(frozen=True, slots=True)
class CategoryRow:
    """One category; empty: shelves without one. ``share``: of all visits."""

    category: str
    n: int
    share: float
    total_s: float
    mean_s: float
    longest_s: float


@dataclass(frozen=True, slots=True)
class ShelfTable:
    """Visits of all categories, the most visited first."""

    n: int
    rows: list[CategoryRow]


async def shelves_of(connection: AsyncConnection, stores: Sequence[StoreView], span: TimeSpan) -> ShelfTable:
    """Visits to shelves of one or more stores."""
    start, end = span.quarters
    found = await AnalyticsRepository(connection, stores).categories(start=start, end=end)
    n = sum(row[1] for row in found)
    rows = [
        CategoryRow(category, count, round(count / n, 4), round(total, 2), round(total / count, 2), round(longest, 2))
        for category, count, total, longest in sorted(found, key=lambda row: (-row[1], row[0]))
    ]
    return ShelfTable(n, rows)
