"""What a desk needs of the outside: the engine over its restarts, secrets, discovery, the past, the clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from desktop_app.services.autostart import Autostart
from desktop_app.services.camera_discovery import CameraDiscovery, CameraQuestionError
from desktop_app.services.config_document import ConfigError
from desktop_app.services.config_import import EdgeConfig
from desktop_app.services.coverage_journal import CoverageJournal
from desktop_app.services.detector_runtime import RuntimeTest
from desktop_app.services.edge_link import LinkError
from desktop_app.services.engine_view import EngineView
from desktop_app.services.enrolment import Enrolment, EnrolmentError
from desktop_app.services.past_desk import PastPorts
from desktop_app.services.ports import DeadLetter, DetectorError, HistoryError, OutboxError, SourceError, VideoSource
from desktop_app.services.recent_tracks import RecentTracks
from desktop_app.services.secret_store import SecretStore, SecretStoreError
from desktop_app.services.store_document import StoreDocumentError
from desktop_app.services.store_times import StoreTimes
from desktop_app.services.today_figures import EventArchive
from desktop_app.services.zone_store import ZoneStoreError
from desktop_app.services.zone_sync import Choice, ZoneNews
from shared_models.cameras import Rotation, SourceAddress
from shared_models.clock import Clock
from shared_models.zones import Zone

KNOWN_ERRORS: tuple[type[Exception], ...] = (
    CameraQuestionError,
    ConfigError,
    DetectorError,
    EnrolmentError,
    HistoryError,
    LinkError,
    OutboxError,
    SecretStoreError,
    SourceError,
    StoreDocumentError,
    ZoneStoreError,
    OSError,
    ValueError,
)
"""Errors whose text is meant for the owner."""


class EngineHost(EngineView, Protocol):
    """The engine over its restarts."""

    @property
    def trouble(self) -> str:
        """Why no engine runs, in words; empty while one does."""

    @property
    def warning(self) -> str:
        """What is not as it should be although an engine runs, in words; else empty."""

    @property
    def recent(self) -> RecentTracks:
        """The last minutes' tracks."""

    @property
    def journal(self) -> CoverageJournal:
        """What was seen."""

    def restart(self, config: EdgeConfig) -> None:
        """Go on with this configuration; only cameras that it changes are stopped and started. Takes seconds; afterwards
        ``trouble`` tells how it went.
        """

    def stop(self, *, flush_s: float) -> None:
        """Stop for good. Takes seconds."""

    def apply_zones(self, camera_id: str, zones: Sequence[Zone]) -> None:
        """Count by these zones from now on."""

    def zone_news(self) -> tuple[ZoneNews, ...]:
        """Zones that were changed in the cloud too, or wait for a draft here."""

    def decide_zones(self, camera_id: str, choice: Choice) -> None:
        """Slow. Whose zones count, where both were changed.

        Raises:
            LinkError: the cloud was not reached, or has moved on; nothing was changed.
        """

    def follow_recount(self, camera_id: str) -> None:
        """A camera's past was counted anew: its running figures follow."""

    def wake_sync(self) -> None:
        """Events were written beside the engine: the cloud should hear of them soon."""

    def dead_letters(self) -> list[DeadLetter]:
        """Events that the cloud refused, newest first. Slow."""

    def retry_dead_letters(self) -> int:
        """Send them again. Slow."""

    def prune(self, *, before: datetime, is_alone: bool) -> int:
        """Forget events that are older: those that the cloud has, or all where the store is ``is_alone``. Slow."""


TestProgress = Callable[[float, str], bool]
"""Told the share done and what is measured; False cancels."""


class SelfTest(Protocol):
    """Measures how the model in use runs best on this computer. All methods may raise DetectorError, and are slow."""

    def model(self) -> str:
        """The name of the model in use."""

    def remembered(self) -> RuntimeTest | None:
        """The last test of this model on this computer."""

    def run(self, progress: TestProgress) -> RuntimeTest | None:
        """Test anew and remember it; None: it was cancelled."""


@dataclass(frozen=True, slots=True)
class DeskPorts:
    """What a desk needs of the outside."""

    host: EngineHost
    secrets: SecretStore
    enrolment: Enrolment
    discovery: CameraDiscovery
    archive: EventArchive
    past: PastPorts
    self_test: SelfTest
    autostart: Autostart
    open_source: Callable[[SourceAddress, bool, Rotation], VideoSource]
    """(address, loop, rotation) -> a source, closed still."""
    clock: Clock
    local_zone: str = "UTC"
    """IANA name of the laptop's zone."""
    times: StoreTimes = field(default_factory=StoreTimes)
    """The store's time; cameras, screens and the cloud's word meet in it."""
