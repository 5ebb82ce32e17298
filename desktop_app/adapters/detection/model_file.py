"""Whether a file can be a model at all: asked before a library reads it, whose words about it help nobody."""

from __future__ import annotations

import mmap
import re
from pathlib import Path

from desktop_app.services.model_registry import SUFFIXES
from desktop_app.services.ports import DetectorError

MAX_MODEL_BYTES = 500_000_000
CURE = "Use a YOLOX, YOLOv8, YOLO11 or YOLO26 detection model in ONNX or OpenVINO form."

_GRAPH_FIELD = 7
_LAST_FIELD = 25
"""Fields of ``ModelProto`` (onnx.proto): the graph, and the highest number there is."""
_VARINT, _LENGTH = 0, 2
_LOCATION = re.compile(rb"\x0a\x08location\x12([\x01-\x7f])")
"""The entry of a tensor's ``external_data`` that names the file with its values; then that name's length."""


def check_model_file(path: Path) -> None:
    """Refuse what is no whole model.

    Raises:
        DetectorError: it is not; the message says what to do.
    """
    if not path.is_file():
        raise DetectorError(f"There is no model at {path}. Register one: wink-edge models add FILE.")
    if path.suffix.lower() not in SUFFIXES:
        raise DetectorError(f"{path.name} is no model file; give one that ends in {' or '.join(SUFFIXES)}.")
    _check_size(path)
    if not (_is_onnx(path) if path.suffix.lower() == ".onnx" else _is_openvino(path)):
        raise DetectorError(
            f"{path.name} is no model that can be read: it is damaged, not whole, or something else by its name only. "
            f"Get it again. {CURE}"
        )
    beside = [path.parent / name for name in needed_beside(path)]
    if missing := [file.name for file in beside if not file.is_file()]:
        raise DetectorError(f"{path.name} has its weights in {', '.join(missing)}. Put that beside it and try again.")
    _check_size(path, *beside)


def needed_beside(path: Path) -> tuple[str, ...]:
    """Names of the files with a model's weights, where these are not in the model's own file."""
    if path.suffix.lower() == ".xml":
        return (path.with_suffix(".bin").name,)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        names = (content[m.end() : m.end() + m[1][0]] for m in _LOCATION.finditer(content))
        return tuple(dict.fromkeys(name.decode(errors="replace") for name in names))


def _check_size(path: Path, *beside: Path) -> None:
    if sum(file.stat().st_size for file in (path, *beside)) > MAX_MODEL_BYTES:
        raise DetectorError(f"{path.name} is larger than {MAX_MODEL_BYTES // 1_000_000} MB. {CURE}")


def _is_onnx(path: Path) -> bool:
    """Whether the fields of a ``ModelProto`` follow each other to the file's end, and one is its graph."""
    size = path.stat().st_size
    if not size:
        return False
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        at, has_graph = 0, False
        while at < size:
            key, at = _varint(content, at)
            field, kind = key >> 3, key & 7
            if not 1 <= field <= _LAST_FIELD or kind not in (_VARINT, _LENGTH):
                return False
            value, at = _varint(content, at)
            at += value if kind == _LENGTH else 0
            has_graph = has_graph or (field == _GRAPH_FIELD and kind == _LENGTH)
        return has_graph and at == size


def _varint(content: mmap.mmap, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, the lowest first, and where it ends; past the end of ``content`` where it is cut."""
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(content):
            break
        byte = content[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    return value, len(content) + 1


def _is_openvino(path: Path) -> bool:
    with path.open("rb") as file:
        return b"<net" in file.read(4096)
