"""What is new in this version: a section of the change log, told once after an upgrade."""

from __future__ import annotations

import re
from pathlib import Path

_SECTION = re.compile(r"^## +(?P<title>.+?)\s*$", re.MULTILINE)
_NUMBERS = re.compile(r"\d+(?:\.\d+)+")
UNRELEASED = "Unreleased"


def plain_version(version: str) -> str:
    """``0.2.0`` of ``0.2.0+git7.1a2b3c4``; empty where there is no number (a run from source)."""
    found = _NUMBERS.match(version)
    return found[0] if found else ""


def section_of(changelog: str, *, version: str) -> str:
    """What the change log says of ``version``, or else of what has no number yet; empty if it says neither.

    Markdown, without the section's own heading.
    """
    heads = list(_SECTION.finditer(changelog))
    ends = [*(head.start() for head in heads), len(changelog)][1:]
    sections = {
        (plain_version(head["title"].lstrip("[v")) or head["title"].strip("[]")): changelog[head.end() : end].strip()
        for head, end in zip(heads, ends, strict=False)
    }
    return sections.get(plain_version(version)) or sections.get(UNRELEASED, "")


def read_changelog(path: Path) -> str:
    """The change log that ships with the program; empty if it does not."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""


def is_upgraded(*, seen: str, version: str, is_set_up: bool) -> bool:
    """Whether somebody who knows the program meets this version for the first time.

    Args:
        seen: the version that they met before, plain; empty: one that did not keep it yet, or none at all.
    """
    now = plain_version(version)
    return is_set_up and bool(now) and now != seen
