"""A report: tables of figures for chosen stores and days, the same numbers as on the pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_api.analytics.questions import CROSSINGS
from cloud_api.analytics.ranking import rank
from cloud_api.analytics.repository import NO_ROW, AnalyticsRepository, ZoneSum
from cloud_api.analytics.zones import WALKWAY, zone_figures
from cloud_api.insights.usual import against_usual, stays_against_usual, together
from cloud_api.kit.buckets import ROLLUP, rollup_start
from cloud_api.kit.histogram import quantile
from cloud_api.kit.language import gettext as _
from cloud_api.kit.language import mark, weekday
from cloud_api.stores.opening_hours import OpeningTimes
from cloud_api.tenancy.visible_stores import StoreView

Value = str | int | float | date | None
_COUNTED = (*CROSSINGS, "shelf_interaction")
ZONE_STORES = 20
"""Of more stores, zones are not listed."""


class Part(StrEnum):
    """A section of a report."""

    SUMMARY = "summary"
    DAYS = "days"
    STORES = "stores"
    STAYS = "stays"
    ZONES = "zones"


TITLES = {
    Part.SUMMARY: mark("Summary"), Part.DAYS: mark("Day by day"), Part.STORES: mark("Stores"),
    Part.STAYS: mark("Time spent and queues"), Part.ZONES: mark("Zones"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Table:
    """One section. None is not known, which is not zero. ``chart``: index of the column that a chart shows."""

    part: Part
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    chart: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """``made_at``: figures that came later are not in it."""

    title: str
    stores: tuple[str, ...]
    first: date
    last: date
    made_at: datetime
    is_demo: bool
    tables: tuple[Table, ...]


async def make_report(
    connection: AsyncConnection, stores: Sequence[StoreView], times: Mapping[UUID, OpeningTimes], *, title: str,
    first: date, last: date, parts: Sequence[Part], now: datetime, is_demo: bool,
) -> Report:  # fmt: skip
    """Ask for the figures and lay them out."""
    made = _Maker(connection, AnalyticsRepository(connection, stores), stores, times, first, last, now)
    tables = [await made.table(part) for part in parts]
    return Report(title, tuple(s.name for s in stores), first, last, now, is_demo, tuple(tables))


@dataclass(frozen=True, slots=True)
class _Maker:
    connection: AsyncConnection
    repository: AnalyticsRepository
    stores: Sequence[StoreView]
    times: Mapping[UUID, OpeningTimes]
    first: date
    last: date
    now: datetime

    async def table(self, part: Part) -> Table:
        if part is Part.SUMMARY:
            return await self._summary()
        if part is Part.DAYS:
            return await self._days()
        if part is Part.STORES:
            return await self._stores()
        return await (self._stays() if part is Part.STAYS else self._zones())

    async def _summary(self) -> Table:
        whole = {"first": self.first, "last": self.last}
        counts = await self.repository.day_counts(_COUNTED, **whole)
        heard, _blind_s = await self.repository.day_heard(**whole)
        is_known = any((own != NO_ROW).any() for own in counts) or (heard > 0).any()
        went_in, went_out, visits = (int(np.maximum(own, 0).sum()) if is_known else None for own in counts)
        pairs = await against_usual(self.repository, self.stores, **whole, now=self.now)
        pair = together([p for days in pairs.values() for p in days.values()])
        stays = await stays_against_usual(self.repository, ("dwell", "queue_wait"), **whole)
        dwell, wait = stays["dwell"], stays["queue_wait"]
        change = None if pair.change is None else round(pair.change * 100, 1)
        rows: list[tuple[Value, ...]] = [
            (_("People in"), went_in, _("crossings")), (_("People out"), went_out, _("crossings")),
            (_("Change against the same weekdays"), change, "%"),
            (_("Time spent, p50"), _s(dwell.p50_s), _("seconds")), (_("Time spent, p90"), _s(dwell.p90_s), _("seconds")),
            (_("Queue wait, p90"), _s(wait.p90_s), _("seconds")), (_("Shelf visits"), visits, _("stays")),
        ]  # fmt: skip
        return Table(Part.SUMMARY, _(TITLES[Part.SUMMARY]), (_("Figure"), _("Value"), _("Unit")), tuple(rows))

    async def _days(self) -> Table:
        whole = {"first": self.first, "last": self.last}
        counts = await self.repository.day_counts(CROSSINGS, **whole)
        heard, _blind_s = await self.repository.day_heard(**whole)
        went_in, went_out = (np.maximum(own, 0).sum(axis=0).tolist() for own in counts)
        is_known = np.any([heard > 0, *(own != NO_ROW for own in counts)], axis=(0, 1)).tolist()
        rows: list[tuple[Value, ...]] = []
        for n in range((self.last - self.first).days + 1):
            on = self.first + timedelta(days=n)
            people = (went_in[n], went_out[n]) if is_known[n] else (None, None)
            rows.append((on, weekday(on.weekday()), *people))
        columns = (_("Day"), _("Weekday"), _("People in"), _("People out"))
        return Table(Part.DAYS, _(TITLES[Part.DAYS]), columns, tuple(rows), chart=2)

    async def _stores(self) -> Table:
        ranking = await rank(
            self.repository, self.stores, self.times, first=self.first, last=self.last, by="footfall_in", now=self.now
        )
        rows = tuple(
            (r.rank, r.name, r.footfall_in, r.footfall_out, r.open_hours, r.per_open_hour,
             None if r.coverage is None else round(r.coverage * 100, 1))
            for r in ranking.stores
        )  # fmt: skip
        columns = (_("Rank"), _("Store"), _("People in"), _("People out"), _("Open hours"), _("In per open hour"),
                   _("Coverage, per cent"))  # fmt: skip
        return Table(Part.STORES, _(TITLES[Part.STORES]), columns, rows, chart=2)

    async def _stays(self) -> Table:
        days = [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]
        dwells, waits = [await self.repository.stay_bins_by_store(kind, days=days) for kind in ("dwell", "queue_wait")]
        rows = [(s.name, *_stay(dwells.get(s.id, {})), *_stay(waits.get(s.id, {}))) for s in self.stores]
        columns = (_("Store"), _("Stays"), _("Time spent p50 s"), _("Time spent p90 s"), _("Waits"), _("Queue p50 s"),
                   _("Queue p90 s"))  # fmt: skip
        return Table(Part.STAYS, _(TITLES[Part.STAYS]), columns, tuple(rows), note=_("Right to 5 %."))

    async def _zones(self) -> Table:
        shown = self.stores[:ZONE_STORES]
        sums = await self._zone_sums(shown)
        rows: list[tuple[Value, ...]] = []
        for store in shown:
            for z in zone_figures(sums.get(store.id, [])):
                mean = round(z.dwell_total_s / z.presences, 1) if z.presences else None
                remark = _(WALKWAY) if z.is_walkway else ""
                rows.append(
                    (store.name, z.camera_id, z.zone_id, z.footfall_in, z.footfall_out, z.presences, mean, remark)
                )
        columns = (_("Store"), _("Camera"), _("Zone"), _("In"), _("Out"), _("Stays"), _("Mean stay s"), _("Remark"))
        note = _("Of the first %(n)s stores.", n=ZONE_STORES) if len(self.stores) > ZONE_STORES else ""
        if not rows:
            note = _("Nothing is known of these days.")
        return Table(Part.ZONES, _(TITLES[Part.ZONES]), columns, tuple(rows), note=note)

    async def _zone_sums(self, stores: Sequence[StoreView]) -> dict[UUID, list[ZoneSum]]:
        """Of whole days of each store's own clock; stores of one time zone are asked for together."""
        by_zone: dict[str, list[StoreView]] = {}
        for store in stores:
            by_zone.setdefault(store.timezone, []).append(store)
        sums: dict[UUID, list[ZoneSum]] = {}
        for name, own in by_zone.items():
            start, end = (
                datetime.combine(d, time(), ZoneInfo(name)) for d in (self.first, self.last + timedelta(days=1))
            )
            until = rollup_start(end.astimezone(UTC) + ROLLUP - timedelta(microseconds=1))
            repository = AnalyticsRepository(self.connection, own)
            for found in await repository.zone_sums(start=rollup_start(start), end=until):
                sums.setdefault(found.store_id, []).append(found)
        return sums


def _s(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)


def _stay(bins: Mapping[int, int]) -> tuple[Value, ...]:
    return sum(bins.values()), _s(quantile(bins, 0.5)), _s(quantile(bins, 0.9))


__all__ = ["TITLES", "Part", "Report", "Table", "Value", "make_report"]
