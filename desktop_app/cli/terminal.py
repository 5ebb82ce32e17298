"""A terminal as a keyboard without Enter, and as a coarse screen. Thin: what keys mean is decided elsewhere."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Keyboard(Protocol):
    """Keys one by one."""

    def key(self, *, wait_s: float) -> str | None:
        """The next key, or None if none comes within ``wait_s``."""


class PosixKeyboard:
    """Keys of the terminal at standard input."""

    def key(self, *, wait_s: float) -> str | None:
        import select

        number = sys.stdin.fileno()
        ready, _, _ = select.select([number], [], [], max(0.0, wait_s))
        # Past Python's own buffer: a second key would wait in it, where `select` does not look.
        return os.read(number, 1).decode("ascii", "replace") if ready else None


class WindowsKeyboard:
    """Keys of a Windows console."""

    def key(self, *, wait_s: float) -> str | None:
        import msvcrt

        deadline = time.monotonic() + wait_s
        while True:
            if msvcrt.kbhit():  # type: ignore[attr-defined,unused-ignore]
                return str(msvcrt.getwch())  # type: ignore[attr-defined,unused-ignore]
            if time.monotonic() >= deadline:
                return None
            time.sleep(0.01)


@contextmanager
def raw_keyboard() -> Iterator[Keyboard]:
    """The terminal's keys without Enter and without echo.

    Raises:
        ValueError: there is no terminal.
    """
    if not sys.stdin.isatty():
        raise ValueError("An audit needs a person at a terminal: run it in one, with its keyboard.")
    if sys.platform == "win32":
        yield WindowsKeyboard()
        return
    import termios
    import tty

    before = termios.tcgetattr(sys.stdin)
    try:
        tty.setcbreak(sys.stdin)
        yield PosixKeyboard()
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def as_blocks(picture: NDArray[np.uint8], *, columns: int, rows: int) -> str:
    """A picture (H, W, 3, BGR) in half blocks: two pixels in each character, in true colour."""
    height, width = picture.shape[:2]
    scale = min(columns / width, 2 * rows / height)
    across, down = max(1, int(width * scale)), max(2, int(height * scale) // 2 * 2)
    ys = ((np.arange(down) + 0.5) * height / down).astype(int)
    xs = ((np.arange(across) + 0.5) * width / across).astype(int)
    small = picture[ys][:, xs, ::-1]
    lines = []
    for upper, lower in zip(small[0::2].tolist(), small[1::2].tolist(), strict=True):
        cells = (
            f"\x1b[38;2;{a[0]};{a[1]};{a[2]};48;2;{b[0]};{b[1]};{b[2]}m\u2580"
            for a, b in zip(upper, lower, strict=True)
        )
        lines.append("".join(cells) + "\x1b[0m")
    return "\n".join(lines)


def draw(picture: NDArray[np.uint8], words: str) -> None:
    """Show a picture and a line of words below it, in place of what was shown before."""
    size = shutil.get_terminal_size()
    blocks = as_blocks(picture, columns=size.columns, rows=size.lines - 2)
    sys.stdout.write(f"\x1b[H{blocks}\n\x1b[K{words[: size.columns]}")
    sys.stdout.flush()
