"""Backup and restore: SQLite by its online backup, PostgreSQL by its own tools."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from sqlalchemy.engine import make_url

from cloud_api.kit.database import Database

_SQLITE_HEAD = b"SQLite format 3\x00"


class BackupError(RuntimeError):
    """It cannot be done, and why."""


def back_up(database: Database, target: Path, *, pg_bin: str = "") -> None:
    """Write the whole database into one file, while the server runs.

    Raises:
        BackupError
    """
    if target.exists():
        raise BackupError(f"{target} is there already; name another file.")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    if database.is_sqlite:
        _copy_sqlite(_file_of(database), part)
    else:
        if _sql(database, _SEES_ALL, pg_bin=pg_bin).strip() != "t":
            raise BackupError("This role does not see all rows; set DATABASE_DIRECT_URL to the owner of the tables.")
        # Row-level security binds the owner too: the dump says that it is maintenance, and may see all rows.
        options = ["--format=custom", "--no-owner", "--enable-row-security", f"--file={part}"]
        _run("pg_dump", options, database, pg_bin=pg_bin)
    part.chmod(0o600)  # it holds what the database holds
    part.replace(target)


def restore(database: Database, source: Path, *, pg_bin: str = "", overwrites: bool = False) -> None:
    """Put a backup back. The server must not run.

    Raises:
        BackupError
    """
    if not source.is_file():
        raise BackupError(f"There is no file {source}.")
    if database.is_sqlite:
        _restore_sqlite(source, _file_of(database), overwrites=overwrites)
        return
    _restore_postgresql(database, source, pg_bin=pg_bin, overwrites=overwrites)


def _restore_postgresql(database: Database, source: Path, *, pg_bin: str, overwrites: bool) -> None:
    name = make_url(database.direct_url).database
    options = ["--exit-on-error", "--single-transaction", "--no-owner", f"--dbname={name}", str(source)]
    if not overwrites:
        _run("pg_restore", options, database, pg_bin=pg_bin)
        return
    # What is there steps aside until the backup stands, and comes back if it does not.
    _sql(database, "ALTER SCHEMA public RENAME TO before_restore; CREATE SCHEMA public", pg_bin=pg_bin)
    try:
        _run("pg_restore", options, database, pg_bin=pg_bin)
    except BackupError:
        undo = "DROP SCHEMA public CASCADE; ALTER SCHEMA before_restore RENAME TO public"
        _sql(database, undo, pg_bin=pg_bin)
        raise
    _sql(database, "DROP SCHEMA before_restore CASCADE", pg_bin=pg_bin)


_SEES_ALL = (
    "SELECT bool_and(relowner = (SELECT oid FROM pg_roles WHERE rolname = current_user)) OR "
    "(SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user) "
    "FROM pg_class WHERE relrowsecurity AND relnamespace = 'public'::regnamespace"
)


def _sql(database: Database, statement: str, *, pg_bin: str) -> str:
    options = ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]
    options += ["--single-transaction", f"--command={statement}"]
    return _run("psql", options, database, pg_bin=pg_bin)


def _copy_sqlite(source: Path, target: Path) -> None:
    if not source.is_file():
        raise BackupError(f"There is no database at {source}.")
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)
        (told,) = new.execute("PRAGMA integrity_check").fetchone()
    if told != "ok":
        target.unlink()
        raise BackupError(f"The database at {source} is damaged ({told}); the backup was not kept.")


def _restore_sqlite(source: Path, target: Path, *, overwrites: bool) -> None:
    if source.read_bytes()[:16] != _SQLITE_HEAD:
        raise BackupError(f"{source} is no backup of a SQLite database.")
    if target.exists() and not overwrites:
        raise BackupError(f"There is a database at {target}; add --overwrite to replace it.")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    part.unlink(missing_ok=True)
    _copy_sqlite(source, part)
    for rest in ("-wal", "-shm"):
        target.with_name(target.name + rest).unlink(missing_ok=True)
    part.replace(target)


def _file_of(database: Database) -> Path:
    file = make_url(database.url).database
    if not file or file == ":memory:":
        raise BackupError("A database in memory has no backup.")
    return Path(file)


def _run(program: str, options: list[str], database: Database, *, pg_bin: str) -> str:
    found = shutil.which(program, path=pg_bin or None)
    if found is None:
        raise BackupError(
            f"{program} was not found; install PostgreSQL's client, or set WINK_CLOUD_PG_BIN to its folder."
        )
    environment = {**os.environ, **_connection(database)}
    done = subprocess.run([found, *options], env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise BackupError(f"{program} failed: {last}")
    return done.stdout


def _connection(database: Database) -> dict[str, str]:
    url = make_url(database.direct_url)
    # By environment, not by arguments: those can be seen by everybody on the machine.
    given = {
        "PGHOST": str(url.query.get("host") or url.host or ""),
        "PGPORT": str(url.port or ""),
        "PGUSER": url.username or "",
        "PGPASSWORD": str(url.password or ""),
        "PGDATABASE": url.database or "",
        "PGSSLMODE": database.ssl_mode,
        "PGSSLROOTCERT": database.ssl_authority,
        "PGOPTIONS": "-c wink.maintenance=on",
    }
    return {name: value for name, value in given.items() if value}
