"""Where decided events go in tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shared_models.events import Event, EventDraft
from shared_models.ids import uuid7


class InMemorySink:
    """Implements ``EventSink``; keeps everything."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.counters: dict[str, str] = {}

    def append(self, drafts: Sequence[EventDraft], *, counters: Mapping[str, str]) -> list[Event]:
        new = [d.stamped(event_id=uuid7(), seq=len(self.events) + n) for n, d in enumerate(drafts, start=1)]
        self.events += new
        self.counters.update(counters)
        return new

    def load_counters(self) -> dict[str, str]:
        return dict(self.counters)
