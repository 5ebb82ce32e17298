"""The schema's history."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

HERE = Path(__file__).parent


def config_for(connection: Connection | None) -> Config:
    """Alembic's configuration on an open connection."""
    config = Config()
    config.set_main_option("script_location", str(HERE))
    config.set_main_option("file_template", "%%(year)d_%%(month).2d_%%(day).2d_%%(slug)s")
    config.attributes["connection"] = connection
    return config


def upgrade(connection: Connection, *_: Any) -> None:
    """Bring the schema up to date."""
    if connection.dialect.name == "postgresql":
        # Row-level security binds the owner too; migrations say that they are maintenance.
        connection.exec_driver_sql("SELECT set_config('wink.maintenance', 'on', true)")
    command.upgrade(config_for(connection), "head")


def downgrade(connection: Connection, revision: str) -> None:
    """Bring the schema back to ``revision``; "base": to nothing."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SELECT set_config('wink.maintenance', 'on', true)")
    command.downgrade(config_for(connection), revision)


def is_current(connection: Connection) -> bool:
    """Whether the schema is the newest."""
    newest = ScriptDirectory.from_config(config_for(connection)).get_current_head()
    return MigrationContext.configure(connection).get_current_revision() == newest


def is_behind(connection: Connection) -> bool:
    """Whether the program knows a newer schema than the database has.

    A database that is ahead of the program is not: in the middle of an upgrade, workers of the older version go on.
    """
    return MigrationContext.configure(connection).get_current_revision() in (None, *_older())


@lru_cache(maxsize=1)
def _older() -> frozenset[str]:
    """All revisions but the newest."""
    script = ScriptDirectory.from_config(config_for(None))
    return frozenset(r.revision for r in script.walk_revisions()) - {script.get_current_head() or ""}
