"""``wink-edge measure``: what the program starts by itself for its self-test."""

from __future__ import annotations

import sys

import typer

from desktop_app.settings import EdgeSettings


def register(app: typer.Typer) -> None:
    """Add the command. Hidden: people ask the doctor."""
    app.command(hidden=True)(measure)


def measure() -> None:
    """Measure how the model in use runs best on this machine; told as lines of JSON, and not remembered."""
    from desktop_app.bootstrap.measuring import tell_measurement

    tell_measurement(sys.stdout, settings=EdgeSettings())
