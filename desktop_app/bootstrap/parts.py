"""Single parts, made from settings. Adapters are imported when one is asked for: a command starts fast."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from desktop_app.settings import EdgeSettings
from shared_models.cameras import SourceAddress
from shared_models.clock import SteadyClock

if TYPE_CHECKING:
    from desktop_app.services.model_registry import ModelRegistry, ModelSpec
    from desktop_app.services.ports import Detector, VideoSource
    from shared_models.geometry import Size

log = logging.getLogger(__name__)

DEFAULT_PICTURES_FPS = 5.0
USUAL_FRAME_WH = (640, 360)


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
    from desktop_app.adapters.detection.heads import head_named
    from desktop_app.adapters.detection.openvino_yolo import OpenVinoYolo
    from desktop_app.adapters.detection.ultralytics_yolo import UltralyticsYolo
    from desktop_app.bootstrap.measuring import remembered_test
    from desktop_app.services.model_registry import int8_weights, resolve_model
    from desktop_app.services.ports import DetectorError

    settings = settings or EdgeSettings()
    spec = resolve_model(settings.model, data_dir=settings.data_dir, assets_dir=settings.assets_dir)
    if fault := fault_of_wanted_model(settings):
        log.warning("%s", fault)
    min_score = settings.min_score if min_score is None else min_score
    if spec.is_pt:
        return UltralyticsYolo(spec.path, min_score=min_score)
    test = remembered_test(spec, settings=settings)
    int8 = int8_weights(spec, assets_dir=settings.assets_dir) if test and test.int8_sha256 else None
    plain = partial(
        OpenVinoYolo,
        spec.path,
        min_score=min_score,
        class_id=spec.person_class,
        head=head_named(spec.head, model=spec.name),
    )
    detector = plain(runtime=test.runtime, int8_paths=int8.paths if int8 else None) if test else plain()
    try:
        detector.prepare(frame_wh or USUAL_FRAME_WH)
    except DetectorError as error:
        if test is None:
            raise
        # A driver that was changed or broken since the test: what always works must count on.
        log.warning("%s in %s cannot be used any more: %s", test.runtime.device, test.runtime.precision, error)
        detector = plain()
        detector.prepare(frame_wh or USUAL_FRAME_WH)
    return detector


def fault_of_wanted_model(settings: EdgeSettings) -> str:
    """Why the model that should be used by default is not the one that is, in a sentence; empty where it is."""
    return "" if settings.model else model_registry(settings).choose().words


def model_registry(settings: EdgeSettings) -> ModelRegistry:
    """Models of this machine and models that ship."""
    from desktop_app.services.model_registry import ModelRegistry

    return ModelRegistry(data_dir=settings.data_dir, assets_dir=settings.assets_dir)


def add_model(
    file: Path,
    *,
    name: str | None,
    settings: EdgeSettings,
    classes: Sequence[str] = (),
    head: str = "",
) -> ModelSpec:
    """Register a model after it was seen to run. A ``.pt`` file is exported to ONNX first and kept beside that.

    Args:
        classes: what it finds, by class number, where the file itself does not tell.
        head: how its output is read, where its shape does not tell.

    Raises:
        DetectorError: it does not run, or finds no people; nothing was registered.
    """
    from desktop_app.adapters.detection.ultralytics_yolo import export_onnx
    from desktop_app.services.model_registry import PT_SUFFIX

    if file.suffix.lower() != PT_SUFFIX:
        return _add_runnable(file, name=name, settings=settings, classes=classes, head=head)
    with TemporaryDirectory() as folder:
        exported = export_onnx(file, folder=Path(folder))
        return _add_runnable(exported, name=name, settings=settings, classes=classes, head=head, original=file)


def _add_runnable(
    file: Path,
    *,
    name: str | None,
    settings: EdgeSettings,
    classes: Sequence[str],
    head: str,
    original: Path | None = None,
) -> ModelSpec:
    from desktop_app.adapters.detection.heads import head_named
    from desktop_app.adapters.detection.model_file import needed_beside
    from desktop_app.adapters.detection.openvino_yolo import OpenVinoYolo
    from desktop_app.services.model_registry import person_class
    from desktop_app.services.ports import DetectorError

    if not file.is_file():
        raise DetectorError(f"There is no file {file}.")
    class_id = person_class(classes, model=file.name) if classes else None
    detector = OpenVinoYolo(file, class_id=class_id, head=head_named(head, model=file.name))
    detector.prepare(USUAL_FRAME_WH)
    add = partial(
        model_registry(settings).add,
        name=name,
        licence=detector.licence or "unknown",
        classes=classes or detector.classes,
        head=head,
        original=original,
    )
    if file.suffix.lower() == ".onnx" and needed_beside(file):
        # Its weights are in files whose names are fixed within: they could be another model's in the folder of models.
        with TemporaryDirectory() as folder:
            whole = Path(folder) / f"{file.stem}.xml"
            detector.save(whole)
            return add(whole)
    return add(file)


def pull_model(name: str, *, settings: EdgeSettings, progress: Callable[[int, int | None], bool]) -> ModelSpec:
    """Download a model that the manifest knows, check it and register it.

    Raises:
        DetectorError: the name is not known, or the download failed.
    """
    from desktop_app.adapters.detection.model_download import download
    from desktop_app.services.ports import DetectorError

    registry = model_registry(settings)
    entry = registry.entries().get(name)
    if entry is None or not entry.urls:
        known = ", ".join(n for n, e in registry.entries().items() if e.urls) or "none"
        raise DetectorError(f"'{name}' has no official address here; those that can be pulled: {known}.")
    file = registry.folder / f"{name}{Path(entry.urls[0]).suffix}"
    download(entry.urls[0], file, sha256=entry.sha256, progress=progress)
    registry.register(dataclasses.replace(entry, file=file.name, size_bytes=file.stat().st_size))
    return registry.installed()[name]
