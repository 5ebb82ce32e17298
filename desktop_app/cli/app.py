"""The command line, put together."""

from __future__ import annotations

from typing import Annotated

import typer

from desktop_app.cli import audit, credentials, demo, doctor, explain, measure, models, outbox, recount, replay, run

app = typer.Typer(
    name="wink-edge",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for commands in (run, doctor, outbox, credentials, replay, explain, recount, audit, models, measure, demo):
    commands.register(app)


def _tell_version(is_asked: bool) -> None:
    if is_asked:
        from desktop_app.services.own_version import own_version

        typer.echo(f"Wink Analytics {own_version()}")
        raise typer.Exit


@app.callback()
def _program(
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Say which version this is.")
    ] = False,
) -> None:
    """Counts people at the cameras of a shop, and keeps no face."""


def main() -> None:
    """Entry point of ``wink-edge``."""
    app()
