"""The history in SQLite, in a file beside the outbox's: one writer thread, lossy, bounded in time and size."""

from __future__ import annotations

import logging
import queue
import sqlite3
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import TypeAdapter

from desktop_app.adapters.storage.history_file import open_history
from desktop_app.domain.trajectory import simplified
from desktop_app.services.ports import HistoryPage
from shared_models.clock import Clock
from shared_models.zones import Zone

log = logging.getLogger(__name__)

MAX_QUEUED = 64
PRUNE_EVERY_S = 600.0
REOPEN_EVERY_S = 60.0
ZONES: TypeAdapter[tuple[Zone, ...]] = TypeAdapter(tuple[Zone, ...])


@dataclass(frozen=True, slots=True)
class HistoryLimits:
    """How long things are kept, and how much room they may take."""

    explanations: timedelta = timedelta(days=7)
    trajectories: timedelta = timedelta(days=30)
    max_bytes: int = 2_000_000_000


class SqliteHistory:
    """Explanations and foot paths of one edge device. Thread-safe.

    Simplifying paths is work of the writer thread too, so that no frame waits for it. What cannot be kept (a full disk,
    a writer that is behind) leaves a *hole* that a recount knows of.
    """

    def __init__(self, path: Path, *, clock: Clock, limits: HistoryLimits | None = None) -> None:
        self._path = path
        self._clock = clock
        self._limits = limits or HistoryLimits()
        self._queue: queue.Queue[HistoryPage | None] = queue.Queue(MAX_QUEUED)
        self._connection: sqlite3.Connection | None = None
        self._opened_s = float("-inf")
        self._pruned_s = float("-inf")
        self._holes: dict[str, tuple[datetime, datetime]] = {}
        self._written: dict[str, datetime] = {}
        self._lock = threading.Lock()
        self._is_failing = False
        self._is_closed = False
        self._thread = threading.Thread(target=self._write_all, name="history-writer", daemon=True)
        self._thread.start()

    def put(self, page: HistoryPage) -> None:
        if self._is_closed:
            return
        try:
            self._queue.put_nowait(page)
        except queue.Full:
            self._note_hole(page)

    def close(self) -> None:
        """Write what was handed in and let go of the file. May be called twice."""
        if self._is_closed:
            return
        self._is_closed = True
        self._queue.put(None)
        self._thread.join()
        if self._connection is not None:
            self._connection.close()

    # -- the writer

    def _write_all(self) -> None:
        while (page := self._queue.get()) is not None:
            try:
                self._write(page)
                self._is_failing = False
            except (sqlite3.Error, OSError) as error:
                self._failed(error)
                self._note_hole(page)
            except Exception:
                log.exception("a page of the history could not be written")
                self._note_hole(page)

    def _write(self, page: HistoryPage) -> None:
        connection = self._open()
        paths = [simplified(record) for record in page.paths]
        with self._lock:
            hole = self._holes.get(page.progress.camera_id)
        connection.execute("BEGIN IMMEDIATE")
        try:
            run = self._run(connection, page)
            connection.executemany(
                "INSERT INTO trajectories (run, track_id, first_frame, started_at, ended_at, body) VALUES (?,?,?,?,?,?)",
                [
                    (run, t.track_id, t.first_frame, t.started_at.timestamp(), t.ended_at.timestamp(), t.body)
                    for t in paths
                ],
            )
            connection.executemany(
                "INSERT INTO explanations (camera_id, occurred_at, zone_id, zone_revision, track_id, reason, "
                "other_track_id, nearest_heights, is_estimated) VALUES (?,?,?,?,?,?,?,?,?)",
                [
                    (e.camera_id, e.occurred_at.timestamp(), e.zone_id, e.zone_revision, e.track_id, e.reason.value,
                     e.other_track_id, min(e.nearest_heights, 1e6), e.is_estimated)
                    for e in page.explanations
                ],
            )  # fmt: skip
            if hole is not None:
                connection.execute(
                    "INSERT INTO holes VALUES (?, ?, ?)",
                    (page.progress.camera_id, hole[0].timestamp(), hole[1].timestamp()),
                )
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        with self._lock:
            self._written[page.progress.camera_id] = page.progress.complete_until
            if self._holes.get(page.progress.camera_id) == hole:
                self._holes.pop(page.progress.camera_id, None)
        self._prune(connection)

    def _run(self, connection: sqlite3.Connection, page: HistoryPage) -> int:
        progress = page.progress
        (run,) = connection.execute(
            "INSERT INTO runs (camera_id, run_at, width, height, zones, kept_from, complete_until, last_at_s, last_at, "
            "rotation) VALUES (?,?,?,?,?,?,?,?,?,?) ON CONFLICT (camera_id, run_at) DO UPDATE SET "
            "complete_until = excluded.complete_until, last_at_s = excluded.last_at_s, last_at = excluded.last_at "
            "RETURNING run",
            (
                progress.camera_id,
                progress.run_at.timestamp(),
                *progress.frame_wh,
                ZONES.dump_json(progress.zones).decode(),
                progress.run_at.timestamp(),
                progress.complete_until.timestamp(),
                progress.last_at_s,
                progress.last_at.timestamp(),
                progress.rotation,
            ),
        ).fetchone()
        return int(run)

    def _open(self) -> sqlite3.Connection:
        now_s = self._clock.monotonic_s()
        if self._connection is None:
            if now_s - self._opened_s < REOPEN_EVERY_S:
                raise OSError("the history could not be opened a moment ago")
            self._opened_s = now_s
            self._connection = open_history(self._path, now=self._clock.utc_now())
        return self._connection

    def _failed(self, error: Exception) -> None:
        if not self._is_failing:
            log.warning("explanations and foot paths are not kept now, counts are: %s", error)
        self._is_failing = True
        connection = self._connection
        if connection is None or "locked" in str(error):
            return
        if "full" in str(error):
            try:
                self._shed(connection)
            except sqlite3.Error as again:
                log.info("the history could not make room: %s", again)
            return
        # Damaged: opened anew, and moved aside then if it must be.
        connection.close()
        self._connection = None

    def _note_hole(self, page: HistoryPage) -> None:
        """What this page held is missing, from the last moment that is known to be whole."""
        progress = page.progress
        with self._lock:
            hole = self._holes.get(progress.camera_id)
            start = hole[0] if hole else max(progress.run_at, self._written.get(progress.camera_id, progress.run_at))
            self._holes[progress.camera_id] = (start, progress.last_at)

    # -- bounds

    def _prune(self, connection: sqlite3.Connection) -> None:
        now_s = self._clock.monotonic_s()
        if now_s - self._pruned_s < PRUNE_EVERY_S:
            return
        self._pruned_s = now_s
        now = self._clock.utc_now()
        _forget(
            connection,
            explanations=(now - self._limits.explanations).timestamp(),
            trajectories=(now - self._limits.trajectories).timestamp(),
        )
        if _size(connection) > self._limits.max_bytes:
            self._shed(connection)

    def _shed(self, connection: sqlite3.Connection) -> None:
        """Give back room: the older half of the explanations and the oldest quarter of the foot paths."""
        cuts = []
        for table, column, share in (("explanations", "occurred_at", 2), ("trajectories", "ended_at", 4)):
            (count,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 - fixed names
            row = connection.execute(
                f"SELECT {column} FROM {table} ORDER BY {column} LIMIT 1 OFFSET ?",  # noqa: S608 - fixed names
                (count // share,),
            ).fetchone()
            cuts.append(row[0] if row else 0.0)
        _forget(connection, explanations=cuts[0], trajectories=cuts[1])


def _forget(connection: sqlite3.Connection, *, explanations: float, trajectories: float) -> None:
    """Forget what is older (UTC seconds); runs know from when on their paths are whole."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute("DELETE FROM explanations WHERE occurred_at < ?", (explanations,))
        connection.execute("DELETE FROM trajectories WHERE ended_at < ?", (trajectories,))
        connection.execute("UPDATE runs SET kept_from = ? WHERE kept_from < ?", (trajectories, trajectories))
        connection.execute("DELETE FROM runs WHERE last_at < ?", (trajectories,))
        connection.execute("DELETE FROM holes WHERE to_at < ?", (trajectories,))
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("PRAGMA incremental_vacuum").fetchall()


def _size(connection: sqlite3.Connection) -> int:
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    return int((pages - free) * size)
