"""The command line, put together."""

from __future__ import annotations

import typer

from desktop_app.cli import audit, credentials, demo, doctor, explain, models, outbox, recount, replay, run

app = typer.Typer(
    name="wink-edge",
    help="Counts people at the cameras of a shop, and keeps no face.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for commands in (run, doctor, outbox, credentials, replay, explain, recount, audit, models, demo):
    commands.register(app)


def main() -> None:
    """Entry point of ``wink-edge``."""
    app()
