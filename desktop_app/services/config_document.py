"""A configuration file as written by people: its values, their places, and every mistake in it at once."""

from __future__ import annotations

import difflib
import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

MAX_FILE_BYTES = 2_000_000
_MISSING = object()


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing to mend.

    Attributes:
        place: where in the document, e.g. ``cameras[0].zones[1].type``; empty for the whole file.
        line: line in the file, from 1, where known.
        words: what is wrong and what to write instead.
    """

    place: str
    line: int | None
    words: str

    def __str__(self) -> str:
        where = f"line {self.line}, " if self.line else ""
        return f"{where}{self.place or 'the file'}: {self.words}"


class ConfigError(Exception):
    """The configuration cannot be used; ``str`` lists every mistake with its place and its cure."""

    def __init__(self, mistakes: Collection[Mistake], *, source: str = "configuration") -> None:
        self.mistakes = tuple(mistakes)
        count = f"{len(self.mistakes)} mistakes" if len(self.mistakes) != 1 else "1 mistake"
        super().__init__("\n".join([f"{source}: {count}", *(f"  - {m}" for m in self.mistakes)]))


@dataclass(frozen=True, slots=True)
class Document:
    """Parsed values, and the line on which each place stands."""

    value: Any
    lines: dict[str, int] = field(default_factory=dict)
    name: str = "configuration"


def read_yaml(path: Path) -> Document:
    """Read a YAML file.

    Raises:
        ConfigError: it is missing, too large, not text, not YAML, or says a key twice.
    """
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise _unreadable(path, f"it is larger than {MAX_FILE_BYTES // 1_000_000} MB; is this the right file?")
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise _unreadable(path, "there is no such file; check the path.") from None
    except IsADirectoryError:
        raise _unreadable(path, "this is a folder; name the file in it.") from None
    except UnicodeDecodeError:
        raise _unreadable(path, "it is not text in UTF-8; save it again as UTF-8.") from None
    except OSError as error:
        raise _unreadable(path, f"it cannot be read ({error.strerror}).") from None
    return parse_yaml(text, name=str(path))


def parse_yaml(text: str, *, name: str = "configuration") -> Document:
    """Parse YAML text, remembering lines.

    Raises:
        ConfigError: not YAML, or a key is said twice.
    """
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "it cannot be parsed"
        mistake = Mistake("", mark.line + 1 if mark else None, f"this is not YAML ({problem}); check the indentation.")
        raise ConfigError([mistake], source=name) from None
    except RecursionError:
        raise ConfigError([Mistake("", None, "it is nested too deeply.")], source=name) from None
    lines: dict[str, int] = {}
    repeated: list[Mistake] = []
    if root is not None:
        _walk(root, "", lines, repeated, visited=set())
    if repeated:
        raise ConfigError(repeated, source=name)
    return Document(value, lines, name)


def _unreadable(path: Path, words: str) -> ConfigError:
    return ConfigError([Mistake("", None, words)], source=str(path))


def _walk(node: yaml.Node, place: str, lines: dict[str, int], repeated: list[Mistake], *, visited: set[int]) -> None:
    lines[place] = node.start_mark.line + 1
    if id(node) in visited:  # an alias, which may even hold itself
        return
    visited.add(id(node))
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key_node, value_node in node.value:
            key = str(key_node.value)
            child = join(place, key)
            line = key_node.start_mark.line + 1
            if key in seen:
                repeated.append(Mistake(child, line, "this key is said twice; keep one of them."))
            seen.add(key)
            _walk(value_node, child, lines, repeated, visited=visited)
            lines[child] = line
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _walk(item, f"{place}[{index}]", lines, repeated, visited=visited)


def join(place: str, key: str) -> str:
    """The place of ``key`` in the mapping at ``place``."""
    return f"{place}.{key}" if place else key


class Reader:
    """Reads typed values out of a document and collects every mistake on the way instead of stopping at the first.

    A method that finds a mistake notes it and gives its default; ``finish`` raises them all.
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        self.mistakes: list[Mistake] = []

    def note(self, place: str, words: str) -> None:
        """Remember a mistake at ``place``."""
        self.mistakes.append(Mistake(place, self._line_of(place), words))

    def finish(self) -> None:
        """Raises ConfigError with all that was noted, in the order of the file."""
        if self.mistakes:
            ordered = sorted(self.mistakes, key=lambda m: m.line or 0)
            raise ConfigError(ordered, source=self.document.name)

    def mapping(self, value: Any, place: str, *, keys: Collection[str]) -> dict[str, Any] | None:
        """``value`` as a mapping with no other than these ``keys``, or None with a mistake noted."""
        if not isinstance(value, dict):
            wanted = ", ".join(keys)
            self.note(place, f"expected keys ({wanted}), found {_kind(value)}.")
            return None
        for key in value:
            if key not in keys:
                near = difflib.get_close_matches(str(key), keys, n=1)
                cure = f"did you mean '{near[0]}'?" if near else f"known here are: {', '.join(keys)}."
                self.note(join(place, str(key)), f"'{key}' is not known; {cure}")
        return value

    def items(self, mapping: dict[str, Any], key: str, place: str, *, required: bool) -> Iterator[tuple[Any, str]]:
        """The items of the list under ``key`` with their places."""
        value = mapping.get(key, _MISSING)
        here = join(place, key)
        if value is _MISSING or value is None:
            if required:
                self.note(here, f"'{key}' is missing; write a list under it, each item beginning with '- '.")
            return
        if not isinstance(value, list):
            self.note(here, f"expected a list (each item beginning with '- '), found {_kind(value)}.")
            return
        for index, item in enumerate(value):
            yield item, f"{here}[{index}]"

    def text(self, mapping: dict[str, Any], key: str, place: str, *, required: bool = False) -> str | None:
        """The text under ``key``, stripped; numbers are taken as text."""
        value = mapping.get(key)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            value = str(value)
        if isinstance(value, str) and value.strip():
            return value.strip()
        if key in mapping and value is not None and not isinstance(value, str):
            self.note(join(place, key), f"expected text, found {_kind(value)}.")
        elif required:
            self.note(join(place, key), f"'{key}' is missing or empty; give it a value.")
        return None

    def one_of(
        self, mapping: dict[str, Any], key: str, place: str, *, choices: Collection[str], default: str | None
    ) -> str | None:
        """One of ``choices`` under ``key``, in any case; ``default`` None makes it required."""
        if mapping.get(key) is None and default is not None:
            return default
        value = mapping.get(key)
        if isinstance(value, str) and value.strip().lower() in choices:
            return value.strip().lower()
        said = f"'{value}' is not known" if value is not None else f"'{key}' is missing"
        self.note(join(place, key), f"{said}; write one of: {', '.join(choices)}.")
        return None

    def number(
        self, mapping: dict[str, Any], key: str, place: str, *, low: float, high: float, default: float
    ) -> float:
        """A finite number within ``low``..``high`` under ``key``."""
        value = mapping.get(key)
        if value is None:
            return default
        if is_number(value) and low <= value <= high:
            return float(value)
        self.note(join(place, key), f"expected a number from {low:g} to {high:g}, found {value!r}.")
        return default

    def flag(self, mapping: dict[str, Any], key: str, place: str, *, default: bool) -> bool:
        """True or false under ``key``."""
        value = mapping.get(key)
        if value is None:
            return default
        if isinstance(value, bool):
            return value
        self.note(join(place, key), f"expected true or false, found {value!r}.")
        return default

    def _line_of(self, place: str) -> int | None:
        while place and place not in self.document.lines:
            place = place[: max(place.rfind("."), place.rfind("["), 0)]
        return self.document.lines.get(place)


def is_number(value: object) -> bool:
    """A finite int or float; YAML's true and false are none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _kind(value: object) -> str:
    if value is None:
        return "nothing"
    names = {dict: "keys and values", list: "a list", str: f"the text '{str(value)[:40]}'", bool: f"{value}"}
    return names.get(type(value), f"{value!r}")
