"""YOLO by Ultralytics' own package, for ``.pt`` files; and their export for the default runtime.

The package is AGPL-3.0 and an extra that an owner installs knowingly; it is imported when a ``.pt`` file is used, not
before. A ``.pt`` file is a Python pickle: loading one runs what its maker put in.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from platformdirs import user_cache_path

from desktop_app.adapters.detection.heads import NMS_IOU
from desktop_app.adapters.detection.model_file import MAX_MODEL_BYTES
from desktop_app.adapters.detection.openvino_yolo import (
    LONG_SIDE,
    input_size_for,
    letterbox,
    squeeze_at,
)
from desktop_app.domain.detections import Detections
from desktop_app.services.detector_runtime import INPUT_SIDES
from desktop_app.services.model_registry import person_class
from desktop_app.services.ports import BgrImage, DetectorError
from shared_models.geometry import Size

MAX_BOXES = 300
EXPORT_WH: Size = (640, 384)
"""The input that an export is traced with; it takes others too."""
QUIET = {"YOLO_OFFLINE": "true", "YOLO_AUTOINSTALL": "false", "YOLO_VERBOSE": "false"}
"""Ultralytics neither downloads, nor installs packages, nor tells anybody that it runs."""
_MISSING = (
    "{file} needs the package Ultralytics, which is not installed. It is licensed under AGPL-3.0: if that suits you, "
    "install it in Wink's folder with: pip install '.[ultralytics]'. Or export the file to ONNX elsewhere and add that."
)


class UltralyticsYolo:
    """A ``.pt`` detection model, run by Ultralytics and PyTorch.

    Input shapes are those of ``OpenVinoYolo``. Of several classes that one cell of the network thinks of only the surest
    is kept, as Ultralytics does it: the default runtime finds the same people, and a few unsure ones more.

    Args:
        class_id: which class is "person"; None: told by the class names in the file.
        long_side: longer side of the network's input in pixels; the other follows the frame's shape.

    Raises:
        DetectorError: the package is missing or the file is none that can be used; the message says what to do.
    """

    def __init__(
        self,
        model_path: Path,
        *,
        min_score: float = 0.1,
        class_id: int | None = None,
        long_side: int = LONG_SIDE,
    ) -> None:
        self._path = model_path
        self._min_score = min_score
        self._long_side = long_side
        self._lock = threading.Lock()
        self._model: Any = _load(model_path)
        self._class_id = person_class(self.classes, model=model_path.name) if class_id is None else class_id

    @property
    def name(self) -> str:
        return self._path.stem

    @property
    def side_by_side(self) -> int:
        return 1

    @property
    def classes(self) -> tuple[str, ...]:
        """What it finds, by class number."""
        return _classes(self._model)

    @property
    def input_sides(self) -> Sequence[int]:
        return INPUT_SIDES

    def detect(self, frames: Sequence[BgrImage], *, long_sides: Sequence[int] = ()) -> list[Detections]:
        """Detect people; boxes in pixels of each frame, sorted by score.

        Raises:
            DetectorError: the network failed.
        """
        with self._lock:
            try:
                sides = long_sides or [self._long_side] * len(frames)
                return [self._detect(frame, long_side=side) for frame, side in zip(frames, sides, strict=True)]
            except (RuntimeError, ValueError, AttributeError) as error:
                raise DetectorError(f"The model {self.name} failed on a picture ({_brief(error)}).") from error

    def close(self) -> None:
        with self._lock:
            self._model = None

    def _detect(self, frame: BgrImage, *, long_side: int) -> Detections:
        height, width = frame.shape[:2]
        input_wh = input_size_for((width, height), long_side=long_side)
        boxed, scales = letterbox(frame, input_wh=input_wh, max_squeeze=squeeze_at(long_side))
        (result,) = self._model.predict(
            boxed,
            imgsz=(input_wh[1], input_wh[0]),
            conf=self._min_score,
            iou=NMS_IOU,
            classes=[self._class_id],
            max_det=MAX_BOXES,
            verbose=False,
            save=False,
        )
        rows = result.boxes.data.cpu().numpy().astype(np.float32).reshape(-1, 6)
        return Detections(rows[:, :4] / scales, np.ascontiguousarray(rows[:, 4]))


def export_onnx(file: Path, *, folder: Path) -> Path:
    """Export a ``.pt`` file as ONNX that takes any input size in multiples of 32; ``file`` is left as it is.

    Args:
        folder: where the export is written, under the same name.

    Raises:
        DetectorError: the package is missing, or the file cannot be exported.
    """
    copy = folder / file.name
    model = _load(file)
    person_class(_classes(model), model=file.name)
    shutil.copyfile(file, copy)  # Ultralytics writes beside the file it loaded
    try:
        model = _load(copy)
        exported = model.export(
            format="onnx", dynamic=True, simplify=False, imgsz=(EXPORT_WH[1], EXPORT_WH[0]), device="cpu", verbose=False
        )
    except DetectorError:
        raise
    except Exception as error:  # whatever PyTorch and ONNX come up with
        raise DetectorError(f"{file.name} cannot be exported to ONNX ({_brief(error)}).") from error
    return Path(exported)


def _load(path: Path) -> Any:
    if not path.is_file():
        raise DetectorError(f"There is no model at {path}.")
    if path.stat().st_size > MAX_MODEL_BYTES:
        raise DetectorError(f"{path.name} is larger than {MAX_MODEL_BYTES // 1_000_000} MB. {_CURE}")
    make = _package(path)
    try:
        model = make(str(path))
        task = model.task
    except Exception as error:  # a pickle fails in as many ways as there are classes
        raise DetectorError(f"{path.name} is no model that Ultralytics can read ({_brief(error)}). {_CURE}") from error
    if task != "detect":
        raise DetectorError(f"{path.name} is a model for '{task}', not for detection. {_CURE}")
    return model


def _package(path: Path) -> Any:
    """Ultralytics' ``YOLO``, imported with everything off that would reach out of this machine."""
    if importlib.util.find_spec("ultralytics") is None:
        raise DetectorError(_MISSING.format(file=path.name))
    own = user_cache_path("wink-analytics", appauthor=False) / "ultralytics"
    own.mkdir(parents=True, exist_ok=True)
    os.environ.update(QUIET, YOLO_CONFIG_DIR=str(own))
    try:
        from ultralytics import YOLO, settings
    except (ImportError, OSError, RuntimeError) as error:
        raise DetectorError(
            f"Ultralytics is installed, but cannot be loaded ({_brief(error)}). Its versions of torch and torchvision "
            "must fit each other: pip install '.[ultralytics]' in Wink's folder brings a pair that does."
        ) from error
    if settings["sync"]:
        settings.update({"sync": False})
    return YOLO


def _classes(model: Any) -> tuple[str, ...]:
    return tuple(str(model.names[number]) for number in sorted(model.names))


_CURE = "Use a YOLOv8, YOLO11 or YOLO26 detection model."


def _brief(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0][:160]}" if lines else type(error).__name__
