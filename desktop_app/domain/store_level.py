"""How many people are in the store, by its entrance lines (COUNTING.md section 5)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol


class LineFigures(Protocol):
    """What one zone counted since the reset hour."""

    @property
    def in_count(self) -> int: ...
    @property
    def out_count(self) -> int: ...
    @property
    def is_line(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class StoreLevel:
    """``drift``: entries without exits since the reset hour, signed; when nobody is left it is an error of counting."""

    drift: int

    @property
    def people(self) -> int:
        """As shown: never below 0."""
        return max(0, self.drift)


def store_level(counts: Iterable[LineFigures]) -> StoreLevel:
    """All doors together."""
    return StoreLevel(sum(c.in_count - c.out_count for c in counts if c.is_line))
