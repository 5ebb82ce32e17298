"""The outbox's file: its schema, its lock, and what to do when it is damaged."""

from __future__ import annotations

import logging
import os
import sqlite3
import sys
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path
from typing import IO

from desktop_app.services.ports import OutboxError

log = logging.getLogger(__name__)

SCHEMA_VERSION = 1
SEQ_BLOCK = 1000
"""Sequence numbers are reserved in a side file in blocks, so that a lost database never makes one be used twice."""
_SCHEMA = """
CREATE TABLE events (
    seq INTEGER PRIMARY KEY,
    event_id TEXT NOT NULL UNIQUE,
    occurred_at REAL NOT NULL,
    type TEXT NOT NULL,
    body TEXT NOT NULL,
    state INTEGER NOT NULL DEFAULT 0,
    reason TEXT
);
CREATE INDEX events_by_state ON events (state, seq);
CREATE INDEX events_by_time ON events (occurred_at);
CREATE TABLE counters (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE sequence (id INTEGER PRIMARY KEY CHECK (id = 1), last_seq INTEGER NOT NULL);
INSERT INTO sequence VALUES (1, 0);
"""


class FileLock:
    """Held while a process uses the outbox; freed by the system when the process dies.

    Raises:
        OutboxError: another process holds it.
    """

    def __init__(self, path: Path) -> None:
        self._file: IO[bytes] = path.open("ab")
        try:
            _lock(self._file)
        except OSError:
            self._file.close()
            raise OutboxError(
                f"Another program uses {path.with_suffix('')}; is Wink running already? Close it first."
            ) from None

    def release(self) -> None:
        self._file.close()


def _lock(file: IO[bytes]) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def open_database(path: Path, *, now: datetime) -> sqlite3.Connection:
    """Open or make the database; a damaged one is moved aside and what can be read of it is taken over.

    Raises:
        OutboxError: it was written by a newer version, or cannot be opened at all.
    """
    try:
        return _connect(path)
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError) and "malformed" not in str(error):
            raise OutboxError(
                f"{path} cannot be opened ({error}); check the folder's rights and free space."
            ) from error
        log.error("the outbox %s is damaged (%s)", path, error)
    aside = _move_aside(path, now=now)
    connection = _connect(path)
    rescued = _salvage(aside, connection)
    highest = max(rescued, reserved_seq(path))
    connection.execute("UPDATE sequence SET last_seq = max(last_seq, ?)", (highest,))
    connection.commit()
    log.error("the damaged outbox is kept as %s; events are taken over up to seq %d", aside.name, rescued)
    return connection


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA_VERSION:
            raise OutboxError(f"{path} was written by a newer version of Wink; install that version again.")
        if version == 0:
            connection.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version={SCHEMA_VERSION}; COMMIT;")
        verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise sqlite3.DatabaseError(f"malformed: {verdict}")
    except BaseException:
        connection.close()
        raise
    return connection


def _move_aside(path: Path, *, now: datetime) -> Path:
    aside = path.with_name(f"{path.name}.damaged-{now:%Y%m%d-%H%M%S}")
    for suffix in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(aside.with_name(aside.name + suffix))
    return aside


def _salvage(aside: Path, target: sqlite3.Connection) -> int:
    """Copy every row that can still be read; tells the highest seq found."""
    highest = 0
    with closing(sqlite3.connect(f"file:{aside}?mode=ro", uri=True)) as source:
        for table, columns in (("events", 7), ("counters", 2), ("sequence", 2)):
            marks = ",".join("?" * columns)
            for row in _readable(source, table):
                with suppress(sqlite3.Error):
                    target.execute(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", row)  # noqa: S608 - fixed names
                    if table != "counters":
                        highest = max(highest, int(str(row[0] if table == "events" else row[1])))
    return highest


def _readable(source: sqlite3.Connection, table: str) -> list[tuple[object, ...]]:
    """Rows from both ends: a broken page in the middle hides only its own rows."""
    rows: dict[object, tuple[object, ...]] = {}
    for order in ("ASC", "DESC"):
        with suppress(sqlite3.Error):
            for row in source.execute(f"SELECT * FROM {table} ORDER BY 1 {order}"):  # noqa: S608 - fixed names
                rows.setdefault(row[0], row)
    return list(rows.values())


def reserved_seq(path: Path) -> int:
    """The last sequence number that may have been used, by the side file."""
    try:
        return int(path.with_suffix(".seq").read_text())
    except (FileNotFoundError, ValueError):
        return 0


def reserve_seq(path: Path, *, upto: int) -> None:
    """Note durably that numbers up to ``upto`` may be used."""
    side = path.with_suffix(".seq")
    temporary = side.with_suffix(".seq.new")
    with temporary.open("w") as file:
        file.write(str(upto))
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(side)
