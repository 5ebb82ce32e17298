"""Single parts, made from settings. Adapters are imported when one is asked for: a command starts fast."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.settings import EdgeSettings
from shared_models.cameras import SourceAddress
from shared_models.clock import SteadyClock

if TYPE_CHECKING:
    from desktop_app.services.ports import Detector, VideoSource
    from shared_models.geometry import Size

DEFAULT_PICTURES_FPS = 5.0


def open_source(text: str, *, realtime: bool, fps: float | None = None, loop: bool = False) -> VideoSource:
    """The source at an address, closed still. ``fps`` is for a folder of pictures, which has none of its own.

    Raises:
        ValueError: the address is of no known kind.
    """
    from desktop_app.adapters.video.open_source import make_source

    return make_source(
        SourceAddress(text), clock=SteadyClock(), realtime=realtime, loop=loop, pictures_fps=fps or DEFAULT_PICTURES_FPS
    )


def open_detector(
    *, min_score: float | None = None, frame_wh: Size | None = None, settings: EdgeSettings | None = None
) -> Detector:
    """The detector that the settings name, loaded. ``frame_wh`` compiles it for that frame size ahead of the first.

    Raises:
        DetectorError: there is no model, or it cannot be loaded.
    """
    from desktop_app.adapters.detection.openvino_yolo import OpenVinoYolo
    from desktop_app.services.model_registry import resolve_model

    settings = settings or EdgeSettings()
    spec = resolve_model(settings.model, data_dir=settings.data_dir, assets_dir=settings.assets_dir)
    detector = OpenVinoYolo(spec.path, min_score=settings.min_score if min_score is None else min_score)
    if frame_wh is not None:
        detector.prepare(frame_wh)
    return detector
