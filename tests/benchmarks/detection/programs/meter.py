"""What the three programs share: their task as JSON, the clip's frames, and processor seconds."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Iterator
from typing import Any

import cv2

WARM_UP = 5


class Meter:
    """Processor seconds (children included) and seconds on the wall since it was made."""

    def __init__(self) -> None:
        self._cpu_s, self._wall_s = _cpu_s(), time.perf_counter()

    def report(self, *, frames: int, in_count: int, out_count: int) -> None:
        """Print the program's one line."""
        cpu_s, wall_s = _cpu_s() - self._cpu_s, time.perf_counter() - self._wall_s
        line = {"frames": frames, "cpu_s": cpu_s, "wall_s": wall_s, "in": in_count, "out": out_count}
        print(json.dumps(line), flush=True)


def read_task() -> dict[str, Any]:
    """``clip``, ``line`` (two points in pixels), ``model``, ``frames``, and what else a program asks for."""
    return dict(json.loads(sys.argv[1]))


def frames_of(clip: str, *, limit: int) -> Iterator[Any]:
    """The clip's pictures, decoded one by one: BGR uint8 (H, W, 3)."""
    capture = cv2.VideoCapture(clip)
    for _ in range(limit):
        is_read, frame = capture.read()
        if not is_read:
            break
        yield frame
    capture.release()


def _cpu_s() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
