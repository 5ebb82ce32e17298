"""What a screen may know of the running engine: frozen values, and one port to ask for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from desktop_app.domain.zone_engine import ZoneCount
from desktop_app.services.live_view import LiveView
from shared_models.geometry import Point, Size


class CameraCondition(StrEnum):
    """What a camera tile's colour says."""

    STARTING = "starting"
    LIVE = "live"
    TROUBLE = "trouble"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class CameraStatus:
    """One camera at one moment.

    Attributes:
        words: its state in a sentence an owner understands ("The camera refuses this password.").
        since_at: UTC moment since which this state holds.
        analysed_fps: frames analysed per second, lately.
        counts: today's figures per zone.
        furniture: corners, in the camera's pixels, of ``ignore`` areas to be offered: what was taken for a person there
            has not moved for minutes.
        input_side: longer side of the network's input for this camera, in pixels; 0: the model has only its own.
        frame_wh: pixels of its newest analysed frame; None before the first.
        target_fps: frames per second that are to be analysed; 0 while no engine runs.
    """

    camera_id: str
    label: str
    condition: CameraCondition
    words: str
    since_at: datetime
    analysed_fps: float
    counts: tuple[ZoneCount, ...]
    furniture: tuple[tuple[Point, ...], ...] = ()
    reason: str = ""
    input_side: int = 0
    target_fps: float = 0.0
    frame_wh: Size | None = None


@dataclass(frozen=True, slots=True)
class CloudStatus:
    """How the store stands with the cloud.

    Attributes:
        is_connected: the last exchange went well; None without a cloud.
        pending: events not accepted yet.
        dead_letters: events the cloud refused.
        words: in a sentence.
        last_success_at: the last time that the cloud accepted something.
        oldest_at: when the oldest event that still waits occurred.
        heard_at: the last time that the cloud answered a heartbeat.
        clock_offset_s: by how much this machine's clock is behind the cloud's; None while nobody knows.
        hides_people: what the organisation wants on screens; None while nobody knows.
    """

    is_connected: bool | None
    pending: int
    dead_letters: int
    words: str
    last_success_at: datetime | None = None
    oldest_at: datetime | None = None
    heard_at: datetime | None = None
    clock_offset_s: float | None = None
    hides_people: bool | None = None


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """The whole engine at one moment."""

    cameras: tuple[CameraStatus, ...]
    cloud: CloudStatus


class EngineView(Protocol):
    """The running engine, as screens see it. All methods are quick and may be called from any thread."""

    def status(self) -> EngineStatus:
        """Everything at this moment."""

    def latest(self, camera_id: str) -> LiveView | None:
        """The newest analysed frame with its overlay, or None before the first."""

    def on_view(self, callback: Callable[[str], None]) -> Callable[[], None]:
        """Call ``callback(camera_id)`` from a worker thread at each new view; gives back how to unsubscribe."""
