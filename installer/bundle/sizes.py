"""What each part of the bundle weighs, and why it stays."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from installer.bundle.parts import PartBook

OTHER = "Small Python packages"
WHY_OTHER = "compiled halves and metadata of packages below 5 MB each"


@dataclass(frozen=True, slots=True)
class Weight:
    """One row of the table."""

    name: str
    bytes: int
    why: str

    @property
    def megabytes(self) -> float:
        """Of a million bytes each."""
        return self.bytes / 1e6


def weigh(folder: Path, *, inner: Path, book: PartBook) -> list[Weight]:
    """The files of a bundle by part, the heaviest first. Links weigh nothing."""
    sums: dict[str, int] = defaultdict(int)
    why = {part.name: part.why for part in book.parts} | {OTHER: WHY_OTHER}
    for path in folder.rglob("*"):
        if path.is_symlink() or not path.is_file():
            continue
        base = inner if path.is_relative_to(inner) else folder
        part = book.part_of(path.relative_to(base).as_posix())
        sums[part.name if part else OTHER] += path.stat().st_size
    return sorted((Weight(name, size, why[name]) for name, size in sums.items()), key=lambda w: (-w.bytes, w.name))


def total_bytes(folder: Path) -> int:
    """All of it."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
