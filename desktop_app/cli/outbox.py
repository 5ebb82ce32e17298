"""``wink-edge outbox``: what waits on this machine, and what the cloud refused."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Annotated, Any

import typer

from desktop_app.cli.failure import explained
from desktop_app.services.ports import DeadLetter
from desktop_app.settings import EdgeSettings

outbox = typer.Typer(help="Events on this machine, also while Wink runs.", no_args_is_help=True)
dead_letters = typer.Typer(help="Events that the cloud refused; each is kept with its reason.")
DataDir = Annotated[Path | None, typer.Option("--data-dir", help="Where the outbox is.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
ALL = 1_000_000_000


def register(app: typer.Typer) -> None:
    """Add the commands."""
    outbox.add_typer(dead_letters, name="dead-letters")
    app.add_typer(outbox, name="outbox")


@outbox.command()
def status(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """How many events wait for the cloud, and since when."""
    from desktop_app.bootstrap.maintenance import outbox_depth

    with explained():
        depth = outbox_depth(_settings(data_dir))
    if depth is None:
        typer.echo(json.dumps({"exists": False}) if as_json else "There is no outbox here yet: nothing was counted.")
        return
    oldest = depth.oldest_at.isoformat() if depth.oldest_at else None
    if as_json:
        value = {
            "exists": True,
            "pending": depth.pending,
            "oldest_pending_at": oldest,
            "dead_letters": depth.dead_letters,
            "last_seq": depth.last_seq,
        }
        typer.echo(json.dumps(value))
        return
    typer.echo(f"waiting for the cloud   {depth.pending}" + (f", the oldest since {oldest}" if oldest else ""))
    typer.echo(f"refused by the cloud    {depth.dead_letters}")
    typer.echo(f"events ever stored      {depth.last_seq}")


@dead_letters.callback(invoke_without_command=True)
def list_if_nothing_else(context: typer.Context) -> None:
    """Events that the cloud refused; each is kept with its reason."""
    if context.invoked_subcommand is None:
        list_dead_letters()


@dead_letters.command("list")
def list_dead_letters(
    data_dir: DataDir = None,
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 100,
    as_json: AsJson = False,
) -> None:
    """Show refused events, the newest first."""
    letters = _letters(data_dir, limit=limit)
    if as_json:
        typer.echo(json.dumps({"dead_letters": [_value(letter) for letter in letters]}))
        return
    for letter in letters:
        event = json.loads(letter.body)
        where = f"{event.get('camera_id')}/{event.get('zone_id') or '-'}"
        typer.echo(f"{letter.seq:>8}  {event.get('occurred_at')}  {event.get('type'):<18}{where:<30}{letter.reason}")
    if not letters:
        typer.echo("None: the cloud has refused nothing.")


@dead_letters.command()
def retry(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Send all refused events once more, e.g. after the cloud was updated or the clock set right."""
    from desktop_app.bootstrap.maintenance import retry_dead_letters

    with explained():
        count = retry_dead_letters(_settings(data_dir))
    typer.echo(json.dumps({"retried": count}) if as_json else f"{count} events wait for the cloud again.")


@dead_letters.command()
def export(
    data_dir: DataDir = None,
    out: Annotated[Path | None, typer.Option("--out", help="File to write; else standard output.")] = None,
) -> None:
    """Write all refused events as JSON lines: seq, event_id, reason, event."""
    letters = _letters(data_dir, limit=ALL)
    with explained(), _written(out) as file:
        for letter in reversed(letters):
            file.write(json.dumps(_value(letter)) + "\n")
    if out is not None:
        typer.echo(f"{len(letters)} events in {out}", err=True)


def _letters(data_dir: Path | None, *, limit: int) -> list[DeadLetter]:
    from desktop_app.bootstrap.maintenance import dead_letters as read_dead_letters

    with explained():
        return read_dead_letters(_settings(data_dir), limit=limit)


@contextmanager
def _written(out: Path | None) -> Iterator[IO[str]]:
    if out is None:
        yield sys.stdout
        return
    temporary = out.with_name(out.name + ".part")
    with temporary.open("w", encoding="utf-8") as file:
        yield file
    temporary.replace(out)


def _value(letter: DeadLetter) -> dict[str, Any]:
    return {
        "seq": letter.seq,
        "event_id": letter.event_id,
        "reason": letter.reason,
        "event": json.loads(letter.body),
    }


def _settings(data_dir: Path | None) -> EdgeSettings:
    return EdgeSettings() if data_dir is None else EdgeSettings(data_dir=data_dir)
