"""The start weights with the head cut down to "person": what ships as long as no training beats it.

python -m installer.models.cut --start yolox_nano_416.onnx --out build/model/wink_person_nano.onnx
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from installer.models.export import DESCRIPTION, LICENCE, write_onnx
from installer.models.net import load_start


def main(words: list[str] | None = None) -> None:
    """Parse the words of the command line and write the file."""
    parser = argparse.ArgumentParser(prog="python -m installer.models.cut", description=__doc__)
    parser.add_argument("--start", type=Path, required=True, help="the published YOLOX-Nano as ONNX")
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args(words)
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    write_onnx(load_start(asked.start), asked.out, licence=LICENCE, description=DESCRIPTION)


if __name__ == "__main__":
    main(sys.argv[1:])
