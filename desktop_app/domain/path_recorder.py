"""Gathers the looks of each track until it is over, for the trajectories. Bounded, in parts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from desktop_app.domain.presence import Moment
from desktop_app.domain.trajectory import MAX_LOOKS, Geometry, TrackRecord
from desktop_app.domain.walks import Look, Walk

MAX_WAITING = 300
"""Records kept while nobody takes them."""


class PathRecorder:
    """The paths of one camera. A *run* lasts from the first frame until the rules are closed.

    Attributes:
        frame: number of the frame under way, from 0 with each run.
        run_at: UTC moment of the run's first frame.
        geometry: the zones in force; whoever sets zones sets it.
    """

    def __init__(self, camera_id: str) -> None:
        self._camera_id = camera_id
        self._waiting: list[TrackRecord] = []
        self._now: datetime | None = None
        self.frame = -1
        self.run_at: datetime | None = None
        self.geometry = Geometry((1, 1))

    def begin_frame(self, moment: Moment) -> None:
        if self.run_at is None:
            self.run_at = moment.occurred_at
        self.frame += 1
        self._now = moment.occurred_at

    def add(self, walk: Walk, look: Look) -> None:
        """Take a look at a track. Call it after ``walk.is_confirmed`` was set."""
        walk.looks.append(look)
        if walk.is_confirmed and walk.confirmed_from is None:
            walk.confirmed_from = len(walk.looks) - 1
        if len(walk.looks) < MAX_LOOKS:
            return
        if walk.is_confirmed:
            self.end_walk(walk)
            walk.confirmed_from = 0
        else:
            # Never confirmed for minutes: the first look decides what it may be stitched to, the newest the rest.
            del walk.looks[1 : MAX_LOOKS // 2]

    def end_walk(self, walk: Walk) -> None:
        """The track, or this part of it, is over. Who was never confirmed leaves nothing."""
        if walk.looks and walk.confirmed_from is not None and self.run_at is not None:
            record = TrackRecord(
                self._camera_id, self.run_at, walk.track_id, tuple(walk.looks), walk.confirmed_from, self.geometry
            )
            self._waiting.append(record)
            del self._waiting[:-MAX_WAITING]
        walk.looks.clear()

    def take(self) -> list[TrackRecord]:
        taken, self._waiting = self._waiting, []
        return taken

    def complete_until(self, walks: Iterable[Walk]) -> datetime | None:
        """Nobody seen before it is still on the way or waits to be taken."""
        open_ms = [walk.looks[0].stamp_ms for walk in walks if walk.looks]
        open_ms += [record.looks[0].stamp_ms for record in self._waiting]
        if not open_ms or self._now is None:
            return self._now
        return min(self._now, datetime.fromtimestamp(min(open_ms) / 1000, UTC))

    def end_run(self) -> None:
        """The rules were closed: the next frame begins a new run."""
        self.run_at, self.frame = None, -1
