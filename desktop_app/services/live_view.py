"""What a screen shows of one camera at one moment: frame and overlay as one immutable value."""

from __future__ import annotations

from dataclasses import dataclass

from desktop_app.domain.detections import TrackedDetections
from desktop_app.domain.zone_engine import ZoneCount
from desktop_app.services.ports import CapturedFrame
from shared_models.zones import Zone


@dataclass(frozen=True, slots=True, eq=False)
class LiveView:
    """One analysed frame with what was found in it.

    Attributes:
        frame: the frame itself; its picture is converted only if somebody asks for it.
        tracked: people found in this very frame, in its pixels.
        zones: as drawn, normalised.
        counts: today's figures per zone after this frame.
        is_busy_at_a_line: somebody is near a line, where a missed frame may cost a count.
    """

    camera_id: str
    frame: CapturedFrame
    tracked: TrackedDetections
    zones: tuple[Zone, ...]
    counts: tuple[ZoneCount, ...]
    is_busy_at_a_line: bool = False
