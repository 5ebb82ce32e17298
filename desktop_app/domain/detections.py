"""The struct of arrays in which boxes travel (the dialect of the field)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


def _no_boxes() -> NDArray[np.float32]:
    return np.zeros((0, 4), np.float32)


def _no_scores() -> NDArray[np.float32]:
    return np.zeros(0, np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """Person boxes of one frame.

    Attributes:
        xyxy: (N, 4) float32, pixels of the full frame: left, top, right, bottom. May reach past the frame.
        score: (N,) float32, 0..1.
        clothes: (N, 6) float32, colours of ``domain.appearance``, or None where no picture was at hand.
    """

    xyxy: NDArray[np.float32] = field(default_factory=_no_boxes)
    score: NDArray[np.float32] = field(default_factory=_no_scores)
    clothes: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.score)


@dataclass(frozen=True, slots=True, eq=False)
class TrackedDetections:
    """Person boxes of one frame with the track that each belongs to.

    Attributes:
        xyxy: (N, 4) float32, pixels of the full frame, as observed (never predicted).
        score: (N,) float32, 0..1.
        tracker_id: (N,) int64, > 0; local to one camera and one run.
        is_confirmed: (N,) bool; a tentative track's observations are kept in mind but decide nothing yet.
    """

    xyxy: NDArray[np.float32] = field(default_factory=_no_boxes)
    score: NDArray[np.float32] = field(default_factory=_no_scores)
    tracker_id: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    is_confirmed: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))

    def __len__(self) -> int:
        return len(self.score)
