"""One camera through onnxruntime on a square of 640, with supervision's ByteTrack and LineZone, as its guides show."""

from __future__ import annotations

import warnings
from typing import Any

import cv2
import numpy as np
import onnxruntime
import supervision as sv
from meter import WARM_UP, Meter, frames_of, read_task

warnings.simplefilter("ignore")  # ByteTrack is to move to another package
SIDE, MIN_SCORE, IOU = 640, 0.1, 0.6


class Network:
    def __init__(self, path: str, *, is_yolox: bool) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name
        self._is_yolox = is_yolox
        cells = [np.stack(np.meshgrid(*[np.arange(SIDE // s)] * 2), -1).reshape(-1, 2) for s in (8, 16, 32)]
        self._grid = np.vstack(cells).astype(np.float32)
        self._stride = np.repeat([8, 16, 32], [len(c) for c in cells]).astype(np.float32)[:, None]

    def people(self, frame: Any) -> sv.Detections:
        scale = SIDE / max(frame.shape[:2])
        small = cv2.resize(frame, None, fx=scale, fy=scale) if scale != 1 else frame
        square = np.full((SIDE, SIDE, 3), 114, np.uint8)
        square[: small.shape[0], : small.shape[1]] = small
        pixels = square if self._is_yolox else square[:, :, ::-1]
        batch = np.ascontiguousarray(pixels.transpose(2, 0, 1)[None], np.float32)
        (output,) = self._session.run(None, {self._input: batch if self._is_yolox else batch / np.float32(255)})
        centre, size, score = self._yolox(output[0]) if self._is_yolox else self._v8(output[0])
        xyxy = np.hstack([centre - size / 2, centre + size / 2]) / scale
        found = sv.Detections(xyxy=xyxy, confidence=score, class_id=np.zeros(len(score), int))
        return found.with_nms(threshold=IOU)

    def _yolox(self, raw: Any) -> tuple[Any, Any, Any]:
        score = raw[:, 4] * raw[:, 5]
        keep = score >= MIN_SCORE
        centre = (raw[keep, :2] + self._grid[keep]) * self._stride[keep]
        return centre, np.exp(raw[keep, 2:4]) * self._stride[keep], score[keep]

    @staticmethod
    def _v8(raw: Any) -> tuple[Any, Any, Any]:
        keep = raw[4] >= MIN_SCORE
        return raw[:2, keep].T, raw[2:4, keep].T, raw[4, keep]


def main() -> None:
    task = read_task()
    cv2.setNumThreads(1)
    network = Network(task["model"], is_yolox=task["is_yolox"])
    for _ in range(WARM_UP):
        network.people(np.zeros((360, 640, 3), np.uint8))
    tracker = sv.ByteTrack(frame_rate=5)
    start, end = (sv.Point(*point) for point in task["line"])
    zone = sv.LineZone(start=start, end=end, triggering_anchors=[sv.Position.BOTTOM_CENTER])
    meter, number = Meter(), 0
    for frame in frames_of(task["clip"], limit=task["frames"]):
        zone.trigger(tracker.update_with_detections(network.people(frame)))
        number += 1
    meter.report(frames=number, in_count=zone.in_count, out_count=zone.out_count)


main()
