"""When a store is open: weekly hours, and days that differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel import col

from cloud_api.kit.database import is_one_of
from cloud_api.kit.errors import InvalidError
from cloud_api.models import OpeningException, OpeningHours
from cloud_api.tenancy.scoped_repository import ScopedRepository

DAY_MIN = 1440
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class Span:
    """From ``opens_min`` to ``closes_min``, minutes since midnight; beyond 1440 it ends after midnight."""

    opens_min: int
    closes_min: int


@dataclass(frozen=True, slots=True)
class DayException:
    """One day that differs; ``span`` None: closed."""

    day: date
    span: Span | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class OpeningTimes:
    """``weekly``: spans by weekday (0: Monday). Without any, the hours are not known."""

    weekly: tuple[tuple[int, Span], ...] = ()
    exceptions: tuple[DayException, ...] = ()

    @property
    def is_known(self) -> bool:
        return bool(self.weekly or self.exceptions)

    def of_day(self, day: date) -> list[Span]:
        """The spans that begin on ``day``."""
        for exception in self.exceptions:
            if exception.day == day:
                return [exception.span] if exception.span else []
        return [span for weekday, span in self.weekly if weekday == day.weekday()]

    def open_spans(self, start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
        """When the store is open between two moments, in UTC, in order."""
        day = start.astimezone(zone).date() - timedelta(days=1)
        last = end.astimezone(zone).date()
        while day <= last:
            for span in sorted(self.of_day(day), key=lambda s: s.opens_min):
                opens, closes = (_moment(day, m, zone) for m in (span.opens_min, span.closes_min))
                first, until = max(opens, start.astimezone(UTC)), min(closes, end.astimezone(UTC))
                if first < until:
                    yield first, until
            day += timedelta(days=1)


class OpeningHoursOf(ScopedRepository):
    """Opening hours of stores in scope."""

    async def of(self, store_ids: Sequence[UUID]) -> dict[UUID, OpeningTimes]:
        """Of these stores."""
        weekly: dict[UUID, list[tuple[int, Span]]] = {i: [] for i in store_ids}
        days: dict[UUID, list[DayException]] = {i: [] for i in store_ids}
        query = self._select(OpeningHours).where(is_one_of(self._connection, col(OpeningHours.store_id), store_ids))
        for row in await self._connection.execute(
            query.order_by(col(OpeningHours.weekday), col(OpeningHours.opens_min))
        ):
            weekly[row.store_id].append((row.weekday, Span(row.opens_min, row.closes_min)))
        other = self._select(OpeningException).where(
            is_one_of(self._connection, col(OpeningException.store_id), store_ids)
        )
        for row in await self._connection.execute(other.order_by(col(OpeningException.day))):
            span = None if row.opens_min is None else Span(row.opens_min, row.closes_min)
            days[row.store_id].append(DayException(row.day, span, row.note))
        return {i: OpeningTimes(tuple(weekly[i]), tuple(days[i])) for i in store_ids}

    async def put(self, store_id: UUID, times: OpeningTimes) -> None:
        """Replace the hours of a store.

        Raises:
            InvalidError: spans of a day overlap, or a day stands twice among the exceptions.
        """
        check(times)
        for table in (OpeningHours, OpeningException):
            await self._connection.execute(self._delete(table).where(col(table.store_id) == store_id))
        org_id = self._scope.org_id
        for weekday, span in times.weekly:
            await self._add(
                OpeningHours(
                    store_id=store_id,
                    org_id=org_id,
                    weekday=weekday,
                    opens_min=span.opens_min,
                    closes_min=span.closes_min,
                )
            )
        for exception in times.exceptions:
            opens, closes = (exception.span.opens_min, exception.span.closes_min) if exception.span else (None, None)
            await self._add(
                OpeningException(
                    store_id=store_id, org_id=org_id, day=exception.day, opens_min=opens, closes_min=closes,
                    note=exception.note,
                )
            )  # fmt: skip


def check(times: OpeningTimes) -> None:
    """Refuse hours that contradict themselves.

    Raises:
        InvalidError
    """
    for weekday, name in enumerate(WEEKDAYS):
        spans = sorted((s for w, s in times.weekly if w == weekday), key=lambda s: s.opens_min)
        if any(a.closes_min > b.opens_min for a, b in pairwise(spans)):
            raise InvalidError(f"The hours of {name} overlap; write spans that follow each other.")
    days = [e.day for e in times.exceptions]
    twice = sorted({d for d in days if days.count(d) > 1})
    if twice:
        raise InvalidError(f"{twice[0]} stands twice among the exceptions.")


def parse_span(opens: str, closes: str) -> Span:
    """From ``09:00`` and ``18:30``. A close at or before the opening is after midnight; ``24:00`` is the day's end.

    Raises:
        InvalidError
    """
    opens_min, closes_min = _minutes(opens), _minutes(closes)
    if opens_min >= DAY_MIN:
        raise InvalidError(f"'{opens}' is no time to open; write 00:00 to 23:59.")
    return Span(opens_min, closes_min if closes_min > opens_min else closes_min + DAY_MIN)


def clock_words(minutes: int) -> str:
    """``09:00``; the end of a day is ``24:00``, what lies after it begins again at ``00:01``."""
    minutes = minutes if minutes <= DAY_MIN else minutes - DAY_MIN
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _minutes(text: str) -> int:
    hours, _, minutes = text.partition(":")
    if len(hours) == 2 and len(minutes) == 2 and hours.isdecimal() and minutes.isdecimal():
        total = int(hours) * 60 + int(minutes)
        if int(minutes) < 60 and total <= DAY_MIN:
            return total
    raise InvalidError(f"'{text[:20]}' is no time of day; write e.g. 09:00.")


def _moment(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    # Wall time: a shop opens at nine also on the day the clocks change.
    whole, rest = divmod(minutes, DAY_MIN)
    local = datetime.combine(day + timedelta(days=whole), time(rest // 60, rest % 60), zone)
    return local.astimezone(UTC)
