"""``wink-edge explain``: why somebody was counted, or was not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from desktop_app.cli.failure import explained
from desktop_app.settings import EdgeSettings

DataDir = Annotated[Path | None, typer.Option("--data-dir", help="Where the history is.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(explain)


def explain(
    camera: Annotated[str, typer.Option("--camera", help="The camera's id.")],
    at: Annotated[str, typer.Option("--at", help="The moment, e.g. 2026-03-02T09:12:30 or 09:12; the store's time.")],
    zone: Annotated[str | None, typer.Option("--zone", help="Only this line.")] = None,
    data_dir: DataDir = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say what was decided at the lines half a minute before and after a moment, and why. Also while Wink runs."""
    from desktop_app.bootstrap.past import history_reader
    from desktop_app.bootstrap.store_of_files import stores_zone
    from desktop_app.services.explain import as_json as value_of
    from desktop_app.services.explain import explain as look
    from desktop_app.services.moments import parse_moment
    from shared_models.clock import SystemClock

    settings = EdgeSettings() if data_dir is None else EdgeSettings(data_dir=data_dir)
    with explained():
        there = stores_zone(settings)
        moment = parse_moment(at, now=SystemClock().utc_now(), zone=there)
        found, sentences = look(history_reader(settings), camera, at=moment, zone_id=zone, zone=there)
    if as_json:
        typer.echo(json.dumps({"at": moment.isoformat(), "decisions": [value_of(one) for one in found]}))
        return
    for line in sentences:
        typer.echo(line)
