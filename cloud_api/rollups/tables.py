"""The tables of figures: what each is keyed by, and how two rows of one key become one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlmodel import SQLModel

from cloud_api.kit.histogram import added
from cloud_api.models import (
    CoverageCamera,
    CoverageDay,
    CoverageQuarter,
    RollupCoarse,
    RollupDay,
    RollupDaySteps,
    RollupFine,
    RollupHour,
)


@dataclass(frozen=True, slots=True, eq=False)
class FigureTable:
    """One of those below, told apart by identity.

    ``keys`` (after the store), columns that add up, columns of which the highest stays, histograms (tuples of numbers
    that add up place by place), and stays (bytes, of which one row's follow the other's; their order means nothing).
    """

    name: str
    model: type[SQLModel]
    keys: tuple[str, ...]
    sums: tuple[str, ...]
    peaks: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    stays: tuple[str, ...] = ()

    @property
    def values(self) -> tuple[str, ...]:
        return (*self.sums, *self.peaks, *self.steps, *self.stays)

    def merge(self, a: tuple[Any, ...], b: tuple[Any, ...]) -> tuple[Any, ...]:
        """One row of two."""
        cut, end = len(self.sums), len(self.sums) + len(self.peaks)
        last = end + len(self.steps)
        return (
            *(x + y for x, y in zip(a[:cut], b[:cut], strict=True)),
            *map(max, a[cut:end], b[cut:end]),
            *map(added, a[end:last], b[end:last]),
            *(x + y for x, y in zip(a[last:], b[last:], strict=True)),
        )


_SUMS, _PEAKS = ("n", "total", "seconds"), ("peak",)
FINE = FigureTable(
    "fine", RollupFine, ("bucket_at", "type", "camera_id", "zone_id", "category"), _SUMS, _PEAKS, stays=("stays",)
)
COARSE = FigureTable("coarse", RollupCoarse, ("bucket_at", "type"), _SUMS, _PEAKS)
DAY = FigureTable("day", RollupDay, ("day", "type"), _SUMS, _PEAKS)
HOURS = FigureTable("hour", RollupHour, ("day", "type", "hour"), ("n", "total"), _PEAKS, stays=("stays",))
DAY_STEPS = FigureTable("day histogram", RollupDaySteps, ("day", "type"), (), steps=("steps",))
CAMERAS = FigureTable("camera coverage", CoverageCamera, ("bucket_at", "camera_id"), ("blind_s",))
QUARTERS = FigureTable("coverage", CoverageQuarter, ("bucket_at",), ("blind_s",))
DAYS = FigureTable("day coverage", CoverageDay, ("day",), ("heard", "blind_s"))

FIGURE_TABLES = (FINE, COARSE, DAY, HOURS, DAY_STEPS, CAMERAS, QUARTERS, DAYS)
"""In the order in which they are written, always: two uploads never wait for each other crosswise."""

Rows = dict[tuple[Any, ...], tuple[Any, ...]]
"""Values by key (both without the store)."""
