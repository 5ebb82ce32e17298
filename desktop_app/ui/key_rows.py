"""Keys of the wall and the drawing: tables of what each does, from which they work and by which they are explained."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QKeySequence

from desktop_app.ui.theme import Colours


@dataclass(frozen=True, slots=True)
class Key:
    """A key with what a tool needs to know of it."""

    code: int
    is_shift: bool = False


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One key, or several that do the same.

    Attributes:
        words: what it does; English, of the context ``Keys``.
        does: told the owner of the table and the key; answers whether there was anything to do.
        shown: a name for all ``codes`` together, English; empty: each by its own name.
    """

    codes: tuple[Qt.Key, ...]
    words: str
    does: Callable[[Any, Key], bool]
    shown: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """What is written on these keys."""
        if self.shown:
            return (QCoreApplication.translate("Keys", self.shown),)
        return tuple(QKeySequence(code).toString(QKeySequence.SequenceFormat.NativeText) for code in self.codes)


def pressed(rows: Sequence[KeyRow], owner: object, key: Key) -> bool:
    """Do what ``key`` is for; tells whether it is for anything."""
    row = next((row for row in rows if key.code in row.codes), None)
    return row is not None and row.does(owner, key)


def key_words(rows: Sequence[KeyRow], *, colours: Colours) -> str:
    """What keys do, in a line of rich text in which the keys look like keys."""
    cap = f'<span style="background-color:{colours.edge}; color:{colours.text}">&nbsp;{{}}&nbsp;</span>'
    return " &nbsp; ".join(
        f"<nobr>{' '.join(cap.format(escape(name)) for name in row.names)} "
        f"{escape(QCoreApplication.translate('Keys', row.words))}</nobr>"
        for row in rows
    )
