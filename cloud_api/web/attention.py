"""What somebody should look at now: cameras that do not see, stores that are silent, figures that are too low."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cloud_api.kit.language import gettext as _
from cloud_api.stores.cameras import Cameras
from cloud_api.web.live_page import camera_state
from cloud_api.web.shell import Visit
from cloud_api.web.tiles import THIN, StoreLine
from cloud_api.web.words import percent

MOST = 6


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to look at, and where. ``store`` empty: the page is about one store."""

    store: str
    words: str
    link: str
    is_bad: bool = True


async def notices_of(seen: Visit, lines: Sequence[StoreLine], silent: Mapping[UUID, datetime]) -> list[Notice]:
    """The gravest first; at most one of each kind for a store."""
    names = {s.id: s.name for s in seen.shown}
    found = [
        _notice(seen, names, line.id, line.change[0].upper() + line.change[1:], "/live")
        for line in lines
        if line.id in silent
    ]
    cameras = await Cameras(seen.connection, seen.scope).of_stores(list(names))
    for store_id, own in cameras.items():
        if store_id in silent:
            continue  # its cameras cannot be heard of either
        states = [camera_state(c, now=seen.now) for c in own if c.retired_at is None and c.reported_at is not None]
        ill = [s for s in states if not s.is_well]
        if ill:
            others = _(" and %(n)s more", n=len(ill) - 1) if len(ill) > 1 else ""
            found.append(_notice(seen, names, store_id, f"{ill[0].name}{others}: {ill[0].words}", "/cameras"))
    found += [
        _notice(seen, names, line.id, _("Cameras saw %(share)s of these days: figures are too low.",
                share=percent(line.coverage)), "/insights")
        for line in lines
        if line.coverage is not None and line.coverage < THIN and line.id not in silent
    ]  # fmt: skip
    return found


def _notice(seen: Visit, names: Mapping[UUID, str], store_id: UUID, words: str, page: str) -> Notice:
    return Notice("" if seen.chosen else names[store_id], words, f"{page}?store={store_id}&{seen.period.query}")
