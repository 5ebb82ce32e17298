"""What a store and its cloud tell each other beside the events: how the store does, and its zones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from desktop_app.services.engine_view import CameraCondition, CameraStatus
from shared_models.heartbeat import MAX_CAMERAS, CameraHealth, CameraState, Heartbeat, HeartbeatAnswer
from shared_models.zone_sets import ZoneEdit, ZoneEditAnswer, ZoneSets

MAX_WORDS = 300
_BY_REASON = {"frozen": CameraState.FROZEN, "SourceAuthError": CameraState.REFUSED}
_BY_CONDITION = {
    CameraCondition.LIVE: CameraState.SEEING,
    CameraCondition.STARTING: CameraState.CONNECTING,
    CameraCondition.STOPPED: CameraState.OFF,
}


class LinkError(Exception):
    """The cloud was not reached, or did not do it; the message is for the owner and holds no secret.

    Attributes:
        status: HTTP status; 0 where no answer of the cloud's own came.
        retry_after_s: how long the cloud asks to be left alone.
    """

    def __init__(self, words: str, *, status: int = 0, retry_after_s: float | None = None) -> None:
        super().__init__(words)
        self.status = status
        self.retry_after_s = retry_after_s


class EdgeLink(Protocol):
    """The way to the cloud for everything but events. All methods may raise LinkError, and wait for the network."""

    def beat(self, told: Heartbeat) -> HeartbeatAnswer:
        """Tell how the store does; hear what has changed."""

    def zone_sets(self) -> ZoneSets:
        """The zones in force in the cloud."""

    def edit(self, edit: ZoneEdit) -> ZoneEditAnswer:
        """Bring zones that were edited here."""

    def still(self, camera_id: str, jpeg: bytes) -> None:
        """Bring a still that the cloud asked for."""

    def close(self) -> None:
        """Let go of connections; a request under way ends."""


def camera_health(cameras: Sequence[CameraStatus], *, revisions: dict[str, int]) -> tuple[CameraHealth, ...]:
    """What a heartbeat tells of cameras. ``revisions``: the zone set that each counts by, as the cloud numbers it."""
    return tuple(
        CameraHealth(
            camera_id=camera.camera_id,
            name=camera.label[:200],
            state=camera_state(camera),
            words=camera.words[:MAX_WORDS],
            fps=round(max(0.0, camera.analysed_fps), 2),
            zone_revision=revisions.get(camera.camera_id, 0),
        )
        for camera in cameras[:MAX_CAMERAS]
    )


def camera_state(camera: CameraStatus) -> CameraState:
    """One camera's condition in the cloud's words."""
    return _BY_CONDITION.get(camera.condition) or _BY_REASON.get(camera.reason, CameraState.STALE)
