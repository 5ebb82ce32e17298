from __future__ import annotations

from pathlib import Path

import pytest

from desktop_app.services.own_version import own_version
from desktop_app.services.whats_new import is_upgraded, plain_version, read_changelog, section_of
from desktop_app.settings import find_changelog

LOG = """# Changelog

## Unreleased

- not out yet

## [0.2.0] - 2026-12-01

- keys
- undo

## v0.1.0

- the first
"""


@pytest.mark.parametrize(
    ("version", "words"),
    [
        ("0.2.0", "- keys\n- undo"),
        ("0.2.0+git7.1a2b3c4.changed", "- keys\n- undo"),
        ("0.1.0", "- the first"),
        ("0.3.0", "- not out yet"),
        ("from source", "- not out yet"),
    ],
)
def test_the_section_of_this_version_is_shown_or_else_of_what_has_no_number_yet(version: str, words: str) -> None:
    assert section_of(LOG, version=version) == words


def test_a_change_log_that_says_nothing_of_it_gives_nothing() -> None:
    assert section_of("# Changelog\n\n## 0.1.0\n\n- first\n", version="0.2.0") == ""
    assert section_of("", version="0.2.0") == ""


def test_the_change_log_that_ships_says_something_of_this_version(tmp_path: Path) -> None:
    assert section_of(read_changelog(find_changelog()), version=own_version())
    assert read_changelog(tmp_path / "none.md") == ""


@pytest.mark.parametrize(
    ("seen", "version", "is_set_up", "is_told"),
    [
        ("", "0.2.0", True, True),
        ("0.1.0", "0.2.0+git9.abc", True, True),
        ("0.2.0", "0.2.0+git9.abc", True, False),
        ("", "0.2.0", False, False),
        ("0.1.0", "from source", True, False),
    ],
)
def test_news_is_told_to_those_who_knew_an_earlier_version(
    seen: str, version: str, is_set_up: bool, is_told: bool
) -> None:
    assert is_upgraded(seen=seen, version=version, is_set_up=is_set_up) is is_told


def test_a_version_without_numbers_is_none() -> None:
    assert plain_version("from source") == ""
    assert plain_version("1.2.3+git4.5") == "1.2.3"
