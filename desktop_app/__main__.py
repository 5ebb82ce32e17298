"""``wink-desktop``: arguments only."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from desktop_app.cli.failure import explained


def main() -> None:
    """Entry point of ``wink-desktop`` and ``python -m desktop_app``."""
    typer.run(desktop)


def desktop(
    config: Annotated[
        Path | None, typer.Option("--config", help="Count by a config.yaml instead of the program's own store.")
    ] = None,
    in_tray: Annotated[bool, typer.Option("--in-tray", help="Start as an icon, without the window.")] = False,
    seconds: Annotated[float | None, typer.Option("--seconds", min=1, help="Quit by itself after this long.")] = None,
) -> None:
    """Watch and count at all cameras of a store."""
    from desktop_app.bootstrap.window import open_desktop

    with explained():
        raise typer.Exit(open_desktop(config, in_tray=in_tray, seconds=seconds))


if __name__ == "__main__":
    main()
