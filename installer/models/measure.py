"""How well a model finds people: average precision, and precision and recall by size at the working threshold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from desktop_app.adapters.detection.heads import decode, recognise
from desktop_app.adapters.detection.openvino_yolo import letterbox
from desktop_app.domain.detections import Detections
from desktop_app.services.ports import BgrImage
from shared_models.geometry import Size

Boxes = NDArray[np.float32]
MIN_SCORE = 0.005
"""Lower answers than these are not looked at; average precision wants the long tail."""
SAME_IOU = 0.5


@dataclass(frozen=True, slots=True)
class Labelled:
    """A picture and its people, (N, 4) corners in pixels. ``ignored``: boxes that count neither way."""

    name: str
    picture: BgrImage
    people: Boxes
    ignored: Boxes


@dataclass(frozen=True, slots=True)
class Found:
    """Of one band of heights at one threshold."""

    band: str
    people: int
    recall: float
    precision: float


class Runner:
    """A model at one input size, in 32-bit floats on every machine, so that figures can be compared."""

    def __init__(self, model: Path, *, input_wh: Size, threads: int = 1, precision: str = "f32") -> None:
        core = ov.Core()
        network = core.read_model(model)
        network.reshape([1, 3, input_wh[1], input_wh[0]])
        options = {"INFERENCE_NUM_THREADS": str(threads), "NUM_STREAMS": "1", "INFERENCE_PRECISION_HINT": precision}
        self._network = core.compile_model(network, "CPU", options)
        self._input_wh = input_wh
        head = recognise(list(network.output(0).shape), input_wh=input_wh)
        if head is None:
            raise ValueError(f"{model.name} has no head that is known.")
        self._head = head

    def raw(self, picture: BgrImage) -> NDArray[np.float32]:
        """(cells, columns) for a picture of exactly the input's size."""
        answer: Any = self._network(picture.transpose(2, 0, 1)[None].astype(np.float32))[0]
        return np.asarray(answer[0], np.float32)

    def people(self, picture: BgrImage, *, min_score: float = MIN_SCORE) -> Detections:
        """Boxes in pixels of the picture."""
        boxed, scales = letterbox(picture, input_wh=self._input_wh)
        found = decode(self.raw(boxed)[None], self._head, input_wh=self._input_wh, class_id=0, min_score=min_score)
        return Detections(found.xyxy / scales, found.score)


def multiply_adds(model: Path, *, wh: Size) -> int:
    """Of all convolutions for one picture of this size."""
    network = ov.Core().read_model(model)
    network.reshape([1, 3, wh[1], wh[0]])
    total = 0
    for node in network.get_ordered_ops():
        if node.get_type_name() in ("Convolution", "GroupConvolution"):
            kernel, cells = node.input(1).get_shape(), node.output(0).get_shape()
            total += int(np.prod(list(kernel)) * np.prod(list(cells)[2:]))
    return total


def overlaps(a: Boxes, b: Boxes) -> NDArray[np.float32]:
    """(len(a), len(b)) intersection over union."""
    low, high = np.maximum(a[:, None, :2], b[None, :, :2]), np.minimum(a[:, None, 2:], b[None, :, 2:])
    inner = (high - low).clip(0).prod(-1)
    area_a, area_b = (np.clip(x[:, 2:] - x[:, :2], 0, None).prod(-1) for x in (a, b))
    return np.asarray(inner / np.maximum(area_a[:, None] + area_b[None] - inner, 1e-6), np.float32)


def average_precision(found: Sequence[Detections], truth: Sequence[Labelled]) -> float:
    """Area under precision over recall, all points, boxes matched once at IoU 0.5, the surest first."""
    scores, is_right = _judged(found, truth)
    people = sum(len(t.people) for t in truth)
    order = np.argsort(-scores, kind="stable")
    right = np.cumsum(is_right[order])
    precision = right / np.arange(1, len(right) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    recall = np.concatenate([[0.0], right / max(people, 1)])
    return float(np.sum(np.diff(recall) * envelope))


def by_height(
    found: Sequence[Detections], truth: Sequence[Labelled], *, threshold: float, bands_px: Sequence[float]
) -> list[Found]:
    """Recall and precision of people between neighbouring ``bands_px`` (pixels of the picture)."""
    hits: list[tuple[float, bool]] = []
    shots: list[tuple[float, bool]] = []
    for detections, labelled in zip(found, truth, strict=True):
        sure = _above(detections, threshold)
        matched, is_right, counts = match(sure, labelled)
        hits += zip(_heights(labelled.people), matched, strict=True)
        shots += zip(_heights(sure.xyxy)[counts], is_right[counts], strict=True)
    rows = []
    for low, high in pairwise(bands_px):
        seen = [ok for height, ok in hits if low <= height < high]
        said = [ok for height, ok in shots if low <= height < high]
        label = f"{low:g}..{high:g}" if np.isfinite(high) else f"from {low:g}"
        rows.append(Found(label, len(seen), _share(seen), _share(said)))
    return rows


def match(found: Detections, truth: Labelled) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """Greedy, surest first: which people were found, which detections are right, and which count at all."""
    taken = np.zeros(len(truth.people), bool)
    is_right, counts = np.zeros(len(found), bool), np.ones(len(found), bool)
    iou = overlaps(found.xyxy, truth.people)
    beside = overlaps(found.xyxy, truth.ignored)
    for row in np.argsort(-found.score, kind="stable"):
        free = np.where(taken, 0.0, iou[row])
        if len(free) and free.max() >= SAME_IOU:
            taken[free.argmax()] = is_right[row] = True
        elif beside.shape[1] and beside[row].max() >= SAME_IOU:
            counts[row] = False
    return taken, is_right, counts


def _judged(found: Sequence[Detections], truth: Sequence[Labelled]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    scores, right = [np.zeros(0, np.float32)], [np.zeros(0, bool)]
    for detections, labelled in zip(found, truth, strict=True):
        _, is_right, counts = match(detections, labelled)
        scores.append(detections.score[counts])
        right.append(is_right[counts])
    return np.concatenate(scores), np.concatenate(right)


def _above(detections: Detections, threshold: float) -> Detections:
    keep = detections.score >= threshold
    return Detections(detections.xyxy[keep], detections.score[keep])


def _heights(boxes: Boxes) -> Boxes:
    return np.asarray(boxes[:, 3] - boxes[:, 1])


def _share(values: Iterable[bool]) -> float:
    listed = list(values)
    return float(np.mean(listed)) if listed else float("nan")
