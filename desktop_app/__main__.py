"""``wink-desktop``: arguments only."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from desktop_app.cli.failure import explained


def main() -> None:
    """Entry point of ``wink-desktop`` and ``python -m desktop_app``."""
    typer.run(desktop)


def desktop(config: Annotated[Path, typer.Option("--config", help="The store's config.yaml.")]) -> None:
    """Watch and count at all cameras of a store."""
    from desktop_app.bootstrap.window import open_desktop

    with explained():
        raise typer.Exit(open_desktop(config))


if __name__ == "__main__":
    main()
