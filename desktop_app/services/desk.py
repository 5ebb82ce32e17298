"""Everything a window can ask of the program. Knows files and ports, no Qt and no adapter."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from desktop_app.services.desk_ports import DeskPorts
from desktop_app.services.engine_view import CameraStatus
from desktop_app.services.not_furniture import NOT_FURNITURE_FILE, NotFurniture
from desktop_app.services.own_version import own_version
from desktop_app.services.past_desk import PastCount, PastDesk
from desktop_app.services.running_figures import written_drift
from desktop_app.services.secret_store import EDGE_KEY_NAME, SecretStoreError, camera_secret_name
from desktop_app.services.store_desk import StoreDesk
from desktop_app.services.store_document import StoredCamera, StoreDocument, StoreDocumentError
from desktop_app.services.support_report import build_report
from desktop_app.services.today_figures import DayFigures, Watch, day_figures, span_of_day
from desktop_app.services.zone_store import ZoneStore, ZoneStoreError
from shared_models.geometry import Point
from shared_models.ids import uuid7
from shared_models.zones import PolygonZone, Zone, ZonePurpose


class CameraPast(StrEnum):
    """What becomes of a removed camera's past."""

    KEEP = "keep"
    FORGET_WAYS = "forget the ways"
    FORGET_ALL = "forget everything here"


@dataclass(frozen=True, slots=True)
class RemovedCamera:
    """What is needed to bring a removed camera back. Lives in memory only: its password must not outlive the program.

    Attributes:
        place: where it stood in the store's list.
        zones, draft: as they were kept; None: none were.
        secret: user and password; None: there was none.
        past: what became of its past. What was forgotten does not come back.
    """

    camera: StoredCamera
    place: int
    zones: tuple[Zone, ...] | None
    draft: tuple[Zone, ...] | None
    secret: SecretStr | None
    past: CameraPast


class Desk(StoreDesk):
    """The program behind the window. Methods are quick unless their docstring says slow. Arguments: as ``StoreDesk``."""

    def __init__(
        self,
        ports: DeskPorts,
        *,
        data_dir: Path,
        zones: ZoneStore,
        fixed: StoreDocument | None = None,
        fixed_secrets: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(ports, data_dir=data_dir, zones=zones, fixed=fixed, fixed_secrets=fixed_secrets)
        self.not_furniture = NotFurniture(data_dir / NOT_FURNITURE_FILE)
        self.past = PastDesk(
            ports.past,
            archive=ports.archive,
            marks_path=data_dir / "wrong.json",
            clock=ports.clock,
            zones_of=self.zones_of,
            camera_ids=lambda: [camera.camera_id for camera in self._document.cameras],
            valid_from=self._mounted_at,
            time=lambda: self.time,
        )

    def remove_camera(self, camera_id: str, *, past: CameraPast = CameraPast.KEEP) -> RemovedCamera | None:
        """Slow. Stop a camera and forget its zones and password; ``forget_past`` is the second half.

        Gives what ``bring_back`` needs; None: there is no such camera.

        Raises:
            SecretStoreError, StoreDocumentError: nothing was changed.
            ZoneStoreError: the camera is gone, its zones are not forgotten.
        """
        camera, name = self._document.camera(camera_id), camera_secret_name(camera_id)
        if camera is None:
            return None
        secret = self.ports.secrets.get(name)
        removed = RemovedCamera(
            camera,
            self._document.cameras.index(camera),
            self.zones.zones_of(camera_id),
            self.zones.draft_of(camera_id),
            SecretStr(secret) if secret is not None else None,
            past,
        )
        self.save_store(self._document.without_camera(camera_id), secrets={name: None})
        self.zones.forget(camera_id)
        self.not_furniture.forget(camera_id)
        return removed

    def forget_past(self, removed: RemovedCamera) -> None:
        """Slow. Forget of a removed camera's past what was asked for.

        Raises:
            HistoryError, OutboxError: it is not (all) forgotten.
        """
        if removed.past is not CameraPast.KEEP:
            self.past.forget(removed.camera.camera_id)
        if removed.past is CameraPast.FORGET_ALL:
            self.ports.past.book.forget(removed.camera.camera_id)
            self.ports.host.journal.forget(removed.camera.camera_id)

    def bring_back(self, removed: RemovedCamera) -> None:
        """Slow. The camera as it was, with its zones, its password and its place in the list.

        Raises:
            StoreDocumentError: another camera has its id by now; nothing was changed.
            SecretStoreError, ZoneStoreError: it could not be kept; trying again is safe.
        """
        camera = removed.camera
        if self._document.camera(camera.camera_id) is not None:
            raise StoreDocumentError(
                f"'{camera.label}' cannot come back: another camera was added since that goes by '{camera.camera_id}'."
            )
        self.zones.put_back(camera.camera_id, removed.zones, draft=removed.draft)
        cameras = list(self._document.cameras)
        cameras.insert(removed.place, camera)
        secrets = {camera_secret_name(camera.camera_id): removed.secret.get_secret_value()} if removed.secret else None
        self.save_store(self._document.model_copy(update={"cameras": tuple(cameras)}), secrets=secrets)

    def ignore_area(self, camera_id: str, area_px: Sequence[Point]) -> tuple[Zone, ...]:
        """Slow. Count nobody in an area (pixels of the camera's frame) from now on; gives the zones as they were before.

        Raises:
            ZoneStoreError: nothing was changed.
        """
        view, before = self.latest(camera_id), self.zones_of(camera_id)
        if view is None:
            raise ZoneStoreError("The camera shows no picture now; try again when it does.")
        if self.zones.draft_of(camera_id) is not None:
            raise ZoneStoreError("This camera has drawings that are not saved yet; save or discard them first (Zones).")
        width, height = view.frame.size_wh
        points = tuple((min(1.0, max(0.0, x / width)), min(1.0, max(0.0, y / height))) for x, y in area_px)
        ignored = PolygonZone(
            zone_id=f"ignore-{uuid7().hex[-8:]}", name="Does not move", points=points, purpose=ZonePurpose.IGNORE
        )
        self.save_zones(camera_id, (*before, ignored))
        return before

    def furniture_of(self, camera: CameraStatus) -> tuple[tuple[Point, ...], ...]:
        """What never moves at a camera, without what somebody has called a person."""
        if camera.frame_wh is None:
            return ()
        holds = partial(self.not_furniture.holds, camera.camera_id, frame_wh=camera.frame_wh)
        return tuple(area for area in camera.furniture if not holds(area))

    # -- figures

    def today(self) -> date:
        """The business day that is now."""
        return self.time.day_of(self.ports.clock.utc_now())

    def day(self, day: date) -> DayFigures:
        """Slow. The figures of a business day.

        Raises:
            OutboxError: the events cannot be read.
        """
        time, now = self.time, self.ports.clock.utc_now()
        start, end = span_of_day(day, time=time, now=now)
        archive, journal = self.ports.archive, self.ports.host.journal
        watch = Watch(
            [c.camera_id for c in self._document.cameras if c.is_enabled],
            journal.seen_s,
            journal.since,
        )
        events = archive.events(start_at=start, end_at=end)
        written = written_drift(archive.counters(), day)
        return day_figures(day, events, time=time, now=now, watch=watch, written=written)

    def apply_recount(self, count: PastCount) -> int:
        """Slow. Replace what was counted; today's running figures follow. Tells how many events became void.

        Raises:
            OutboxError: nothing was written.
        """
        void = self.past.apply(count)
        if count.pieces:
            self.ports.host.follow_recount(count.camera_id)
        self.ports.host.wake_sync()
        return void

    def label(self, camera_id: str, zone_id: str | None) -> str:
        """What people call a zone, or a camera where ``zone_id`` is None."""
        if zone_id is None:
            camera = self._document.camera(camera_id)
            return camera.label if camera is not None else camera_id
        return next((z.label for z in self.zones_of(camera_id) if z.zone_id == zone_id), zone_id)

    # -- health

    def prune(self) -> int:
        """Slow. Forget what is older than the owner wants it kept: of a store with a cloud only what the cloud has."""
        is_alone = self._document.cloud_url is None
        days = self.preferences.keep_alone_days if is_alone else self.preferences.keep_days
        before = self.ports.clock.utc_now() - timedelta(days=days)
        return self.ports.host.prune(before=before, is_alone=is_alone)

    def disk_free_bytes(self) -> int:
        """Free space where the events are kept."""
        folder = self.data_dir
        while not folder.exists():
            folder = folder.parent
        return shutil.disk_usage(folder).free

    @property
    def log_path(self) -> Path:
        """The program's log."""
        return self.data_dir / "logs" / "wink.log"

    def support_report(self) -> bytes:
        """Slow. A zip without secrets."""
        secrets = [self._known_secret(camera_secret_name(c.camera_id)) for c in self._document.cameras]
        secrets.append(self._known_secret(EDGE_KEY_NAME))
        facts: dict[str, Any] = {
            "version": own_version(),
            "system": f"{platform.system()} {platform.release()} {platform.machine()}, Python {platform.python_version()}",
            "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "store": self._document.model_dump(mode="json"),
            "preferences": self.preferences.model_dump(mode="json"),
            "cameras": [
                {"id": c.camera_id, "condition": c.condition, "words": c.words, "fps": c.analysed_fps}
                for c in self.status().cameras
            ],
            "cloud": self.status().cloud.words,
            "zones": {c.camera_id: len(self.zones_of(c.camera_id)) for c in self.status().cameras},
            "marked_as_wrong": [m.model_dump(mode="json") for m in self.past.marks()],
            "disk_free_mb": self.disk_free_bytes() // 1_000_000,
        }
        parts = [part for s in secrets if s for part in (s, *s.split(":"))]
        return build_report(facts=facts, files=[self.log_path], known_secrets=parts)

    def _known_secret(self, name: str) -> str | None:
        try:
            return self.ports.secrets.get(name)
        except SecretStoreError:
            return None
