"""The pins of one program alone, cut out of constraints.txt: ``python installer/supply_chain/subset.py cloud``.

constraints.txt pins everything for everybody, developers included. A server gets only what the extra asks for, by the
same hashes. Standard library only: it runs before anything is installed.
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

FROM_SOURCE = frozenset({"font-roboto"})
"""Packages of which there is no wheel: they are built, with pinned tools, apart from all others."""
PROJECT_DIR = Path(__file__).resolve().parents[2]
_HEAD = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^]]*\])?==([^\s;\\]+)")
_NAME = re.compile(r"^\s*([A-Za-z0-9][A-Za-z0-9._-]*)")


@dataclass(frozen=True, slots=True)
class Pin:
    """One entry of constraints.txt; a package may have several, each for other versions of Python.

    Attributes:
        name: as PyPI compares names: lower case, with hyphens.
        version: exactly this.
        lines: the entry as it stands, hashes included.
        wanted_by: the packages for whose sake it is there.
    """

    name: str
    version: str
    lines: tuple[str, ...]
    wanted_by: frozenset[str]


def canonical(name: str) -> str:
    """A package's name as PyPI compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_pins(text: str) -> dict[str, list[Pin]]:
    """All pins of a file that ``uv pip compile`` has written, by name; each entry tells after ``via`` who wants it."""
    pins: dict[str, list[Pin]] = {}
    for block in re.split(r"\n(?=[A-Za-z0-9])", text.strip()):
        if (head := _HEAD.match(block)) is None:
            continue
        comments = [line.strip(" #") for line in block.splitlines() if line.lstrip().startswith("#")]
        wanted_by = {canonical(c.removeprefix("via").split("(")[0].strip()) for c in comments}
        lines = tuple(line for line in block.splitlines() if not line.lstrip().startswith("#"))
        name = canonical(head[1])
        pins.setdefault(name, []).append(Pin(name, head[2], lines, frozenset(wanted_by - {""})))
    return pins


def wanted_names(project: Mapping[str, object], extras: Collection[str]) -> set[str]:
    """What pyproject.toml asks for by name: always, and for the extras."""
    table = project["project"]
    assert isinstance(table, dict)  # noqa: S101 - for the type checker; tomllib gives nothing else
    known = table["optional-dependencies"]
    if unknown := set(extras) - set(known):
        raise ValueError(f"there is no extra {', '.join(sorted(unknown))}; known are {', '.join(known)}")
    asked = [*table["dependencies"], *(line for extra in extras for line in known[extra])]
    return {canonical(found[1]) for line in asked if (found := _NAME.match(line))}


def subset(pins: Mapping[str, list[Pin]], names: Collection[str], *, without: Collection[str] = ()) -> list[Pin]:
    """The pins of ``names`` and of all that they need, sorted; ``without`` some, and what only those need.

    Raises:
        ValueError: a name has no pin.
    """
    if missing := sorted(set(names) - set(pins)):
        raise ValueError(f"constraints.txt has no pin of {', '.join(missing)}; run: make lock")
    kept = set(names) - set(without)
    everything = [pin for name, entries in pins.items() if name not in without for pin in entries]
    while more := {pin.name for pin in everything if pin.name not in kept and pin.wanted_by & kept}:
        kept |= more
    return [pin for name in sorted(kept) for pin in pins[name]]


def pins_of(extras: Collection[str], *, without: Collection[str] = (), project_dir: Path = PROJECT_DIR) -> list[Pin]:
    """The pins of the extras of this project."""
    project = tomllib.loads((project_dir / "pyproject.toml").read_text(encoding="utf-8"))
    pins = read_pins((project_dir / "constraints.txt").read_text(encoding="utf-8"))
    return subset(pins, wanted_names(project, extras), without={canonical(name) for name in without})


def main() -> int:
    """Print the pins."""
    parser = argparse.ArgumentParser(description="Print the pins of one program, with their hashes.")
    parser.add_argument("extras", nargs="*", help="desktop, cloud, dev")
    parser.add_argument("--only-tool", action="append", default=[], help="nothing but this package and what it needs")
    parser.add_argument("--wheels", action="store_true", help="only what comes as a wheel")
    parser.add_argument("--source", action="store_true", help="only what has to be built")
    parser.add_argument("--without", action="append", default=[], help="not this package, nor what only it needs")
    given = parser.parse_args()
    try:
        if given.only_tool:
            pins = read_pins((PROJECT_DIR / "constraints.txt").read_text(encoding="utf-8"))
            found = subset(pins, {canonical(name) for name in given.only_tool})
        else:
            found = pins_of(given.extras, without=given.without)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if given.wheels or given.source:
        found = [pin for pin in found if (pin.name in FROM_SOURCE) is given.source]
    sys.stdout.write("".join("\n".join(pin.lines) + "\n" for pin in found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
