"""From a configuration to a running engine."""

from __future__ import annotations

import dataclasses
import hashlib
import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from desktop_app.adapters.cloud.http_cloud import HttpCloud
from desktop_app.adapters.cloud.http_link import HttpLink
from desktop_app.adapters.storage.event_archive import SqliteEventArchive
from desktop_app.adapters.storage.sqlite_history import SqliteHistory
from desktop_app.adapters.storage.sqlite_outbox import SqliteOutbox
from desktop_app.adapters.video.jpeg import encode_jpeg
from desktop_app.adapters.video.open_source import make_source
from desktop_app.bootstrap.configuration import load_config
from desktop_app.bootstrap.measuring import measure_once
from desktop_app.bootstrap.parts import open_detector
from desktop_app.bootstrap.past import open_history
from desktop_app.bootstrap.store_of_files import remember_store, time_of_store
from desktop_app.services.camera_pipeline import CameraPipeline, remember_size, remembered_size
from desktop_app.services.config_document import ConfigError
from desktop_app.services.config_import import EdgeConfig, ImportedCamera
from desktop_app.services.coverage_journal import CoverageJournal
from desktop_app.services.input_size import InputSize
from desktop_app.services.ports import CredentialError, EventSink
from desktop_app.services.recent_tracks import RecentTracks
from desktop_app.services.running_figures import Days, OneRun
from desktop_app.services.running_state import RunningStateFile
from desktop_app.services.still import still
from desktop_app.services.store_document import StoreDocumentError
from desktop_app.services.store_times import StoreTimes, store_time
from desktop_app.services.sync import SyncService
from desktop_app.services.zone_store import ZoneStore
from desktop_app.services.zone_sync import Ledger, LocalZones, ZoneSync
from desktop_app.settings import EdgeSettings
from desktop_app.workers.engine import Engine, EngineCamera
from desktop_app.workers.heartbeat_worker import HeartbeatWorker
from desktop_app.workers.observation_recorder import ObservationRecorder
from desktop_app.workers.sync_worker import SyncWorker
from shared_models.cameras import Camera
from shared_models.clock import Clock, SteadyClock
from shared_models.geometry import Size
from shared_models.zones import Zone

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Edge:
    """A built engine, the outbox it writes to, and what remembers what it saw.

    Attributes:
        config: what it counts by now.
        times: the store's time; the cloud's word changes it.
        days: when running figures begin anew.
    """

    engine: Engine
    outbox: SqliteOutbox
    zones: ZoneStore
    recorder: ObservationRecorder
    history: SqliteHistory
    clock: Clock
    config: EdgeConfig
    settings: EdgeSettings
    times: StoreTimes
    days: Callable[[], Days]

    def apply(self, config: EdgeConfig) -> None:
        """Go on with another configuration; cameras that it leaves as they were are not disturbed. Takes seconds.

        Raises:
            ValueError: the cloud's address or the key cannot be used; nothing was changed.
        """
        is_other_cloud = (config.api_url, config.edge_key) != (self.config.api_url, self.config.edge_key)
        cloud = self._cloud(config) if is_other_cloud else None
        self.engine.apply(_cameras(config, self))
        self._note_cameras(config)
        if cloud is not None:
            self.engine.set_cloud(*cloud)
        self.config = config

    def connect(self) -> None:
        """Speak with the cloud of the configuration, if it has one.

        Raises:
            ValueError: its address or the key cannot be used.
        """
        self.engine.set_cloud(*self._cloud(self.config))

    def apply_zones(self, camera_id: str, zones: Sequence[Zone]) -> None:
        """Zones were drawn here: count by them, and let the cloud know."""
        self.engine.apply_zones(camera_id, zones)
        if self.engine.heartbeat is not None:
            self.engine.heartbeat.wake()

    def prune(self) -> int:
        """Forget old events of a store that has no cloud; tells how many. With a cloud its upload does that.

        Raises:
            OutboxError: not now.
        """
        if self.config.api_url is not None:
            return 0
        before = self.clock.utc_now() - timedelta(days=self.settings.event_days)
        return self.outbox.prune(before=before, is_alone=True)

    def reload(self, path: Path, *, settings: EdgeSettings) -> None:
        """As ``apply``, from a ``config.yaml``; one that is wrong is told in the log, and changes nothing."""
        try:
            config = load_config(path, settings=settings)
            self.apply(config)
            self.times.set(time_of_store(settings, config=config))
        except (ConfigError, CredentialError, StoreDocumentError, ValueError) as error:
            log.error("the new configuration is not used: %s", error)
        else:
            log.info("%s was read again", path)

    def start(self) -> None:
        self._note_cameras(self.config)
        self.recorder.start()
        self.engine.start()

    def stop(self, *, flush_s: float = 5.0) -> None:
        """Stop everything; the outbox can still be asked."""
        self.engine.stop(flush_s=flush_s)
        self.recorder.stop()

    def close(self, *, flush_s: float = 5.0) -> None:
        """Stop everything and let go of the outbox."""
        self.stop(flush_s=flush_s)
        self.history.close()
        self.outbox.close()

    def _note_cameras(self, config: EdgeConfig) -> None:
        enabled = [camera.camera_id for camera in config.cameras if camera.is_enabled]
        self.recorder.journal.note_cameras(enabled, now=self.clock.utc_now())

    def _cloud(self, config: EdgeConfig) -> tuple[SyncWorker | None, HeartbeatWorker | None]:
        if config.api_url is None or config.edge_key is None:
            self.outbox.on_append(_nobody_listens)
            return None, None
        allow_insecure = self.settings.allow_insecure_cloud
        cloud = HttpCloud(config.api_url, config.edge_key, allow_insecure=allow_insecure)
        sync = SyncWorker(
            SyncService(self.outbox, cloud, clock=self.clock), outbox=self.outbox, cloud=cloud, clock=self.clock
        )
        link = HttpLink(config.api_url, config.edge_key, allow_insecure=allow_insecure)
        partner = f"{config.api_url} {config.edge_key.get_secret_value()}"
        ledger = Ledger(self.settings.data_dir / "zone-sync.json", partner=partner)
        heartbeat = HeartbeatWorker(
            link,
            ZoneSync(link, ledger, LocalZones(self._known_zones, self._has_draft, self._take_zones)),
            cameras=lambda: self.engine.status().cameras,
            depth=lambda: sync.depth.pending,
            clock=self.clock,
            every_s=self.settings.heartbeat_s,
            still=self._still,
            told=self.times.tell,
        )
        self.outbox.on_append(sync.wake)
        return sync, heartbeat

    def _still(self, camera_id: str) -> bytes | None:
        """What a camera sees, small and with people in blocks; only the cloud's question leads here."""
        view = self.engine.latest(camera_id)
        if view is None:
            return None
        return encode_jpeg(still(view.frame.bgr(), [tuple(box) for box in view.tracked.xyxy.tolist()]))

    def _known_zones(self) -> dict[str, tuple[Zone, ...]]:
        """Zones by camera. Those of a file are known with the camera's first picture."""
        known: dict[str, tuple[Zone, ...]] = {}
        for camera in self.config.cameras:
            drawn, view = self.zones.zones_of(camera.camera_id), self.engine.latest(camera.camera_id)
            if drawn is not None or view is not None:
                known[camera.camera_id] = drawn if drawn is not None else view.zones if view else ()
        return known

    def _has_draft(self, camera_id: str) -> bool:
        return self.zones.draft_of(camera_id) is not None

    def _take_zones(self, camera_id: str, zones: tuple[Zone, ...]) -> None:
        saved = self.zones.save(camera_id, zones, before=self._known_zones().get(camera_id, ()))
        self.engine.apply_zones(camera_id, saved)


def _nobody_listens() -> None:
    """Without a cloud nobody waits for events."""


class StartCut(Exception):
    """Nobody wants the engine any more that was being built."""


def build_edge(
    config: EdgeConfig,
    *,
    settings: EdgeSettings,
    clock: Clock | None = None,
    zones: ZoneStore | None = None,
    times: StoreTimes | None = None,
    is_one_run: bool = False,
    is_cut: Callable[[], bool] = lambda: False,
) -> Edge:
    """Build, start nothing yet. Zones that were drawn in the program go before those of the configuration.

    The first time on a machine takes some seconds more: whoever counts has measured before how it detects fastest.

    Args:
        times: the store's time; None: by the configuration, else the laptop's.
        is_one_run: the running figures never begin anew.
        is_cut: asked while the machine is measured.

    Raises:
        DetectorError, OutboxError, ValueError: in words.
        StartCut: ``is_cut`` said so.
    """
    clock = clock or SteadyClock()
    zones = zones or ZoneStore(settings.data_dir)
    times = times or StoreTimes(store_time(config.time_zone, config.reset_hour))
    one_run = OneRun()
    days: Callable[[], Days] = (lambda: one_run) if is_one_run else (lambda: times.now)
    with ExitStack() as opened:
        # The outbox first: a second program on this folder hears of the first before it measures anything.
        outbox = opened.enter_context(closing(SqliteOutbox(settings.outbox_path, clock=clock)))
        history = opened.enter_context(closing(open_history(settings, clock=clock)))
        measure_once(settings=settings, is_cut=is_cut)
        if is_cut():
            raise StartCut
        detector = opened.enter_context(closing(open_detector(settings=settings)))
        engine = Engine([], detector=detector, sync=None, clock=clock)
        journal = CoverageJournal(settings.data_dir / "coverage.json")
        state = RunningStateFile(settings.running_path, model=detector.name)
        recorder = ObservationRecorder(engine, RecentTracks(), journal, state=state, clock=clock)
        edge = Edge(engine, outbox, zones, recorder, history, clock, config, settings, times, days)
        engine.apply(_cameras(config, edge))
        edge.connect()
        opened.pop_all()
    return edge


def build_edge_from_file(path: Path, *, settings: EdgeSettings, is_cut: Callable[[], bool] = lambda: False) -> Edge:
    """As ``build_edge``, from a ``config.yaml``; what a cloud says of the store's time is remembered for the next start.

    Raises:
        ConfigError: every mistake in the file.
        CredentialError: passwords that it names cannot be looked up.
    """
    config = load_config(path, settings=settings)
    return build_edge(config, settings=settings, times=times_of_file(config, settings=settings), is_cut=is_cut)


def times_of_file(config: EdgeConfig, *, settings: EdgeSettings) -> StoreTimes:
    """The time of a store that a ``config.yaml`` describes; what its cloud says of it is remembered."""
    times = StoreTimes(time_of_store(settings, config=config))
    times.on_told(lambda facts: remember_store(settings, facts))
    return times


def _cameras(config: EdgeConfig, edge: Edge) -> list[EngineCamera]:
    return [_camera(camera, edge) for camera in config.cameras if camera.is_enabled]


def _camera(imported: ImportedCamera, edge: Edge) -> EngineCamera:
    camera_id = imported.camera_id
    source = make_source(
        imported.substream or imported.source, clock=edge.clock, loop=imported.loop, rotation=imported.rotation
    )
    archive = SqliteEventArchive(edge.settings.outbox_path)
    pipeline = CameraPipeline(
        camera_id,
        camera_for=_camera_for(imported, edge.outbox, edge.zones),
        sink=edge.outbox,
        history=edge.history,
        days=edge.days,
        counted_since=lambda start_at: archive.counted_since(camera_id, start_at),
        rotation=imported.rotation,
    )
    label = imported.name or camera_id
    made_of = dataclasses.replace(imported, name="", target_fps=1.0, input_size=InputSize.AUTOMATIC)
    return EngineCamera(
        camera_id,
        label,
        imported.target_fps,
        source,
        pipeline,
        configuration=made_of,
        input_size=imported.input_size,
    )


def _camera_for(imported: ImportedCamera, sink: EventSink, zones: ZoneStore) -> Callable[[Size], Camera]:
    """Zones drawn in the program are normalised already; others become so at the size they were written at (ADR 4)."""
    drawn_as = hashlib.sha256(repr(imported.zones).encode()).hexdigest()[:16]

    def camera_for(frame_wh: Size) -> Camera:
        drawn = zones.zones_of(imported.camera_id)
        if drawn is not None:
            plain = dataclasses.replace(imported, zones=())
            return plain.camera(frame_wh=frame_wh).model_copy(update={"zones": drawn})
        known = remembered_size(sink, camera_id=imported.camera_id, drawn_as=drawn_as)
        camera = imported.camera(frame_wh=known or frame_wh)
        if known is None:
            remember_size(sink, camera_id=imported.camera_id, drawn_as=drawn_as, frame_wh=frame_wh)
        return camera

    return camera_for
