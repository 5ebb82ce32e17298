"""What the doctor says: one line for each thing looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's.

    Attributes:
        what: the thing looked at, e.g. ``certificate``.
        words: how it is.
        cure: what to do; empty where nothing is to be done.
    """

    what: str
    state: State
    words: str
    cure: str = ""


def fine(what: str, words: str) -> Finding:
    """Nothing to be done."""
    return Finding(what, State.OK, words)


def warned(what: str, words: str, cure: str) -> Finding:
    """It works, and should not stay so."""
    return Finding(what, State.WARNING, words, cure)


def broken(what: str, words: str, cure: str) -> Finding:
    """It must be mended."""
    return Finding(what, State.BROKEN, words, cure)


def has_broken(findings: Sequence[Finding]) -> bool:
    """Whether anything must be mended."""
    return any(finding.state is State.BROKEN for finding in findings)
