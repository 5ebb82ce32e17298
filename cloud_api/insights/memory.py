"""What was said of many stores a while ago: weeks of their days change little in minutes, and cost a page a second."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from cloud_api.insights.series import Forecast
from cloud_api.insights.statement import Missing, Statement
from cloud_api.kit.language import current
from cloud_api.stores.opening_hours import OpeningTimes
from cloud_api.tenancy.visible_stores import StoreView

KEPT = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Insights:
    """Of several stores: the weightiest first. ``forecast``: of their sum, where each of them allows one.

    ``recent``: people in on the days just past, for the eye to hold the forecast against.
    """

    statements: list[Statement]
    missing: list[Missing]
    forecast: Forecast | None
    forecast_missing: str
    recent: tuple[tuple[date, int | None], ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """Who asks for the same stores, on the same days and in the same language, is told the same.

    A store that was renamed, moved to another time zone or given other hours makes another question.
    """

    stores: tuple[StoreView, ...]
    times: tuple[OpeningTimes | None, ...]
    days: frozenset[date]
    language: str

    @classmethod
    def of(cls, stores: Sequence[StoreView], times: Mapping[UUID, OpeningTimes], *, now: datetime) -> Question:
        """By the stores' own days."""
        clocks = {s.timezone: s for s in stores}
        days = frozenset(s.time.day_of(now) for s in clocks.values())
        return cls(tuple(stores), tuple(times.get(s.id) for s in stores), days, _language())


def _language() -> str:
    spoken = current()
    return f"{spoken.code} {spoken.numbers} {spoken.dates}"


class InsightsMemory:
    """Held in each worker's own memory, for ``KEPT``."""

    def __init__(self) -> None:
        self._known: dict[Question, tuple[datetime, Insights]] = {}

    def recall(self, question: Question, *, now: datetime) -> Insights | None:
        """What was said lately; None: nothing was."""
        at, said = self._known.get(question, (now - KEPT, None))
        return said if now - at < KEPT else None

    def keep(self, question: Question, said: Insights, *, now: datetime) -> None:
        """Remember it; what is too old goes."""
        self._known = {asked: own for asked, own in self._known.items() if now - own[0] < KEPT}
        self._known[question] = (now, said)
