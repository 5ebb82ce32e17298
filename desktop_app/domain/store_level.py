"""How many people are in the store, by its entrance lines (COUNTING.md section 5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from shared_models.events import EventType, is_walkway

_STEPS: dict[str, int] = {EventType.FOOTFALL_IN: 1, EventType.FOOTFALL_OUT: -1}


class Fact(Protocol):
    """An event, or what will be one."""

    @property
    def type(self) -> str: ...
    @property
    def attributes(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class StoreLevel:
    """``drift``: entries without exits since the reset hour, signed; when nobody is left it is an error of counting."""

    drift: int

    @property
    def people(self) -> int:
        """As shown: never below 0."""
        return max(0, self.drift)


def level_step(fact: Fact) -> int:
    """By how much an event moves the level. What its line was when it counted decides: walkways move nothing."""
    return 0 if is_walkway(fact.attributes) else _STEPS.get(fact.type, 0)


def store_level(facts: Iterable[Fact]) -> StoreLevel:
    """All doors together, of all cameras whose events these are."""
    return StoreLevel(sum(map(level_step, facts)))
