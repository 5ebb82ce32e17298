"""Whose work is in the bundle and under which licence; and the check that all of it may be passed on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

from installer.bundle.parts import TEXT_FOLDER, LicenceRules, Part, PartBook
from installer.bundle.requirements import normalised

_TEXT_NAME = re.compile(r"(^|[/\\])(licen[cs]e|copying|notice|authors)[^/\\]*$", re.IGNORECASE)
_CODE = (".py", ".pyc", ".pyi", ".json", ".so")
_WORD = re.compile(r"\(|\)|\bAND\b|\bOR\b|[A-Za-z0-9.+-]+(?: WITH [A-Za-z0-9.-]+)?")
_CLASSIFIERS = {
    "MIT License": "MIT",
    "Apache Software License": "Apache-2.0",
    "ISC License (ISCL)": "ISC",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}


class LicenceError(Exception):
    """Something in the bundle may not be passed on, or nobody knows whose it is; the message names it and the cure."""


@dataclass(frozen=True, slots=True)
class Component:
    """One piece of somebody's work.

    Attributes:
        licence: an SPDX expression.
        texts: (title, text) of its licences and notices.
    """

    name: str
    version: str
    licence: str
    note: str
    texts: tuple[tuple[str, str], ...]


class Packages:
    """The Python packages of an environment, and which file is whose."""

    def __init__(self, site_packages: Path) -> None:
        self._root = site_packages
        self._by_name = {normalised(d.metadata["Name"]): d for d in distributions(path=[str(site_packages)])}
        self._owners: dict[str, str] = {}
        for name, distribution in self._by_name.items():
            for file in distribution.files or ():
                self._owners[file.as_posix()] = name

    def owner_of(self, source: Path) -> str | None:
        """The package that installed a file; None for a file from elsewhere."""
        try:
            return self._owners.get(source.relative_to(self._root).as_posix())
        except ValueError:
            return None

    def get(self, name: str) -> Distribution | None:
        return self._by_name.get(normalised(name))

    def licence_of(self, name: str, rules: LicenceRules) -> str:
        """An SPDX expression.

        Raises:
            LicenceError: its metadata names none and parts.toml neither.
        """
        if normalised(name) in rules.of:
            return rules.of[normalised(name)]
        distribution = self._by_name[normalised(name)]
        said = {key: distribution.metadata[key] for key in distribution.metadata}
        expression = said.get("License-Expression")
        named = [
            c.rpartition(" :: ")[2] for c in distribution.metadata.get_all("Classifier") or [] if "License ::" in c
        ]
        known = [_CLASSIFIERS[word] for word in named if word in _CLASSIFIERS]
        short = str(said.get("License") or "")
        if expression or known or short in rules.accepted:
            return str(expression or (known[0] if known else short))
        raise LicenceError(
            f"{name} does not say its licence plainly; read it and name it in parts.toml, [licences.of]."
        )

    def texts_of(self, name: str) -> tuple[tuple[str, str], ...]:
        """Licence files that a package brings."""
        distribution = self._by_name.get(normalised(name))
        found = []
        for file in (distribution.files if distribution else None) or ():
            is_own = ".dist-info" in file.parts[0] or "cv2" in file.parts[0]
            if is_own and _TEXT_NAME.search(file.as_posix()) and not file.name.endswith(_CODE):
                path = self._root / file
                if path.is_file():
                    found.append(
                        (file.as_posix().partition("/")[2], path.read_text(encoding="utf-8", errors="replace"))
                    )
        return tuple(found)


def components_of(
    sources: Mapping[str, Mapping[str, str]],
    *,
    packages: Packages,
    book: PartBook,
    root: Path,
    python_version: str,
    python_text: str,
) -> list[Component]:
    """Everything in a bundle.

    Args:
        sources: what the builder wrote: ``files`` (path in the bundle -> where it came from) and ``modules``.
        root: of this project; what comes from here is our own.

    Raises:
        LicenceError: a file that belongs to nobody.
    """
    parts: dict[str, Part] = {}
    owners: set[str] = set()
    unknown: list[str] = []
    for path, source in sources["files"].items():
        part = book.part_of(path.replace("\\", "/"))
        owner = packages.owner_of(Path(source))
        if part is not None:
            parts.setdefault(part.name, part)
        elif owner is not None:
            owners.add(owner)
        elif not Path(source).is_relative_to(root):
            unknown.append(f"{path} (from {source})")
    owners |= {owner for source in sources["modules"].values() if (owner := packages.owner_of(Path(source)))}
    if unknown:
        raise LicenceError("Nobody knows whose these are; name them in parts.toml: " + ", ".join(sorted(unknown)[:10]))
    python = (("LICENSE.txt", python_text),)
    found = [_part_component(part, packages, python_version, python) for part in parts.values()]
    told = {normalised(part.package) for part in parts.values()}
    for owner in sorted({*owners, "pyinstaller"} - told):
        found.append(_package_component(owner, packages, book.licences))
    return sorted(found, key=lambda component: component.name.lower())


def _part_component(
    part: Part, packages: Packages, python_version: str, python_texts: tuple[tuple[str, str], ...]
) -> Component:
    distribution = packages.get(part.package)
    own = tuple((f"{name}", (TEXT_FOLDER / f"{name}.txt").read_text(encoding="utf-8")) for name in part.texts)
    texts = python_texts if part.package == "python" else packages.texts_of(part.package)
    version = distribution.version if distribution else python_version if part.package == "python" else ""
    note = f"as brought by {part.package} {version}" if " beside " in part.name else part.why
    return Component(part.name, version, part.licence, note, (*texts, *own))


def _package_component(name: str, packages: Packages, rules: LicenceRules) -> Component:
    distribution = packages.get(name)
    if distribution is None:
        raise LicenceError(f"{name} is not installed where the bundle is built.")
    note = "the small program that starts the bundle" if name == "pyinstaller" else ""
    return Component(
        distribution.metadata["Name"],
        distribution.version,
        packages.licence_of(name, rules),
        note,
        packages.texts_of(name),
    )


def check(components: Iterable[Component], rules: LicenceRules) -> None:
    """That all of it may be passed on.

    Raises:
        LicenceError: names each that may not, and what can be done.
    """
    bad = [c for c in components if not is_accepted(c.licence, rules.accepted) and c.name not in rules.exceptions]
    if bad:
        named = "; ".join(f"{c.name} {c.version}: {c.licence}" for c in bad)
        raise LicenceError(
            f"Not to be shipped: {named}. Leave it out, replace it, or write down in parts.toml ([[licences.exception]]) "
            "why it may stay and what follows from it."
        )


def is_accepted(expression: str, accepted: frozenset[str]) -> bool:
    """Whether an SPDX expression can be satisfied with accepted licences alone (OR: one; AND: all)."""
    words = _WORD.findall(expression)
    value, rest = _either(words, accepted)
    return value and not rest


def _either(words: Sequence[str], accepted: frozenset[str]) -> tuple[bool, Sequence[str]]:
    value, rest = _both(words, accepted)
    while rest and rest[0] == "OR":
        more, rest = _both(rest[1:], accepted)
        value = value or more
    return value, rest


def _both(words: Sequence[str], accepted: frozenset[str]) -> tuple[bool, Sequence[str]]:
    value, rest = _one(words, accepted)
    while rest and rest[0] == "AND":
        more, rest = _one(rest[1:], accepted)
        value = value and more
    return value, rest


def _one(words: Sequence[str], accepted: frozenset[str]) -> tuple[bool, Sequence[str]]:
    if not words:
        return False, []
    if words[0] != "(":
        return words[0] in accepted, words[1:]
    value, rest = _either(words[1:], accepted)
    return value, rest[1:]


def document(
    components: Sequence[Component], *, product: Mapping[str, Any], version: str, exceptions: Mapping[str, str]
) -> str:
    """The page of all licences that lies beside the programs."""
    lines = [
        f"{product['name']} {version}: whose work it stands on",
        "",
        f"{product['name']} itself is under the Apache License 2.0 ({product['copyright']}); see LICENSE.",
        "Libraries under the LGPL are files of their own here and can be replaced by other builds of the same version.",
        "",
    ]
    lines += [
        f"Exception. {name}: {why}" for name, why in exceptions.items() if any(c.name == name for c in components)
    ]
    lines += [f"- {c.name} {c.version}: {c.licence}{f' ({c.note})' if c.note else ''}" for c in components]
    printed: dict[str, str] = {}
    for component in components:
        for title, text in component.texts:
            lines += ["", "=" * 100, f"{component.name} {component.version}: {title}", "=" * 100, ""]
            same = printed.setdefault(text, f"{component.name}: {title}")
            lines.append(
                text.strip() if same == f"{component.name}: {title}" else f"The same text as of {same}, above."
            )
    return "\n".join(lines) + "\n"
