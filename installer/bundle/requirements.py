"""Which of the pinned packages the bundle is built from: those of one extra, with their hashes, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from installer.product import PackagingError

BUILDERS = ("pyinstaller",)
_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class Pin:
    """One entry of constraints.txt.

    Attributes:
        text: the entry as it stands there, hashes included, comments left out.
        wanted_by: names of packages that want it; the project itself among them where it does.
    """

    name: str
    text: str
    wanted_by: frozenset[str]


def normalised(name: str) -> str:
    """A package's name as registries compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def bundle_requirements(constraints: str, *, pyproject: Mapping[str, Any], extra: str = "desktop") -> str:
    """The part of constraints.txt that the project itself, one ``extra`` and the builder need.

    Raises:
        PackagingError: a package of the extra is not pinned.
    """
    pins = read_pins(constraints)
    project = pyproject["project"]
    direct = [*project["dependencies"], *project["optional-dependencies"][extra], *BUILDERS]
    names = {_name_of(requirement) for requirement in direct}
    missing = sorted(names - {pin.name for pin in pins})
    if missing:
        raise PackagingError(f"constraints.txt does not pin {', '.join(missing)}: run `make lock`.")
    wanted = _closure(names, pins)
    return "\n".join(pin.text for pin in pins if pin.name in wanted) + "\n"


def read_pins(constraints: str) -> list[Pin]:
    """The entries of a file written by ``uv pip compile --generate-hashes`` (with its ``# via`` comments)."""
    blocks: list[list[str]] = []
    for line in constraints.splitlines():
        if line and not line[0].isspace() and not line.startswith("#"):
            blocks.append([])
        if blocks and line.strip():
            blocks[-1].append(line)
    return [_pin(block) for block in blocks]


def _pin(block: list[str]) -> Pin:
    comments = [line.strip().lstrip("#").strip() for line in block if line.strip().startswith("#")]
    via = [words.removeprefix("via").strip() for words in comments]
    text = "\n".join(line for line in block if not line.strip().startswith("#")).rstrip(" \\")
    return Pin(_name_of(block[0]), text, frozenset(_name_of(words) for words in via if words))


def _closure(names: Iterable[str], pins: Iterable[Pin]) -> set[str]:
    found, pins = set(names), list(pins)
    while more := {pin.name for pin in pins if pin.wanted_by & found} - found:
        found |= more
    return found


def _name_of(requirement: str) -> str:
    match = _NAME.match(requirement.strip())
    if match is None:
        raise PackagingError(f"This is no requirement: {requirement!r}.")
    return normalised(match.group())
