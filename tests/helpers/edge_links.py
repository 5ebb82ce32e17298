"""A cloud that keeps zones in memory and numbers them as the real one does."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from desktop_app.services.edge_link import LinkError
from desktop_app.services.zone_sync import fingerprint
from shared_models.enrolment import StoreFacts
from shared_models.heartbeat import Heartbeat, HeartbeatAnswer
from shared_models.zone_sets import EditOutcome, ZoneEdit, ZoneEditAnswer, ZoneSet, ZoneSets
from shared_models.zones import Zone


@dataclass
class InMemoryLink:
    """Implements ``EdgeLink``. ``is_up``: it can be reached."""

    is_up: bool = True
    offset_s: float = 0.0
    told: list[Heartbeat] = field(default_factory=list)
    edits: list[ZoneEdit] = field(default_factory=list)
    in_force: dict[str, ZoneSet] = field(default_factory=dict)
    waiting: dict[str, list[int]] = field(default_factory=dict)
    last: int = 0
    is_closed: bool = False
    looked_at: tuple[str, ...] = ()
    stills: list[tuple[str, bytes]] = field(default_factory=list)
    store: StoreFacts | None = None

    def draw(self, camera_id: str, *zones: Zone) -> None:
        """Somebody at the head office draws."""
        self._keep(camera_id, zones)

    def choose(self, camera_id: str, *zones: Zone) -> None:
        """Somebody at the head office decides a conflict."""
        self.waiting.pop(camera_id, None)
        self._keep(camera_id, zones)

    def beat(self, told: Heartbeat) -> HeartbeatAnswer:
        self._check()
        self.told.append(told)
        held = {c.camera_id: c.zone_revision for c in told.cameras}
        newer = [
            s
            for s in self.in_force.values()
            if s.revision > held.get(s.camera_id, 0) and s.camera_id not in self.waiting
        ]
        return HeartbeatAnswer(
            now=datetime.now(UTC), clock_offset_s=self.offset_s, config_revision=self.last, zone_sets=tuple(newer),
            conflicts=tuple(self.waiting), stills=self.looked_at, store=self.store,
        )  # fmt: skip

    def still(self, camera_id: str, jpeg: bytes) -> None:
        self._check()
        if camera_id not in self.looked_at:
            raise LinkError("nobody looks", status=409)
        self.stills.append((camera_id, jpeg))

    def zone_sets(self) -> ZoneSets:
        self._check()
        return ZoneSets(config_revision=self.last, sets=tuple(self.in_force.values()))

    def edit(self, edit: ZoneEdit) -> ZoneEditAnswer:
        self._check()
        self.edits.append(edit)
        current = self.in_force.get(edit.camera_id, ZoneSet(camera_id=edit.camera_id, revision=0))
        if edit.decides is not None and edit.based_on == current.revision:
            self.waiting.pop(edit.camera_id, None)
        if current.revision and fingerprint(current.zones) == fingerprint(edit.zones):
            return ZoneEditAnswer(outcome=EditOutcome.UNCHANGED, revision=current.revision)
        if edit.based_on == current.revision:
            self._keep(edit.camera_id, edit.zones)
            return ZoneEditAnswer(outcome=EditOutcome.KEPT, revision=self.last)
        self.last += 1
        self.waiting.setdefault(edit.camera_id, []).append(self.last)
        return ZoneEditAnswer(outcome=EditOutcome.CONFLICT, revision=current.revision, conflict_revision=self.last)

    def close(self) -> None:
        self.is_closed = True

    def _keep(self, camera_id: str, zones: tuple[Zone, ...]) -> None:
        self.last += 1
        self.in_force[camera_id] = ZoneSet(camera_id=camera_id, revision=self.last, zones=zones)

    def _check(self) -> None:
        if not self.is_up:
            raise LinkError("The cloud cannot be reached; is this machine online?")
