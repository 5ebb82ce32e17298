"""Whose frame is looked at next: a pure rule."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

RATE_SPAN_S = 5.0
HEAD_START = 1.0
"""Periods by which a camera with people near a line comes before the others, where there is too much to do."""


@dataclass(slots=True)
class _Turn:
    period_s: float
    due_s: float = 0.0
    is_urgent: bool = False
    done_s: list[float] = field(default_factory=list)


class DetectionSchedule:
    """Cameras take turns by when they are due. Where there is too much to do, all fall behind by the same share.

    A camera that is late is due one period after it was looked at, not after it should have been: nobody catches up at
    the others' cost.
    """

    def __init__(self, target_fps: dict[str, float]) -> None:
        self._turns = {camera_id: _Turn(1.0 / fps) for camera_id, fps in target_fps.items()}

    def add(self, camera_id: str, *, fps: float) -> None:
        """A camera more, or an old one at another rate."""
        self._turns[camera_id] = _Turn(1.0 / fps)

    def set_rate(self, camera_id: str, *, fps: float) -> None:
        """Look at a known camera more or less often from its next look on."""
        turn = self._turns.get(camera_id)
        if turn is not None:
            turn.period_s = 1.0 / fps

    def remove(self, camera_id: str) -> None:
        """A camera less."""
        self._turns.pop(camera_id, None)

    def due(self, *, now_s: float) -> list[str]:
        """Cameras that are due, the most overdue first; one with people near a line counts as overdue by more."""
        waiting = [
            (turn.due_s - (HEAD_START * turn.period_s if turn.is_urgent else 0.0), camera_id)
            for camera_id, turn in self._turns.items()
            if turn.due_s <= now_s
        ]
        return [camera_id for _, camera_id in sorted(waiting)]

    def prefer(self, camera_id: str, *, is_urgent: bool) -> None:
        """Somebody is near a line of this camera, or nobody is any more."""
        turn = self._turns.get(camera_id)
        if turn is not None:
            turn.is_urgent = is_urgent

    def next_due_s(self) -> float:
        """When the next camera is due."""
        return min((turn.due_s for turn in self._turns.values()), default=float("inf"))

    def looked_at(self, camera_id: str, *, now_s: float) -> None:
        """A frame of this camera was taken."""
        turn = self._turns[camera_id]
        # On time: keep the rhythm. Late: begin a new one.
        kept = turn.due_s + turn.period_s
        turn.due_s = kept if kept > now_s else now_s + turn.period_s
        turn.done_s.append(now_s)
        turn.done_s = [t for t in turn.done_s if now_s - t <= RATE_SPAN_S]

    def rate(self, camera_id: str, *, now_s: float) -> float:
        """Frames per second that were really looked at, lately; 0 for a camera that is not known."""
        turn = self._turns.get(camera_id)
        return sum(1 for t in turn.done_s if now_s - t <= RATE_SPAN_S) / RATE_SPAN_S if turn else 0.0

    def cameras(self) -> Iterable[str]:
        """All camera ids."""
        return self._turns.keys()
