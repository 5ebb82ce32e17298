"""From a configuration to a running engine."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from desktop_app.adapters.cloud.http_cloud import HttpCloud
from desktop_app.adapters.storage.sqlite_history import SqliteHistory
from desktop_app.adapters.storage.sqlite_outbox import SqliteOutbox
from desktop_app.adapters.video.open_source import make_source
from desktop_app.bootstrap.configuration import load_config
from desktop_app.bootstrap.parts import open_detector
from desktop_app.bootstrap.past import open_history
from desktop_app.services.camera_pipeline import CameraPipeline, DayOf, business_day, remember_size, remembered_size
from desktop_app.services.config_document import ConfigError
from desktop_app.services.config_import import EdgeConfig, ImportedCamera
from desktop_app.services.ports import CredentialError, EventSink, History
from desktop_app.services.sync import SyncService
from desktop_app.settings import EdgeSettings
from desktop_app.workers.engine import Engine, EngineCamera
from desktop_app.workers.sync_worker import SyncWorker
from shared_models.cameras import Camera
from shared_models.clock import Clock, SteadyClock
from shared_models.geometry import Size

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Edge:
    """A built engine, the outbox that it writes to, and the history beside it."""

    engine: Engine
    outbox: SqliteOutbox
    history: SqliteHistory
    clock: Clock
    config: EdgeConfig

    def apply(self, config: EdgeConfig) -> None:
        """Go on with the cameras of another configuration; those that it leaves as they were are not disturbed."""
        self.engine.apply(_cameras(config, sink=self.outbox, history=self.history, clock=self.clock))
        if (config.api_url, config.edge_key) != (self.config.api_url, self.config.edge_key):
            log.warning("the cloud's address or the edge key has changed: that needs a restart")

    def reload(self, path: Path, *, settings: EdgeSettings) -> None:
        """As ``apply``, from a ``config.yaml``; one that is wrong is told in the log, and changes nothing."""
        try:
            self.apply(load_config(path, settings=settings))
        except (ConfigError, CredentialError, ValueError) as error:
            log.error("the new configuration is not used: %s", error)
        else:
            log.info("%s was read again", path)

    def start(self) -> None:
        self.engine.start()

    def close(self, *, flush_s: float = 5.0) -> None:
        """Stop everything and let go of the outbox."""
        self.engine.stop(flush_s=flush_s)
        self.history.close()
        self.outbox.close()


def build_edge(
    config: EdgeConfig, *, settings: EdgeSettings, clock: Clock | None = None, day_of: DayOf = business_day
) -> Edge:
    """Build, start nothing yet. ``day_of`` tells when counters begin anew.

    Raises:
        DetectorError, OutboxError, ValueError: in words.
    """
    clock = clock or SteadyClock()
    detector = open_detector(settings=settings)
    outbox = SqliteOutbox(settings.outbox_path, clock=clock)
    history = open_history(settings, clock=clock)
    try:
        sync = _sync(config.api_url, config.edge_key, outbox=outbox, settings=settings, clock=clock)
        cameras = _cameras(config, sink=outbox, history=history, clock=clock, day_of=day_of)
    except BaseException:
        history.close()
        outbox.close()
        raise
    return Edge(Engine(cameras, detector=detector, sync=sync, clock=clock), outbox, history, clock, config)


def build_edge_from_file(path: Path, *, settings: EdgeSettings) -> Edge:
    """As ``build_edge``, from a ``config.yaml``.

    Raises:
        ConfigError: every mistake in the file.
        CredentialError: passwords that it names cannot be looked up.
    """
    return build_edge(load_config(path, settings=settings), settings=settings)


def _sync(
    api_url: str | None, edge_key: SecretStr | None, *, outbox: SqliteOutbox, settings: EdgeSettings, clock: Clock
) -> SyncWorker | None:
    if api_url is None or edge_key is None:
        return None
    cloud = HttpCloud(api_url, edge_key, allow_insecure=settings.allow_insecure_cloud)
    worker = SyncWorker(SyncService(outbox, cloud, clock=clock), outbox=outbox, cloud=cloud, clock=clock)
    outbox.on_append(worker.wake)
    return worker


def _cameras(
    config: EdgeConfig, *, sink: EventSink, history: History, clock: Clock, day_of: DayOf = business_day
) -> list[EngineCamera]:
    enabled = [camera for camera in config.cameras if camera.is_enabled]
    return [_camera(camera, sink=sink, history=history, clock=clock, day_of=day_of) for camera in enabled]


def _camera(
    imported: ImportedCamera, *, sink: EventSink, history: History, clock: Clock, day_of: DayOf
) -> EngineCamera:
    source = make_source(imported.substream or imported.source, clock=clock, loop=imported.loop)
    pipeline = CameraPipeline(
        imported.camera_id, camera_for=_camera_for(imported, sink), sink=sink, history=history, day_of=day_of
    )
    label = imported.name or imported.camera_id
    return EngineCamera(imported.camera_id, label, imported.target_fps, source, pipeline, configuration=imported)


def _camera_for(imported: ImportedCamera, sink: EventSink) -> Callable[[Size], Camera]:
    """Zones become normalised at the size at which their pixels were written (ADR 4)."""
    drawn_as = hashlib.sha256(repr(imported.zones).encode()).hexdigest()[:16]

    def camera_for(frame_wh: Size) -> Camera:
        known = remembered_size(sink, camera_id=imported.camera_id, drawn_as=drawn_as)
        camera = imported.camera(frame_wh=known or frame_wh)
        if known is None:
            remember_size(sink, camera_id=imported.camera_id, drawn_as=drawn_as, frame_wh=frame_wh)
        return camera

    return camera_for
