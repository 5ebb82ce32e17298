"""What never moves and is a person all the same, by the owner's word: it is not offered as an ignored area again."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from pathlib import Path

from pydantic import TypeAdapter

from desktop_app.services.whole_files import read_json, write_whole
from shared_models.geometry import Point

log = logging.getLogger(__name__)

NOT_FURNITURE_FILE = "not-furniture.json"
SAME_PX = 12.0
"""Areas whose middles are no further apart are of the same thing: its box sways by some pixels."""
_FILE: TypeAdapter[list[tuple[str, float, float]]] = TypeAdapter(list[tuple[str, float, float]])


class NotFurniture:
    """Places by camera, in pixels, kept over restarts.

    Args:
        path: where they are kept.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._places = self._read()

    def add(self, camera_id: str, area: Sequence[Point]) -> None:
        """Remember an answer. Where it cannot be written it holds until the program ends."""
        if not self.holds(camera_id, area):
            self._keep([*self._places, (camera_id, *_middle(area))])

    def holds(self, camera_id: str, area: Sequence[Point]) -> bool:
        """Whether this was answered before."""
        middle = _middle(area)
        return any(known == camera_id and math.dist(middle, (x, y)) <= SAME_PX for known, x, y in self._places)

    def forget(self, camera_id: str) -> None:
        """The camera is gone."""
        kept = [place for place in self._places if place[0] != camera_id]
        if kept != self._places:
            self._keep(kept)

    def _keep(self, places: list[tuple[str, float, float]]) -> None:
        self._places = places
        try:
            write_whole(self._path, _FILE.dump_json(places).decode() + "\n", is_durable=False)
        except OSError as error:
            log.info("an answer about furniture holds until the program ends only: %s", error)

    def _read(self) -> list[tuple[str, float, float]]:
        try:
            return _FILE.validate_python(read_json(self._path) or [])
        except (OSError, ValueError):
            return []


def is_same_place(area: Sequence[Point], other: Sequence[Point]) -> bool:
    """Whether two areas are of the same thing."""
    return math.dist(_middle(area), _middle(other)) <= SAME_PX


def _middle(area: Sequence[Point]) -> Point:
    return sum(x for x, _ in area) / len(area), sum(y for _, y in area) / len(area)
