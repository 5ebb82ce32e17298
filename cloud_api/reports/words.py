"""Values of a report in words, on the page and in its files alike."""

from __future__ import annotations

from datetime import date

from cloud_api.kit.language import NONE, figure, plain_day
from cloud_api.reports.report import Value


def words_of(value: Value) -> str:
    """A value as it is printed."""
    if value is None:
        return NONE
    if isinstance(value, date):
        return plain_day(value)
    return figure(value) if isinstance(value, (int, float)) else value
