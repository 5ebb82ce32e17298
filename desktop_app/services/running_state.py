"""How a program that counts is doing, written beside its outbox: for the doctor, who is another program."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from desktop_app.services.engine_view import CameraCondition, CameraStatus
from desktop_app.services.whole_files import write_whole

log = logging.getLogger(__name__)

WRITE_EVERY_S = 10.0
OLD = timedelta(seconds=3 * WRITE_EVERY_S)
"""Whoever has not written for so long does not run any more."""


class RunningCamera(BaseModel):
    """One camera, as ``CameraStatus`` tells of it. ``target_fps``: looks a second that it is asked for."""

    model_config = ConfigDict(frozen=True)

    label: str
    condition: CameraCondition
    words: str
    analysed_fps: float
    target_fps: float
    input_side: int


class RunningState(BaseModel):
    """A program that counts, at one moment (UTC), with the name of its model."""

    model_config = ConfigDict(frozen=True)

    at: AwareDatetime
    model: str
    cameras: tuple[RunningCamera, ...]


class RunningStateFile:
    """Kept by the program that counts. Nothing depends on it: a full disk costs the doctor a line."""

    def __init__(self, path: Path, *, model: str) -> None:
        self._path, self._model = path, model

    def write(self, cameras: Sequence[CameraStatus], *, now: datetime) -> None:
        """Tell how all cameras are now."""
        rows = tuple(
            RunningCamera(
                label=c.label,
                condition=c.condition,
                words=c.words,
                analysed_fps=round(c.analysed_fps, 2),
                target_fps=c.target_fps,
                input_side=c.input_side,
            )
            for c in cameras
        )
        state = RunningState(at=now, model=self._model, cameras=rows)
        try:
            write_whole(self._path, state.model_dump_json() + "\n", is_durable=False)
        except OSError as error:
            log.debug("how it runs cannot be written: %s", error)

    def remove(self) -> None:
        """It runs no more."""
        try:
            self._path.unlink(missing_ok=True)
        except OSError as error:
            log.debug("%s cannot be removed: %s", self._path, error)


def read_running(path: Path, *, now: datetime) -> RunningState | None:
    """How the program that counts was doing some seconds ago; None where none runs."""
    try:
        state = RunningState.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
    return state if abs(now - state.at) <= OLD else None
