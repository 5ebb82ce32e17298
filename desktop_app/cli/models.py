"""``wink-edge models``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from desktop_app.cli.failure import explained
from desktop_app.settings import EdgeSettings

if TYPE_CHECKING:
    from desktop_app.services.model_registry import ModelEntry, ModelSpec

models = typer.Typer(help="Detection models on this machine.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(models, name="models")


@models.command("list")
def list_models() -> None:
    """What is installed, and what could be pulled."""
    from desktop_app.bootstrap.parts import model_registry

    with explained():
        registry = model_registry(EdgeSettings())
        installed, settings = registry.installed(), EdgeSettings()
        choice = registry.choose()
        used = settings.model or (choice.spec.name if choice.spec else "")
        for name, entry in registry.entries().items():
            mark = "*" if name == used else " "
            typer.echo(f"{mark} {name:<24}{entry.licence:<14}{_state(entry, installed.get(name))}")
        if used and used not in installed:
            typer.echo(f"* {used} (WINK_MODEL)")
        typer.echo("The one with * is used.")
        if choice.words and not settings.model:
            typer.echo(choice.words, err=True)


def _state(entry: ModelEntry, spec: ModelSpec | None) -> str:
    """Where a model is, or what brings it here."""
    if spec is not None:
        return str(spec.path)
    if entry.urls:
        return f"not here; wink-edge models pull {entry.name}"
    return f"its file {entry.file} is gone; add it again, or: wink-edge models remove {entry.name}"


@models.command()
def use(name: Annotated[str, typer.Argument(help="One of the list.")]) -> None:
    """Use a model that is here, from the next start on."""
    from desktop_app.bootstrap.parts import model_registry

    with explained():
        spec = model_registry(EdgeSettings()).use(name)
        typer.echo(f"{spec.name} is used from the next start on.")
        if EdgeSettings().model:
            typer.echo(f"But WINK_MODEL is set, and goes before it: {EdgeSettings().model}", err=True)


@models.command()
def add(
    file: Annotated[str, typer.Argument(help="A model's file (.onnx, .xml, .pt), or the name of one to pull.")],
    name: Annotated[str | None, typer.Option("--name", help="What to call it.")] = None,
    classes: Annotated[str, typer.Option("--classes", help="What it finds, by commas, if the file tells not.")] = "",
    head: Annotated[str, typer.Option("--head", help="yolox, yolov8 or end-to-end, if its shape tells not.")] = "",
) -> None:
    """Check that a model runs, and register it; the newest one added is used. A .pt file is exported to ONNX first."""
    from desktop_app.bootstrap.parts import add_model, model_registry

    with explained():
        settings = EdgeSettings()
        if not Path(file).exists() and file in model_registry(settings).entries():
            pull(file)
            return
        named = [word.strip() for word in classes.split(",") if word.strip()]
        spec = add_model(Path(file), name=name, settings=settings, classes=named, head=head)
        typer.echo(f"{spec.name} is registered: {spec.path}")


@models.command()
def pull(name: str) -> None:
    """Download a model from its official address and check it."""
    from desktop_app.bootstrap.parts import pull_model

    with explained():
        spec = pull_model(name, settings=EdgeSettings(), progress=_progress)
        typer.echo(f"{spec.name} is registered: {spec.path}")


@models.command()
def remove(name: str) -> None:
    """Forget a model that was added, and delete its file."""
    from desktop_app.bootstrap.parts import model_registry

    with explained():
        model_registry(EdgeSettings()).remove(name)
        typer.echo(f"{name} is gone.")


def _progress(done: int, total: int | None) -> bool:
    if sys.stderr.isatty():
        of = f" of {total / 1e6:.1f}" if total else ""
        typer.echo(f"\r{done / 1e6:.1f}{of} MB", err=True, nl=False)
    return True
