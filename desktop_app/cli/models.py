"""``wink-edge models``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from desktop_app.cli.failure import explained
from desktop_app.settings import EdgeSettings

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
        installed = registry.installed()
        for name, entry in registry.entries().items():
            state = str(installed[name].path) if name in installed else "not here; wink-edge models pull " + name
            typer.echo(f"{name:<24}{entry.licence:<14}{state}")
        if not registry.entries():
            typer.echo("No model yet. Add one: wink-edge models add FILE.onnx")


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
