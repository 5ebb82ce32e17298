"""Where the start weights are."""

from __future__ import annotations

import os
from pathlib import Path

NAME = "yolox_nano_416.onnx"


def start_weights() -> Path:
    """``WINK_START_WEIGHTS``, else what lies beside the checkout.

    Raises:
        FileNotFoundError: neither is there.
    """
    beside = Path(__file__).resolve().parents[4] / "shared" / "models" / NAME
    path = Path(os.environ.get("WINK_START_WEIGHTS") or beside)
    if not path.is_file():
        raise FileNotFoundError(f"There is no {path}. Name the published YOLOX-Nano file in WINK_START_WEIGHTS.")
    return path
