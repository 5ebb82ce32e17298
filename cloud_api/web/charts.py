"""Geometry of charts that templates draw as SVG: pure, in pixels of the drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from cloud_api.kit.language import gettext as _
from cloud_api.kit.language import number


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar. ``value`` None: not known, drawn as a gap. ``usual_y``: where a tick marks what is usual.

    ``high_y``, ``low_y``: ends of an interval. ``is_past``: of what is over, beside what is expected.
    """

    label: str
    title: str
    value: float | None
    x: float
    y: float
    width: float
    height: float
    usual_y: float | None = None
    is_thin: bool = False
    has_label: bool = False
    high_y: float | None = None
    low_y: float | None = None
    is_past: bool = False


@dataclass(frozen=True, slots=True)
class BarChart:
    """Bars over one axis; ``ticks``: (y, label) of horizontal lines."""

    width: int
    height: int
    bars: tuple[Bar, ...]
    ticks: tuple[tuple[float, str], ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a grid. ``strength`` 0..1; None: not known."""

    x: float
    y: float
    width: float
    height: float
    strength: float | None
    title: str


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows of cells with labels on both axes, as (position, label). ``highest``: the value of the strongest cell."""

    width: int
    height: int
    cells: tuple[Cell, ...]
    rows: tuple[tuple[float, str], ...]
    columns: tuple[tuple[float, str], ...]
    highest: float = 0.0


@dataclass(frozen=True, slots=True)
class Point:
    """What one bar is made from. ``is_thin``: coverage under 95 %. ``interval``: its lower and upper end."""

    label: str
    title: str
    value: float | None
    usual: float | None = None
    is_thin: bool = False
    interval: tuple[float, float] | None = None
    is_past: bool = False
    when: str = ""


def nice_top(highest: float) -> float:
    """The round number at or above, for the top of an axis."""
    if highest <= 5:
        return 5.0
    step = 10.0 ** (len(str(int(highest))) - 1)
    for factor in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10):
        if highest <= factor * step:
            return factor * step
    return 10 * step


def round_steps(top: float) -> int:
    """Into how many equal parts of round length an axis up to ``top`` falls."""
    for n in (4, 5, 3, 2):
        if float(f"{top / n:.0e}") == top / n:
            return n
    return 2


def bar_chart(points: Sequence[Point], *, width: int = 760, height: int = 180) -> BarChart:
    """Bars from the left to the right, each with the tick of what is usual."""
    ends = [p.interval[1] for p in points if p.interval]
    top = nice_top(max([p.value or 0 for p in points] + [p.usual or 0 for p in points] + ends + [1.0]))
    left = 44
    step = (width - left) / max(8, len(points))
    every = max(1, ceil(58 / step))
    bars = []
    for n, p in enumerate(points):
        size = height * (p.value or 0) / top
        low, high = p.interval or (None, None)
        bars.append(
            Bar(
                p.label, p.title, p.value, round(left + n * step + step * 0.12, 1), round(height - size, 1),
                round(step * 0.76, 1), round(size, 1), None if p.usual is None else round(height * (1 - p.usual / top), 1),
                p.is_thin, n % every == 0, None if high is None else round(height * (1 - high / top), 1),
                None if low is None else round(height * (1 - low / top), 1), p.is_past,
            )
        )  # fmt: skip
    n_steps = round_steps(top)
    ticks = tuple((round(height * (1 - k / n_steps), 1), number(top * k / n_steps)) for k in range(n_steps + 1))
    return BarChart(width, height, tuple(bars), ticks)


def grid(
    rows: Sequence[tuple[str, Sequence[float | None]]],
    columns: Sequence[str],
    *,
    unit: str,
    width: int = 760,
    row_height: int = 26,
    highest: float = 0.0,
) -> Grid:
    """A heat grid; the strongest cell (or ``highest``) is 1."""
    left, step = 44, (width - 44) / max(1, len(columns))
    top = max([highest, *(v for _, values in rows for v in values if v is not None)], default=0.0)
    every = max(1, round(40 / step))
    cells, row_labels = [], []
    for r, (name, values) in enumerate(rows):
        row_labels.append((round(r * row_height + row_height * 0.66, 1), name))
        for c, value in enumerate(values):
            told = _("not known") if value is None else _("%(n)s %(unit)s", n=number(value), unit=unit)
            strength = None if value is None else round(value / top, 3) if top else 0.0
            cells.append(
                Cell(round(left + c * step, 1), r * row_height, round(step - 2, 1), row_height - 2, strength,
                     f"{name} {columns[c]}: {told}")
            )  # fmt: skip
    shown = tuple((round(left + (c + 0.5) * step - 1, 1), name) for c, name in enumerate(columns) if c % every == 0)
    return Grid(width, row_height * len(rows), tuple(cells), tuple(row_labels), shown, top)
