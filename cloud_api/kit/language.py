"""Texts in the reader's language, and numbers and dates as the reader writes them.

Texts go through gettext: ``_("%(n)s stores", n=3)``. What stands before the first request (constants) is marked with
``mark`` and translated where it is shown. Where values are put in, ``%`` itself is written ``%%``; in templates always.

``make texts`` collects all texts into ``cloud_api/web/texts/messages.pot``. A language is a folder beside it,
``xx/LC_MESSAGES/messages.mo``; none is there yet, so that texts are English whatever the reader prefers. Numbers follow
the reader's locale, and so does the order of a date; the names of its days and months are in the language of the texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from gettext import NullTranslations
from pathlib import Path

from babel import Locale, UnknownLocaleError, dates, negotiate_locale, numbers
from babel.localedata import exists
from babel.support import Translations

TEXTS = Path(__file__).resolve().parents[1] / "web" / "texts"
PSEUDO = "en_XA"
"""Not a language: every text that goes through gettext comes out marked, so that one that does not is seen."""
LOCALES = {
    "en_GB": "English (United Kingdom)", "en_US": "English (United States)", "de_DE": "Deutsch (Deutschland)",
    "de_AT": "Deutsch (Österreich)", "de_CH": "Deutsch (Schweiz)", "nl_NL": "Nederlands", "fr_FR": "Français",
    "es_ES": "Español", "it_IT": "Italiano", "pl_PL": "Polski", "pt_PT": "Português", "tr_TR": "Türkçe",
    "el_GR": "Ελληνικά", "sv_SE": "Svenska", "da_DK": "Dansk", "en_IE": "English (Ireland)",
}  # fmt: skip
"""Ways to write numbers and dates that a reader may choose."""
DEFAULT = "en_GB"
NONE = "–"
"""Not known, which is not zero."""


@dataclass(frozen=True, slots=True)
class Language:
    """``code``: of the texts, as HTML names it. ``numbers``, ``dates``: how these are written."""

    code: str
    texts: NullTranslations
    numbers: Locale
    dates: Locale


class _Marked(NullTranslations):
    """Every text in brackets and a third longer, placeholders as they were."""

    def gettext(self, message: str) -> str:
        return _marked(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return _marked(msgid1 if n == 1 else msgid2)


_ACCENTS = str.maketrans("aeiouAEIOUcnsy", "áéíóúÁÉÍÓÚçñšý")


def _marked(message: str) -> str:
    parts = re.split(r"(%\(\w+\)s|%%)", message)
    changed = "".join(part if n % 2 else part.translate(_ACCENTS) for n, part in enumerate(parts))
    longer = " ".join(["~" * 6] * (len(message) // 18) + ["~" * (len(message) // 3 % 6)])
    return f"⟦{changed} {longer}⟧"


def languages() -> tuple[str, ...]:
    """Languages that there are texts in, beside English."""
    return tuple(sorted(p.parents[1].name for p in TEXTS.glob("*/LC_MESSAGES/messages.mo")))


@lru_cache(maxsize=64)
def language_of(wanted: str) -> Language:
    """The language for ``wanted``: locales as in ``de-AT``, in order of preference and separated by commas."""
    codes = [code.replace("-", "_") for code in wanted.split(",") if code]
    if codes[:1] == [PSEUDO]:
        return Language("en-XA", _Marked(), Locale.parse(DEFAULT), Locale.parse(DEFAULT))
    locale = Locale.parse(DEFAULT)
    for code in codes:
        try:
            locale = Locale.parse(code)
            break
        except (ValueError, UnknownLocaleError):
            continue
    if locale.territory is None:
        locale = Locale.parse(next((name for name in LOCALES if name.startswith(f"{locale.language}_")), str(locale)))
    chosen = negotiate_locale(codes, [*languages(), "en"], sep="_") or "en"
    texts = NullTranslations() if chosen == "en" else Translations.load(TEXTS, [chosen])
    return Language(chosen.replace("_", "-"), texts, locale, _dates(chosen, locale))


def _dates(texts: str, reader: Locale) -> Locale:
    if texts.partition("_")[0] == reader.language:
        return reader
    mixed = f"{texts.partition('_')[0]}_{reader.territory}"
    return Locale.parse(mixed if exists(mixed) else DEFAULT if texts == "en" else texts)


def preferred(accept_language: str) -> str:
    """The value of an ``Accept-Language`` header in the order of its weights, for ``language_of``."""
    weighed: list[tuple[float, int, str]] = []
    for part in accept_language[:400].split(",")[:12]:
        code, _, weight = part.strip().partition(";q=")
        if re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", code):
            weighed.append((-_weight(weight), len(weighed), code))
    return ",".join(code for _, _, code in sorted(weighed))


def _weight(text: str) -> float:
    try:
        return float(text) if text else 1.0
    except ValueError:
        return 0.0


_current: ContextVar[Language | None] = ContextVar("language", default=None)


def current() -> Language:
    """The reader's language; English where nobody reads (files, tests)."""
    return _current.get() or language_of(DEFAULT)


def speak(wanted: str) -> None:
    """From here on in this task, the language for ``wanted``."""
    _current.set(language_of(wanted))


@contextmanager
def speaking(wanted: str) -> Iterator[Language]:
    """The language for ``wanted`` within a block."""
    token = _current.set(language_of(wanted))
    try:
        yield current()
    finally:
        _current.reset(token)


def gettext(text: str, /, **values: object) -> str:
    """A text in the reader's language, with its values put in."""
    found = current().texts.gettext(text)
    return found % values if values else found


def ngettext(one: str, many: str, n: int, /, **values: object) -> str:
    """The same where the words depend on a number, which is ``%(n)s``."""
    return current().texts.ngettext(one, many, n) % {"n": number(n), **values}


def mark(text: str) -> str:
    """A text that is translated later, where it is shown."""
    return text


_PLAIN_BELOW = 1e15


@lru_cache(maxsize=64)
def _signs(locale: Locale) -> dict[int, str]:
    """From the signs that Python puts into a number to those of a locale."""
    return {ord(","): numbers.get_group_symbol(locale), ord("."): numbers.get_decimal_symbol(locale)}


def number(value: float | None, *, digits: int = 0) -> str:
    """With thousands set apart, and always as many digits after the point."""
    if value is None:
        return NONE
    if 0 <= value < _PLAIN_BELOW:
        # Hundreds stand on a page, and Babel reads its pattern anew for each. A decimal rounds as Babel does.
        return f"{Decimal(str(value)):,.{digits}f}".translate(_signs(current().numbers))
    pattern = f"#,##0.{'0' * digits}" if digits else "#,##0"
    return numbers.format_decimal(value, format=pattern, locale=current().numbers)


def figure(value: float) -> str:
    """With as many digits after the point as it has."""
    return numbers.format_decimal(value, locale=current().numbers)


def long_day(day: date) -> str:
    """``Monday, 23 November 2026``."""
    return dates.format_date(day, "full", locale=current().dates)


def named_day(day: date) -> str:
    """``Monday 23 November``."""
    return dates.format_skeleton("MMMMEEEEd", day, locale=current().dates)


def plain_day(day: date) -> str:
    """``23 Nov 2026``."""
    return dates.format_date(day, "medium", locale=current().dates)


def short_day(day: date) -> str:
    """``Mon 23 Nov``."""
    return dates.format_skeleton("MMMEd", day, locale=current().dates).replace(",", "")


def day_and_month(day: date) -> str:
    """``23 Nov``."""
    return dates.format_skeleton("MMMd", day, locale=current().dates)


def weekday_and_day(day: date) -> str:
    """``Mon 23``."""
    return f"{weekday(day.weekday(), 'abbreviated')} {day.day}"


def weekday(n: int, width: str = "wide") -> str:
    """Of 0: Monday."""
    names = dates.get_day_names("abbreviated" if width == "abbreviated" else "wide", locale=current().dates)
    return str(names[n])


def clock(moment: datetime | time, *, has_seconds: bool = False) -> str:
    """``17:05``."""
    return dates.format_time(moment, "medium" if has_seconds else "short", tzinfo=None, locale=current().dates)


def hour(n: int) -> str:
    """``17:00``, or ``5 pm`` where people say so."""
    return clock(time(n % 24))


def moment(at: datetime) -> str:
    """``23 Nov 2026, 17:05``, in the zone that it carries."""
    return f"{plain_day(at.date())}, {clock(at.time())}"


def joined(parts: list[str]) -> str:
    """``a, b and c``."""
    if len(parts) < 2:
        return "".join(parts)
    return gettext("%(many)s and %(last)s", many=", ".join(parts[:-1]), last=parts[-1])
