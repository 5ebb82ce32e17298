"""Whether anything moved since the last look: the cheap question before the dear one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from desktop_app.services.ports import BgrImage

FULL_LOOK_S = 1.0
"""People who stand still are looked for at least this often."""
ACROSS = 80
BLOCK = 4
THRESHOLD = 3.0
"""Grey levels by which a block must change, beyond a change of the whole picture's light."""

Blocks = NDArray[np.float32]


class MotionGate:
    """Lets a frame through if something moved since the last one that was let through, or ``FULL_LOOK_S`` are over.

    Compared with the frame that was last let through, not with the one before: slow movements add up.
    """

    def __init__(self, *, full_look_s: float = FULL_LOOK_S) -> None:
        self._full_look_s = full_look_s
        self._before: Blocks | None = None
        self._looked_s = 0.0

    def is_due(self, bgr: BgrImage, *, at_s: float) -> bool:
        """Whether this frame (H, W, 3) of monotonic ``at_s`` deserves a full look."""
        blocks = _blocks(bgr)
        before = self._before
        is_late = not 0.0 <= at_s - self._looked_s < self._full_look_s
        if before is not None and before.shape == blocks.shape and not is_late:
            change = blocks - before
            if np.abs(change - np.median(change)).max() < THRESHOLD:
                return False
        self._before, self._looked_s = blocks, at_s
        return True


def _blocks(bgr: BgrImage) -> Blocks:
    """Means of the green channel over blocks of a coarse sampling of the picture."""
    step = max(1, bgr.shape[1] // ACROSS)
    coarse = bgr[step // 2 :: step, step // 2 :: step, 1]
    rows, columns = (max(1, side // BLOCK) for side in coarse.shape)
    cut = coarse[: rows * BLOCK, : columns * BLOCK].astype(np.float32)
    if cut.shape != (rows * BLOCK, columns * BLOCK):
        return cut  # a picture smaller than a block
    return np.asarray(cut.reshape(rows, BLOCK, columns, BLOCK).mean(axis=(1, 3)), np.float32)
