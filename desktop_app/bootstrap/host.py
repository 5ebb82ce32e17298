"""The engine over its restarts: screens keep one view while cameras come and go."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import datetime

from desktop_app.bootstrap.engine import Edge, StartCut, build_edge
from desktop_app.bootstrap.parts import fault_of_wanted_model
from desktop_app.services.config_document import ConfigError
from desktop_app.services.config_import import EdgeConfig
from desktop_app.services.coverage_journal import CoverageJournal
from desktop_app.services.engine_view import CloudStatus, EngineStatus
from desktop_app.services.live_view import LiveView
from desktop_app.services.ports import DeadLetter, DetectorError, OutboxError
from desktop_app.services.recent_tracks import RecentTracks
from desktop_app.services.store_times import StoreTimes
from desktop_app.services.zone_store import ZoneStore
from desktop_app.services.zone_sync import Choice, ZoneNews
from desktop_app.settings import EdgeSettings
from shared_models.clock import Clock
from shared_models.zones import Zone

log = logging.getLogger(__name__)


class RestartableEngine:
    """Implements ``EngineHost``.

    Args:
        over: wraps an engine that somebody else has built and will close.
        times: the store's time, at whose midnights the running figures begin anew.
    """

    def __init__(
        self,
        *,
        settings: EdgeSettings,
        clock: Clock,
        zones: ZoneStore,
        over: Edge | None = None,
        times: StoreTimes | None = None,
    ) -> None:
        self._settings = settings
        self._times = times or StoreTimes()
        self._clock = clock
        self._zones = zones
        self._edge = over
        self._is_foreign = over is not None
        self.trouble = self.warning = ""
        self._nothing_seen = RecentTracks()
        self._old_journal = CoverageJournal(settings.data_dir / "coverage.json")
        self._listeners: list[Callable[[str], None]] = []
        self._lock = threading.Lock()
        self._changing = threading.Lock()
        self._is_over = self._has_nothing_to_do = False
        self._leaving = threading.Event()
        self._unsubscribe = over.engine.on_view(self._tell) if over is not None else None

    @property
    def recent(self) -> RecentTracks:
        edge = self._edge
        return edge.recorder.recent if edge is not None else self._nothing_seen

    @property
    def journal(self) -> CoverageJournal:
        edge = self._edge
        return edge.recorder.journal if edge is not None else self._old_journal

    def restart(self, config: EdgeConfig) -> None:
        with self._changing:
            if self._is_over:
                return
            edge = self._edge
            if edge is None:
                self._start(config)
            else:
                self._go_on(edge, config)

    def stop(self, *, flush_s: float) -> None:
        # Whoever quits while a model is still being loaded waits for it: nothing may start after the end. A self-test is cut.
        self._leaving.set()
        with self._changing:
            self._is_over = True
            self._stop(flush_s=flush_s)

    def _go_on(self, edge: Edge, config: EdgeConfig) -> None:
        """Only what was changed is stopped and started; other cameras count on."""
        try:
            edge.apply(config)
            self.trouble = ""
        except (ConfigError, ValueError) as error:
            log.error("the changed configuration cannot be used: %s", error)
            self.trouble = str(error)

    def _start(self, config: EdgeConfig) -> None:
        if not config.cameras and config.api_url is None:
            self.trouble, self._has_nothing_to_do = "", True
            return
        self._has_nothing_to_do = False
        try:
            edge = build_edge(
                config,
                settings=self._settings,
                clock=self._clock,
                zones=self._zones,
                times=self._times,
                is_cut=self._leaving.is_set,
            )
        except StartCut:
            return
        except (ConfigError, DetectorError, OutboxError, ValueError) as error:
            log.error("the engine does not start: %s", error)
            self.trouble = str(error)
            return
        self._unsubscribe = edge.engine.on_view(self._tell)
        edge.start()
        self.trouble, self.warning = "", fault_of_wanted_model(self._settings)
        self._edge = edge

    def _stop(self, *, flush_s: float) -> None:
        edge, self._edge = self._edge, None
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        if edge is None or self._is_foreign:
            return
        edge.close(flush_s=flush_s)
        self._old_journal = edge.recorder.journal

    def apply_zones(self, camera_id: str, zones: Sequence[Zone]) -> None:
        edge = self._edge
        if edge is not None:
            edge.apply_zones(camera_id, zones)

    def zone_news(self) -> tuple[ZoneNews, ...]:
        heartbeat = self._edge.engine.heartbeat if self._edge is not None else None
        return heartbeat.zones.news() if heartbeat is not None else ()

    def decide_zones(self, camera_id: str, choice: Choice) -> None:
        heartbeat = self._edge.engine.heartbeat if self._edge is not None else None
        if heartbeat is not None:
            heartbeat.zones.decide(camera_id, choice)

    def follow_recount(self, camera_id: str) -> None:
        edge = self._edge
        if edge is not None:
            edge.engine.follow_recount(camera_id)

    def wake_sync(self) -> None:
        edge = self._edge
        if edge is not None:
            edge.engine.wake_sync()

    # -- EngineView

    def status(self) -> EngineStatus:
        edge = self._edge
        if edge is not None:
            return edge.engine.status()
        words = self.trouble or ("No cloud: the store counts for itself." if self._has_nothing_to_do else "Starting.")
        return EngineStatus((), CloudStatus(None, 0, 0, words))

    def latest(self, camera_id: str) -> LiveView | None:
        edge = self._edge
        return edge.engine.latest(camera_id) if edge is not None else None

    def on_view(self, callback: Callable[[str], None]) -> Callable[[], None]:
        with self._lock:
            self._listeners = [*self._listeners, callback]

        def unsubscribe() -> None:
            with self._lock:
                self._listeners = [listener for listener in self._listeners if listener is not callback]

        return unsubscribe

    def _tell(self, camera_id: str) -> None:
        for listener in self._listeners:
            listener(camera_id)

    # -- the outbox

    def dead_letters(self) -> list[DeadLetter]:
        return self._running().outbox.dead_letters()

    def retry_dead_letters(self) -> int:
        return self._running().outbox.retry_dead_letters()

    def prune(self, *, before: datetime, is_alone: bool) -> int:
        edge = self._edge
        return edge.outbox.prune(before=before, is_alone=is_alone) if edge is not None else 0

    def _running(self) -> Edge:
        edge = self._edge
        if edge is None:
            raise OutboxError("Nothing counts at the moment, so there is no outbox to look into.")
        return edge
