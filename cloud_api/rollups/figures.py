"""What events add to the figures. The one place that knows: ingest, proof and rebuilding all come here."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from cloud_api.kit.buckets import ROLLUP
from cloud_api.kit.histogram import bin_of, steps_of
from cloud_api.rollups.tables import (
    CAMERAS,
    COARSE,
    DAY,
    DAY_STEPS,
    DAYS,
    FINE,
    HOURS,
    QUARTERS,
    FigureTable,
    Rows,
)
from shared_models.events import is_walkway

STAYS = ("dwell", "shelf_interaction", "queue_wait")
WALKWAY_OF = {"footfall_in": "walkway_in", "footfall_out": "walkway_out"}
"""Crossings of walkways have figures of their own: in no sum of people in or out, but with their zone."""
CROSSINGS = frozenset({*WALKWAY_OF, *WALKWAY_OF.values()})
"""Kinds of figures whose events have no value."""
BY_THE_HEAP = CROSSINGS | {"dwell", "queue_wait"}
"""Kinds of figures whose events add nothing but their number and their value."""
LONGEST_GAP = timedelta(days=31)
"""Of a longer gap only the last month is spread over quarter hours."""
MAX_CELLS = 4096
QUARTER_S = 900
_MINUTE_S = 60.0
_MAX_SEEN_S = 3600.0

# Tables that are sums over the finest one: the key of a row there, from its key here and its local time, and which of
# its values are kept.
_KeyOf = Callable[[tuple[Any, ...], datetime], tuple[Any, ...]]
_DERIVED: dict[FigureTable, tuple[_KeyOf, Callable[[list[Any]], tuple[Any, ...]]]] = {
    COARSE: (lambda key, _: key[:2], lambda row: tuple(row[:4])),
    DAY: (lambda key, local: (local.date(), key[1]), lambda row: tuple(row[:4])),
    HOURS: (
        lambda key, local: (local.date(), key[1], local.hour), lambda row: (row[0], row[1], row[3], bytes(row[4])),
    ),
}  # fmt: skip

HeatKey = tuple[date, str, int, int]
"""Day, camera, columns, rows."""


class Heat:
    """Person-seconds per cell of one camera's picture in one day."""

    __slots__ = ("cells", "n", "seconds")

    def __init__(self) -> None:
        self.n = 0
        self.seconds = 0.0
        self.cells: dict[int, float] = {}


class Figures:
    """Adds up events of one store.

    Attributes:
        rows: additions per table; of ``DAYS`` only the blind seconds, for whether a quarter hour is heard for the
            first time is known to the database alone.
        heard: quarter hours in which something was heard of the store, with their day.
    """

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._moments: dict[int, tuple[datetime, date]] = {}
        self._sums: dict[FigureTable, dict[tuple[Any, ...], list[Any]]] = {
            table: {} for table in (FINE, CAMERAS, QUARTERS, DAYS)
        }
        self.heard: dict[datetime, date] = {}
        self.heat: dict[HeatKey, Heat] = {}

    def add(
        self,
        kind: str,
        occurred_at: datetime,
        *,
        camera_id: str,
        zone_id: str,
        value: float,
        attributes: dict[str, Any],
    ) -> None:
        """Count one event."""
        at, day = self.quarter(occurred_at)
        self.heard[at] = day
        kind = figure_kind(kind, attributes)
        seconds, total, peak, category = 0.0, value, value, ""
        if kind == "occupancy":
            seconds, peak = _level(value, attributes)
            total = value * seconds
        elif kind == "shelf_interaction":
            category = _text(attributes.get("shelf_category"))
        steps = (bin_of(value),) if kind in STAYS else ()
        self._raise((at, kind, camera_id, zone_id, category), (1, total, seconds, peak), steps)
        if kind == "camera_gap":
            self._spread(occurred_at, value, camera_id)
        elif kind == "heatmap":
            self._heat(day, camera_id, attributes)

    def add_heap(
        self, kind: str, quarter: int, *, camera_id: str, zone_id: str, values: Sequence[float | None]
    ) -> None:
        """Count events, at least one, of one type (of ``BY_THE_HEAP``) and place, in one quarter hour since 1970 (UTC)."""
        at = self._heard(quarter)
        key = (at, kind, camera_id, zone_id, "")
        if kind in CROSSINGS:
            self._raise(key, (len(values), 0.0, 0.0, 0.0), ())
            return
        seconds = [value or 0.0 for value in values]
        self._raise(key, (len(seconds), sum(seconds), 0.0, max(seconds)), [bin_of(value) for value in seconds])

    def add_levels(
        self, quarter: int, *, camera_id: str, zone_id: str, levels: Sequence[tuple[float, Mapping[str, Any]]]
    ) -> None:
        """Count many events of occupancy, each by value and attributes, of one place and quarter hour since 1970 (UTC)."""
        total = seen_s = highest = 0.0
        for value, attributes in levels:
            seconds, peak = _level(value, attributes)
            total += value * seconds
            seen_s += seconds
            highest = max(highest, peak)
        self._raise(
            (self._heard(quarter), "occupancy", camera_id, zone_id, ""), (len(levels), total, seen_s, highest), ()
        )

    def quarter(self, moment: datetime) -> tuple[datetime, date]:
        """The quarter hour of a moment, in UTC, and the store's day that it belongs to."""
        return self._quarter(int(moment.timestamp() // QUARTER_S))

    def _quarter(self, index: int) -> tuple[datetime, date]:
        found = self._moments.get(index)
        if found is None:
            at = datetime.fromtimestamp(index * QUARTER_S, UTC)
            found = self._moments[index] = (at, at.astimezone(self._zone).date())
        return found

    def _heard(self, index: int) -> datetime:
        at, day = self._quarter(index)
        self.heard[at] = day
        return at

    def local_hours(self, quarters: Sequence[datetime]) -> list[int]:
        """The hour of the store's clock in which each quarter hour begins."""
        return [at.astimezone(self._zone).hour for at in quarters]

    def rows(self, table: FigureTable) -> Rows:
        """What is to be added to ``table``."""
        if table is DAY_STEPS:
            return self._day_steps()
        if table in _DERIVED:
            return self._derived(table)
        if table is FINE:
            return {key: (*row[:4], bytes(sorted(row[4]))) for key, row in self._sums[FINE].items()}
        return {key: tuple(row) for key, row in self._sums[table].items()}

    def _derived(self, table: FigureTable) -> Rows:
        """Rows of a wider table, from those of the finest one."""
        key_of, values_of = _DERIVED[table]
        local = {at: at.astimezone(self._zone) for at in self.heard}
        found: dict[tuple[Any, ...], tuple[Any, ...]] = {}
        for key, row in self._sums[FINE].items():
            wide, values = key_of(key, local[key[0]]), values_of(row)
            found[wide] = table.merge(found[wide], values) if wide in found else values
        return found

    def _day_steps(self) -> Rows:
        stays: defaultdict[tuple[date, str], bytearray] = defaultdict(bytearray)
        for key, row in self._sums[FINE].items():
            if row[4]:
                stays[self.heard[key[0]], key[1]] += row[4]
        return {key: (steps_of(Counter(own)),) for key, own in stays.items()}

    def _raise(self, key: tuple[Any, ...], more: tuple[int, float, float, float], steps: Sequence[int]) -> None:
        row = self._sums[FINE].get(key)
        if row is None:
            self._sums[FINE][key] = [*more, bytearray(steps)]
            return
        row[0] += more[0]
        row[1] += more[1]
        row[2] += more[2]
        if more[3] > row[3]:
            row[3] = more[3]
        row[4].extend(steps)

    def count_heard(self, quarters: dict[datetime, date]) -> None:
        """These quarter hours were heard for the first time."""
        for day in quarters.values():
            self._sums[DAYS].setdefault((day,), [0, 0.0])[0] += 1

    def _count(self, table: FigureTable, key: tuple[Any, ...], amount: float) -> None:
        row = self._sums[table].get(key)
        if row is None:
            self._sums[table][key] = [amount]
        else:
            row[0] += amount

    def _spread(self, ended_at: datetime, seconds: float, camera_id: str) -> None:
        """A gap, over the quarter hours that it lasted."""
        start = ended_at - min(timedelta(seconds=seconds), LONGEST_GAP)
        while start < ended_at:
            at, day = self.quarter(start)
            until = min(at + ROLLUP, ended_at)
            blind_s = (until - start).total_seconds()
            self.heard[at] = day
            self._count(CAMERAS, (at, camera_id), blind_s)
            self._count(QUARTERS, (at,), blind_s)
            self._sums[DAYS].setdefault((day,), [0, 0.0])[1] += blind_s
            start = until

    def _heat(self, day: date, camera_id: str, attributes: dict[str, Any]) -> None:
        grid, cells = attributes.get("grid"), attributes.get("cells")
        if not (isinstance(grid, list) and len(grid) == 2 and isinstance(cells, list)):
            return
        columns, rows = grid
        if not (_is_count(columns) and _is_count(rows) and columns * rows <= MAX_CELLS):
            return
        heat = self.heat.setdefault((day, camera_id, columns, rows), Heat())
        heat.n += 1
        heat.seconds += _number(attributes.get("seconds"), default=0.0, highest=_MAX_SEEN_S)
        for cell in cells[:MAX_CELLS]:
            if isinstance(cell, list) and len(cell) == 2 and _is_count(cell[0], lowest=0) and cell[0] < columns * rows:
                heat.cells[cell[0]] = heat.cells.get(cell[0], 0.0) + _number(cell[1], default=0.0, highest=1e6)


def figure_kind(kind: str, attributes: Mapping[str, Any]) -> str:
    """The kind of figure that an event of type ``kind`` is added to."""
    return WALKWAY_OF.get(kind, kind) if is_walkway(attributes) else kind


def _level(value: float, attributes: Mapping[str, Any]) -> tuple[float, float]:
    """For how many seconds so many people were seen, and the most that were seen at once."""
    seconds = _number(attributes.get("seen_s"), default=_MINUTE_S, highest=_MAX_SEEN_S)
    return seconds, max(value, _number(attributes.get("peak"), default=value, highest=100_000.0))


def _number(value: object, *, default: float, highest: float) -> float:
    # By its very type: true and false are numbers to ``isinstance``, and this is asked twice of each level.
    kind = type(value)
    if (kind is float or kind is int) and 0 <= value <= highest:  # type: ignore[operator]  # it is a number
        return float(value)  # type: ignore[arg-type]  # as above
    return default


def _is_count(value: object, *, lowest: int = 1) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= MAX_CELLS


def _text(value: object) -> str:
    return value[:100] if isinstance(value, str) and "\x00" not in value else ""
