"""``wink-edge audit``: a person counts random minutes of film, and is compared with the rules."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from desktop_app.cli.failure import explained, fail
from desktop_app.cli.terminal import Keyboard, draw, raw_keyboard
from desktop_app.settings import EdgeSettings
from shared_models.zones import CountedDirection

if TYPE_CHECKING:
    from desktop_app.services.audit import Audit, Mark, Window
    from desktop_app.services.ports import CapturedFrame

KEYS = {"i": CountedDirection.IN, "o": CountedDirection.OUT}
LATE_S = 0.15
"""A terminal that draws slowly shows fewer pictures, not old ones."""
UNDO = ("\x7f", "\b", "u")
HELP = "i: somebody goes in · o: somebody goes out · u: take the last back · q: end of this audit"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(audit)


def audit(
    camera: Annotated[str, typer.Option("--camera", help="The camera that the films are of.")],
    source: Annotated[list[str], typer.Option("--source", help="A film of it; may be given several times.")],
    minutes: Annotated[float, typer.Option("--minutes", min=0.1, max=600, help="How long you want to count.")] = 10,
    zone: Annotated[str | None, typer.Option("--zone", help="The line, where the camera has several.")] = None,
    config: Annotated[
        Path | None, typer.Option("--config", help="Take the line as drawn here; else as it was drawn last.")
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Choose the same minutes again.")] = None,
    data_dir: Annotated[Path | None, typer.Option("--data-dir", help="Where history and audits are kept.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="End with one JSON object.")] = False,
) -> None:
    """Show random minutes, quiet and busy ones; you count in and out by key; then it tells how right the counts are."""
    from desktop_app.bootstrap.audits import Material, examine, keep

    settings = EdgeSettings() if data_dir is None else EdgeSettings(data_dir=data_dir)
    chance = random.Random(seed)  # noqa: S311 - which minutes are shown is no secret
    with explained(), raw_keyboard() as keyboard:
        typer.echo("The films are counted first; that takes a while.", err=True)
        material: Material = examine(
            camera, source, zone_id=zone, config=config, minutes=minutes, chance=chance, settings=settings
        )
        keys, seen = tally(material.windows, material.frames, keyboard=keyboard)
        if not seen:
            fail("No minute was counted to its end; nothing is kept.")
        result = material.judged(seen, keys)
        keep(result, settings=settings)
    typer.echo("\x1b[2J\x1b[H" + (json.dumps(result.as_json()) if as_json else report(result)))


def tally(
    windows: Iterable[Window],
    frames: Callable[[Window], Iterable[tuple[float, CapturedFrame]]],
    *,
    keyboard: Keyboard,
    clock: Callable[[], float] = time.monotonic,
    show: Callable[[CapturedFrame, str], None] | None = None,
) -> tuple[list[Mark], list[Window]]:
    """Play each window in real time and take the keys pressed meanwhile; the keys, and the windows seen to their end."""
    from desktop_app.services.audit import Mark

    show = show or (lambda frame, words: draw(frame.bgr(), words))
    marks: list[Mark] = []
    seen: list[Window] = []
    for window in windows:
        pressed: list[Mark] = []
        started: float | None = None
        for at_s, frame in frames(window):
            if started is None:
                # Only now: finding the place in the film took its time.
                started = clock() - (at_s - window.start_s)
            if clock() - started - (at_s - window.start_s) < LATE_S:
                show(frame, _status(pressed, at_s - window.start_s))
            while key := keyboard.key(wait_s=max(0.0, at_s - window.start_s - (clock() - started))):
                if key == "q":
                    return marks, seen
                if key in UNDO and pressed:
                    pressed.pop()
                if key in KEYS:
                    moment_s = min(window.start_s + clock() - started, window.end_s - 1e-3)
                    pressed.append(Mark(window.source, moment_s, KEYS[key]))
        marks += pressed
        seen.append(window)
    return marks, seen


def _status(pressed: Sequence[Mark], at_s: float) -> str:
    ins = sum(mark.direction is CountedDirection.IN for mark in pressed)
    return f"in {ins}  out {len(pressed) - ins}   {at_s:5.1f} s   {HELP}"


def report(audit: Audit) -> str:
    """The result in words."""
    value = audit.as_json()
    rows = [
        f"{audit.camera_id}/{audit.zone_id}, revision {audit.zone_revision}, {value['minutes']} minutes, {audit.model}"
    ]
    for name, score in (("in", audit.went_in), ("out", audit.went_out)):
        low, high = score.interval()
        share = "nobody crossed" if score.accuracy is None else f"{score.accuracy:.1%} right"
        rows.append(
            f"{name:<4}{share}, between {low:.1%} and {high:.1%} (95 %): {score.crossings} crossings, {score.counted} "
            f"counted, {score.missed} missed, {score.invented} invented"
        )
    return "\n".join(rows)
