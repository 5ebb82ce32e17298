"""Moments as people type them."""

from __future__ import annotations

import re
from datetime import date, datetime, time, tzinfo


def parse_moment(text: str, *, now: datetime, zone: tzinfo) -> datetime:
    """``2026-03-02T09:12:30``, ``2026-03-02 09:12``, ``2026-03-02`` or ``09:12`` (of today); without a zone: of ``zone``.

    Args:
        now: aware; tells what today is.
        zone: the store's.

    Raises:
        ValueError: it is none of them; the message says what to write.
    """
    words = text.strip()
    try:
        if re.fullmatch(r"\d{1,2}:\d{2}(:\d{2})?", words):
            today = now.astimezone(zone).date()
            return datetime.combine(today, time.fromisoformat(words.zfill(len("09:12"))), tzinfo=zone)
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", words):
            return datetime.combine(date.fromisoformat(words), time(), tzinfo=zone)
        moment = datetime.fromisoformat(words)
    except (ValueError, OverflowError):
        raise ValueError(f"'{text}' is no moment; write e.g. 2026-03-02T09:12:30, 2026-03-02 or 09:12.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)
