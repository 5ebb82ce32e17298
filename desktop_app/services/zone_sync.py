"""Zones on their way between a store and its cloud: who changed what since both agreed last.

Both sides may edit. What was changed on one side only goes to the other; what was changed on both is kept on both until
a person chooses, here or in the cloud. The ledger remembers, per camera, the cloud's revision on which both agreed.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter

from desktop_app.services.edge_link import EdgeLink, LinkError
from desktop_app.services.whole_files import read_json, set_aside, write_whole
from shared_models.heartbeat import HeartbeatAnswer
from shared_models.zone_sets import EditOutcome, ZoneEdit, ZoneSet
from shared_models.zones import Zone

log = logging.getLogger(__name__)

_ZONES: TypeAdapter[tuple[Zone, ...]] = TypeAdapter(tuple[Zone, ...])


def fingerprint(zones: Sequence[Zone]) -> str:
    """The same for the same zones, however often they were revised."""
    plain = tuple(zone.model_copy(update={"revision": 1}) for zone in zones)
    return hashlib.sha256(_ZONES.dump_json(plain)).hexdigest()[:24]


NOTHING = fingerprint(())


class Choice(StrEnum):
    """How a person decides a conflict."""

    OURS = "ours"
    THEIRS = "theirs"


class Dispute(BaseModel):
    """Zones that were changed in two places. ``ours``: the fingerprint of what was told to the cloud."""

    model_config = ConfigDict(frozen=True)

    theirs: ZoneSet
    conflict_revision: int
    ours: str


class Agreement(BaseModel):
    """What both sides agreed on last. ``agreed``: its fingerprint."""

    model_config = ConfigDict(frozen=True)

    revision: int = 0
    agreed: str = NOTHING
    dispute: Dispute | None = None


@dataclass(frozen=True, slots=True)
class ZoneNews:
    """Something about a camera's zones that a person has to know.

    Attributes:
        is_dispute: both were changed: choose. Else theirs wait for a draft here to be saved or discarded.
    """

    camera_id: str
    theirs: tuple[Zone, ...]
    is_dispute: bool


@dataclass(frozen=True, slots=True)
class LocalZones:
    """The store's own zones. All functions are quick but ``take``, which writes and counts by them from then on."""

    known: Callable[[], Mapping[str, tuple[Zone, ...]]]
    """By camera; those whose zones are not known yet are left out."""
    has_draft: Callable[[str], bool]
    take: Callable[[str, tuple[Zone, ...]], object]


class Ledger:
    """``zone-sync.json``: agreements with one cloud. With another cloud, or as another store, it begins anew."""

    def __init__(self, path: Path, *, partner: str) -> None:
        self._path = path
        self._partner = hashlib.sha256(partner.encode()).hexdigest()[:24]
        self._rows = self._load()

    def __getitem__(self, camera_id: str) -> Agreement:
        return self._rows.get(camera_id, Agreement())

    @property
    def revisions(self) -> dict[str, int]:
        """The cloud's revision that each camera counts by."""
        return {camera_id: row.revision for camera_id, row in self._rows.items()}

    def disputes(self) -> dict[str, Dispute]:
        """What waits for a person, by camera."""
        return {camera_id: row.dispute for camera_id, row in self._rows.items() if row.dispute}

    def put(self, camera_id: str, row: Agreement) -> None:
        """Keep an agreement. One that a full disk loses is found again: equal zones agree."""
        if self._rows.get(camera_id) == row:
            return
        self._rows = {**self._rows, camera_id: row}
        rows = {i: r.model_dump(mode="json") for i, r in self._rows.items()}
        try:
            write_whole(self._path, json.dumps({"partner": self._partner, "cameras": rows}, indent=1) + "\n")
        except OSError as error:
            log.info("the zones' agreement with the cloud is not kept: %s", error)

    def _load(self) -> dict[str, Agreement]:
        try:
            values = read_json(self._path)
            if not values or values["partner"] != self._partner:
                return {}
            return {str(i): Agreement.model_validate(row) for i, row in values["cameras"].items()}
        except (ValueError, KeyError, TypeError, AttributeError):
            log.error("%s was damaged; it is kept as %s", self._path.name, set_aside(self._path).name)
        except OSError as error:
            log.error("%s cannot be read: %s", self._path, error)
        return {}


class ZoneSync:
    """One store's zones and its cloud's. Thread-safe: the heartbeat reconciles, a window decides."""

    def __init__(self, link: EdgeLink, ledger: Ledger, local: LocalZones) -> None:
        self._link = link
        self._ledger = ledger
        self._local = local
        self._lock = threading.Lock()
        self._waiting: dict[str, ZoneSet] = {}

    @property
    def revisions(self) -> dict[str, int]:
        """The cloud's revision that each camera counts by."""
        return self._ledger.revisions

    def news(self) -> tuple[ZoneNews, ...]:
        """What a person has to know."""
        disputes = [ZoneNews(i, d.theirs.zones, True) for i, d in self._ledger.disputes().items()]
        return (*disputes, *(ZoneNews(i, s.zones, False) for i, s in self._waiting.items()))

    def reconcile(self, answer: HeartbeatAnswer) -> None:
        """Bring what was changed here, take what was changed there.

        Raises:
            LinkError: the rest is done with the next heartbeat.
        """
        newer = {s.camera_id: s for s in answer.zone_sets}
        with self._lock:
            for camera_id, zones in self._local.known().items():
                is_disputed = camera_id in answer.conflicts
                if self._ledger[camera_id].dispute is not None:
                    self._go_on_disputing(camera_id, zones, newer.get(camera_id), is_disputed=is_disputed)
                else:
                    self._compare(camera_id, zones, newer.get(camera_id))

    def decide(self, camera_id: str, choice: Choice) -> None:
        """A person has chosen.

        Raises:
            LinkError: the cloud was not reached, or has moved on meanwhile; nothing was changed.
        """
        with self._lock:
            dispute = self._ledger[camera_id].dispute
            if dispute is None:
                return
            theirs = dispute.theirs
            ours = self._local.known().get(camera_id, ())
            zones = theirs.zones if choice is Choice.THEIRS else ours
            answer = self._link.edit(
                ZoneEdit(camera_id=camera_id, based_on=theirs.revision, zones=zones, decides=dispute.conflict_revision)
            )
            if answer.outcome is EditOutcome.CONFLICT:
                self._dispute(camera_id, ours, answer.conflict_revision or 0)
                raise LinkError("The head office has changed these zones once more; look at them again.", status=409)
            if choice is Choice.THEIRS:
                self._local.take(camera_id, theirs.zones)
            self._agree(camera_id, answer.revision, zones)

    # -- one camera

    def _compare(self, camera_id: str, ours: tuple[Zone, ...], theirs: ZoneSet | None) -> None:
        row = self._ledger[camera_id]
        self._waiting.pop(camera_id, None)
        if fingerprint(ours) == row.agreed:
            if theirs is not None and self._local.has_draft(camera_id):
                self._waiting[camera_id] = theirs
            elif theirs is not None:
                self._take(camera_id, ours, theirs)
        elif theirs is not None and fingerprint(theirs.zones) == fingerprint(ours):
            self._agree(camera_id, theirs.revision, ours)
        else:
            self._bring(camera_id, ours, based_on=row.revision)

    def _go_on_disputing(
        self, camera_id: str, ours: tuple[Zone, ...], theirs: ZoneSet | None, *, is_disputed: bool
    ) -> None:
        row = self._ledger[camera_id]
        is_as_told = row.dispute is not None and fingerprint(ours) == row.dispute.ours
        if is_disputed:
            if not is_as_told:
                self._bring(camera_id, ours, based_on=row.revision)
            return
        # Somebody decided in the cloud: what is in force there is the decision.
        decided = theirs or self._in_force(camera_id)
        self._ledger.put(camera_id, row.model_copy(update={"dispute": None}))
        if is_as_told:
            self._take(camera_id, ours, decided)
        else:
            self._compare(camera_id, ours, decided)

    def _take(self, camera_id: str, ours: tuple[Zone, ...], theirs: ZoneSet) -> None:
        if fingerprint(ours) != fingerprint(theirs.zones):
            self._local.take(camera_id, theirs.zones)
            log.info("camera %s counts by the zones of the cloud's revision %d", camera_id, theirs.revision)
        self._agree(camera_id, theirs.revision, theirs.zones)

    def _bring(self, camera_id: str, ours: tuple[Zone, ...], *, based_on: int) -> None:
        answer = self._link.edit(ZoneEdit(camera_id=camera_id, based_on=based_on, zones=ours))
        if answer.outcome is EditOutcome.CONFLICT:
            self._dispute(camera_id, ours, answer.conflict_revision or 0)
            return
        log.info("camera %s: the cloud has these zones as revision %d", camera_id, answer.revision)
        self._agree(camera_id, answer.revision, ours)

    def _dispute(self, camera_id: str, ours: tuple[Zone, ...], conflict_revision: int) -> None:
        dispute = Dispute(theirs=self._in_force(camera_id), conflict_revision=conflict_revision, ours=fingerprint(ours))
        self._ledger.put(camera_id, self._ledger[camera_id].model_copy(update={"dispute": dispute}))
        log.info("camera %s: its zones were changed here and in the cloud; both are kept", camera_id)

    def _agree(self, camera_id: str, revision: int, zones: Sequence[Zone]) -> None:
        self._ledger.put(camera_id, Agreement(revision=revision, agreed=fingerprint(zones)))

    def _in_force(self, camera_id: str) -> ZoneSet:
        found = (s for s in self._link.zone_sets().sets if s.camera_id == camera_id)
        return next(found, ZoneSet(camera_id=camera_id, revision=0))
