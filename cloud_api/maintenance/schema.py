"""Bringing the database to the form that the program expects, and seeing whether it is there."""

from __future__ import annotations

from sqlalchemy import select, text
from sqlmodel import col

from cloud_api.kit.database import Database
from cloud_api.maintenance.partitions import make_ahead
from cloud_api.migrations import is_current, upgrade
from cloud_api.models import ServerState
from cloud_api.models.base import utc_now
from cloud_api.rollups.proof import STALE, rebuild_if_stale
from cloud_api.tenancy.row_security import check_row_security
from cloud_api.tenancy.transactions import maintenance


class BehindError(RuntimeError):
    """The database's schema is older than the program."""


async def migrate(database: Database) -> None:
    """Bring the schema up to date, as the owner; figures anew where they have changed their meaning; months ahead."""
    async with database.begin(is_direct=True) as connection:
        await connection.run_sync(upgrade)
    async with maintenance(database) as connection:
        await rebuild_if_stale(connection)
        await make_ahead(connection, today=utc_now().date())


async def prepare(database: Database, *, is_strict: bool = False) -> None:
    """Bring SQLite up to date; check that PostgreSQL is, and that row-level security stands.

    Raises:
        BehindError: PostgreSQL's schema is not current; RowSecurityError.
    """
    if database.is_sqlite:
        await migrate(database)
        return
    async with database.begin() as connection:
        if not await connection.run_sync(is_current):
            raise BehindError("The database's schema is not current; run: wink-cloud migrate")
        await check_row_security(connection, is_strict=is_strict)
        stale = select(col(ServerState.value)).where(col(ServerState.name) == STALE)
        if (await connection.execute(stale)).first() is not None:
            raise BehindError("The figures are to be made anew first; run: wink-cloud migrate")


async def create_app_role(database: Database, name: str, password: str) -> None:
    """A plain database role for the application, which row-level security binds; its rights and password anew.

    Runs as the owner, who needs no more than CREATEROLE.

    Raises:
        ValueError: a role of this name is there, and nothing binds it.
    """
    async with database.begin(is_direct=True) as connection:
        quoted = (await connection.execute(text("SELECT quote_ident(:n)"), {"n": name})).scalar_one()
        secret = (await connection.execute(text("SELECT quote_literal(:p)"), {"p": password})).scalar_one()
        query = text("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = :n")
        is_unbound = (await connection.execute(query, {"n": name})).scalar()
        if is_unbound:
            raise ValueError(f"The role {name} is bound by no row-level security; choose another name.")
        # Only a superuser may name these attributes of a role that is there, even to say that it lacks them.
        made = "" if is_unbound is False else " NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE"
        verb = "ALTER" if is_unbound is False else "CREATE"
        schema = (await connection.execute(text("SELECT quote_ident(current_schema())"))).scalar_one()
        for statement in (
            f"{verb} ROLE {quoted} LOGIN PASSWORD {secret}{made}",
            f"GRANT USAGE ON SCHEMA {schema} TO {quoted}",
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {quoted}",
            f"REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {quoted}",
            # Entries of the audit log are only ever added.
            f"REVOKE UPDATE, DELETE ON audit_entries FROM {quoted}",
            f"ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {quoted}",
        ):
            await connection.exec_driver_sql(statement)
