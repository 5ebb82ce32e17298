"""Pictures as JPEG."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

QUALITY = 70


def encode_jpeg(picture: NDArray[np.uint8]) -> bytes:
    """A BGR picture, HxWx3, as a JPEG without anything beside the picture.

    Raises:
        ValueError: it is none.
    """
    made: bool
    packed: NDArray[Any]
    made, packed = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    if not made:
        raise ValueError("This is no picture.")
    return packed.tobytes()
