"""Everything a window can ask of the program. Knows files and ports, no Qt and no adapter."""

from __future__ import annotations

import platform
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from desktop_app.services.desk_ports import DeskPorts
from desktop_app.services.engine_view import CameraCondition, CameraStatus, CloudStatus, EngineStatus
from desktop_app.services.enrolment import clean_cloud_url, clean_code
from desktop_app.services.live_view import LiveView
from desktop_app.services.own_version import own_version
from desktop_app.services.past_desk import PastCount, PastDesk
from desktop_app.services.preferences import Preferences, PreferencesFile
from desktop_app.services.secret_store import EDGE_KEY_NAME, SecretStoreError, camera_secret_name
from desktop_app.services.store_document import (
    StoredCamera,
    StoreDocument,
    StoreDocumentError,
    StoreFile,
    edge_config,
)
from desktop_app.services.support_report import build_report
from desktop_app.services.today_figures import DayFigures, business_day_of, day_bounds, day_figures
from desktop_app.services.zone_store import ZoneStore, ZoneStoreError
from shared_models.cameras import SourceAddress
from shared_models.geometry import Point
from shared_models.ids import uuid7
from shared_models.zones import LineZone, PolygonZone, Zone, ZonePurpose


class Desk:
    """The program behind the window. Methods are quick unless their docstring says slow.

    Args:
        fixed: the document of a program that was started from a file or as a demo; cameras cannot be edited then.
        fixed_secrets: the file's secrets by name, for ``take_over``; None: there is nothing to take over (a demo).
    """

    def __init__(
        self,
        ports: DeskPorts,
        *,
        data_dir: Path,
        zones: ZoneStore,
        fixed: StoreDocument | None = None,
        fixed_secrets: Mapping[str, str] | None = None,
    ) -> None:
        self.ports = ports
        self.data_dir = data_dir
        self.zones = zones
        self._store_file = StoreFile(data_dir / "store.json")
        self._preferences_file = PreferencesFile(data_dir / "preferences.json")
        self.preferences = self._preferences_file.read()
        self._fixed = fixed
        self._fixed_secrets = fixed_secrets
        self._document = fixed or self._store_file.read()
        self._lock = threading.Lock()
        self.not_furniture: set[tuple[str, int, int]] = set()
        """What stands still and is a person all the same, by the owner's word; until the program ends."""
        self.past = PastDesk(
            ports.past,
            archive=ports.archive,
            marks_path=data_dir / "wrong.json",
            clock=ports.clock,
            zones_of=self.zones_of,
            camera_ids=lambda: [camera.camera_id for camera in self._document.cameras],
            business_day=lambda moment: business_day_of(moment, zone=self.zone),
        )

    # -- the store

    @property
    def is_editable(self) -> bool:
        """Whether cameras and cloud are this program's to change."""
        return self._fixed is None

    @property
    def document(self) -> StoreDocument:
        """The store as set up."""
        return self._document

    @property
    def zone(self) -> tzinfo:
        """The store's time zone; the laptop stands in the store."""
        return ZoneInfo(self._document.time_zone or self.ports.local_zone)

    def start(self) -> None:
        """Slow. Start counting by the document as it is."""
        with self._lock:
            self._restart(self._document)

    def save_store(self, document: StoreDocument, *, secrets: Mapping[str, str | None] | None = None) -> None:
        """Slow. Keep secrets (None: forget), then the document, then let the engine follow.

        Raises:
            StoreDocumentError, SecretStoreError: nothing was changed.
        """
        with self._lock:
            for name, secret in (secrets or {}).items():
                if secret is None:
                    self.ports.secrets.forget(name)
                else:
                    self.ports.secrets.put(name, secret)
            if self._fixed is None:
                self._store_file.write(document)
            before, self._document = self._document, document
            is_same = (before.cameras, before.cloud_url) == (document.cameras, document.cloud_url)
            if not is_same or secrets:
                self._restart(document)

    def note_store(self, document: StoreDocument) -> None:
        """Keep what does not touch the engine (names, the wizard's end).

        Raises:
            StoreDocumentError: nothing was changed.
        """
        if self._fixed is None:
            self._store_file.write(document)
        self._document = document

    @property
    def can_take_over(self) -> bool:
        """The cameras come from a file, and could be this program's own."""
        return self._fixed is not None and self._fixed_secrets is not None

    def take_over(self) -> None:
        """Slow. Make the file's cameras, zones and secrets this program's own, from its next start without the file on.

        Raises:
            StoreDocumentError: there is a store already, or a camera's zones are not known yet; nothing was changed.
            SecretStoreError, ZoneStoreError: not all of it could be kept; trying again is safe.
        """
        if self._fixed is None or self._fixed_secrets is None:
            raise StoreDocumentError("There is no file whose cameras could be taken over.")
        if self._store_file.read().cameras:
            raise StoreDocumentError(
                "This program has cameras of its own already; start it without the file to see them."
            )
        unseen = [c.label for c in self._fixed.cameras if not self._are_zones_known(c.camera_id)]
        if unseen:
            raise StoreDocumentError(
                f"The zones of {', '.join(unseen)} are known with the first picture; wait until all cameras are live."
            )
        for name, secret in self._fixed_secrets.items():
            self.ports.secrets.put(name, secret)
        for camera in self._fixed.cameras:
            if self.zones.zones_of(camera.camera_id) is None:
                self.zones.save(
                    camera.camera_id, self.zones_of(camera.camera_id), before=self.zones_of(camera.camera_id)
                )
        self._store_file.write(self._fixed)

    def _are_zones_known(self, camera_id: str) -> bool:
        return self.zones.zones_of(camera_id) is not None or self.latest(camera_id) is not None

    def remove_camera(self, camera_id: str) -> None:
        """Slow. Stop a camera and forget its zones and password; events that it counted stay."""
        self.save_store(self._document.without_camera(camera_id), secrets={camera_secret_name(camera_id): None})
        self.zones.forget(camera_id)

    def enrol(self, *, cloud_url: str, code: str, device_name: str) -> StoreDocument:
        """Slow. Exchange a pairing code for an edge key, keep it, and connect.

        Raises:
            EnrolmentError, SecretStoreError, StoreDocumentError: in words; the store is as it was.
        """
        url = clean_cloud_url(cloud_url)
        taken = self.ports.enrolment.enrol(
            cloud_url=url,
            code=clean_code(code),
            device_name=device_name.strip() or platform.node(),
            version=own_version(),
        )
        document = self._document.model_copy(
            update={
                "cloud_url": url,
                "device_name": device_name.strip(),
                "store_name": taken.store_name or self._document.store_name,
                "time_zone": taken.time_zone if taken.time_zone in available_timezones() else self._document.time_zone,
            }
        )
        self.save_store(document, secrets={EDGE_KEY_NAME: taken.edge_key.get_secret_value()})
        return document

    def leave_cloud(self) -> None:
        """Slow. Count for itself from now on; events that wait stay in the outbox."""
        self.save_store(self._document.model_copy(update={"cloud_url": None}), secrets={EDGE_KEY_NAME: None})

    def set_preferences(self, preferences: Preferences) -> bool:
        """Keep preferences; tells whether the engine has to be started anew for them (``start``, slow)."""
        before, self.preferences = self.preferences, preferences
        self._preferences_file.write(preferences)
        return before.profile is not preferences.profile

    def allow_secret_file(self) -> None:
        """The owner agrees that passwords are kept in a file, on a computer without a keyring."""
        self.set_preferences(self.preferences.model_copy(update={"is_secret_file_allowed": True}))

    def _restart(self, document: StoreDocument) -> None:
        if self._fixed is not None:
            return
        names = [c.camera_id for c in document.cameras if c.is_enabled]
        camera_secrets = {
            i: self.ports.secrets.get(camera_secret_name(i)) for i in names if self._has_user(i, document)
        }
        edge_key = self.ports.secrets.get(EDGE_KEY_NAME) if document.cloud_url else None
        config = edge_config(document, edge_key=edge_key, camera_secrets=camera_secrets)
        cameras = tuple(replace(c, target_fps=self.preferences.profile_fps(c.target_fps)) for c in config.cameras)
        self.ports.host.restart(replace(config, cameras=cameras))

    @staticmethod
    def _has_user(camera_id: str, document: StoreDocument) -> bool:
        camera = document.camera(camera_id)
        return camera is not None and bool(SourceAddress(camera.source).host)

    # -- the engine

    def status(self) -> EngineStatus:
        """All cameras of the store, those that rest or cannot start included."""
        status = self.ports.host.status()
        running = {camera.camera_id: camera for camera in status.cameras}
        if self._fixed is not None:
            return status
        cameras = tuple(running.get(c.camera_id) or self._resting(c) for c in self._document.cameras)
        return EngineStatus(cameras, self._cloud(status.cloud))

    def latest(self, camera_id: str) -> LiveView | None:
        """The newest analysed frame."""
        return self.ports.host.latest(camera_id)

    def on_view(self, callback: Callable[[str], None]) -> Callable[[], None]:
        """As ``EngineView.on_view``, over restarts."""
        return self.ports.host.on_view(callback)

    def _resting(self, camera: StoredCamera) -> CameraStatus:
        trouble = self.ports.host.trouble
        if not camera.is_enabled:
            condition, words = CameraCondition.STOPPED, "Paused."
        elif trouble:
            condition, words = CameraCondition.TROUBLE, trouble
        else:
            condition, words = CameraCondition.STARTING, "Starting."
        return CameraStatus(camera.camera_id, camera.label, condition, words, self.ports.clock.utc_now(), 0.0, ())

    def _cloud(self, cloud: CloudStatus) -> CloudStatus:
        if self._document.cloud_url is None or cloud.is_connected is not None or self.ports.host.trouble:
            return cloud
        if cloud.words.startswith("No cloud"):
            return replace(cloud, words="The cloud's key is missing on this computer; pair it again (Settings).")
        return cloud

    # -- zones

    def zones_of(self, camera_id: str) -> tuple[Zone, ...]:
        """The zones by which a camera is counted."""
        saved = self.zones.zones_of(camera_id)
        if saved is not None:
            return saved
        view = self.latest(camera_id)
        return view.zones if view is not None else ()

    def save_zones(self, camera_id: str, zones: Sequence[Zone]) -> tuple[Zone, ...]:
        """Slow. Keep zones and count by them from now on; gives them back with their revisions.

        Raises:
            ZoneStoreError: nothing was changed.
        """
        saved = self.zones.save(camera_id, zones, before=self.zones_of(camera_id))
        self.ports.host.apply_zones(camera_id, saved)
        return saved

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

    # -- figures

    def today(self) -> date:
        """The business day that is now."""
        return business_day_of(self.ports.clock.utc_now(), zone=self.zone)

    def day(self, day: date) -> DayFigures:
        """Slow. The figures of a business day.

        Raises:
            OutboxError: the events cannot be read.
        """
        zone = self.zone
        start, end = day_bounds(day, zone=zone)
        events = self.ports.archive.events(start_at=start, end_at=end)
        journal = self.ports.host.journal
        return day_figures(
            day,
            events,
            zone=zone,
            now=self.ports.clock.utc_now(),
            seen_s=lambda camera_id, hour: journal.seen_s(camera_id, hour_at=hour),
            camera_ids=[c.camera_id for c in self._document.cameras if c.is_enabled],
            is_entrance=self.is_entrance,
        )

    def is_entrance(self, camera_id: str, zone_id: str) -> bool:
        """Whether a line lets people into the store; one that is gone from the zones is taken for one."""
        zone = next((z for z in self.zones_of(camera_id) if z.zone_id == zone_id), None)
        return not isinstance(zone, LineZone) or zone.is_entrance

    def apply_recount(self, count: PastCount) -> int:
        """Slow. Replace what was counted; today's running figures follow. Tells how many events became void.

        Raises:
            OutboxError: nothing was written.
        """
        void = self.past.apply(count)
        for change in count.today if count.pieces else ():
            self.ports.host.adjust_counts(
                count.camera_id,
                change.zone.zone_id,
                went_in=change.after.went_in - change.before.went_in,
                went_out=change.after.went_out - change.before.went_out,
                stays=change.after.stays - change.before.stays,
            )
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
        """Slow. Forget what is older than the owner wants it kept."""
        return self.ports.host.prune(before=self.ports.clock.utc_now() - timedelta(days=self.preferences.keep_days))

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
