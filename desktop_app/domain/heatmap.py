"""Where people stood: person-seconds per cell, one sparse grid every 15 minutes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shared_models.geometry import Point, Size

GRID: Size = (32, 18)
"""Cells across and down: 576 cells keep the event far under its size limit, even when all are hot."""
QUARTER_MIN = 15
MAX_STEP_S = 1.5


@dataclass(frozen=True, slots=True)
class HeatGrid:
    """One quarter hour that is over. ``cells``: [row * columns + column, person-seconds], only where somebody was."""

    cells: tuple[tuple[int, float], ...]
    seen_s: float
    ended_at: datetime

    def attributes(self) -> dict[str, Any]:
        """As the event carries it."""
        return {"grid": list(GRID), "cells": [list(cell) for cell in self.cells], "seconds": round(self.seen_s, 1)}


@dataclass(slots=True)
class HeatMeter:
    """Accumulates one camera's grid."""

    quarter: datetime | None = None
    person_s: dict[int, float] = field(default_factory=dict)
    seen_s: float = 0.0
    last_s: float | None = None
    last_at: datetime | None = None

    def observe(self, feet_norm: Iterable[Point], *, at_s: float, occurred_at: datetime) -> HeatGrid | None:
        """Take the feet seen in one frame; gives the quarter hour that is over by it."""
        quarter = occurred_at.replace(minute=occurred_at.minute // QUARTER_MIN * QUARTER_MIN, second=0, microsecond=0)
        ended = self.end() if self.quarter is not None and quarter > self.quarter else None
        if self.quarter is None or quarter > self.quarter:
            self.quarter = quarter
        step_s = 0.0 if self.last_s is None else at_s - self.last_s
        if 0.0 < step_s <= MAX_STEP_S:
            self.seen_s += step_s
            for point in feet_norm:
                cell = _cell(point)
                self.person_s[cell] = self.person_s.get(cell, 0.0) + step_s
        self.last_s, self.last_at = at_s, occurred_at
        return ended

    def end(self) -> HeatGrid | None:
        """Close the quarter under way; None if nobody was seen in it."""
        cells = tuple((cell, round(s, 1)) for cell, s in sorted(self.person_s.items()) if s >= 0.05)
        grid = HeatGrid(cells, self.seen_s, self.last_at) if cells and self.last_at else None
        self.person_s, self.seen_s, self.quarter = {}, 0.0, None
        return grid


def _cell(point: Point) -> int:
    column, row = int(point[0] * GRID[0]), int(point[1] * GRID[1])
    column = 0 if column < 0 else GRID[0] - 1 if column >= GRID[0] else column
    row = 0 if row < 0 else GRID[1] - 1 if row >= GRID[1] else row
    return row * GRID[0] + column
