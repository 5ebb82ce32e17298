"""What never moves and is a person all the same, by the owner's word: it is not offered as an ignored area again."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter

from desktop_app.services.whole_files import read_json, write_whole
from shared_models.geometry import Point, Size

log = logging.getLogger(__name__)

NOT_FURNITURE_FILE = "not-furniture.json"
SAME_PX = 12.0
"""Areas whose middles are no further apart are of the same thing: its box sways by some pixels. Of a picture 640 wide; of a
larger one proportionally more."""
SAME_OF_PX = 640
_Norm = Annotated[float, Field(ge=0.0, le=1.0)]
_FILE: TypeAdapter[list[tuple[str, _Norm, _Norm]]] = TypeAdapter(list[tuple[str, _Norm, _Norm]])


class NotFurniture:
    """Places by camera, kept over restarts as shares of the frame: a camera may come back at another resolution.

    Areas are in pixels of a frame of ``frame_wh``, as the camera's status tells them.

    Args:
        path: where they are kept.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._places = self._read()

    def add(self, camera_id: str, area: Sequence[Point], *, frame_wh: Size) -> None:
        """Remember an answer. Where it cannot be written it holds until the program ends."""
        if not self.holds(camera_id, area, frame_wh=frame_wh):
            x, y = _middle(area)
            place = (min(1.0, max(0.0, x / frame_wh[0])), min(1.0, max(0.0, y / frame_wh[1])))
            self._keep([*self._places, (camera_id, *place)])

    def holds(self, camera_id: str, area: Sequence[Point], *, frame_wh: Size) -> bool:
        """Whether this was answered before."""
        places = [(x * frame_wh[0], y * frame_wh[1]) for known, x, y in self._places if known == camera_id]
        return any(_is_near(_middle(area), place, frame_wh=frame_wh) for place in places)

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


def is_same_place(area: Sequence[Point], other: Sequence[Point], *, frame_wh: Size) -> bool:
    """Whether two areas are of the same thing."""
    return _is_near(_middle(area), _middle(other), frame_wh=frame_wh)


def _is_near(point: Point, other: Point, *, frame_wh: Size) -> bool:
    return math.dist(point, other) <= SAME_PX * max(frame_wh) / SAME_OF_PX


def _middle(area: Sequence[Point]) -> Point:
    return sum(x for x, _ in area) / len(area), sum(y for _, y in area) / len(area)
