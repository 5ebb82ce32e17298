"""The outbox in SQLite: one writer thread, group commit, durable when ``append`` returns."""

from __future__ import annotations

import logging
import queue
import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar, cast

from desktop_app.adapters.storage.outbox_claims import claimed
from desktop_app.adapters.storage.outbox_file import SEQ_BLOCK, FileLock, open_database, reserve_seq, reserved_seq
from desktop_app.services.ports import DeadLetter, OutboxDepth, OutboxError, PendingEvent
from shared_models.clock import Clock
from shared_models.events import Event, EventDraft, EventType
from shared_models.ids import uuid7

log = logging.getLogger(__name__)

PENDING, ACCEPTED, DEAD, VOID = 0, 1, 2, 3
MAX_GROUP = 500
PRUNED_KEY = "pruned/seq"
"""Among the counters: up to here events were forgotten that no cloud ever had."""
T = TypeVar("T")


@dataclass(slots=True)
class _Job:
    """Work for the writer thread; ``done`` is set when it is durable or has failed."""

    work: Callable[[sqlite3.Connection], Any]
    done: threading.Event = field(default_factory=threading.Event)
    result: Any = None
    error: BaseException | None = None


class SqliteOutbox:
    """Events of one edge device. Thread-safe.

    SQLite in WAL mode with ``synchronous=FULL``: what ``append`` has returned survives a power cut. Sequence numbers are
    taken inside the committed transaction, so they have no holes; only a file that was damaged and replaced leaves one,
    which the cloud can see.

    Raises:
        OutboxError: another process uses the file, a newer version wrote it, or it cannot be opened.
    """

    def __init__(self, path: Path, *, clock: Clock) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._lock = FileLock(path.with_name(path.name + ".lock"))
        try:
            self._connection = open_database(path, now=clock.utc_now())
        except BaseException:
            self._lock.release()
            raise
        # Readers have a connection of their own: WAL lets them see what is committed without waiting for the writer.
        self._reader = _read_only(path)
        self._reading = threading.Lock()
        self._reserved = reserved_seq(path)
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._is_closed = False
        self._on_append: Callable[[], None] | None = None
        self._thread = threading.Thread(target=self._write_all, name="outbox-writer", daemon=True)
        self._thread.start()

    def on_append(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` after events were stored (from the appending thread)."""
        self._on_append = callback

    def append(self, drafts: Sequence[EventDraft], *, counters: Mapping[str, str]) -> list[Event]:
        stamped = [(draft, uuid7()) for draft in drafts]

        def work(connection: sqlite3.Connection) -> list[Event]:
            (last,) = connection.execute("SELECT last_seq FROM sequence").fetchone()
            events = [d.stamped(event_id=i, seq=last + n) for n, (d, i) in enumerate(stamped, start=1)]
            if events:
                self._reserve(last + len(events))
                connection.executemany(
                    "INSERT INTO events (seq, event_id, occurred_at, type, body) VALUES (?, ?, ?, ?, ?)",
                    [(e.seq, str(e.event_id), e.occurred_at.timestamp(), e.type, e.model_dump_json()) for e in events],
                )
                connection.execute("UPDATE sequence SET last_seq = ?", (last + len(events),))
            connection.executemany("INSERT OR REPLACE INTO counters VALUES (?, ?)", list(counters.items()))
            return events

        events = self._run(work)
        if events and self._on_append is not None:
            self._on_append()
        return events

    def load_counters(self) -> dict[str, str]:
        return self._read(lambda c: dict(c.execute("SELECT key, value FROM counters").fetchall()))

    def claim(self, *, limit: int, max_bytes: int, since: datetime | None = None) -> list[PendingEvent]:
        return self._read(lambda connection: claimed(connection, limit=limit, max_bytes=max_bytes, since=since))

    def settle(self, *, accepted: Sequence[str], rejected: Mapping[str, str]) -> None:
        def work(connection: sqlite3.Connection) -> None:
            connection.executemany(
                "UPDATE events SET state = 1 WHERE event_id = ? AND state != 3", [(i,) for i in accepted]
            )
            connection.executemany(
                "UPDATE events SET state = 2, reason = ? WHERE event_id = ? AND state = 0",
                [(reason, i) for i, reason in rejected.items()],
            )

        self._run(work)

    def depth(self) -> OutboxDepth:
        return self._read(_depth)

    def dead_letters(self, *, limit: int = 100) -> list[DeadLetter]:
        return self._read(lambda c: _dead_letters(c, limit=limit))

    def dead_letter_seqs(self, *, above: int, limit: int) -> list[int]:
        query = "SELECT seq FROM events WHERE state IN (2, 3) AND seq > ? ORDER BY seq LIMIT ?"

        def work(connection: sqlite3.Connection) -> list[int]:
            row = connection.execute("SELECT value FROM counters WHERE key = ?", (PRUNED_KEY,)).fetchone()
            pruned = range(above + 1, min(int(row[0]), above + limit) + 1) if row else ()
            kept = [seq for (seq,) in connection.execute(query, (above, limit))]
            return sorted({*pruned, *kept})[:limit]

        return self._read(work)

    def retry_dead_letters(self) -> int:
        return self._run(_revive)

    def prune(self, *, before: datetime, is_alone: bool = False) -> int:
        if is_alone:
            return self._run(lambda c: _prune_all(c, before.timestamp()))
        # Void events are told to the cloud as no holes: they wait until nothing before them is pending.
        query = (
            "DELETE FROM events WHERE occurred_at < ? AND (state = 1 OR (state = 3 AND "
            "seq < coalesce((SELECT min(seq) FROM events WHERE state = 0), 9e18)))"
        )
        return self._run(lambda c: c.execute(query, (before.timestamp(),)).rowcount)

    def counts_by_zone(self) -> dict[tuple[str, str, str], int]:
        """How many events were ever accepted by the cloud, by camera, zone and type."""

        def work(connection: sqlite3.Connection) -> dict[tuple[str, str, str], int]:
            rows = connection.execute(
                "SELECT json_extract(body, '$.camera_id'), coalesce(json_extract(body, '$.zone_id'), ''), type, count(*) "
                "FROM events WHERE state = 1 GROUP BY 1, 2, 3"
            )
            return {(camera, zone, kind): n for camera, zone, kind, n in rows}

        return self._read(work)

    def close(self) -> None:
        """Finish what was handed in and let go of the file. May be called twice."""
        if self._is_closed:
            return
        self._is_closed = True
        self._jobs.put(None)
        self._thread.join()
        with self._reading:
            self._reader.close()
        self._connection.close()
        self._lock.release()

    def _read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Look at what is committed, at one moment."""
        with self._reading:
            if self._is_closed:
                raise OutboxError("The outbox is closed.")
            try:
                self._reader.execute("BEGIN")
                try:
                    return work(self._reader)
                finally:
                    self._reader.execute("COMMIT")
            except sqlite3.Error as error:
                raise _explained(error, self._path) from error

    # -- the writer

    def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        if self._is_closed:
            raise OutboxError("The outbox is closed.")
        job = _Job(work)
        self._jobs.put(job)
        job.done.wait()
        if job.error is not None:
            raise _explained(job.error, self._path) from job.error
        return cast("T", job.result)

    def _write_all(self) -> None:
        while (first := self._jobs.get()) is not None:
            jobs = [first]
            is_last = False
            # While one commit runs others queue up: they share the next. An idle writer waits for nobody.
            while len(jobs) < MAX_GROUP:
                try:
                    job = self._jobs.get_nowait()
                except queue.Empty:
                    break
                if job is None:
                    is_last = True
                    break
                jobs.append(job)
            self._commit(jobs)
            if is_last:
                return

    def _commit(self, jobs: list[_Job]) -> None:
        connection = self._connection
        try:
            try:
                self._transact(connection, jobs)
            except sqlite3.OperationalError as error:
                if not _is_full(error) or not self._shed(connection):
                    raise
                self._transact(connection, jobs)
        except BaseException as error:
            for job in jobs:
                job.error = job.error or error
        for job in jobs:
            job.done.set()

    def _transact(self, connection: sqlite3.Connection, jobs: list[_Job]) -> None:
        """All jobs in one transaction; one that fails for its own reasons takes only itself back."""
        connection.execute("BEGIN IMMEDIATE")
        try:
            for job in jobs:
                connection.execute("SAVEPOINT job")
                try:
                    job.result = job.work(connection)
                except (sqlite3.OperationalError, sqlite3.DatabaseError):
                    raise
                except Exception as error:
                    job.error = error
                    connection.execute("ROLLBACK TO job")
                connection.execute("RELEASE job")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def _shed(self, connection: sqlite3.Connection) -> bool:
        """The disk is full: heat maps go first, counts never. Tells whether anything went."""
        try:
            gone = connection.execute(
                "DELETE FROM events WHERE type = ? AND state = ?", (EventType.HEATMAP, ACCEPTED)
            ).rowcount
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.OperationalError:
            return False
        if gone:
            log.error("the disk is full: %d heat maps were dropped to make room for counts", gone)
        return gone > 0

    def _reserve(self, seq: int) -> None:
        if seq > self._reserved:
            self._reserved = (seq // SEQ_BLOCK + 1) * SEQ_BLOCK
            reserve_seq(self._path, upto=self._reserved)


def read_depth(path: Path) -> OutboxDepth | None:
    """How full an outbox is that another process may be using; None if there is none.

    Raises:
        OutboxError: the file cannot be read.
    """
    return _look(path, _depth)


def read_counters(path: Path) -> dict[str, str]:
    """The counters of an outbox that another process may be using.

    Raises:
        OutboxError: the file cannot be read.
    """
    return _look(path, lambda connection: dict(connection.execute("SELECT key, value FROM counters").fetchall())) or {}


def read_dead_letters(path: Path, *, limit: int = 100) -> list[DeadLetter]:
    """The newest refused events of an outbox that another process may be using.

    Raises:
        OutboxError: the file cannot be read.
    """
    return _look(path, lambda connection: _dead_letters(connection, limit=limit)) or []


def retry_dead_letters_of(path: Path) -> int:
    """Make all dead letters of an outbox pending again, also while another process uses it; tells how many.

    Raises:
        OutboxError: the file cannot be written now.
    """
    if not path.is_file():
        return 0
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=10)) as connection:
            connection.execute("PRAGMA synchronous=FULL")
            with connection:
                return _revive(connection)
    except sqlite3.Error as error:
        raise _explained(error, path) from error


def _prune_all(connection: sqlite3.Connection, before: float) -> int:
    """Forget even what nobody accepted; a cloud that this store may join one day is told that these are no holes."""
    (last,) = connection.execute("SELECT max(seq) FROM events WHERE occurred_at < ?", (before,)).fetchone()
    if last is None:
        return 0
    connection.execute(
        "INSERT INTO counters VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = max(CAST(value AS INTEGER), ?)",
        (PRUNED_KEY, str(last), last),
    )
    return connection.execute("DELETE FROM events WHERE occurred_at < ?", (before,)).rowcount


def _revive(connection: sqlite3.Connection) -> int:
    return connection.execute("UPDATE events SET state = 0, reason = NULL WHERE state = 2").rowcount


def _look(path: Path, work: Callable[[sqlite3.Connection], T]) -> T | None:
    if not path.is_file():
        return None
    try:
        with closing(_read_only(path)) as connection:
            return work(connection)
    except sqlite3.Error as error:
        raise _explained(error, path) from error


def _read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5, isolation_level=None, check_same_thread=False
    )


def _depth(connection: sqlite3.Connection) -> OutboxDepth:
    pending, oldest = connection.execute("SELECT count(*), min(occurred_at) FROM events WHERE state = 0").fetchone()
    (dead,) = connection.execute("SELECT count(*) FROM events WHERE state = 2").fetchone()
    (last,) = connection.execute("SELECT last_seq FROM sequence").fetchone()
    return OutboxDepth(pending, dead, datetime.fromtimestamp(oldest, UTC) if oldest else None, last)


def _dead_letters(connection: sqlite3.Connection, *, limit: int) -> list[DeadLetter]:
    rows = connection.execute(
        "SELECT seq, event_id, body, reason FROM events WHERE state = 2 ORDER BY seq DESC LIMIT ?", (limit,)
    )
    return [DeadLetter(*row) for row in rows]


def _is_full(error: BaseException) -> bool:
    return "full" in str(error)


def _explained(error: BaseException, path: Path) -> BaseException:
    if isinstance(error, (sqlite3.Error, OSError)):
        if _is_full(error) or getattr(error, "errno", None) == 28:
            return OutboxError(f"The disk that holds {path} is full; counts wait in memory. Free some space.")
        return OutboxError(f"{path} cannot be used ({error}); restart the program, and check the disk.")
    return error
