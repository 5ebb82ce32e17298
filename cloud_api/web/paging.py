"""Long lists: a page of them at a time, and a name to find."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlencode

from cloud_api.web.shell import Visit

T = TypeVar("T")
PER_PAGE = 48
WHOLE = "all"
"""Instead of a page's number: everything on one page."""


@dataclass(frozen=True, slots=True)
class Paging:
    """Which part of a list is shown. ``find``: what names must hold; ``kept``: what links and the form carry beside it.

    ``is_whole``: the reader has asked for all of it on one page; ``may_be_whole``: the list offers that.
    """

    find: str
    page: int
    n_pages: int
    n_found: int
    n_all: int
    kept: tuple[tuple[str, str], ...]
    is_whole: bool = False
    may_be_whole: bool = False

    @property
    def is_needed(self) -> bool:
        """Whether the list is too long for one page, or somebody has looked for a name."""
        return self.n_all > PER_PAGE or bool(self.find)

    @property
    def is_long(self) -> bool:
        """Whether there is more than one page of it."""
        return self.n_found > PER_PAGE

    @property
    def first(self) -> int:
        """The place of the first thing that is shown, from one."""
        return (self.page - 1) * PER_PAGE + 1

    @property
    def last(self) -> int:
        return self.n_found if self.is_whole else min(self.page * PER_PAGE, self.n_found)

    @property
    def query(self) -> str:
        """Of the page that is shown."""
        return self.query_of_all if self.is_whole else self.query_of(self.page)

    @property
    def query_of_kept(self) -> str:
        """What a link to the list without a name to find carries."""
        return urlencode(self.kept)

    @property
    def query_of_all(self) -> str:
        """What a link to the whole list on one page carries."""
        found = [("find", self.find)] if self.find else []
        return urlencode([*self.kept, *found, ("page", WHOLE)])

    def query_of(self, page: int) -> str:
        """What a link to another page carries."""
        found = [("find", self.find)] if self.find else []
        return urlencode([*self.kept, *found, ("page", str(page))])


def paged(
    seen: Visit,
    things: Sequence[T],
    *,
    name_of: Callable[[T], str],
    kept: Sequence[tuple[str, str]] = (),
    may_be_whole: bool = False,
) -> tuple[list[T], Paging]:
    """The things that the reader asks for by ``find`` and ``page``, in their order; nonsense is the first page.

    Args:
        kept: what links and the form carry beside the chosen store.
        may_be_whole: all may be asked for on one page.
    """
    asked = seen.request.query_params
    find = asked.get("find", "").strip()[:100]
    found = [thing for thing in things if find.casefold() in name_of(thing).casefold()]
    wanted = asked.get("page", "")
    is_whole = may_be_whole and wanted == WHOLE
    n_pages = 1 if is_whole else max(1, -(-len(found) // PER_PAGE))
    page = min(n_pages, max(1, int(wanted))) if wanted.isdecimal() and len(wanted) < 9 else 1
    own = (("store", str(seen.chosen.id)),) if seen.chosen and asked.get("store") else ()
    shown = found if is_whole else found[(page - 1) * PER_PAGE : page * PER_PAGE]
    paging = Paging(find, page, n_pages, len(found), len(things), (*own, *kept), is_whole, may_be_whole)
    return shown, paging
