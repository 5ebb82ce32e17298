"""Reading a history, also while Wink writes it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from desktop_app.adapters.storage.history_file import knows_rotation
from desktop_app.adapters.storage.sqlite_history import ZONES
from desktop_app.domain.explanation import Explanation, Reason
from desktop_app.domain.trajectory import Trajectory
from desktop_app.services.ports import HistoryError
from desktop_app.services.trajectories import KeptRun, Span


class HistoryReader:
    """Looks into the history at ``path``; changes nothing but by ``forget``.

    Raises (all methods):
        HistoryError: there is none, or it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def explanations(
        self, camera_id: str, *, from_at: datetime, to_at: datetime, zone_id: str | None = None
    ) -> list[Explanation]:
        """What was decided between two moments, the oldest first."""
        with self._opened() as connection:
            rows = connection.execute(
                "SELECT zone_id, zone_revision, track_id, reason, occurred_at, other_track_id, nearest_heights, "
                "is_estimated FROM explanations WHERE camera_id = ? AND occurred_at BETWEEN ? AND ? "
                "AND (? IS NULL OR zone_id = ?) ORDER BY occurred_at, id",
                (camera_id, from_at.timestamp(), to_at.timestamp(), zone_id, zone_id),
            )
            return [
                Explanation(camera_id, zone, rev, track, Reason(why), _moment(at), other, near, bool(estimated))
                for zone, rev, track, why, at, other, near, estimated in rows
            ]

    def cameras(self) -> list[str]:
        """Cameras that something is kept of."""
        with self._opened() as connection:
            rows = connection.execute("SELECT DISTINCT camera_id FROM runs ORDER BY camera_id")
            return [camera_id for (camera_id,) in rows]

    def runs(self, *, camera_id: str | None = None) -> list[KeptRun]:
        """All runs of which something is kept, the oldest first."""
        with self._opened() as connection:
            rotation = "rotation" if knows_rotation(connection) else "NULL"
            rows = connection.execute(
                "SELECT run, camera_id, run_at, width, height, zones, kept_from, complete_until, last_at_s, last_at, "  # noqa: S608 - fixed words
                f"{rotation} FROM runs WHERE ? IS NULL OR camera_id = ? ORDER BY run_at",
                (camera_id, camera_id),
            )
            return [
                KeptRun(
                    run, camera, _moment(at), (width, height), ZONES.validate_json(zones),
                    Span(_moment(max(kept_from, at)), _moment(max(until, kept_from, at))), last_s, _moment(last_at),
                    turned,
                )
                for run, camera, at, width, height, zones, kept_from, until, last_s, last_at, turned in rows
            ]  # fmt: skip

    def holes(self, camera_id: str) -> list[Span]:
        """Spans of which paths are missing."""
        with self._opened() as connection:
            rows = connection.execute("SELECT from_at, to_at FROM holes WHERE camera_id = ?", (camera_id,))
            return [Span(_moment(a), _moment(max(a, b))) for a, b in rows]

    def trajectories(self, run: KeptRun, *, from_at: datetime, to_at: datetime) -> list[Trajectory]:
        """The paths of one run that touch a span."""
        with self._opened() as connection:
            rows = connection.execute(
                "SELECT track_id, first_frame, started_at, ended_at, body FROM trajectories "
                "WHERE run = ? AND ended_at >= ? AND started_at <= ? ORDER BY first_frame, track_id",
                (run.run, from_at.timestamp(), to_at.timestamp()),
            )
            return [
                Trajectory(run.camera_id, run.run_at, run.frame_wh, track, frame, _moment(a), _moment(b), body)
                for track, frame, a, b, body in rows
            ]

    def forget(self, camera_id: str) -> None:
        """Forget everything of a camera. Its runs come back if it is still counted."""
        if not self._path.is_file():
            return
        with self._opened(mode="rw") as connection, connection:
            connection.execute(
                "DELETE FROM trajectories WHERE run IN (SELECT run FROM runs WHERE camera_id = ?)", (camera_id,)
            )
            for table in ("runs", "holes", "explanations"):
                connection.execute(f"DELETE FROM {table} WHERE camera_id = ?", (camera_id,))  # noqa: S608 - fixed names

    @contextmanager
    def _opened(self, *, mode: str = "ro") -> Iterator[sqlite3.Connection]:
        nothing = f"Nothing is kept of the past yet in {self._path}. Let Wink count for a while."
        if not self._path.is_file():
            raise HistoryError(nothing)
        try:
            uri = f"{self._path.absolute().as_uri()}?mode={mode}"
            with closing(sqlite3.connect(uri, uri=True, timeout=5)) as connection:
                yield connection
        except sqlite3.Error as error:
            if "no such table" in str(error):
                raise HistoryError(nothing) from error
            words = f"{self._path} cannot be read ({error}); restart Wink, which begins a new one."
            raise HistoryError(words) from error


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(round(seconds, 3), UTC)
