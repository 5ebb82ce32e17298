"""Where the detector's weights are."""

from __future__ import annotations

import os
from pathlib import Path

PROJECT_DIR = Path(__file__).resolve().parents[2]


def find_weights() -> Path:
    """``WINK_MODEL``, else what ships, else what lies beside the checkout. Never skips: a missing model is an error."""
    candidates = [
        Path(os.environ.get("WINK_MODEL") or "/nonexistent"),
        *sorted((PROJECT_DIR / "assets" / "models").glob("*.onnx")),
        PROJECT_DIR.parent / "shared" / "models" / "yolox_nano_416.onnx",
    ]
    for path in candidates:
        if path.is_file():
            return path
    raise FileNotFoundError("no detection model: set WINK_MODEL to a YOLOX, YOLOv8/11 or YOLO26 ONNX file")
