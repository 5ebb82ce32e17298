"""Row-level security, verified: the role that it must bind, and the rules that must stand on each table."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel

from cloud_api.tenancy.shown_credential import SECRET_COLUMNS

log = logging.getLogger(__name__)
_ORG = "org_id=SELECTwink_org"
_STORE = "ANDSELECTwink_storeISNULLOR{column}=SELECTwink_store"
_MAINTENANCE = "SELECTwink_maintenance"
_BODIES = {
    "wink_org": "SELECTnullifcurrent_setting'wink.org_id',true,''::uuid",
    "wink_store": "SELECTnullifcurrent_setting'wink.store_id',true,''::uuid",
    "wink_credential": "SELECTnullifcurrent_setting'wink.credential',true,''",
    "wink_maintenance": "SELECTcurrent_setting'wink.maintenance',true='on'",
}


class RowSecurityError(RuntimeError):
    """The second belt is not on."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A rule as it must stand; ``roles`` None: any one role."""

    name: str
    command: str
    rule: str
    has_check: bool


def expected_policies() -> dict[str, set[Policy]]:
    """The rules of each tenant's table, by its name."""
    expected: dict[str, set[Policy]] = {}
    for name, table in SQLModel.metadata.tables.items():
        columns = table.columns.keys()
        if name == "organisations":
            rule = _ORG.replace("org_id", "id", 1)
        elif "org_id" not in columns:
            continue
        else:
            store = "id" if name == "stores" else "store_id" if "store_id" in columns else ""
            rule = _ORG + (_STORE.format(column=store) if store else "")
        expected[name] = {Policy("tenant", "ALL", rule, True), Policy("maintenance", "ALL", _MAINTENANCE, True)}
    for model, secret in SECRET_COLUMNS.items():
        rule = f"{secret.key}=SELECTwink_credential"
        expected[str(model.__tablename__)].add(Policy("credential", "SELECT", rule, False))
    return expected


async def check_row_security(connection: AsyncConnection, *, is_strict: bool) -> None:
    """See that row-level security binds this role and stands as it should.

    Args:
        is_strict: refuse a role that no rule binds; else only say so in the log.

    Raises:
        RowSecurityError: in a sentence that says what to do.
    """
    if connection.dialect.name != "postgresql":
        return
    query = text("SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
    name, is_super, bypasses = (await connection.execute(query)).one()
    if is_super or bypasses:
        words = (
            f"The database role '{name}' is {'a superuser' if is_super else 'allowed to bypass row-level security'}: "
            "nothing would keep organisations apart if a query forgot to. Make a plain role with "
            "'wink-cloud create-app-role NAME' and use it in DATABASE_URL; keep this one in DATABASE_DIRECT_URL."
        )
        if is_strict:
            raise RowSecurityError(words)
        log.info("%s", words)
    problems = await row_security_problems(connection)
    if problems:
        raise RowSecurityError(
            f"Row-level security does not stand as it should: {'; '.join(problems[:5])}. "
            "Somebody has changed it by hand; restore it, or restore the database from a backup."
        )


async def row_security_problems(connection: AsyncConnection) -> list[str]:
    """What differs from the rules as they must stand, in words; empty: nothing."""
    return [
        *await _table_problems(connection),
        *await _policy_problems(connection),
        *await _function_problems(connection),
    ]


async def _table_problems(connection: AsyncConnection) -> list[str]:
    query = text(
        "SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity FROM pg_class c "
        "WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')"
    )
    found = {row[0]: (row[1], row[2]) for row in await connection.execute(query)}
    months = {name for name in found if re.fullmatch(r"events_(default|\d{4}_\d\d)", name)}
    problems = []
    for name in sorted({*expected_policies(), *months}):
        is_on, is_forced = found.get(name, (False, False))
        if not is_on:
            problems.append(f"it is off on {name}")
        elif not is_forced:
            problems.append(f"it is not forced on {name}")
    return problems


async def _policy_problems(connection: AsyncConnection) -> list[str]:
    query = text(
        "SELECT p.tablename, p.policyname, p.permissive, p.roles::text[], p.cmd, p.qual, p.with_check, "
        "(SELECT tableowner FROM pg_tables t WHERE t.schemaname = p.schemaname AND t.tablename = p.tablename) "
        "FROM pg_policies p WHERE p.schemaname = current_schema()"
    )
    found: dict[str, set[Policy]] = {}
    problems = []
    for table, name, permissive, roles, command, rule, check, owner in await connection.execute(query):
        if permissive != "PERMISSIVE":
            continue  # a restrictive rule only takes away
        wanted = [owner] if name == "maintenance" else ["public"]
        if list(roles) != wanted:
            problems.append(f"rule '{name}' on {table} is for {', '.join(roles)} instead of {wanted[0]}")
        has_check = check is not None
        policy = Policy(name, command, _bare(rule or ""), has_check)
        if has_check and _bare(check) != policy.rule:
            problems.append(f"rule '{name}' on {table} lets other rows be written than be read")
        found.setdefault(table, set()).add(policy)
    for table, expected in expected_policies().items():
        there = found.get(table, set())
        problems += [f"rule '{p.name}' is missing or changed on {table}" for p in sorted(expected - there, key=str)]
        problems += [f"rule '{p.name}' on {table} is none of ours" for p in sorted(there - expected, key=str)]
    for table in found.keys() - expected_policies().keys():
        if found[table] != {Policy("maintenance", "ALL", _MAINTENANCE, True)}:
            problems.append(f"{table} has rules that are none of ours")
    return problems


async def _function_problems(connection: AsyncConnection) -> list[str]:
    query = text("SELECT proname, prosrc FROM pg_proc WHERE pronamespace = current_schema()::regnamespace")
    found = {row[0]: _bare(row[1]) for row in await connection.execute(query)}
    return [f"function {name} is changed" for name, body in _BODIES.items() if found.get(name) != body]


def _bare(rule: str) -> str:
    """A rule without what PostgreSQL adds when it prints it: spaces, brackets, names of columns of subqueries."""
    without_names = re.sub(r"\s+AS\s+\w+", "", rule)
    return re.sub(r"[\s()]|::text", "", without_names)
