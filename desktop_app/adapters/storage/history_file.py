"""The history's file: its schema, and what to do when it is damaged. Nothing in it is a count."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import suppress
from datetime import datetime
from pathlib import Path

log = logging.getLogger(__name__)

SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE runs (
    run INTEGER PRIMARY KEY,
    camera_id TEXT NOT NULL,
    run_at REAL NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    zones TEXT NOT NULL,
    kept_from REAL NOT NULL,
    complete_until REAL NOT NULL,
    last_at_s REAL NOT NULL,
    last_at REAL NOT NULL,
    rotation INTEGER,
    UNIQUE (camera_id, run_at)
);
CREATE TABLE holes (camera_id TEXT NOT NULL, from_at REAL NOT NULL, to_at REAL NOT NULL);
CREATE TABLE trajectories (
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL,
    track_id INTEGER NOT NULL,
    first_frame INTEGER NOT NULL,
    started_at REAL NOT NULL,
    ended_at REAL NOT NULL,
    body BLOB NOT NULL
);
CREATE INDEX trajectories_by_run ON trajectories (run, ended_at);
CREATE INDEX trajectories_by_time ON trajectories (ended_at);
CREATE TABLE explanations (
    id INTEGER PRIMARY KEY,
    camera_id TEXT NOT NULL,
    occurred_at REAL NOT NULL,
    zone_id TEXT NOT NULL,
    zone_revision INTEGER NOT NULL,
    track_id INTEGER NOT NULL,
    reason TEXT NOT NULL,
    other_track_id INTEGER,
    nearest_heights REAL NOT NULL,
    is_estimated INTEGER NOT NULL
);
CREATE INDEX explanations_by_time ON explanations (occurred_at);
"""


def open_history(path: Path, *, now: datetime) -> sqlite3.Connection:
    """Open or make the file. One that is damaged, or of a newer version, is moved aside: nothing in it is a count.

    Raises:
        sqlite3.Error, OSError: there can be no such file here now.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return _connect(path)
    except sqlite3.OperationalError as error:
        if "malformed" not in str(error):
            raise
        log.error("the history %s is damaged (%s)", path, error)
    except sqlite3.DatabaseError as error:
        log.error("the history %s cannot be used (%s)", path, error)
    aside = f"{path.name}.damaged-{now:%Y%m%d-%H%M%S}"
    for suffix in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(path.with_name(aside + suffix))
    log.error("it is kept as %s, and a new one begins", aside)
    return _connect(path)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5)
    try:
        # Pages that were emptied go back to the disk little by little; it must be said before the first table.
        connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
        connection.execute("PRAGMA journal_mode=WAL")
        # A power cut may cost the last pages; in return no commit of the outbox ever waits for this file's disk writes.
        connection.execute("PRAGMA synchronous=NORMAL")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA_VERSION:
            raise sqlite3.DatabaseError("a newer version of Wink wrote it")
        if version == 0:
            connection.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version={SCHEMA_VERSION}; COMMIT;")
        if not knows_rotation(connection):
            # Older versions name their columns and go on with one more: the file keeps its version.
            connection.execute("ALTER TABLE runs ADD COLUMN rotation INTEGER")
        connection.execute("SELECT count(*) FROM runs").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def knows_rotation(connection: sqlite3.Connection) -> bool:
    """Whether runs say how their picture was turned; those of older versions do not."""
    return any(name == "rotation" for _, name, *_ in connection.execute("PRAGMA table_info(runs)"))
