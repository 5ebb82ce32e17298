"""Every text of a page goes through gettext; numbers and dates follow the reader."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from cloud_api.demo_data.plan import STORES
from cloud_api.kit.language import PSEUDO, language_of, number, preferred, short_day, speaking
from cloud_api.web.catalogue import TEMPLATE, template
from tests.cloud_api.web.conftest import Visitor, logged_in
from tests.cloud_api.web.test_pages import PAGES
from tests.helpers.cloud import CloudUnderTest

# What people and programs have named, which is in no language of ours.
DATA = [
    *(s.name for s in STORES), "Wink Analytics", "Wink", "Demo laptop", "demo@example.com", "Entrance", "Sales floor", "Till",
    "Shoes", "Queue", "Door", "The camera refuses this password", "drawn for the demo", "Acme", "admin@acme.example",
    "owner@acme.example", "analyst@acme.example", "staff@acme.example", "High Street", "Second store", "demo123",
    "New season", "Shoe wall", "Front door", "door", "queue", "new_season", "shoes", "cam_entrance", "cam_floor", "cam_till",
    "laptop", "owner@example.com", "Low Street", "Elsewhere", "Demo", "UTC", "PDF", "XLSX", "CSV", "python-httpx", "page",
]  # fmt: skip
QUIET_TAGS = {"script", "style", "code", "option", "time", "textarea"}
SPOKEN = (
    "aria-label", "aria-description", "title", "placeholder", "alt", "data-confirm", "data-show", "data-hide", "data-copied",
    "data-on", "data-off",
)  # fmt: skip
WORD = re.compile(r"[A-Za-zÄÖÜäöüß]{3,}")


class Texts(HTMLParser):
    """What a reader sees or hears, but for data."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open.append(tag)
        self.found += [value for name, value in attrs if name in SPOKEN and value]
        if tag in ("meta", "link", "input", "img", "rect", "line", "path", "polyline", "polygon", "br"):
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not QUIET_TAGS & set(self._open):
            self.found.append(data)


def untranslated(page: str) -> list[str]:
    """Words that did not go through gettext. Dates are Babel's; data is data."""
    texts = Texts()
    texts.feed(page)
    left = []
    for text in texts.found:
        bare = text
        while "⟦" in bare:  # the innermost first: a text may hold another
            bare, n = re.subn(r"⟦[^⟦⟧]*⟧", "", bare)
            if not n:
                break
        for known in sorted(DATA, key=len, reverse=True):
            bare = bare.replace(known, "")
        bare = re.sub(
            r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Satur|Sun|Tues|Wednes|Thurs)(day)?\b|\b\d{1,2} \w{3,9}( \d{4})?\b", "", bare
        )
        bare = re.sub(
            r"\b[A-Za-z]+/[A-Za-z_/]+\b|\b(edge|wink)_\w+|\b(org_admin|analyst|store_owner|staff)\b", "", bare
        )
        if WORD.search(bare):
            left.append(" ".join(bare.split())[:120])
    return left


async def test_every_text_of_a_page_with_figures_goes_through_gettext(demo: Visitor) -> None:
    demo.client.headers["Accept-Language"] = "en-XA"
    found = []
    for path in PAGES:
        if path != "/settings/audit":  # which holds what was done, in the words of the log
            found += [f"{path}: {text}" for text in untranslated(await demo.page(path))]
    assert sorted(set(found)) == [], "\n".join(sorted(set(found)))


async def test_every_text_of_a_page_without_figures_goes_through_gettext(empty: CloudUnderTest) -> None:
    empty.client.headers["Accept-Language"] = "en-XA"
    found = []
    for path in ("/login", "/forgot", "/welcome"):
        found += untranslated(await Visitor(empty.client).page(path))
    visitor = await logged_in(empty.client, "admin@acme.example")
    for path in PAGES:
        if path != "/settings/audit":
            found += [f"{path}: {text}" for text in untranslated(await visitor.page(path))]
    assert sorted(set(found)) == [], "\n".join(sorted(set(found)))


def test_a_text_that_was_forgotten_is_found() -> None:
    assert untranslated("<p>⟦Héllo⟧ forgotten</p>") == ["forgotten"]
    assert untranslated("<p aria-label='forgotten'>⟦a ⟦b⟧⟧ Leipzig Markt, Mon 23 Nov</p>") == ["forgotten"]


def test_the_template_for_translators_is_up_to_date() -> None:
    assert TEMPLATE.read_bytes() == template(), "run: make texts"


@pytest.mark.parametrize(
    ("header", "shown"),
    [("", "12,345.6 Mon 23 Nov"), ("de-DE,de;q=0.9", "12.345,6 Mon 23 Nov"), ("en-US", "12,345.6 Mon Nov 23"),
     ("pl", "12\xa0345,6 Mon 23 Nov"), ("*;q=0.1", "12,345.6 Mon 23 Nov"), ("x" * 9000, "12,345.6 Mon 23 Nov"),
     ("en;q=nonsense, fr-CH", "12\u202f345,6 Mon 23 Nov")],
)  # fmt: skip
def test_numbers_and_dates_follow_the_browser(header: str, shown: str) -> None:
    from datetime import date

    with speaking(preferred(header)):
        assert f"{number(12345.6, digits=1)} {short_day(date(2026, 11, 23))}" == shown


def test_the_marked_language_keeps_placeholders() -> None:
    assert language_of(PSEUDO).texts.gettext("%(n)s of 5 %%") % {"n": 3} == "⟦3 óf 5 % ~~~~⟧"


async def test_a_choice_in_the_profile_outweighs_the_browser(demo: Visitor) -> None:
    demo.client.headers["Accept-Language"] = "en-US"
    page = "/settings/profile"
    assert "data-theme" not in await demo.page("/dashboard?period=28")
    done = await demo.send(page, on=page, act="prefer", theme="dark", locale="de_DE")
    assert done.status_code == 303
    shown = await demo.page("/dashboard?period=28")
    assert 'data-theme="dark"' in shown
    assert re.search(r'class="value">\d{1,3}\.\d{3}<', shown)
    wrong = await demo.send(page, on=page, act="prefer", theme="pink", locale="")
    assert wrong.status_code == 422
