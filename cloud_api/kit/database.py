"""The database: one address for SQLite and PostgreSQL, and a session that commits in one place."""

from __future__ import annotations

import asyncio
import re
import ssl
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from uuid import UUID

import asyncpg
from sqlalchemy import ColumnElement, Uuid, any_, bindparam, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DataError, DBAPIError, DisconnectionError, InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

BELT = ("org_id", "store_id", "credential", "maintenance")
"""What row-level security goes by; each is set in each transaction that is buckled, so that none is left over."""
_IS_READ = "wink_is_read"
IDLE_S = 2.0
_GIVEN_BACK = "wink_given_back_s"
_ID = re.compile(r"[0-9a-f-]*")
_NOT_FOR_US = ("channel_binding", "pgbouncer", "connection_limit", "pool_timeout", "supa", "workaround")
"""Words for other programs' drivers; of channel binding asyncpg knows nothing, and logs in by SCRAM without it."""
_DRIVER_ARGUMENTS = ("statement_cache_size", "ssl", "timeout", "server_settings")
_SSL_MODES = {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}


def normalise_url(url: str, *, data_dir: Path) -> tuple[str, dict[str, Any]]:
    """The address for SQLAlchemy, and connect arguments.

    Takes addresses as Neon, Supabase and Heroku print them: ``postgres://`` and ``postgresql://`` become asyncpg,
    ``sslmode`` and ``sslrootcert`` move to asyncpg's ``ssl``, words for other drivers go.
    Statement caches are off, so that a transaction pooler (PgBouncer, Supabase, Neon) may stand between.

    Raises:
        ValueError: the address is of no known database.
    """
    if not url:
        return f"sqlite+aiosqlite:///{data_dir / 'wink-cloud.sqlite3'}", {}
    parts = urlsplit(url)
    if parts.scheme.startswith("sqlite"):
        return f"sqlite+aiosqlite{url[len(parts.scheme) :]}", {}
    if parts.scheme.split("+")[0] not in ("postgres", "postgresql"):
        raise ValueError(f"DATABASE_URL begins with {parts.scheme}://; use postgresql:// or leave it empty for SQLite.")
    query = dict(parse_qsl(parts.query))
    arguments: dict[str, Any] = {"statement_cache_size": 0, "prepared_statement_cache_size": 0}
    for word in _NOT_FOR_US:
        query.pop(word, None)
    if (encryption := _encryption(query)) is not None:
        arguments["ssl"] = encryption
    if (seconds := query.pop("connect_timeout", None)) is not None:
        arguments["timeout"] = float(seconds)
    told = {word: query.pop(word) for word in ("application_name", "options") if word in query}
    if told:
        arguments["server_settings"] = told
    clean = urlunsplit(("postgresql+asyncpg", parts.netloc, parts.path, urlencode(query), ""))
    return clean, arguments


def _encryption(query: dict[str, str]) -> str | ssl.SSLContext | None:
    """What an address says of TLS, as asyncpg wants it; the words are taken out of ``query``.

    Raises:
        ValueError: a mode that nobody knows, or a file of an authority that cannot be read.
    """
    mode, authority = query.pop("sslmode", None), query.pop("sslrootcert", None)
    if mode is not None and mode not in _SSL_MODES:
        raise ValueError(f"sslmode={mode} is not known; use one of: {', '.join(sorted(_SSL_MODES))}.")
    if authority is None or mode not in ("verify-ca", "verify-full"):
        return mode
    try:
        context = ssl.create_default_context(cafile=None if authority == "system" else authority)
    except OSError:
        raise ValueError(f"sslrootcert={authority} cannot be read; name the file of your hoster's authority.") from None
    context.check_hostname = mode == "verify-full"
    return context


class Database:
    """Engines on one database. Every request gets its own connection and one transaction.

    ``url`` is what the application uses. ``direct_url`` is the owner's, past any pooler: for migrations,
    maintenance and LISTEN; empty: the same as ``url``. ``n_swift``: connections of ``fetch_row_at_once`` at most.
    ``keeps_statements``: no transaction pooler stands between,
    so that prepared statements may be kept.
    """

    def __init__(
        self,
        url: str,
        *,
        data_dir: Path,
        direct_url: str = "",
        pool_size: int = 10,
        keeps_statements: bool = False,
        n_swift: int = 8,
    ) -> None:
        self.url, self._arguments = normalise_url(url, data_dir=data_dir)
        if keeps_statements:
            # asyncpg's and SQLAlchemy's own defaults: statements are prepared once per connection.
            for name in ("statement_cache_size", "prepared_statement_cache_size"):
                self._arguments.pop(name, None)
        self.is_sqlite = self.url.startswith("sqlite")
        self._app_words, self._direct_words = url, direct_url or url
        self.direct_url, self._direct_arguments = self.url, self._arguments
        if direct_url and not self.is_sqlite:
            self.direct_url, self._direct_arguments = normalise_url(direct_url, data_dir=data_dir)
        if self.is_sqlite and (file := make_url(self.url).database):
            Path(file).parent.mkdir(parents=True, exist_ok=True)
        options: dict[str, Any] = {} if self.is_sqlite else {"pool_size": pool_size}
        driver: dict[str, Any] = {} if self.is_sqlite else {"connection_class": _Belted}
        self.engine: AsyncEngine = create_async_engine(self.url, connect_args=self._arguments | driver, **options)
        self._direct: AsyncEngine | None = None
        self._n_swift = n_swift
        self._swift: asyncpg.Pool[Any] | None = None
        self._swift_lock = asyncio.Lock()
        if self.is_sqlite:
            _prepare_sqlite(self.engine)
        else:
            _ask_the_idle(self.engine)

    @asynccontextmanager
    async def begin(
        self, belt: Mapping[str, str] | None = None, *, is_read: bool = False, is_direct: bool = False
    ) -> AsyncIterator[AsyncConnection]:
        """A transaction: committed at the end, rolled back on any error.

        Args:
            belt: what row-level security goes by in this transaction; without it no tenant's row is visible.
            is_read: nothing will be written (on SQLite: does not wait for writers).
            is_direct: as the owner, past any pooler.
        """
        engine = self._direct_engine() if is_direct else self.engine
        async with engine.connect() as connection:
            if is_read and self.is_sqlite:
                await connection.execution_options(**{_IS_READ: True})
            async with connection.begin():
                is_laid_ready = False if self.is_sqlite else await _lay_ready(connection, belt if is_read else None)
                if belt and not is_laid_ready:
                    await buckle(connection, belt)
                yield connection

    async def fetch_row_at_once(self, statement: str, *arguments: object) -> asyncpg.Record:
        """The one row of a statement that is a transaction by itself, and sets its own belt (PostgreSQL only).

        One way to the database and back: past SQLAlchemy, by a small pool of its own. Nothing outlives the
        transaction, so that connections need no cleaning between two users.

        Raises:
            asyncpg.PostgresError, asyncpg.InterfaceError, OSError
        """
        pool = self._swift or await self._swift_pool()
        async with pool.acquire() as connection:
            row = await connection.fetchrow(statement, *arguments)
        if row is None:
            raise asyncpg.InterfaceError("the statement gave no row")
        return row

    async def _swift_pool(self) -> asyncpg.Pool[Any]:
        async with self._swift_lock:
            if self._swift is None:
                dsn, options = _driver_arguments(self.url, self._arguments)
                self._swift = await asyncpg.create_pool(
                    dsn, min_size=0, max_size=self._n_swift, connection_class=_Unreset, **options
                )
            return self._swift

    async def listening_connection(self) -> asyncpg.Connection[Any]:
        """A connection of its own, past any pooler, for LISTEN.

        Raises:
            OSError, asyncpg.PostgresError: the database cannot be reached.
        """
        dsn, options = _driver_arguments(self.direct_url, self._direct_arguments)
        connection: asyncpg.Connection[Any] = await asyncpg.connect(dsn, **options)
        return connection

    @property
    def app_ssl_mode(self) -> str:
        """As the application's address asks for it; empty: it does not."""
        return _word(self._app_words, "sslmode")

    @property
    def ssl_mode(self) -> str:
        """As the owner's address asks for it; empty: it does not."""
        return _word(self._direct_words, "sslmode")

    @property
    def ssl_authority(self) -> str:
        """The file that vouches for the server, by the owner's address; empty: none is named."""
        return _word(self._direct_words, "sslrootcert")

    async def close(self) -> None:
        """Close all connections."""
        if self._swift is not None:
            await self._swift.close()
        await self.engine.dispose()
        if self._direct is not None:
            await self._direct.dispose()

    def _direct_engine(self) -> AsyncEngine:
        if self.is_sqlite or self.direct_url == self.url:
            return self.engine
        if self._direct is None:
            self._direct = create_async_engine(
                self.direct_url,
                connect_args=self._direct_arguments | {"connection_class": _Belted},
                pool_size=2,
                pool_pre_ping=True,
            )
        return self._direct


class _Belted(asyncpg.Connection):  # type: ignore[misc]  # untyped
    """A connection whose next transaction may begin with its belt on: one way to the database and back instead of two."""

    __slots__ = ("belt",)

    def __init__(self, *args: Any, **words: Any) -> None:
        super().__init__(*args, **words)
        self.belt = ""

    async def execute(self, query: str, *args: Any, **words: Any) -> str:
        if query.startswith("BEGIN"):
            query, self.belt = query + self.belt, ""
        told: str = await super().execute(query, *args, **words)
        return told


async def _lay_ready(connection: AsyncConnection, belt: Mapping[str, str] | None) -> bool:
    """Have the transaction that the next statement begins set this belt, or none; False: it does not.

    Only a belt of ids, which need no quoting. What goes past SQLAlchemy (``raw_postgresql``) begins no transaction, so
    that only those that read are begun so.
    """
    raw = await connection.get_raw_connection()
    driver: Any = raw.driver_connection
    values = {name: (belt or {}).get(name, "") for name in BELT}
    if not belt or not all(_ID.fullmatch(value) for value in values.values()):
        driver.belt = ""
        return False
    driver.belt = "SELECT " + ", ".join(f"set_config('wink.{name}', '{value}', true)" for name, value in values.items())
    return True


class _Unreset(asyncpg.Connection):  # type: ignore[misc]  # untyped
    """A connection that is not cleaned when it is given back: nothing was left on it."""

    def get_reset_query(self) -> str:
        return ""


def _word(address: str, word: str) -> str:
    return dict(parse_qsl(urlsplit(address).query)).get(word, "")


def _driver_arguments(url: str, arguments: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The address and options for asyncpg itself."""
    dsn = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    return dsn, {k: v for k, v in arguments.items() if k in _DRIVER_ARGUMENTS}


async def buckle(connection: AsyncConnection, belt: Mapping[str, str]) -> None:
    """Tell row-level security, until the end of this transaction, who asks. SQLite has none."""
    if connection.dialect.name != "postgresql":
        return
    calls = ", ".join(f"set_config('wink.{name}', :{name}, true)" for name in BELT)
    await connection.execute(text(f"SELECT {calls}"), {name: belt.get(name, "") for name in BELT})


def is_one_of(connection: AsyncConnection, column: Any, ids: Sequence[UUID]) -> ColumnElement[bool]:
    """``column`` holds one of ``ids``: for PostgreSQL one parameter, however many there are.

    Hundreds of parameters would be written out, sent and parsed with each of a page's dozens of statements.
    """
    if connection.dialect.name != "postgresql":
        within: ColumnElement[bool] = column.in_(ids)
        return within
    one: ColumnElement[bool] = column == any_(bindparam(None, list(ids), type_=postgresql.ARRAY(Uuid), unique=True))
    return one


def insert_for(connection: AsyncConnection) -> Any:
    """The dialect's INSERT, which knows ON CONFLICT."""
    return postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert


def _ask_the_idle(engine: AsyncEngine) -> None:
    """Before a connection is used again: whether it lives, if it has lain idle.

    SQLAlchemy's own ``pool_pre_ping`` asks each time, four ways to the database and back, before the two or three that
    most requests need. That a connection was closed the driver knows by itself; only one that was lost without a word
    (a firewall, a database that fell asleep) must be asked, and none is lost so within ``IDLE_S`` of being used.
    """

    @event.listens_for(engine.sync_engine, "checkin")
    def on_checkin(_connection: Any, record: Any) -> None:
        record.info[_GIVEN_BACK] = time.monotonic()

    @event.listens_for(engine.sync_engine, "checkout")
    def on_checkout(connection: Any, record: Any, _fairy: Any) -> None:
        given_back_s = record.info.get(_GIVEN_BACK)
        if given_back_s is None:
            return
        if connection.driver_connection.is_closed():
            raise DisconnectionError
        if time.monotonic() - given_back_s < IDLE_S:
            return
        try:
            engine.sync_engine.dialect.do_ping(connection)
        except engine.sync_engine.dialect.loaded_dbapi.Error as error:
            # Those beside it were lost with it, most likely.
            raise InvalidatePoolError from error


def _prepare_sqlite(engine: AsyncEngine) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions are begun below, not by the driver's guess
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=10000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def on_begin(connection: Any) -> None:
        # A reader that turns writer in the middle of a transaction fails at once under WAL: take the lock first.
        is_read = connection.get_execution_options().get(_IS_READ, False)
        connection.exec_driver_sql("BEGIN" if is_read else "BEGIN IMMEDIATE")


async def raw_postgresql(connection: AsyncConnection) -> asyncpg.Connection[Any]:
    """asyncpg's own connection, inside the transaction that is under way: for arrays, which it sends fastest.

    Something must have been executed before (``buckle`` does): SQLAlchemy begins its transaction with the first one.
    """
    raw = await connection.get_raw_connection()
    driver: asyncpg.Connection[Any] = raw.driver_connection
    return driver


@contextmanager
def errors_as_sqlalchemys() -> Iterator[None]:
    """What asyncpg itself is asked in the block fails as anything else does: so that it is tried again, or told alike.

    Raises:
        DBAPIError: instead of asyncpg's own.
    """
    try:
        yield
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise DBAPIError(None, None, error) from error


_PASSING_STATES = {"40001", "40P01", "55P03"}  # serialization failure, deadlock, lock not available


def is_passing(error: DBAPIError) -> bool:
    """Whether the same statement may well succeed in a moment: a deadlock, or a lock held by somebody else."""
    state = getattr(error.orig, "sqlstate", None)
    return state in _PASSING_STATES or "database is locked" in str(error.orig)


def is_bad_value(error: DBAPIError) -> bool:
    """Whether the database refuses a value itself (class 22 of SQL's states), whatever the moment."""
    return isinstance(error, DataError) or str(getattr(error.orig, "sqlstate", "")).startswith("22")
