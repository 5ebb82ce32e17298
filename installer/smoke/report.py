"""What was measured, for people and for machines."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from installer.smoke.checks import StoreFigures, WindowFigures


@dataclass(frozen=True, slots=True)
class Tried:
    """One way of running the programs, and how it went.

    Attributes:
        name: what the column is called.
        megabytes: of all files that it needs, of a million bytes each.
    """

    name: str
    version: str
    megabytes: float
    boxes_in_film: int
    truth: int
    counted: int
    window: WindowFigures | None
    store: StoreFigures


def as_json(tried: Sequence[Tried]) -> str:
    """Everything."""
    return json.dumps({"machine": machine(), "tried": [dataclasses.asdict(t) for t in tried]}, indent=1) + "\n"


def as_markdown(tried: Sequence[Tried], *, sizes: Sequence[tuple[str, int, str]], command: str) -> str:
    """The tables of ``RESULTS.md``."""
    rows: list[tuple[str, list[str]]] = [
        ("version", [t.version for t in tried]),
        ("size on disk", [f"{t.megabytes:.0f} MB" for t in tried]),
        ("start to a painted window, cold", [_seconds(t.window.cold_s if t.window else None) for t in tried]),
        ("start to a painted window, warm", [_seconds(t.window.warm_s if t.window else None) for t in tried]),
        ("memory with the window open", [f"{t.window.memory_mb:.0f} MB" if t.window else "-" for t in tried]),
        ("start of `wink-edge run` to that of its camera", [_seconds(t.store.start_s) for t in tried]),
        ("memory counting at one camera", [f"{t.store.memory_mb:.0f} MB" for t in tried]),
        ("crossings in a minute, true / counted, each picture looked at", [f"{t.truth} / {t.counted}" for t in tried]),
        ("crossings live, true / counted", [f"{t.store.truth} / {t.store.counted}" for t in tried]),
        ("events, each once in the cloud", [f"{t.store.events} of {t.store.events}" for t in tried]),
        ("boxes found in an H.264 film", [str(t.boxes_in_film) for t in tried]),
        ("ended cleanly", ["yes" for _ in tried]),
    ]
    lines = [
        "# The finished programs, tried",
        "",
        f"Written by `{command}`",
        f"on {machine()}. Cold: the files were dropped from the system's memory before. The minute in the virtual store",
        "has a `kill -9` in its middle: the film begins anew, what was counted does not. One run; the machine was used",
        "by others too. The size from source is that of the whole development environment, with the cloud.",
        "",
        f"| | {' | '.join(t.name for t in tried)} |",
        f"|---|{'---|' * len(tried)}",
        *(f"| {name} | {' | '.join(cells)} |" for name, cells in rows),
    ]
    if sizes:
        total = sum(size for _, size, _ in sizes) / 1e6
        lines += ["", "## What the bundle weighs, and why it stays", "", "| part | MB | why |", "|---|---|---|"]
        lines += [f"| {name} | {size / 1e6:.1f} | {why} |" for name, size, why in sizes]
        lines += [f"| in all | {total:.1f} | |"]
    return "\n".join(lines) + "\n"


def machine() -> str:
    """What it ran on."""
    system = (
        platform.freedesktop_os_release()["PRETTY_NAME"] if Path("/etc/os-release").is_file() else platform.platform()
    )
    return f"{system}, {os.cpu_count()} cores, Python {platform.python_version()}"


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f} s"
