"""What a statement is: a claim with its numbers and its reason; and what cannot be said yet."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from cloud_api.kit.language import mark
from cloud_api.tenancy.visible_stores import StoreView

HOURS_DAYS = 28
"""Days that statements about hours, queues and areas look at."""


class Kind(StrEnum):
    """What a statement is about."""

    COVERAGE = mark("coverage")
    UNUSUAL = mark("unusual day")
    UNUSUAL_HOUR = mark("unusual hour")
    LEVEL = mark("change of level")
    HOURS = mark("peak hours")
    QUEUE = mark("queue")
    AREAS = mark("areas")


class Weight(StrEnum):
    """How it is marked on the page."""

    GOOD = "up-strong"
    WARN = "warn"
    BAD = "bad"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Statement:
    """``words``: the claim. ``numbers``: what it rests on. ``reason``: why we think so. ``store`` None: of several.

    ``claim`` says the same in no language, and stays as it is until the claim is another one. ``change``: of a level.
    """

    kind: Kind
    weight: Weight
    store: StoreView | None
    words: str
    numbers: tuple[str, ...]
    reason: str
    rank: float
    claim: str
    day: date | None = None
    change: float = 0.0

    @property
    def key(self) -> str:
        """By which a reader's dismissal is kept."""
        told = f"{self.store.id if self.store else ''} {self.kind} {self.claim}"
        return hashlib.sha256(told.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Missing:
    """What cannot be said yet, and what it would take."""

    store: StoreView
    words: str
