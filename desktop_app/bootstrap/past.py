"""Looking back: what is kept beside the events. Opened when a command asks for it."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import SecretStr

from desktop_app.adapters.storage.history_reader import HistoryReader
from desktop_app.adapters.storage.recount_writer import counted_before, replace_events
from desktop_app.adapters.storage.sqlite_history import HistoryLimits, SqliteHistory
from desktop_app.adapters.storage.sqlite_outbox import read_counters
from desktop_app.bootstrap.store_of_files import time_of_store
from desktop_app.services.config_import import ImportedCamera, read_config
from desktop_app.services.ports import HistoryError
from desktop_app.services.recount import CountedBefore, Recount, recounted
from desktop_app.services.store_document import STORE_FILE, StoreFile
from desktop_app.services.trajectories import KeptRun, Span
from desktop_app.settings import EdgeSettings
from shared_models.clock import Clock
from shared_models.geometry import Size
from shared_models.store_time import StoreTime
from shared_models.zones import Zone


def history_reader(settings: EdgeSettings) -> HistoryReader:
    """The history of this machine."""
    return HistoryReader(settings.history_path)


def open_history(settings: EdgeSettings, *, clock: Clock) -> SqliteHistory:
    """The history, to write to."""
    limits = HistoryLimits(
        explanations=timedelta(days=settings.explain_days),
        trajectories=timedelta(days=settings.trajectory_days),
        max_bytes=settings.history_mb * 1_000_000,
    )
    return SqliteHistory(settings.history_path, clock=clock, limits=limits)


@dataclass(frozen=True, slots=True)
class RecountPlan:
    """A recount, and what it would make void. ``time``: the store's, for its days."""

    recount: Recount
    before: tuple[CountedBefore, ...]
    time: StoreTime

    @property
    def changes_anything(self) -> bool:
        return not self.recount.is_as(self.before)


def plan_recount(
    zone_id: str, span: Span, *, settings: EdgeSettings, camera_id: str | None = None, config: Path | None = None
) -> RecountPlan:
    """Count a zone anew over what is kept. It is taken as drawn in ``config``, else as it was drawn last.

    Raises:
        HistoryError: there is no such zone, or nothing is kept of its camera.
        ConfigError, OutboxError, StoreDocumentError
    """
    reader = history_reader(settings)
    runs = reader.runs(camera_id=camera_id)
    written = read_config(config, other_edge_key=lambda: SecretStr("not needed here")) if config else None
    drawn = drawn_zones(runs, settings, config=config)
    having = {
        camera: zones
        for camera, zones in drawn.items()
        if camera_id in (None, camera) and any(z.zone_id == zone_id for z in zones)
    }
    if len(having) != 1:
        raise HistoryError(_which(zone_id, having, drawn))
    ((camera, zones),) = having.items()
    zone = next(z for z in zones if z.zone_id == zone_id)
    valid = _as_it_hangs_now(span, mounted_at=_mounted_at(settings, camera))
    turned = next((c.rotation for c in written.cameras if c.camera_id == camera), None) if written else None
    recount = recounted(reader, camera, zone, zones=zones, span=valid, rotation=turned)
    recount = replace(recount, missing_s=recount.missing_s + span.seconds - valid.seconds)
    before = [
        event
        for part in recount.spans
        for event in counted_before(settings.outbox_path, camera_id=camera, zone_id=zone_id, span=part)
    ]
    return RecountPlan(recount, tuple(before), time_of_store(settings, config=written))


def _mounted_at(settings: EdgeSettings, camera_id: str) -> datetime | None:
    """Since when the desktop's camera hangs (or is turned) as it does now; None: always, or it is none of the desktop's."""
    camera = StoreFile(settings.data_dir / STORE_FILE).read().camera(camera_id)
    return camera.mounted_at if camera is not None else None


def _as_it_hangs_now(span: Span, *, mounted_at: datetime | None) -> Span:
    """``span`` without what was seen when the camera was turned otherwise: those ways are another picture's."""
    if mounted_at is None or mounted_at <= span.from_at:
        return span
    return Span(min(mounted_at, span.to_at), span.to_at)


def apply_recount(plan: RecountPlan, *, settings: EdgeSettings) -> int:
    """Put the recounted events in the stead of the earlier ones; tells how many became void.

    Raises:
        OutboxError: nothing was written.
    """
    return replace_events(settings.outbox_path, plan.recount.pieces())


def drawn_zones(runs: list[KeptRun], settings: EdgeSettings, *, config: Path | None) -> dict[str, tuple[Zone, ...]]:
    """Zones by camera: as drawn in ``config``, else as they were in force last.

    Raises:
        ConfigError, OutboxError
    """
    return _drawn_in(config, runs, settings) if config else {run.camera_id: run.zones for run in runs}


def _drawn_in(path: Path, runs: list[KeptRun], settings: EdgeSettings) -> dict[str, tuple[Zone, ...]]:
    sizes = {run.camera_id: run.frame_wh for run in runs}
    config = read_config(path, other_edge_key=lambda: SecretStr("not needed here"))
    counters = read_counters(settings.outbox_path)
    return {
        camera.camera_id: camera.camera(frame_wh=_drawn_size(camera, counters) or sizes[camera.camera_id]).zones
        for camera in config.cameras
        if camera.camera_id in sizes
    }


def _drawn_size(camera: ImportedCamera, counters: dict[str, str]) -> Size | None:
    """The frame size at which the camera's pixels were first read (ADR 4)."""
    saved = counters.get(f"frame/{camera.camera_id}")
    if saved is None:
        return None
    width, height = json.loads(saved)["wh"]
    return int(width), int(height)


def _which(zone_id: str, having: dict[str, tuple[Zone, ...]], drawn: dict[str, tuple[Zone, ...]]) -> str:
    if having:
        return f"Several cameras have a zone '{zone_id}': {', '.join(having)}; name one with --camera."
    known = ", ".join(f"{camera}/{zone.zone_id}" for camera, zones in drawn.items() for zone in zones) or "none"
    return f"There is no zone '{zone_id}' of which foot paths are kept; there is: {known}. A new one: --config."
