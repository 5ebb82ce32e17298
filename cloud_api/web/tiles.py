"""The tiles of the dashboard: one figure each, against what is usual, with the coverage that it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np

from cloud_api.analytics.coverage import days_covered, share
from cloud_api.analytics.repository import AnalyticsRepository
from cloud_api.insights.usual import StayPair, Usual, stays_against_usual
from cloud_api.kit.language import clock, weekday
from cloud_api.kit.language import gettext as _
from cloud_api.kit.language import ngettext as _n
from cloud_api.web.charts import Point
from cloud_api.web.levels import Level
from cloud_api.web.periods import Period
from cloud_api.web.shell import Visit
from cloud_api.web.words import UNKNOWN, change_words, duration_words, longer_words, number, percent

THIN = 0.95


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure. ``value`` "–": not known, which is not zero. ``trend``: up, down or empty."""

    name: str
    title: str
    value: str
    note: str
    trend: str = ""
    coverage: str = ""
    is_thin: bool = False
    definition: str = ""

    @property
    def defined_as(self) -> str:
        """Where it is defined, if not under its own name."""
        return self.definition or self.name


@dataclass(frozen=True, slots=True)
class StoreLine:
    """One store of the list. None: not known, which is not zero. ``change``: in words; ``change_share``: 0.1 is ten per
    cent more than usual.
    """

    id: UUID
    name: str
    footfall_in: int | None
    footfall_out: int | None
    inside: int | None
    per_open_hour: float | None
    per_hour_rank: int | None
    change: str
    change_share: float | None
    trend: str
    coverage: float | None
    share_of_best: float
    seen: str
    is_fresh: bool


def than_words(period: Period) -> str:
    """What a period is compared with."""
    if period.is_one_day:
        if period.first == period.today:
            return _("usual on a %(weekday)s by this time", weekday=weekday(period.first.weekday()))
        return _("usual on a %(weekday)s", weekday=weekday(period.first.weekday()))
    return _("usual on the same weekdays before")


def arrow(change: float | None) -> str:
    """up, down, or empty where it is no news."""
    return "" if change is None or abs(change) < 0.05 else "up" if change > 0 else "down"


async def tiles_of(
    seen: Visit, repository: AnalyticsRepository, lines: list[StoreLine], pair: Usual, levels: dict[UUID, Level],
    trend: Sequence[Point],
) -> list[Tile]:  # fmt: skip
    """All of them, for the stores and days of this visit."""
    period, than = seen.period, than_words(seen.period)
    known = [line for line in lines if line.footfall_in is not None]
    covered = await _coverage(seen, repository)
    mark = {
        "coverage": _("coverage %(share)s", share=percent(covered)),
        "is_thin": covered is not None and covered < THIN,
    }
    went_in = sum(line.footfall_in or 0 for line in known) if known else None
    went_out = sum(line.footfall_out or 0 for line in known) if known else None
    tiles = [
        Tile("footfall_in", _("People in"), number(went_in), change_words(pair.change, than=than), arrow(pair.change),
             **mark),  # type: ignore[arg-type]  # two marks of different types
        Tile("footfall_out", _("People out"), number(went_out), _("crossings to the outside")),
        _occupancy(seen, levels) if levels else _busiest(trend),
    ]  # fmt: skip
    whole = {"first": period.first, "last": period.last}
    stays = await stays_against_usual(repository, ("dwell", "queue_wait"), **whole)
    (visits,) = await repository.day_counts(["shelf_interaction"], **whole)
    tiles += [_dwell(stays["dwell"]), _wait(stays["queue_wait"])]
    n = int(np.maximum(visits, 0).sum())
    tiles.append(
        Tile(
            "shelf_interaction",
            _("Shelf visits"),
            number(n) if known else UNKNOWN,
            _("stays over the shelf's threshold"),
        )
    )
    return tiles


def _dwell(dwell: StayPair) -> Tile:
    title = _("Time spent, p50 / p90")
    if not dwell.n:
        return Tile("dwell", title, UNKNOWN, _("no stay has ended yet"))
    stays = _n("%(n)s stay", "%(n)s stays", dwell.n)
    compared = longer_words(dwell.p50_s, dwell.usual_p50_s, than=_("usual"))
    return Tile(
        "dwell", title, f"{duration_words(dwell.p50_s)} / {duration_words(dwell.p90_s)}", f"{stays}; {compared}"
    )


def _wait(wait: StayPair) -> Tile:
    title = _("Queue wait, p90")
    if not wait.n:
        return Tile("queue_wait", title, UNKNOWN, _("nobody has queued yet"))
    waits = _n("%(n)s wait", "%(n)s waits", wait.n)
    compared = longer_words(wait.p90_s, wait.usual_p90_s, than=_("usual"))
    return Tile("queue_wait", title, duration_words(wait.p90_s), f"{waits}; {compared}")


def _busiest(trend: Sequence[Point]) -> Tile:
    """In place of a level that would be followed through too many quarter hours: the day of most people."""
    known = [p for p in trend if p.value is not None]
    title = _("Busiest day")
    if not known:
        return Tile("busiest_day", title, UNKNOWN, _("not heard of yet"), definition="footfall_in")
    best = max(known, key=lambda p: p.value or 0)
    mean = sum(p.value or 0 for p in known) / len(known)
    note = _("%(day)s; a mean day has %(n)s", day=best.when, n=number(mean))
    return Tile("busiest_day", title, number(best.value), note, definition="footfall_in")


def total_of(lines: Sequence[StoreLine], pair: Usual) -> StoreLine | None:
    """All stores of the list in one line; None: there is nothing to add up."""
    known = [line for line in lines if line.footfall_in is not None]
    if len(known) < 2:
        return None
    inside = [line.inside for line in known if line.inside is not None]
    return StoreLine(
        id=known[0].id, name=_("All %(n)s stores", n=len(lines)), footfall_in=sum(line.footfall_in or 0 for line in known),
        footfall_out=sum(line.footfall_out or 0 for line in known), inside=sum(inside) if inside else None,
        per_open_hour=None, per_hour_rank=None,
        change=UNKNOWN if pair.change is None else change_words(pair.change, than=_("usual")),
        change_share=pair.change, trend=arrow(pair.change),
        coverage=None, share_of_best=0.0, seen="", is_fresh=True,
    )  # fmt: skip


def _occupancy(seen: Visit, levels: dict[UUID, Level]) -> Tile:
    # Each store is never below zero, then they add up: one store's drift takes nobody out of another.
    heard = [level for level in levels.values() if level.is_known]
    if not heard:
        return Tile("occupancy", _("Most people inside"), UNKNOWN, _("not heard of yet"))
    peak = max(heard, key=lambda level: level.peak)
    at = _("most %(n)s", n=number(peak.peak))
    if seen.chosen is None and len(heard) > 1:
        at = _("most in one store %(n)s", n=number(peak.peak))
    elif peak.peak_at:
        own = peak.peak_at.astimezone(seen.zone)
        at = _("most %(n)s, %(weekday)s at %(time)s", n=number(peak.peak),
               weekday=weekday(own.weekday(), "abbreviated"), time=clock(own))  # fmt: skip
    if not seen.period.has_today:
        return Tile("occupancy", _("Most people inside"), number(peak.peak), at)
    return Tile("occupancy", _("Inside now"), number(sum(level.now for level in heard)), at)


async def _coverage(seen: Visit, repository: AnalyticsRepository) -> float | None:
    period = seen.period
    covered = await days_covered(repository, seen.shown, first=period.first, last=period.last, now=seen.now)
    expected_s = sum(c.expected_s for c in covered.values())
    return share(sum(c.expected_s * (c.share or 0.0) for c in covered.values()), expected_s)
