"""The period that a page shows: whole days of the stores' own time, both ends included."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from cloud_api.kit.errors import InvalidError
from cloud_api.kit.language import gettext as _
from cloud_api.kit.language import long_day, mark, plain_day

LONGEST_DAYS = 400
CHOICES = {
    "today": mark("Today"), "yesterday": mark("Yesterday"), "7": mark("7 days"), "28": mark("28 days"),
    "last-week": mark("Last week"), "this-month": mark("This month"), "last-month": mark("Last month"),
    "custom": mark("Other days"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Period:
    """``today``: by the clock of the (first) store, so that pages can tell a day under way from one that is over."""

    key: str
    first: date
    last: date
    today: date

    @property
    def n_days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def has_today(self) -> bool:
        return self.first <= self.today <= self.last

    @property
    def is_one_day(self) -> bool:
        return self.first == self.last

    @property
    def words(self) -> str:
        """As people say it."""
        if self.is_one_day:
            return long_day(self.first)
        return _("%(first)s to %(last)s", first=plain_day(self.first), last=plain_day(self.last))

    @property
    def query(self) -> str:
        """What a link carries to show the same again."""
        if self.key != "custom":
            return f"period={self.key}"
        return f"period=custom&from={self.first}&to={self.last}"


def period_of(asked: Mapping[str, str], *, today: date) -> Period:
    """The period that a query names; none named: today.

    Raises:
        InvalidError: dates that are none, or too many days.
    """
    key = asked.get("period") or "today"
    if key == "yesterday":
        day = today - timedelta(days=1)
        return Period(key, day, day, today)
    if key in ("7", "28"):
        # Days that are over: a morning would pull a week's figures down.
        last = today - timedelta(days=1)
        return Period(key, last - timedelta(days=int(key) - 1), last, today)
    if key == "last-week":
        monday = today - timedelta(days=today.weekday() + 7)
        return Period(key, monday, monday + timedelta(days=6), today)
    if key == "this-month":
        return Period(key, today.replace(day=1), today, today)
    if key == "last-month":
        last = today.replace(day=1) - timedelta(days=1)
        return Period(key, last.replace(day=1), last, today)
    if key == "custom":
        return _custom(asked, today)
    return Period("today", today, today, today)


def _custom(asked: Mapping[str, str], today: date) -> Period:
    first = _day(asked.get("from", ""), today - timedelta(days=6))
    last = _day(asked.get("to", ""), today)
    if last < first:
        raise InvalidError(_("The last day lies before the first; swap them."))
    if (last - first).days >= LONGEST_DAYS:
        raise InvalidError(_("A page shows at most %(n)s days; choose fewer.", n=LONGEST_DAYS))
    return Period("custom", first, last, today)


def _day(text: str, otherwise: date) -> date:
    if not text:
        return otherwise
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise InvalidError(_("'%(text)s' is no date; write e.g. 2026-03-29.", text=text[:20])) from None
    if not 1971 < day.year < 2200:
        raise InvalidError(_("Days lie between 1972 and 2199."))
    return day
