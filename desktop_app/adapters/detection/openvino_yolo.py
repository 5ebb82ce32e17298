"""YOLO person detection by OpenVINO, on rectangles of the stream's own shape."""

from __future__ import annotations

import ast
import math
import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

os.environ.setdefault("OPENVINO_TELEMETRY_DISABLE", "1")
import openvino as ov
from openvino.preprocess import ColorFormat, PrePostProcessor

from desktop_app.adapters.detection.heads import Head, can_be, count_classes, decode, recognise
from desktop_app.adapters.detection.model_file import CURE, check_model_file
from desktop_app.adapters.detection.stem import with_plain_stem
from desktop_app.domain.detections import Detections
from desktop_app.services.detector_runtime import INPUT_SIDES, INT8, DetectorRuntime
from desktop_app.services.model_registry import ANY_SIZE, person_class
from desktop_app.services.ports import BgrImage, DetectorError
from shared_models.geometry import Size

LETTERBOX_GREY = 114
MULTIPLE = 32
MAX_SQUEEZE = 0.05
"""A picture may be made flatter or narrower by this share to fill the next smaller multiple of a small input: tall people
are found as well, for an eighth less work. A large input is for small people, and stays exact (docs/adr/0023)."""
LONG_SIDE = 640
MAX_COMPILED = 8
"""Input shapes kept compiled at once; a ninth replaces the one unused for longest."""


@dataclass(slots=True)
class _Compiled:
    network: Any
    requests: list[Any]
    input_wh: Size
    head: Head


class OpenVinoYolo:
    """A YOLO network in ONNX or OpenVINO form.

    Takes BGR uint8 pictures as they are; conversion to float happens inside the compiled graph. Several pictures of one
    call run side by side in one-thread streams, which two cores serve better than one request of two threads.

    Args:
        model_path: ``.onnx`` or ``.xml``.
        class_id: which class is "person"; None: told by the class names in the file, 0 where it holds none.
        head: how the output is read; None: told by its shape.
        long_side: longer side of the network's input in pixels; the other follows the frame's shape.
        runtime: device, precision and how many requests run at once, as the self-test found best.
        int8_paths: the same model in 8-bit integers (``.xml``), by the size of input that each is for
            (``ANY_SIZE``: all others); needed where ``runtime`` says ``int8``.

    Raises:
        DetectorError: the file is none that can be used; the message says what to do.
    """

    def __init__(
        self,
        model_path: Path,
        *,
        min_score: float = 0.1,
        class_id: int | None = None,
        head: Head | None = None,
        long_side: int = LONG_SIDE,
        runtime: DetectorRuntime | None = None,
        int8_paths: Mapping[Size, Path] | None = None,
    ) -> None:
        self._path = model_path
        self._min_score = min_score
        self._head = head
        self._long_side = long_side
        self.runtime = runtime or DetectorRuntime()
        self._streams = self.runtime.streams
        self._lock = threading.Lock()
        self._compiled: dict[Size, _Compiled] = {}
        self._core = ov.Core()
        # Weights are read, not mapped: a file that is written over while the program runs would end it (SIGBUS).
        self._core.set_property({"ENABLE_MMAP": False})
        self._forms = {wh: self._read(path) for wh, path in self._files(int8_paths).items()}
        self._model = self._forms[ANY_SIZE]
        self._class_id = person_class(self.classes, model=self._path.name) if class_id is None else class_id

    @property
    def name(self) -> str:
        return self._path.stem

    @property
    def side_by_side(self) -> int:
        return self._streams

    @property
    def classes(self) -> tuple[str, ...]:
        """What the file itself says it finds, by class number; empty where it does not say."""
        return class_names(_told_by(self._model, ("framework", "names"), ("model_info", "labels")))

    @property
    def licence(self) -> str:
        """The licence that the file names, empty where it names none."""
        words = _told_by(self._model, ("framework", "license"), ("model_info", "license")).split()
        return words[0] if words else ""

    def prepare(self, frame_wh: Size) -> Size:
        """Compile for frames of this size ahead of the first one; tells the network's input size."""
        with self._lock:
            return self._network_for(frame_wh, long_side=self._long_side).input_wh

    @property
    def input_sides(self) -> Sequence[int]:
        """Near and wide, or none where the file was exported for one size only."""
        return INPUT_SIDES if self._own_wh is None else ()

    def detect(self, frames: Sequence[BgrImage], *, long_sides: Sequence[int] = ()) -> list[Detections]:
        """Detect people; boxes in pixels of each frame, sorted by score.

        Raises:
            DetectorError: the network failed.
        """
        with self._lock:
            try:
                asked = list(zip(frames, long_sides or [self._long_side] * len(frames), strict=True))
                results: list[Detections] = []
                for start in range(0, len(asked), self._streams):
                    results += self._detect_side_by_side(asked[start : start + self._streams])
            except RuntimeError as error:
                raise DetectorError(f"The model {self.name} failed on a picture ({_first_line(error)}).") from error
            return results

    def save(self, path: Path) -> None:
        """Write the network as OpenVINO's own form: ``path`` (.xml) and its weights (.bin) beside it."""
        ov.save_model(self._model, path, compress_to_fp16=False)

    def close(self) -> None:
        with self._lock:
            self._compiled.clear()

    def _detect_side_by_side(self, asked: Sequence[tuple[BgrImage, int]]) -> list[Detections]:
        used: dict[Size, int] = {}
        running = []
        for frame, long_side in asked:
            height, width = frame.shape[:2]
            compiled = self._network_for((width, height), long_side=long_side)
            number = used.get(compiled.input_wh, 0)
            used[compiled.input_wh] = number + 1
            letterboxed, scales = letterbox(frame, input_wh=compiled.input_wh, max_squeeze=squeeze_at(long_side))
            request = compiled.requests[number]
            request.set_input_tensor(ov.Tensor(letterboxed[None]))
            request.start_async()
            running.append((request, compiled, scales))
        return [self._finish(request, compiled, scales) for request, compiled, scales in running]

    def _finish(self, request: Any, compiled: _Compiled, scales: NDArray[np.float32]) -> Detections:
        request.wait()
        found = decode(
            np.asarray(request.get_output_tensor(0).data),
            compiled.head,
            input_wh=compiled.input_wh,
            class_id=self._class_id,
            min_score=self._min_score,
        )
        return Detections(found.xyxy / scales, found.score)

    def _network_for(self, frame_wh: Size, *, long_side: int) -> _Compiled:
        input_wh = input_size_for(frame_wh, long_side=long_side)
        compiled = self._compiled.pop(input_wh, None) or self._compile(input_wh)
        self._compiled[input_wh] = compiled
        while len(self._compiled) > MAX_COMPILED:
            del self._compiled[next(iter(self._compiled))]
        return compiled

    def _compile(self, input_wh: Size) -> _Compiled:
        try:
            model, input_wh = self._shaped(input_wh)
            head = self._head_of(list(model.output(0).shape), input_wh=input_wh)
            network = self._core.compile_model(
                _with_preprocessing(with_plain_stem(model), scale=head is not Head.YOLOX),
                self.runtime.device,
                _options(self.runtime),
            )
        except RuntimeError as error:
            raise DetectorError(f"{self._path.name} cannot be run ({_first_line(error)}). {CURE}") from error
        return _Compiled(network, [network.create_infer_request() for _ in range(self._streams)], input_wh, head)

    def _shaped(self, input_wh: Size) -> tuple[Any, Size]:
        """The network for inputs of ``input_wh``; or, where it was exported for one size only, for that size.

        Such a network can often be made to take another size all the same. It is trusted there only if its output is then
        of the kind that it is at its own size: numbers that were fixed at the export give an output that fits no more, or
        that fits another head.
        """
        own_wh = self._own_wh
        model = self._forms.get(input_wh, self._model).clone()
        if own_wh is None:
            _reshape(model, input_wh)
            return model, input_wh
        _reshape(model, own_wh)
        head = self._head or recognise(list(model.output(0).shape), input_wh=own_wh)
        if own_wh == input_wh or head is None:
            return model, own_wh
        try:
            other = self._model.clone()
            _reshape(other, input_wh)
        except RuntimeError:
            return model, own_wh
        shape = list(other.output(0).shape)
        is_same = can_be(head, shape, input_wh=input_wh) if self._head else head is recognise(shape, input_wh=input_wh)
        return (other, input_wh) if is_same else (model, own_wh)

    @property
    def _own_wh(self) -> Size | None:
        """The only size that it was exported for; None: it takes any."""
        _, _, height, width = self._model.input(0).partial_shape
        return None if height.is_dynamic or width.is_dynamic else (width.get_length(), height.get_length())

    def _head_of(self, shape: list[int], *, input_wh: Size) -> Head:
        head = self._head or recognise(shape, input_wh=input_wh)
        if head is None:
            raise DetectorError(f"{self._path.name} gives {shape}, which is no YOLO head known here. {CURE}")
        if not can_be(head, shape, input_wh=input_wh):
            raise DetectorError(f"{self._path.name} gives {shape}, which is no head of the kind {head}. {CURE}")
        count = count_classes(shape, head)
        if count is not None and self._class_id >= count:
            raise DetectorError(
                f"{self._path.name} tells {count} classes apart, but its person is said to be class {self._class_id}. "
                "Give it the right class names when you add it."
            )
        return head

    def _files(self, int8_paths: Mapping[Size, Path] | None) -> Mapping[Size, Path]:
        if self.runtime.precision != INT8:
            return {ANY_SIZE: self._path}
        if int8_paths is None:
            raise DetectorError(
                f"{self._path.name} has no form in 8-bit integers. Measure anew: wink-edge doctor --measure."
            )
        return int8_paths

    def _read(self, path: Path) -> Any:
        check_model_file(path)
        try:
            model = self._core.read_model(path)
        except RuntimeError as error:
            raise DetectorError(f"{path.name} is no model that can be read ({_first_line(error)}). {CURE}") from None
        if len(model.inputs) != 1 or not _is_picture(model.input(0).partial_shape):
            raise DetectorError(f"{path.name} does not take one picture. {CURE}")
        return model


def _reshape(model: Any, input_wh: Size) -> None:
    """Make it take one picture of this size. Raises RuntimeError where it cannot."""
    shape = [1, 3, input_wh[1], input_wh[0]]
    if model.input(0).partial_shape != ov.PartialShape(shape):
        model.reshape(shape)


def _is_picture(shape: Any) -> bool:
    return bool(shape.rank.is_static and shape.rank.get_length() == 4)


def input_size_for(frame_wh: Size, *, long_side: int) -> Size:
    """The network's input for a frame: its shape, longer side ``long_side``, in multiples of 32.

    The multiple above, or, for a small input, the one below where that squeezes the picture by no more than ``MAX_SQUEEZE``.
    """
    scale, squeeze = long_side / max(frame_wh), squeeze_at(long_side)
    width, height = (_multiple(side * scale, squeeze=squeeze) for side in frame_wh)
    return width, height


def squeeze_at(long_side: int) -> float:
    """By how much a picture may be squeezed into an input of this longer side."""
    return MAX_SQUEEZE if long_side < LONG_SIDE else 0.0


def _multiple(side_px: float, *, squeeze: float) -> int:
    if squeeze:
        below = math.floor(side_px / MULTIPLE + 1e-6) * MULTIPLE
        if below >= side_px * (1 - squeeze):
            return below
    return max(MULTIPLE, math.ceil(side_px / MULTIPLE - 0.02) * MULTIPLE)


def letterbox(frame: BgrImage, *, input_wh: Size, max_squeeze: float = 0.0) -> tuple[BgrImage, NDArray[np.float32]]:
    """The frame in an input of this size: at the upper left, the rest grey; or filling it, squeezed by ``max_squeeze``.

    Returns:
        The input, uint8 (H, W, 3); and the scales along x, y, x, y by which boxes in the frame's pixels became boxes in it.
    """
    height, width = frame.shape[:2]
    along = (input_wh[0] / width, input_wh[1] / height)
    scale = min(along)
    fills = scale < max(along) and scale >= max(along) * (1 - max_squeeze)
    size = input_wh if fills else (round(width * scale), round(height * scale))
    resized = frame if size == (width, height) else _resized(frame, size)
    scales = np.array(along * 2 if fills else [scale] * 4, np.float32)
    if size == input_wh:
        return np.ascontiguousarray(resized), scales
    canvas = np.full((input_wh[1], input_wh[0], 3), LETTERBOX_GREY, np.uint8)
    canvas[: size[1], : size[0]] = resized
    return canvas, scales


def _resized(frame: BgrImage, size: Size) -> BgrImage:
    """Smaller by averaging, which loses no thin leg: as halves of twice the size, where OpenCV averages fast."""
    if frame.shape[1] <= size[0]:
        return np.asarray(cv2.resize(frame, size), np.uint8)
    twice = (2 * size[0], 2 * size[1])
    doubled = frame if frame.shape[1::-1] == twice else cv2.resize(frame, twice)
    return np.asarray(cv2.resize(doubled, size, interpolation=cv2.INTER_AREA), np.uint8)


def class_names(text: str) -> tuple[str, ...]:
    """Class names by number, from what exporters write into a file: ``{0: 'person', ...}``, a list, or plain words."""
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return tuple(word.replace("_", " ") for word in text.split())
    if isinstance(value, dict):
        value = [value[key] for key in sorted(value)] if sorted(value) == list(range(len(value))) else []
    return tuple(str(name) for name in value) if isinstance(value, list | tuple) else ()


def _told_by(model: Any, *places: tuple[str, str]) -> str:
    """What a file says about itself at the first of these places where it says anything."""
    for place in places:
        if model.has_rt_info(list(place)):
            return str(model.get_rt_info(list(place)).astype(str))
    return ""


def _options(runtime: DetectorRuntime) -> dict[str, str]:
    options = {"NUM_STREAMS": str(runtime.streams)}
    if runtime.precision != "auto":
        # An 8-bit network holds its integers itself; what is left of floats in it stays plain.
        options["INFERENCE_PRECISION_HINT"] = "f32" if runtime.precision == INT8 else runtime.precision
    if runtime.threads:
        options["INFERENCE_NUM_THREADS"] = str(runtime.threads)
    return options


def _with_preprocessing(model: Any, *, scale: bool) -> Any:
    """u8 BGR NHWC in; YOLOX wants raw BGR, the others RGB in 0..1."""
    steps = PrePostProcessor(model)
    steps.input().tensor().set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC")).set_color_format(ColorFormat.BGR)
    steps.input().model().set_layout(ov.Layout("NCHW"))
    preprocess = steps.input().preprocess().convert_element_type(ov.Type.f32)
    if scale:
        preprocess.convert_color(ColorFormat.RGB).scale(255.0)
    return steps.build()


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:160] if lines else type(error).__name__
