"""Numbers as people read them. None is "–": not known, which is not zero."""

from __future__ import annotations

from datetime import datetime

from cloud_api.kit.language import NONE, figure, joined, number
from cloud_api.kit.language import gettext as _
from cloud_api.kit.language import ngettext as _n

__all__ = [
    "AS_USUAL", "UNKNOWN", "ago", "change_words", "duration_words", "figure", "joined", "longer_words", "number",
    "percent", "plain_id", "program_words",
]  # fmt: skip
UNKNOWN = NONE
JUST_NOW_S = 5.0
AS_USUAL = 0.05
"""A change below it is no news."""
BROWSERS = {
    "Edg": "Edge", "OPR": "Opera", "SamsungBrowser": "Samsung Internet", "Firefox": "Firefox", "FxiOS": "Firefox",
    "CriOS": "Chrome", "Chrome": "Chrome", "Safari": "Safari",
}  # fmt: skip
"""What names a browser in ``User-Agent``. In this order: most also say that they are Chrome and Safari."""
SYSTEMS = {
    "Windows": "Windows", "iPhone": "iPhone", "iPad": "iPad", "Macintosh": "Mac", "Android": "Android",
    "CrOS": "ChromeOS", "Linux": "Linux",
}  # fmt: skip
"""What names a system there. In this order: Android also says that it is Linux."""


def percent(share: float | None) -> str:
    """0..1 as per cent. Never rounded up to 100 while something is missing."""
    if share is None:
        return UNKNOWN
    shown = min(99.0, round(share * 100)) if 0.98 < share < 0.9995 else round(share * 100)
    return _("%(share)s %%", share=number(shown))


def duration_words(seconds: float | None) -> str:
    """Seconds as people say them."""
    if seconds is None:
        return UNKNOWN
    seconds = max(0.0, seconds)
    if seconds < 90:
        return _("%(n)s s", n=number(seconds))
    if seconds < 5400:
        return _("%(n)s min", n=number(seconds / 60))
    if seconds < 172_800:
        return _("%(n)s h", n=number(seconds / 3600))
    return _n("%(n)s day", "%(n)s days", round(seconds / 86_400))


def ago(moment: datetime | None, *, now: datetime) -> str:
    """How long since; None: never."""
    if moment is None:
        return _("never")
    seconds = (now - moment).total_seconds()
    return _("just now") if seconds < JUST_NOW_S else _("%(duration)s ago", duration=duration_words(seconds))


def change_words(change: float | None, *, than: str) -> str:
    """``0.12`` -> "12 % more than <than>"."""
    if change is None:
        return _("nothing to compare with yet")
    if abs(change) < AS_USUAL:
        return _("as %(than)s", than=than)
    share = number(abs(change) * 100)
    if change > 0:
        return _("%(share)s %% more than %(than)s", share=share, than=than)
    return _("%(share)s %% less than %(than)s", share=share, than=than)


def longer_words(now_s: float | None, before_s: float | None, *, than: str) -> str:
    """Two durations beside each other, in words."""
    if now_s is None or not before_s:
        return _("nothing to compare with yet")
    change, before = now_s / before_s - 1, duration_words(before_s)
    if abs(change) < AS_USUAL:
        return _("as %(than)s", than=than)
    if change > 0:
        return _("longer than %(than)s (%(before)s)", than=than, before=before)
    return _("shorter than %(than)s (%(before)s)", than=than, before=before)


def plain_id(text: str) -> str:
    """An id for people: ``cam_entrance`` -> ``cam entrance``."""
    return text.replace("_", " ")


def program_words(agent: str) -> str:
    """``User-Agent`` as people know their browser: "Firefox on Windows". Other programs by the name they begin with."""
    browser = next((name for token, name in BROWSERS.items() if f"{token}/" in agent), None)
    system = next((name for token, name in SYSTEMS.items() if token in agent), None)
    if not agent.startswith("Mozilla/") or browser is None:
        return agent.partition("/")[0].strip()[:40] or UNKNOWN
    return _("%(browser)s on %(system)s", browser=browser, system=system) if system else browser
