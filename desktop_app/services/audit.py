"""How right the counts are: random minutes of film, counted by a person, against what the rules counted in them.

In and out are told apart: their errors cancel in the net. A person's key and an event of the same direction within
``TOLERANCE_S`` are one crossing that was *found*; a key alone was *missed*, an event alone *invented*. The accuracy is
found / (found + missed + invented): neither missing somebody nor inventing somebody else goes unnoticed. Its 95 %
interval is Wilson's ("Probable inference, the law of succession, and statistical inference", 1927), which is honest for
few crossings and never leaves 0..1.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from desktop_app.services.whole_files import read_json, write_whole
from shared_models.zones import CountedDirection

TOLERANCE_S = 3.0
"""Between an event and the key that a person pressed for it: reaction, and a different idea of the moment."""
WINDOW_S = 60.0
STRATA = 3
Z_95 = 1.959964


@dataclass(frozen=True, slots=True)
class Window:
    """A piece of film. ``people``: tracks seen in it; tells busy from quiet."""

    source: str
    start_s: float
    end_s: float
    people: int = 0


@dataclass(frozen=True, slots=True)
class Mark:
    """A crossing, by a person's key or by an event, at a second of a film."""

    source: str
    at_s: float
    direction: CountedDirection


@dataclass(frozen=True, slots=True)
class Score:
    """One direction."""

    found: int = 0
    missed: int = 0
    invented: int = 0

    @property
    def crossings(self) -> int:
        """As the person saw it."""
        return self.found + self.missed

    @property
    def counted(self) -> int:
        """As the rules did."""
        return self.found + self.invented

    @property
    def accuracy(self) -> float | None:
        """0..1; None where nobody crossed and nobody was counted."""
        return self.found / self._all if self._all else None

    def interval(self) -> tuple[float, float]:
        """The accuracy's 95 % interval; 0..1 where nothing is known."""
        return wilson(self.found, self._all)

    def as_json(self) -> dict[str, Any]:
        low, high = self.interval()
        accuracy = None if self.accuracy is None else round(self.accuracy, 4)
        return {
            "crossings": self.crossings, "counted": self.counted, "found": self.found, "missed": self.missed,
            "invented": self.invented, "accuracy": accuracy, "interval_95": [round(low, 4), round(high, 4)],
        }  # fmt: skip

    @property
    def _all(self) -> int:
        return self.found + self.missed + self.invented


@dataclass(frozen=True, slots=True)
class Audit:
    """What was found, and of what."""

    camera_id: str
    zone_id: str
    zone_revision: int
    model: str
    audited_at: datetime
    windows: tuple[Window, ...]
    went_in: Score
    went_out: Score

    def as_json(self) -> dict[str, Any]:
        return {
            "camera_id": self.camera_id,
            "zone_id": self.zone_id,
            "zone_revision": self.zone_revision,
            "model": self.model,
            "audited_at": self.audited_at.isoformat(),
            "minutes": round(sum(w.end_s - w.start_s for w in self.windows) / 60, 2),
            "windows": [[w.source, w.start_s, w.end_s, w.people] for w in self.windows],
            "in": self.went_in.as_json(),
            "out": self.went_out.as_json(),
        }


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """Wilson's score interval for a share, at 95 %."""
    if trials == 0:
        return 0.0, 1.0
    share, z2 = successes / trials, Z_95**2
    middle = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    half = Z_95 / (1 + z2 / trials) * math.sqrt(share * (1 - share) / trials + z2 / (4 * trials**2))
    low = 0.0 if successes == 0 else max(0.0, middle - half)
    high = 1.0 if successes == trials else min(1.0, middle + half)
    return low, high


def windows_of(source: str, *, length_s: float, presences: Iterable[tuple[float, float]]) -> list[Window]:
    """A film in minutes. ``presences``: first and last second of each track."""
    spans = list(presences)
    count = max(1, round(length_s / WINDOW_S))
    width = length_s / count
    found = []
    for i in range(count):
        start, end = i * width, (i + 1) * width
        people = sum(1 for first, last in spans if first < end and last >= start)
        found.append(Window(source, round(start, 3), round(end, 3), people))
    return found


def choose(windows: Sequence[Window], *, minutes: float, chance: random.Random) -> list[Window]:
    """Random windows, as many from the quiet third as from the usual and the busy one, in the order of the films."""
    ordered = sorted(windows, key=lambda w: (w.people, w.source, w.start_s))
    size = len(ordered) / STRATA
    strata = [ordered[round(i * size) : round((i + 1) * size)] for i in range(STRATA)]
    for stratum in strata:
        chance.shuffle(stratum)
    chosen: list[Window] = []
    left_s = minutes * 60
    # The busy ones first: where time is short, they say most.
    while left_s > 0 and any(strata):
        for stratum in reversed(strata):
            if stratum and left_s > 0:
                chosen.append(stratum.pop())
                left_s -= chosen[-1].end_s - chosen[-1].start_s
    return sorted(chosen, key=lambda w: (w.source, w.start_s))


def judge(windows: Sequence[Window], *, keys: Sequence[Mark], events: Sequence[Mark]) -> dict[CountedDirection, Score]:
    """Compare a person's keys with events, window by window, in and out apart."""
    scores = {CountedDirection.IN: Score(), CountedDirection.OUT: Score()}
    for window in windows:
        for direction, score in scores.items():
            pressed = sorted(_inside(keys, window, direction, slack_s=0.0))
            counted = sorted(_inside(events, window, direction, slack_s=TOLERANCE_S))
            found, missed, left = _paired(pressed, counted)
            # An event just outside may belong to a key inside; alone it belongs to another minute.
            invented = sum(1 for at_s in left if window.start_s <= at_s < window.end_s)
            scores[direction] = Score(score.found + found, score.missed + missed, score.invented + invented)
    return scores


def _inside(marks: Sequence[Mark], window: Window, direction: CountedDirection, *, slack_s: float) -> list[float]:
    low, high = window.start_s - slack_s, window.end_s + slack_s
    return [m.at_s for m in marks if m.source == window.source and m.direction is direction and low <= m.at_s < high]


def _paired(pressed: Sequence[float], counted: Sequence[float]) -> tuple[int, int, list[float]]:
    """Pairs in order of time: the most that are possible, as both lists are sorted."""
    left: list[float] = []
    found = missed = i = 0
    for at_s in pressed:
        while i < len(counted) and counted[i] < at_s - TOLERANCE_S:
            left.append(counted[i])
            i += 1
        if i < len(counted) and counted[i] <= at_s + TOLERANCE_S:
            found, i = found + 1, i + 1
        else:
            missed += 1
    return found, missed, [*left, *counted[i:]]


class AuditBook:
    """All audits of this machine, in one file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def all(self) -> list[dict[str, Any]]:
        """The oldest first.

        Raises:
            ValueError: the file is damaged.
        """
        try:
            listed = read_json(self._path)
        except ValueError:
            listed = "damaged"
        if isinstance(listed, list):
            return listed
        if listed is None:
            return []
        raise ValueError(f"{self._path} is damaged; move it away to begin a new one.")

    def add(self, audit: Audit) -> None:
        """Keep one more."""
        write_whole(self._path, json.dumps([*self.all(), audit.as_json()], indent=1))
