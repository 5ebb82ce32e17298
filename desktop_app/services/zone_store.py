"""The zones an owner has drawn in the program: one file, written whole; drafts that are not saved yet beside it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from desktop_app.services.whole_files import read_json, set_aside, write_whole
from shared_models.zones import Zone

log = logging.getLogger(__name__)

VERSION = 1
_ZONES: TypeAdapter[dict[str, tuple[Zone, ...]]] = TypeAdapter(dict[str, tuple[Zone, ...]])


class ZoneStoreError(Exception):
    """Zones cannot be read or kept; the message says what to do."""


def with_revisions(zones: Sequence[Zone], *, before: Iterable[Zone]) -> tuple[Zone, ...]:
    """``zones`` as they are saved: a changed one is a new revision, an unchanged one keeps its own."""
    known = {zone.zone_id: zone for zone in before}
    return tuple(_revised(zone, known.get(zone.zone_id)) for zone in zones)


def _revised(zone: Zone, old: Zone | None) -> Zone:
    if old is None:
        return zone
    if zone.model_copy(update={"revision": old.revision}) == old:
        return old
    # Zones may come from the cloud, with numbers of their own: a number names one shape only.
    return zone.model_copy(update={"revision": max(zone.revision, old.revision + 1)})


class ZoneStore:
    """Zones per camera. Thread-safe.

    A camera that is not in the file has the zones its configuration gives it; one that is there has these and no
    others, even if there are none.
    """

    def __init__(self, folder: Path) -> None:
        self._zones = _ZoneFile(folder / "zones.json")
        self._drafts = _ZoneFile(folder / "zone-drafts.json")
        self._lock = threading.Lock()

    def zones_of(self, camera_id: str) -> tuple[Zone, ...] | None:
        """The zones that were saved here for a camera; None: none ever were."""
        return self._zones.read().get(camera_id)

    def save(self, camera_id: str, zones: Sequence[Zone], *, before: Iterable[Zone]) -> tuple[Zone, ...]:
        """Keep a camera's zones, changed ones as a new revision over ``before``; the draft is done with.

        Raises:
            ZoneStoreError: nothing was changed.
        """
        with self._lock:
            revised = with_revisions(zones, before=before)
            self._zones.write({**self._zones.read(), camera_id: revised})
            self._drop_draft(camera_id)
            return revised

    def forget(self, camera_id: str) -> None:
        """The camera is gone: so are its zones and its draft."""
        with self._lock:
            self._zones.write({k: v for k, v in self._zones.read().items() if k != camera_id})
            self._drop_draft(camera_id)

    def put_back(self, camera_id: str, zones: Sequence[Zone] | None, *, draft: Sequence[Zone] | None) -> None:
        """A camera is there again: its zones and its draft as they were, revisions included; None: none were kept.

        Raises:
            ZoneStoreError: not all of it could be kept.
        """
        with self._lock:
            for file, kept in ((self._zones, zones), (self._drafts, draft)):
                if kept is not None:
                    file.write({**file.read(), camera_id: tuple(kept)})

    def draft_of(self, camera_id: str) -> tuple[Zone, ...] | None:
        """Zones that were drawn and not saved; None: nothing is unsaved."""
        return self._drafts.read().get(camera_id)

    def keep_draft(self, camera_id: str, zones: Sequence[Zone]) -> None:
        """Keep what is not saved yet, for the case that the program or the machine ends now.

        Raises:
            ZoneStoreError: it could not be kept.
        """
        with self._lock:
            self._drafts.write({**self._drafts.read(), camera_id: tuple(zones)})

    def drop_draft(self, camera_id: str) -> None:
        """The owner does not want the draft."""
        with self._lock:
            self._drop_draft(camera_id)

    def _drop_draft(self, camera_id: str) -> None:
        drafts = self._drafts.read()
        if camera_id in drafts:
            self._drafts.write({k: v for k, v in drafts.items() if k != camera_id})


class _ZoneFile:
    """One JSON file of camera id -> zones. A damaged one is moved aside and begun anew.

    Reading never waits for a write: screens ask, and a disk may be slow.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._loading = threading.Lock()
        self._known: dict[str, tuple[Zone, ...]] | None = None

    def read(self) -> dict[str, tuple[Zone, ...]]:
        known = self._known
        if known is None:
            with self._loading:
                known = self._known if self._known is not None else self._load()
                self._known = known
        return known

    def write(self, zones: dict[str, tuple[Zone, ...]]) -> None:
        body = _ZONES.dump_json(zones, indent=1).decode()
        try:
            write_whole(self._path, f'{{"version": {VERSION}, "cameras": {body}}}\n')
        except OSError as error:
            raise ZoneStoreError(
                f"The zones could not be saved in {self._path} ({error.strerror}); free some space and save again."
            ) from error
        self._known = zones

    def _load(self) -> dict[str, tuple[Zone, ...]]:
        try:
            values: Any = read_json(self._path)
            if values is None:
                return {}
            if isinstance(values, dict) and isinstance(values.get("version"), int) and values["version"] > VERSION:
                raise ZoneStoreError(f"{self._path} was written by a newer version of Wink; install that one again.")
            return _ZONES.validate_python(values["cameras"])
        except (ValidationError, ValueError, KeyError, TypeError) as error:
            aside = set_aside(self._path)
            log.error("%s was damaged (%s); it is kept as %s", self._path.name, type(error).__name__, aside.name)
            return {}
        except OSError as error:
            raise ZoneStoreError(f"{self._path} cannot be read ({error.strerror}); check the rights.") from error
