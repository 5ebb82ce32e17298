"""What comes out of a YOLO network, turned into boxes. Pure numpy.

Heads: YOLOX raw (Ge et al., "YOLOX: Exceeding YOLO Series in 2021"): (1, N, 5 + C), centre and size by grid and
stride; YOLOv8/11 raw: (1, 4 + C, N), decoded centre boxes; end-to-end (YOLO26): (1, M, 6), corners, score, class.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.detections import Detections
from desktop_app.services.ports import DetectorError
from shared_models.geometry import Size

Floats = NDArray[np.float32]
STRIDES = (8, 16, 32)
NMS_IOU = 0.6
MAX_END_TO_END = 1000
"""Boxes that an end-to-end head gives at most (YOLO26: 300)."""


class Head(StrEnum):
    """How a network's output is read."""

    YOLOX = "yolox"
    YOLOV8 = "yolov8"
    END_TO_END = "end-to-end"


def anchors_of(input_wh: Size) -> int:
    """Grid cells of all strides for an input of this size."""
    return sum((input_wh[0] // s) * (input_wh[1] // s) for s in STRIDES)


def recognise(output_shape: Sequence[int], *, input_wh: Size) -> Head | None:
    """The head by the output's shape, or None if it is none of ours.

    A YOLOX head of one class has six columns, as an end-to-end head has, and rows as many as ``input_wh`` has cells: that is
    what is asked first. An end-to-end head has a round number of boxes instead (100, 300), which no input has cells: theirs
    are multiples of 21.

    Args:
        input_wh: the size for which the network has given this output. Not another one: the rows tell nothing there.
    """
    return next((head for head in Head if can_be(head, output_shape, input_wh=input_wh)), None)


def head_named(name: str, *, model: str) -> Head | None:
    """The head of this name, None for no name.

    Args:
        model: whose head it is, for the message.

    Raises:
        DetectorError: there is no such head.
    """
    if not name:
        return None
    if name not in set(Head):
        raise DetectorError(f"{model} is said to have the head '{name}'; known are {', '.join(Head)}.")
    return Head(name)


def can_be(head: Head, output_shape: Sequence[int], *, input_wh: Size) -> bool:
    """Whether an output of this shape can be read as this head."""
    if len(output_shape) != 3 or output_shape[0] != 1:
        return False
    _, rows, columns = output_shape
    cells = anchors_of(input_wh)
    by_head = {
        Head.YOLOX: rows == cells and columns >= 6,
        Head.YOLOV8: columns == cells and rows >= 5,
        Head.END_TO_END: columns == 6 and rows <= MAX_END_TO_END,
    }
    return by_head[head]


def count_classes(output_shape: Sequence[int], head: Head) -> int | None:
    """How many classes an output tells apart; None where its shape does not say (end-to-end)."""
    if head is Head.END_TO_END:
        return None
    return output_shape[2] - 5 if head is Head.YOLOX else output_shape[1] - 4


def decode(output: Floats, head: Head, *, input_wh: Size, class_id: int, min_score: float) -> Detections:
    """Boxes of ``class_id`` in pixels of the network's input.

    Args:
        output: (1, ..., ...) as the network gave it.
    """
    if head is Head.END_TO_END:
        rows = output[0]
        kept = rows[(rows[:, 4] >= min_score) & (rows[:, 5].round() == class_id)]
        return Detections(np.ascontiguousarray(kept[:, :4]), np.ascontiguousarray(kept[:, 4]))
    if head is Head.YOLOX:
        centres, score = _yolox(output[0], input_wh=input_wh, class_id=class_id, min_score=min_score)
    else:
        score = output[0, 4 + class_id]
        keep = score >= min_score
        centres, score = output[0, :4, keep], score[keep]
    half = centres[:, 2:] / 2
    xyxy = np.hstack([centres[:, :2] - half, centres[:, :2] + half]).astype(np.float32)
    return suppress(Detections(xyxy, score.astype(np.float32)), iou=NMS_IOU)


def suppress(detections: Detections, *, iou: float) -> Detections:
    """Non-maximum suppression: of boxes that overlap more than ``iou`` the surest stays."""
    if len(detections) == 0:
        return detections
    corners = detections.xyxy
    boxes = np.hstack([corners[:, :2], corners[:, 2:] - corners[:, :2]])
    kept = np.asarray(cv2.dnn.NMSBoxes(boxes.tolist(), detections.score.tolist(), 0.0, iou), np.int64).reshape(-1)
    return Detections(corners[kept], detections.score[kept])


def _yolox(raw: Floats, *, input_wh: Size, class_id: int, min_score: float) -> tuple[Floats, Floats]:
    score = raw[:, 4] * raw[:, 5 + class_id]
    keep = score >= min_score
    grid, stride = _grid(input_wh)
    grid, stride, kept = grid[keep], stride[keep], raw[keep]
    centre = (kept[:, :2] + grid) * stride
    size = np.exp(np.minimum(kept[:, 2:4], 10.0)) * stride
    return np.hstack([centre, size]), score[keep]


_GRIDS: dict[Size, tuple[Floats, Floats]] = {}


def _grid(input_wh: Size) -> tuple[Floats, Floats]:
    if input_wh not in _GRIDS:
        cells, strides = [], []
        for stride in STRIDES:
            x, y = np.meshgrid(np.arange(input_wh[0] // stride), np.arange(input_wh[1] // stride))
            cells.append(np.stack([x, y], axis=-1).reshape(-1, 2))
            strides.append(np.full((x.size, 1), stride))
        _GRIDS[input_wh] = (np.vstack(cells).astype(np.float32), np.vstack(strides).astype(np.float32))
    return _GRIDS[input_wh]
