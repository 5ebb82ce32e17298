"""``wink-edge run``."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from desktop_app.cli.failure import explained
from desktop_app.services.engine_view import CameraStatus, EngineStatus
from desktop_app.services.not_furniture import NOT_FURNITURE_FILE, NotFurniture, is_same_place
from desktop_app.settings import EdgeSettings
from shared_models.geometry import Point

if TYPE_CHECKING:
    from desktop_app.bootstrap.engine import Edge

STATUS_EVERY_S = 10.0
PRUNE_EVERY_S = 3600.0


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(run)


def run(
    config: Annotated[Path, typer.Option("--config", help="The store's config.yaml.")],
    data_dir: Annotated[Path | None, typer.Option("--data-dir", help="Outbox and models.")] = None,
    seconds: Annotated[float | None, typer.Option("--seconds", min=1, help="Stop by itself after this long.")] = None,
) -> None:
    """Count at all cameras of a store, without a window. SIGHUP reads the configuration again."""
    from desktop_app.bootstrap.engine import StartCut, build_edge_from_file

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    settings = EdgeSettings() if data_dir is None else EdgeSettings(data_dir=data_dir)
    stop, again = threading.Event(), threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, lambda *_: again.set())
    with explained():
        try:
            edge = build_edge_from_file(config, settings=settings, is_cut=stop.is_set)
        except StartCut:
            typer.echo("stopped", err=True)
            return
        edge.start()
        deadline = time.monotonic() + seconds if seconds else None
        told_s = 0.0
        offers = _Offers(settings)
        pruned_s = time.monotonic()
        try:
            while not stop.wait(0.2):
                if (deadline and time.monotonic() >= deadline) or edge.engine.has_ended:
                    break
                if again.is_set():
                    again.clear()
                    edge.reload(config, settings=settings)
                if time.monotonic() - pruned_s >= PRUNE_EVERY_S:
                    pruned_s = time.monotonic()
                    edge.prune()
                if time.monotonic() - told_s >= STATUS_EVERY_S:
                    told_s = time.monotonic()
                    _tell(edge.engine.status(), offers)
                    _tell_disputes(edge)
        finally:
            edge.close()
    typer.echo("stopped", err=True)


class _Offers:
    """What never moves, each thing once; not what an owner has called a person in the window."""

    def __init__(self, settings: EdgeSettings) -> None:
        self._answered = NotFurniture(settings.data_dir / NOT_FURNITURE_FILE)
        self._told: list[tuple[str, Sequence[Point]]] = []

    def new(self, camera: CameraStatus) -> list[Sequence[Point]]:
        """Areas of a camera that were not told yet."""
        frame_wh = camera.frame_wh
        if frame_wh is None:
            return []
        found: list[Sequence[Point]] = [
            area
            for area in camera.furniture
            if not self._answered.holds(camera.camera_id, area, frame_wh=frame_wh)
            and not any(i == camera.camera_id and is_same_place(area, t, frame_wh=frame_wh) for i, t in self._told)
        ]
        self._told += [(camera.camera_id, area) for area in found]
        return found


def _tell(status: EngineStatus, offers: _Offers) -> None:
    """A line per camera, on standard error."""
    for camera in status.cameras:
        figures = ", ".join(
            f"{c.label}: {c.in_count} in {c.out_count} out" if c.is_line else f"{c.label}: {c.presences} stays"
            for c in camera.counts
        )
        typer.echo(f"{camera.label}: {camera.words} {camera.analysed_fps:.1f}/s  {figures}", err=True)
        for area in offers.new(camera):
            typer.echo(f"  {_offer(area)}", err=True)
    typer.echo(f"cloud: {status.cloud.words}", err=True)


def _tell_disputes(edge: Edge) -> None:
    """Without a window the choice is made in the cloud."""
    heartbeat = edge.engine.heartbeat
    for news in heartbeat.zones.news() if heartbeat is not None else ():
        if news.is_dispute:
            typer.echo(
                f"{news.camera_id}: its zones were changed here and in the cloud. The ones here count; choose on the cloud's "
                "Zones page.",
                err=True,
            )


def _offer(area: Sequence[Point]) -> str:
    corners = [[round(x), round(y)] for x, y in area]
    return (
        "What is taken for a person here has not moved for minutes: a mannequin, a poster, a screen? "
        f"If so, add to the zones: {{zone_id: ignore_1, type: polygon, purpose: ignore, coordinates: {corners}}}"
    )
