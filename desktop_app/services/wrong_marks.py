"""What the owner has marked as wrong: remembered on this computer for the support report. It changes no figure."""

from __future__ import annotations

import logging
import threading
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter

from desktop_app.services.stories import Outcome, Story
from desktop_app.services.whole_files import read_json, set_aside, write_whole

log = logging.getLogger(__name__)

MAX_MARKS = 1000
"""The oldest go first."""


class Verdict(StrEnum):
    """What the owner says."""

    NOT_RIGHT = "should not have been counted so"
    MISSED = "should have been counted"


class WrongMark(BaseModel):
    """One decision that the owner calls wrong. ``story_id``: names its explanation."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    story_id: str
    camera_id: str
    zone_id: str
    occurred_at: datetime
    track_id: int | None
    outcome: Outcome
    reason: str
    verdict: Verdict
    marked_at: datetime


_MARKS: TypeAdapter[tuple[WrongMark, ...]] = TypeAdapter(tuple[WrongMark, ...])


class WrongMarks:
    """``wrong.json``. Thread-safe."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._known: tuple[WrongMark, ...] | None = None

    def all(self) -> tuple[WrongMark, ...]:
        """The oldest first."""
        with self._lock:
            return self._read()

    def put(self, story: Story, *, marked_at: datetime) -> None:
        """Mark a story.

        Raises:
            OSError: it could not be kept.
        """
        mark = WrongMark(
            story_id=story.story_id,
            camera_id=story.camera_id,
            zone_id=story.zone_id,
            occurred_at=story.occurred_at,
            track_id=story.track_id,
            outcome=story.outcome,
            reason=story.reason.value if story.reason else "",
            verdict=Verdict.NOT_RIGHT if story.is_counted else Verdict.MISSED,
            marked_at=marked_at,
        )
        with self._lock:
            others = [m for m in self._read() if m.story_id != mark.story_id]
            self._write((*others, mark)[-MAX_MARKS:])

    def remove(self, story_id: str) -> None:
        """The owner thinks better of it.

        Raises:
            OSError: it could not be kept.
        """
        with self._lock:
            self._write(tuple(m for m in self._read() if m.story_id != story_id))

    def _read(self) -> tuple[WrongMark, ...]:
        if self._known is None:
            try:
                self._known = _MARKS.validate_python(read_json(self._path) or ())
            except ValueError:
                log.error("%s was damaged; it is kept as %s", self._path.name, set_aside(self._path).name)
                self._known = ()
        return self._known

    def _write(self, marks: tuple[WrongMark, ...]) -> None:
        write_whole(self._path, _MARKS.dump_json(marks, indent=1).decode() + "\n")
        self._known = marks
