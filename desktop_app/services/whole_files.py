"""Small JSON files that are either the old whole or the new whole, never a half."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


def write_whole(path: Path, text: str, *, is_durable: bool = True) -> None:
    """Write ``text`` to a temporary file beside ``path``, flush it to the disk, and put it in its place.

    ``is_durable=False`` does not wait for the disk: for what may be lost in a power cut, and is written by a window.

    Raises:
        OSError: the old file is untouched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".new")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        if is_durable:
            file.flush()
            os.fsync(file.fileno())
    temporary.replace(path)


def read_json(path: Path) -> Any:
    """The values in ``path``, or None where there is no such file.

    Raises:
        ValueError: it is not JSON.
        OSError: it cannot be read.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None


def set_aside(path: Path) -> Path:
    """Rename a damaged file so that nothing of it is lost; tells its new place."""
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    path.rename(aside)
    return aside
