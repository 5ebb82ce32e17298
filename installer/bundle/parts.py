"""Reads ``parts.toml``: what is left out of the bundle, what stands in for it, and which part each file belongs to."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

PARTS_FILE = Path(__file__).with_name("parts.toml")
TEXT_FOLDER = Path(__file__).with_name("texts")


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the bundle that is told apart in the table of sizes and in the licences.

    Attributes:
        package: the Python package that brings it (``python`` for the interpreter), for version and licence texts.
        licence: an SPDX expression.
        texts: licences whose full text is among ours because the package does not bring it.
    """

    name: str
    package: str
    licence: str
    why: str
    files: tuple[str, ...]
    texts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StandIn:
    """A library whose place is taken by an empty one.

    Attributes:
        library, dependent: patterns of the library and of the one that names it.
        aborts: whether a call ends the program with a sentence; otherwise it answers "none".
    """

    library: str
    dependent: str
    aborts: bool


@dataclass(frozen=True, slots=True)
class Link:
    """Libraries of one folder that are replaced by links to those of the same beginning in another."""

    files: tuple[str, ...]
    folder: str
    target: str


@dataclass(frozen=True, slots=True)
class LicenceRules:
    """What may be in a bundle.

    Attributes:
        accepted: SPDX identifiers, with their exception where they have one.
        of: package -> SPDX expression, where its metadata names none.
        exceptions: part -> why it is there all the same.
    """

    accepted: frozenset[str]
    of: Mapping[str, str]
    exceptions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PartBook:
    """All of it, for one system."""

    parts: tuple[Part, ...]
    modules: tuple[str, ...]
    left_out: tuple[str, ...]
    system_kept: tuple[str, ...] | None
    stand_ins: tuple[StandIn, ...]
    links: tuple[Link, ...]
    strip: tuple[str, ...]
    licences: LicenceRules

    def part_of(self, path: str) -> Part | None:
        """The first part that a file fits."""
        return next((part for part in self.parts if fits(path, part.files)), None)

    def is_left_out(self, path: str, *, is_system: bool) -> bool:
        """Whether a file that the builder found does not go into the bundle.

        Args:
            path: below the bundle's inner folder, with ``/``.
            is_system: it comes from the system's own libraries, not from a Python package.
        """
        if is_system and self.system_kept is not None:
            return not fits(path, self.system_kept)
        return fits(path, self.left_out)


def fits(path: str, patterns: Iterable[str]) -> bool:
    """Whether a path fits one of the patterns (case counts; ``*`` goes over folders)."""
    return any(fnmatchcase(path, pattern) for pattern in patterns)


def read_parts(platform: str, path: Path = PARTS_FILE) -> PartBook:
    """The rules for one system (``sys.platform``)."""
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    left_out = _here(raw["left_out"], platform)
    system = [tuple(rule["but"]) for rule in left_out if rule.get("system")]
    is_linux = platform == "linux"
    return PartBook(
        parts=tuple(_part(rule) for rule in _here(raw["part"], platform)),
        modules=_all(left_out, "modules"),
        left_out=_all(left_out, "files"),
        system_kept=system[0] if system else None,
        stand_ins=tuple(_stand_in(rule) for rule in raw["stand_in"]) if is_linux else (),
        links=tuple(Link(tuple(rule["files"]), rule["from"], rule["to"]) for rule in raw["link"]) if is_linux else (),
        strip=tuple(raw["strip"]["files"]) if is_linux else (),
        licences=_licences(raw["licences"], platform),
    )


def _here(rules: Sequence[dict[str, Any]], platform: str) -> list[dict[str, Any]]:
    return [rule for rule in rules if platform in rule.get("platforms", [platform])]


def _all(rules: Iterable[Mapping[str, Any]], key: str) -> tuple[str, ...]:
    return tuple(word for rule in rules for word in rule.get(key, ()))


def _part(rule: Mapping[str, Any]) -> Part:
    texts = tuple(rule.get("texts", ()))
    return Part(rule["name"], rule["package"], rule["licence"], rule["why"], tuple(rule["files"]), texts)


def _stand_in(rule: Mapping[str, Any]) -> StandIn:
    return StandIn(rule["library"], rule["for"], rule["answer"] == "abort")


def _licences(raw: Mapping[str, Any], platform: str) -> LicenceRules:
    exceptions = {rule["part"]: rule["why"].strip() for rule in _here(raw["exception"], platform)}
    return LicenceRules(frozenset(raw["accepted"]), dict(raw["of"]), exceptions)
