"""No query reaches a tenant's rows but through a door that adds the scope."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PROJECT_DIR = Path(__file__).resolve().parents[2]
CLOUD = PROJECT_DIR / "cloud_api"
VERBS = {"select", "insert", "update", "delete", "text", "table", "union", "union_all", "exists", "literal_column"}
RAW = {"raw_postgresql", "fetch_row_at_once", "exec_driver_sql", "insert_for", "begin", "engine"}
CURE = (
    "write a repository that inherits cloud_api.tenancy.scoped_repository.ScopedRepository and begin the query at "
    "self._select, self._update, self._delete or self._add; they carry the scope"
)

# Modules that may write statements of their own, each with its reason.
DOORS = {
    "kit/database.py": "the engine itself; knows no noun",
    "tenancy/scoped_repository.py": "the door: adds the scope",
    "tenancy/shown_credential.py": "the look-up before any scope: by the secret that is shown",
    "tenancy/row_security.py": "reads PostgreSQL's catalogue, no tenant's table",
    "tenancy/transactions.py": "opens the transactions that say who asks",
    "auth/signing_key.py": "server_state belongs to no tenant",
    "auth/throttle.py": "tries belong to no tenant",
    "stores/administration.py": "the operator's command line, bound to no organisation",
    "ingest/repository.py": "the hot path: every statement carries the laptop's own store",
    "ingest/swift.py": "the hot path: its one statement sets the laptop's own scope itself",
    "rollups/writer.py": "the hot path: every statement carries the store it was made for",
    "rollups/proof.py": "the operator's proof over all tenants",
    "analytics/repository.py": "takes stores that VisibleStores gave, and no ids",
    "analytics/questions.py": "the statements of analytics/repository.py, which alone fills in the stores",
    "live/relay.py": "NOTIFY; reads no table",
    "maintenance/endpoints.py": "reads the schema's revision, no tenant's table",
    "maintenance/partitions.py": "the owner's upkeep over all tenants",
    "maintenance/round.py": "the owner's upkeep over all tenants",
    "maintenance/schema.py": "the owner's migrations",
    "maintenance/upkeep.py": "the owner's upkeep over all tenants",
    "demo_data/people.py": "the same",
    "demo_data/writer.py": "the operator's command line: rows of the demo organisation that it has just made",
    "doctor/database_state.py": "reads the catalogue, the clock and a mark of server_state; no tenant's table",
    "stores/cameras.py": "insert_for: rows that carry the scope's organisation, where a camera may be there already",
}
ALLOWED_FOLDERS = ("migrations/",)


def unscoped(source: str) -> list[str]:
    """Statements that a module makes by itself, with their lines."""
    tree = ast.parse(source)
    names: dict[str, str] = {}
    modules: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                is_verb = node.module.split(".")[0] in ("sqlalchemy", "sqlmodel") and alias.name in VERBS
                if is_verb or alias.name in RAW:
                    names[alias.asname or alias.name] = alias.name
        elif isinstance(node, ast.Import):
            modules |= {a.asname or a.name for a in node.names if a.name.split(".")[0] in ("sqlalchemy", "sqlmodel")}
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        if isinstance(called, ast.Name) and called.id in names:
            found.append(f"line {node.lineno}: {names[called.id]}(...)")
        elif isinstance(called, ast.Attribute):
            root = ast.unparse(called.value)
            if (called.attr in VERBS and root.split(".")[0] in modules) or (
                called.attr in RAW and (called.attr != "begin" or root.endswith(("database", "engine")))
            ):
                found.append(f"line {node.lineno}: {root}.{called.attr}(...)")
    return found


def test_no_module_makes_a_query_past_the_doors() -> None:
    wrong = []
    for path in sorted(CLOUD.rglob("*.py")):
        name = path.relative_to(CLOUD).as_posix()
        if name in DOORS or name.startswith(ALLOWED_FOLDERS):
            continue
        wrong += [f"cloud_api/{name} {what}; {CURE}" for what in unscoped(path.read_text())]
    assert wrong == []


def test_every_door_is_still_one() -> None:
    idle = [name for name in DOORS if not (CLOUD / name).is_file() or not unscoped((CLOUD / name).read_text())]
    assert idle == ["tenancy/transactions.py"] or idle == []


@pytest.mark.parametrize(
    "planted",
    [
        "from sqlalchemy import select\nselect(Store)",
        "from sqlmodel import select as ask\nask(Store)",
        "import sqlalchemy as sa\nsa.update(Store)",
        "import sqlalchemy\nsqlalchemy.text('SELECT 1')",
        "from sqlalchemy import delete\nasync def f(c):\n    await c.execute(delete(Event))",
        "async def f(database):\n    async with database.begin() as c:\n        pass",
        "async def f(connection):\n    await connection.exec_driver_sql('SELECT 1')",
    ],
)
def test_a_planted_query_is_caught(planted: str) -> None:
    assert unscoped(planted)
