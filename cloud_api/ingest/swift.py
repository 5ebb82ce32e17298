"""The hot path on PostgreSQL: a plain upload in one way to the database and back (``wink_take``, see its migration)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count, takewhile
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from cloud_api.ingest.clocks import FIRST_YEAR, SLACK
from cloud_api.ingest.columns import Columns
from cloud_api.kit.database import Database, raw_postgresql
from cloud_api.rollups.figures import BY_THE_HEAP, CROSSINGS, QUARTER_S, Figures, figure_kind
from cloud_api.rollups.tables import CAMERAS, DAY_STEPS, DAYS, FINE, QUARTERS
from cloud_api.rollups.writer import FigureWriter, as_array
from cloud_api.tenancy.principal import EdgePrincipal, scope_of
from cloud_api.tenancy.transactions import scoped
from shared_models.events import WALKWAY

_N_PARAMETERS = 35
_TAKE = f"SELECT reached, timezone FROM wink_take({', '.join(f'${n}' for n in range(1, _N_PARAMETERS + 1))})"  # noqa: S608


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of an upload. ``reached`` None: nothing was written, look closer. ``timezone``: of the store."""

    reached: int | None
    timezone: str


def is_swift(columns: Columns, *, now: datetime) -> bool:
    """Whether each event happened when it says: the clock is right, nothing lies in the future or was counted anew."""
    is_right = columns.sent_at is None or abs(now - columns.sent_at) <= SLACK
    return (
        is_right
        and max(columns.moments) <= now + SLACK
        and min(columns.moments).astimezone(UTC).year > FIRST_YEAR
        and not any("recounted" in attributes for attributes in columns.attributes if attributes)
    )


async def take(database: Database, edge: EdgePrincipal, columns: Columns, *, timezone: str, now: datetime) -> Taken:
    """Write a batch, if it is all new and in order. Everything or nothing is committed.

    Args:
        timezone: of the store, as far as is known; another answer means that nothing was written.

    Raises:
        asyncpg.PostgresError, OSError: nothing was written.
    """
    figures = figures_of_columns(columns, ZoneInfo(timezone))
    arguments = (
        edge.org_id, edge.store_id, edge.device_id, now, timezone, columns.seqs[0], columns.seqs[-1],
        _run_end(columns.seqs), *_event_arrays(columns), *_figure_arrays(figures),
    )  # fmt: skip
    has_more = bool(figures.heat or figures.rows(QUARTERS))
    if not has_more:
        row = await database.fetch_row_at_once(_TAKE, *arguments)
        return Taken(row["reached"], row["timezone"] or "")
    async with scoped(database, scope_of(edge)) as connection:
        raw = await raw_postgresql(connection)
        row = await raw.fetchrow(_TAKE, *arguments)
        taken = Taken(row["reached"], row["timezone"] or "") if row else Taken(None, "")
        if taken.reached is not None:
            writer = FigureWriter(connection, org_id=edge.org_id, store_id=edge.store_id)
            await writer.add_rows({t: rows for t in (CAMERAS, QUARTERS, DAYS) if (rows := figures.rows(t))})
            await writer.add_heat(figures.heat)
    return taken


def figures_of_columns(columns: Columns, zone: ZoneInfo) -> Figures:
    """What the events add to the figures: those of one kind, place and quarter hour together, where they may be."""
    figures = Figures(zone)
    kinds, attributes = columns.kinds, columns.attributes
    if any(WALKWAY in found for found in attributes if found):
        kinds = [figure_kind(kind, found) for kind, found in zip(kinds, attributes, strict=True)]
    quarters = [int(second) // QUARTER_S for second in columns.seconds]
    places = list(zip(quarters, kinds, columns.cameras, columns.zones, strict=True))
    # Crossings, more than half of all, have nothing to add up but their number.
    for (quarter, kind, camera_id, zone_id), n in Counter(places).items():
        if kind in CROSSINGS:
            figures.add_heap(kind, quarter, camera_id=camera_id, zone_id=zone_id, values=[None] * n)
    heaps: defaultdict[tuple[int, str, str, str], list[int]] = defaultdict(list)
    for n, kind in enumerate(kinds):
        if kind not in CROSSINGS:
            heaps[places[n]].append(n)
    for (quarter, kind, camera_id, zone_id), own in heaps.items():
        if kind in BY_THE_HEAP:
            heap = [columns.values[n] for n in own]
            figures.add_heap(kind, quarter, camera_id=camera_id, zone_id=zone_id, values=heap)
        elif kind == "occupancy":
            levels = [(columns.values[n] or 0.0, attributes[n]) for n in own]
            figures.add_levels(quarter, camera_id=camera_id, zone_id=zone_id, levels=levels)
        else:
            for n in own:
                figures.add(
                    kinds[n], columns.moments[n], camera_id=camera_id, zone_id=zone_id,
                    value=columns.values[n] or 0.0, attributes=attributes[n],
                )  # fmt: skip
    return figures


def _run_end(seqs: Sequence[int]) -> int:
    """The last number before the first hole."""
    if seqs[-1] - seqs[0] == len(seqs) - 1:
        return seqs[-1]
    return [seq for seq, _ in takewhile(lambda pair: pair[0] == pair[1], zip(seqs, count(seqs[0]), strict=False))][-1]


def _event_arrays(columns: Columns) -> tuple[Any, ...]:
    microseconds = [round(second * 1e6) for second in columns.seconds]
    return (
        _listed(columns.ids), _array(columns.seqs), _listed(columns.kinds), _array(columns.cameras),
        _array(columns.zones), _nullable(columns.revisions), _array(microseconds), _nullable(columns.tracks),
        _nullable(columns.values), _nullable(columns.confidences), _documents(columns.texts),
    )  # fmt: skip


def _figure_arrays(figures: Figures) -> tuple[Any, ...]:
    quarters = sorted(figures.heard)
    at = {quarter: n for n, quarter in enumerate(quarters, 1)}
    # Sorted by the number of the quarter hour: numbers are compared in a fraction of the time of moments.
    fine = sorted((at[key[0]], *key[1:], *row) for key, row in figures.rows(FINE).items())
    *columns, stays = zip(*fine, strict=True)
    whole_days = sorted(figures.rows(DAY_STEPS).items())
    return (
        quarters, [figures.heard[quarter] for quarter in quarters], figures.local_hours(quarters),
        *map(_array, columns), _array([steps.hex() for steps in stays]),
        [key[0] for key, _ in whole_days] or None, _array([key[1] for key, _ in whole_days]),
        [as_array(row[0]) for _, row in whole_days],
    )  # fmt: skip


# Arrays travel as PostgreSQL's own text of an array, which is JSON's but for the brackets: to write that costs a tenth
# of encoding each element. Names hold no backslash: ``read_columns`` sees to that; a quotation mark or a control
# character cannot be in them without one.


def _array(values: Sequence[Any]) -> str:
    return f"{{{msgspec.json.encode(values)[1:-1].decode()}}}"


def _listed(names: Iterable[str]) -> str:
    return f"{{{','.join(names)}}}"


def _nullable(values: Sequence[Any]) -> str | None:
    return None if values.count(None) == len(values) else _array(values)


def _documents(texts: Sequence[str]) -> str | None:
    if texts.count("") == len(texts):
        return None
    escaped = ['"' + text.replace('"', '\\"') + '"' if text else "NULL" for text in texts]
    return f"{{{','.join(escaped)}}}"
