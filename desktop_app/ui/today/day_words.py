"""What is to be said about a day's figures, in words."""

from __future__ import annotations

from datetime import datetime, tzinfo

from PySide6.QtCore import QCoreApplication

from desktop_app.services.today_figures import FULL_COVERAGE, DayFigures, HourFigures
from desktop_app.ui.actions import QT_TRANSLATE_NOOP

NOTHING = QT_TRANSLATE_NOOP("Day", "Nothing was counted on this day yet.")
NO_CAMERA = QT_TRANSLATE_NOOP("Day", "Before {hour} there was no camera yet.")
POOR = QT_TRANSLATE_NOOP("Day", "Hatched: hours in which the cameras saw less than 95 % of the time ({n}).")
BELOW = QT_TRANSLATE_NOOP("Day", "{n} more went out than came in, since {hour}.")
LEFT_IN = QT_TRANSLATE_NOOP(
    "Day", "At {hour} the next morning, when nobody is inside, {n} more had come in than gone out."
)
LEFT_OUT = QT_TRANSLATE_NOOP("Day", "At {hour} the next morning {n} more had gone out than come in.")
SAW = QT_TRANSLATE_NOOP("Day", "the cameras saw {share} of it")
NOT_YET = QT_TRANSLATE_NOOP("Day", "it has not begun")
THERE_WAS_NONE = QT_TRANSLATE_NOOP("Day", "there was no camera yet")
YESTERDAY = QT_TRANSLATE_NOOP("Day", "yesterday, {hour}")


def note_words(figures: DayFigures, *, reset_hour: int) -> str:
    """How far the day's figures can be trusted; empty where nothing is to be said."""
    words = [] if figures.events else [_word(NOTHING)]
    seen = [hour for hour in figures.hours if hour.coverage is not None]
    if seen and seen[0] is not figures.hours[0]:
        words.append(_word(NO_CAMERA).format(hour=f"{seen[0].starts_at:%H:%M}"))
    poor = sum(1 for hour in seen if (hour.coverage or 0.0) < FULL_COVERAGE)
    if poor:
        words.append(_word(POOR).format(n=poor))
    if figures.drift and (figures.is_drift_final or figures.drift < 0):
        below = LEFT_OUT if figures.is_drift_final else BELOW
        words.append(
            _word(LEFT_IN if figures.drift > 0 else below).format(n=abs(figures.drift), hour=f"{reset_hour:02d}:00")
        )
    return " ".join(words)


def seen_words(hour: HourFigures) -> str:
    """What the cameras saw of an hour."""
    if hour.coverage is not None:
        return _word(SAW).format(share=f"{hour.coverage:.0%}")
    return _word(THERE_WAS_NONE) if hour.is_past else _word(NOT_YET)


def hour_words(moment: datetime, *, now: datetime, zone: tzinfo) -> str:
    """A moment of today or yesterday, on the store's clock."""
    local = moment.astimezone(zone)
    words = f"{local:%H:%M}"
    return words if local.date() == now.astimezone(zone).date() else _word(YESTERDAY).format(hour=words)


def signed(people: int | None) -> str:
    """``+3``, ``-2``, ``0``; a dash where it is not known."""
    return "–" if people is None else f"{people:+d}".replace("-", "\u2212") if people else "0"


def _word(words: str) -> str:
    """One of the words above in the owner's language."""
    return QCoreApplication.translate("Day", words)
