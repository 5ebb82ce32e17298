"""``wink-edge doctor``."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Annotated

import typer

from desktop_app.services.doctor import Finding, State, has_broken
from desktop_app.settings import EdgeSettings

MARKS = {State.OK: "ok", State.WARNING: "look", State.BROKEN: "BROKEN"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(doctor)


def doctor(
    config: Annotated[Path | None, typer.Option("--config", help="The store's config.yaml.")] = None,
    data_dir: Annotated[Path | None, typer.Option("--data-dir", help="Outbox and models.")] = None,
    measure: Annotated[bool, typer.Option("--measure", help="Test the detector anew (about 10 seconds).")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Look at all that counting needs; exit code 1 when something is broken."""
    from desktop_app.bootstrap.maintenance import examine

    settings = EdgeSettings() if data_dir is None else EdgeSettings(data_dir=data_dir)
    findings: list[Finding] = []
    for finding in examine(config, settings=settings, is_measured=measure):
        findings.append(finding)
        if not as_json:
            _tell(finding)
    if as_json:
        value = {"ok": not has_broken(findings), "findings": [dataclasses.asdict(f) for f in findings]}
        typer.echo(json.dumps(value))
    if has_broken(findings):
        raise typer.Exit(1)


def _tell(finding: Finding) -> None:
    typer.echo(f"{MARKS[finding.state]:<8}{finding.what:<22}{finding.words}")
    if finding.cure:
        typer.echo(f"{'':<30}-> {finding.cure}")
