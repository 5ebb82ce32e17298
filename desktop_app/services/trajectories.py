"""Kept foot paths by time: which runs of the rules there were, and of which spans everything is known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from desktop_app.domain.trajectory import Trajectory
from shared_models.cameras import Rotation
from shared_models.geometry import Size
from shared_models.zones import Zone


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """From a moment on, until before another."""

    from_at: datetime
    to_at: datetime

    @property
    def seconds(self) -> float:
        return max(0.0, (self.to_at - self.from_at).total_seconds())

    def shared(self, other: Span) -> Span | None:
        """What both have, or None."""
        start, end = max(self.from_at, other.from_at), min(self.to_at, other.to_at)
        return Span(start, end) if start < end else None


@dataclass(frozen=True, slots=True)
class KeptRun:
    """One run of the rules: from a camera's start until its stop, or a change of its zones.

    Attributes:
        whole: of this span every foot path is kept.
        last_at_s, last_at: its newest known frame.
        rotation: how the camera's picture was turned; None: nobody wrote it down (older versions).
    """

    run: int
    camera_id: str
    run_at: datetime
    frame_wh: Size
    zones: tuple[Zone, ...]
    whole: Span
    last_at_s: float
    last_at: datetime
    rotation: Rotation | None = None


class TrajectoryStore(Protocol):
    """Where foot paths are read from."""

    def runs(self, *, camera_id: str | None = None) -> list[KeptRun]:
        """All runs of which something is kept, the oldest first."""

    def holes(self, camera_id: str) -> list[Span]:
        """Spans of which paths are missing."""

    def trajectories(self, run: KeptRun, *, from_at: datetime, to_at: datetime) -> list[Trajectory]:
        """The paths of one run that touch a span."""


def hung_as_now(runs: Sequence[KeptRun], *, rotation: Rotation | None = None) -> list[KeptRun]:
    """The runs since the camera was turned last, the oldest first: ways of before are of another picture.

    Args:
        runs: of one camera, the oldest first.
        rotation: how it is turned now; None: as in the newest run.
    """
    found: list[KeptRun] = []
    for run in reversed(runs):
        if rotation is None:
            rotation = run.rotation
        if run.rotation not in (None, rotation):
            break
        found.append(run)
    return found[::-1]


def without(span: Span, holes: Iterable[Span]) -> list[Span]:
    """What is left of ``span`` outside ``holes``."""
    left = [span]
    for hole in holes:
        left = [
            part
            for one in left
            for part in (
                Span(one.from_at, min(one.to_at, hole.from_at)),
                Span(max(one.from_at, hole.to_at), one.to_at),
            )
            if part.from_at < part.to_at
        ]
    return sorted(set(left))
