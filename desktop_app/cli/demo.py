"""``wink-edge demo``."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer

from desktop_app.cli.failure import explained, fail
from desktop_app.settings import EdgeSettings

NO_CLOUD_HERE = (
    "The demo starts a cloud of its own, which is not part of this installation: run `make demo` in the source. "
    "To see people counted without a camera here, give a camera the address virtual-store://entrance."
)

MEASURES = "For some seconds, and only this time: measuring how this computer finds people fastest."


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(demo)


def demo(
    headless: Annotated[bool, typer.Option(help="Without a window.")] = False,
    seconds: Annotated[float | None, typer.Option(min=5, help="End by itself and compare with the truth.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object at the end.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, other people.")] = 7,
) -> None:
    """A cloud on this machine and four virtual cameras: numbers begin to move within a minute."""
    if getattr(sys, "frozen", False):
        fail(NO_CLOUD_HERE)
    from desktop_app.bootstrap.demo import DemoError, build_demo_edge, compare, demo_cloud

    has_screen = sys.platform != "linux" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    headless = headless or not has_screen
    with tempfile.TemporaryDirectory(prefix="wink-demo-") as folder, explained():
        try:
            with demo_cloud(Path(folder) / "cloud") as cloud:
                edge, config = build_demo_edge(
                    cloud,
                    data_dir=Path(folder) / "edge",
                    seed=seed,
                    measures=lambda: typer.echo(MEASURES, err=as_json),
                )
                dashboard = f"{cloud.url}/dashboard"
                typer.echo(f"Dashboard: {dashboard}   (demo@example.com / demo123)", err=as_json)
                edge.start()
                try:
                    if headless:
                        _wait(seconds)
                    else:
                        from desktop_app.bootstrap.window import run_window

                        settings = EdgeSettings(data_dir=Path(folder) / "edge")
                        run_window(
                            edge,
                            config,
                            settings=settings,
                            title="Wink - demo",
                            dashboard_url=dashboard,
                            seconds=seconds,
                        )
                finally:
                    edge.stop(flush_s=20.0)
                try:
                    rows = compare(edge, config, cloud)
                finally:
                    edge.outbox.close()
        except DemoError as error:
            fail(str(error))
    ok = all(row.is_right for row in rows) and any(row.truth for row in rows)
    if as_json:
        typer.echo(json.dumps({"ok": ok, "dashboard": dashboard, "rows": [row.as_json() for row in rows]}))
    else:
        typer.echo(f"\n{'camera':<14}{'zone':<18}{'measure':<11}{'truth':>7}{'counted':>9}{'accepted':>10}{'cloud':>7}")
        for r in rows:
            typer.echo(
                f"{r.camera:<14}{r.zone:<18}{r.measure:<11}{r.truth:>7}{r.counted:>9}{r.accepted:>10}{r.cloud:>7}"
            )
    if not ok:
        raise typer.Exit(1)


def _wait(seconds: float | None) -> None:
    try:
        time.sleep(seconds if seconds is not None else 10**9)
    except KeyboardInterrupt:
        return
