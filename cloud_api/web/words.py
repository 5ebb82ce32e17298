"""Numbers as people read them. None is "–": not known, which is not zero."""

from __future__ import annotations

from datetime import datetime

UNKNOWN = "–"
AS_USUAL = 0.05
"""A change below it is no news."""


def number(value: float | None, *, digits: int = 0) -> str:
    """With thousands set apart."""
    return UNKNOWN if value is None else f"{value:,.{digits}f}"


def percent(share: float | None) -> str:
    """0..1 as per cent. Never rounded up to 100 while something is missing."""
    if share is None:
        return UNKNOWN
    shown = min(99.0, round(share * 100)) if 0.98 < share < 0.9995 else round(share * 100)
    return f"{shown:.0f} %"


def duration_words(seconds: float | None) -> str:
    """Seconds as people say them."""
    if seconds is None:
        return UNKNOWN
    seconds = max(0.0, seconds)
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h" if seconds < 172_800 else f"{seconds / 86_400:.0f} days"


def ago(moment: datetime | None, *, now: datetime) -> str:
    """How long since; None: never."""
    return "never" if moment is None else f"{duration_words((now - moment).total_seconds())} ago"


def change_words(change: float | None, *, than: str) -> str:
    """``0.12`` -> "12 % more than <than>"."""
    if change is None:
        return "nothing to compare with yet"
    if abs(change) < AS_USUAL:
        return f"as {than}"
    return f"{abs(change) * 100:.0f} % {'more' if change > 0 else 'less'} than {than}"


def longer_words(now_s: float | None, before_s: float | None, *, than: str) -> str:
    """Two durations beside each other, in words."""
    if now_s is None or not before_s:
        return "nothing to compare with yet"
    change = now_s / before_s - 1
    if abs(change) < AS_USUAL:
        return f"as {than}"
    return f"{'longer' if change > 0 else 'shorter'} than {than} ({duration_words(before_s)})"


def plain_id(text: str) -> str:
    """An id for people: ``cam_entrance`` -> ``cam entrance``."""
    return text.replace("_", " ")


def join(parts: list[str]) -> str:
    """``a, b and c``."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else ""
