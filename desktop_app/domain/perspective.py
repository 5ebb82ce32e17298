"""How tall people look where they stand: learnt from the people a camera sees, used to say where hidden feet are.

For a fixed camera the height of a standing person in pixels is, over the usable part of the picture, close to a
straight line in the height of the feet in the picture (Hoiem et al., "Putting objects in perspective", 2006). One line
is fitted per camera, through the medians of bands of the picture, so that a few wrong boxes move nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

BANDS = 24
PER_BAND = 31
MIN_PER_BAND = 5
MIN_BANDS = 3
MIN_SPAN = 0.3
"""Of the median height: people must have been seen at feet this far apart before a line is drawn through them."""
REFIT_EVERY = 20
MAX_RESIDUAL = 0.12
"""Median misfit, as a share of the height, above which there is no line: a ceiling camera, or stairs."""
MAX_LEVEL = 0.7
"""Seen from eye level all heads are at one height: from this share of it on they say nothing of where feet are."""
STRIDE = 3
"""Every third clean box of a track is taken: who stands still must not outvote the others."""


def median(values: Iterable[float]) -> float:
    """The middle one, or the mean of the two in the middle; ``statistics.median`` costs twice as much for so few."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


@dataclass(slots=True)
class Perspective:
    """Heights of whole people by where their feet were in the picture.

    Args:
        frame_height: pixels.
    """

    frame_height: int
    _bands: dict[int, deque[tuple[float, float]]] = field(default_factory=dict)
    _line: tuple[float, float] | None = None
    _range: tuple[float, float] = (0.0, 0.0)
    _taken: int = 0

    @property
    def is_known(self) -> bool:
        return self._line is not None

    def observe(self, *, feet_y: float, height: float) -> None:
        """Take a person who was seen from head to feet."""
        self._taken += 1
        if self._taken % STRIDE:
            return
        band = self._bands.setdefault(int(feet_y / self.frame_height * BANDS), deque(maxlen=PER_BAND))
        band.append((feet_y, height))
        if self._taken % (REFIT_EVERY * STRIDE) == 0:
            self._fit()

    def height_at(self, feet_y: float) -> float | None:
        """The usual height of a person whose feet are at ``feet_y``; None until enough people were seen."""
        if self._line is None:
            return None
        slope, offset = self._line
        low, high = self._range
        return slope * min(max(feet_y, low), high) + offset

    def feet_below(self, head_y: float, *, ratio: float) -> float | None:
        """Where somebody ``ratio`` times the usual height stands, whose head is at ``head_y``; None if not known."""
        if self._line is None:
            return None
        slope, offset = self._line
        low, high = self._range
        if ratio * slope > MAX_LEVEL:
            return None
        feet_y = (head_y + ratio * offset) / (1 - ratio * slope)
        if low <= feet_y <= high:
            return feet_y
        end = min((low, high), key=lambda y: abs(y - ratio * (slope * y + offset) - head_y))
        return head_y + ratio * (slope * end + offset)

    def _fit(self) -> None:
        full = [band for band in self._bands.values() if len(band) >= MIN_PER_BAND]
        if len(full) < MIN_BANDS:
            return
        medians = np.array([(median([y for y, _ in band]), median([tall for _, tall in band])) for band in full])
        feet_y, height = medians[:, 0], medians[:, 1]
        if np.ptp(feet_y) < MIN_SPAN * np.median(height):
            return
        slope, offset = np.polyfit(feet_y, height, 1)
        misfit = np.median(np.abs(slope * feet_y + offset - height) / height)
        ends = slope * np.array([feet_y.min(), feet_y.max()]) + offset
        good = misfit <= MAX_RESIDUAL and ends.min() > 0
        self._line = (float(slope), float(offset)) if good else None
        reach = self.frame_height / BANDS
        self._range = (float(feet_y.min()) - reach, float(feet_y.max()) + reach)
