"""Alembic's way into the database: the connection is handed in by ``cloud_api.migrations.upgrade``."""

from alembic import context
from sqlmodel import SQLModel

import cloud_api.models  # noqa: F401 - the import registers the tables

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
