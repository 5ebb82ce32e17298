"""A store as it is set up, its engine and its zones: the ground that a window's desk stands on."""

from __future__ import annotations

import logging
import platform
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, tzinfo
from pathlib import Path

from desktop_app.services.desk_ports import DeskPorts
from desktop_app.services.engine_view import CameraCondition, CameraStatus, CloudStatus, EngineStatus
from desktop_app.services.enrolment import clean_cloud_url, clean_code
from desktop_app.services.live_view import LiveView
from desktop_app.services.own_version import own_version
from desktop_app.services.preferences import Preferences, PreferencesFile
from desktop_app.services.rotation import turned
from desktop_app.services.secret_store import EDGE_KEY_NAME, camera_secret_name
from desktop_app.services.store_document import (
    STORE_FILE,
    StoredCamera,
    StoreDocument,
    StoreDocumentError,
    StoreFile,
    edge_config,
)
from desktop_app.services.store_times import checked_zone, store_time
from desktop_app.services.zone_store import ZoneStore
from shared_models.cameras import SourceAddress
from shared_models.enrolment import StoreFacts
from shared_models.store_time import StoreTime
from shared_models.zones import Zone

log = logging.getLogger(__name__)

STARTING = "Starting. The first time, it is measured for some seconds how this computer finds people fastest."


class StoreDesk:
    """The store's document, secrets and preferences; the engine follows them. Quick unless a docstring says slow.

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
        self._store_file = StoreFile(data_dir / STORE_FILE)
        self._preferences_file = PreferencesFile(data_dir / "preferences.json")
        self.preferences = self._preferences_file.read()
        self._fixed = fixed
        self._fixed_secrets = fixed_secrets
        self._document = fixed or self._store_file.read()
        self._lock = threading.Lock()
        self._follow_document()
        ports.times.on_told(self._hear)

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
    def time(self) -> StoreTime:
        """The store's days and reset hour."""
        return self.ports.times.now

    @property
    def zone(self) -> tzinfo:
        """The store's time zone; the laptop's own where nobody has said another."""
        return self.time.zone

    @property
    def is_store_ours(self) -> bool:
        """Whether name, time zone and reset hour are said here: with a cloud they are said there."""
        return self._fixed is None and self._document.cloud_url is None

    def set_store(self, *, name: str, time_zone: str, reset_hour: int) -> None:
        """Say how the store is called and what its time is; figures and hours follow at once, events stay as they are.

        Raises:
            StoreDocumentError, ValueError: nothing was changed.
        """
        if not self.is_store_ours:
            raise StoreDocumentError("Name and time of this shop are not set here.")
        values = {"store_name": name.strip(), "time_zone": checked_zone(time_zone), "reset_hour": reset_hour}
        self.note_store(self._document.model_copy(update=values))

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
            document = self._remounted(document)
            if self._fixed is None:
                self._store_file.write(document)
            before, self._document = self._document, document
            self._follow_document()
            self._turn_zones(before)
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
        self._follow_document()

    def _follow_document(self) -> None:
        """Days and hours are those of the store as set up. A file's store is told by who has read the file."""
        if self._fixed is None:
            document = self._document
            zone, other = document.time_zone, self.ports.local_zone
            self.ports.times.set(store_time(zone, document.reset_hour, otherwise=other))

    def _hear(self, facts: StoreFacts) -> None:
        """The cloud says how this store is set there. Comes from the heartbeat's thread."""
        if self._document.cloud_url is None or self._document.told(facts) == self._document:
            return
        # While the store is being saved its heartbeat may be about to be stopped: the next one says it again.
        if self._lock.acquire(blocking=False):
            try:
                self.note_store(self._document.told(facts))
            except StoreDocumentError as error:
                log.info("what the cloud says of the store is not kept: %s", error)
            finally:
                self._lock.release()

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
        self._store_file.write(self._document)

    def _are_zones_known(self, camera_id: str) -> bool:
        return self.zones.zones_of(camera_id) is not None or self.latest(camera_id) is not None

    def _remounted(self, document: StoreDocument) -> StoreDocument:
        """Cameras that hang otherwise than before do so since now: their past is another picture's."""
        for camera in document.cameras:
            before = self._document.camera(camera.camera_id)
            if before is not None and before.rotation != camera.rotation:
                document = document.with_camera(camera.model_copy(update={"mounted_at": self.ports.clock.utc_now()}))
        return document

    def _turn_zones(self, before: StoreDocument) -> None:
        """Zones of a picture that was turned stay where they are in the room."""
        for camera in self._document.cameras:
            old, zones = before.camera(camera.camera_id), self.zones.zones_of(camera.camera_id)
            if old is not None and zones and old.rotation != camera.rotation:
                shapes = turned(zones, degrees=camera.rotation - old.rotation)
                self.zones.save(camera.camera_id, shapes, before=zones)

    def _mounted_at(self, camera_id: str) -> datetime | None:
        camera = self._document.camera(camera_id)
        return camera.mounted_at if camera is not None else None

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
        paired = {"cloud_url": url, "device_name": device_name.strip()}
        document = self._document.told(taken.store).model_copy(update=paired)
        self.save_store(document, secrets={EDGE_KEY_NAME: taken.edge_key.get_secret_value()})
        return document

    def leave_cloud(self) -> None:
        """Slow. Count for itself from now on; events that wait stay in the outbox."""
        self.save_store(self._document.model_copy(update={"cloud_url": None}), secrets={EDGE_KEY_NAME: None})

    def set_preferences(self, preferences: Preferences) -> bool:
        """Keep preferences; tells whether the engine has to be told (``start``, slow; cameras are not disturbed by it)."""
        before, self.preferences = self.preferences, preferences
        self._preferences_file.write(preferences)
        return before.profile is not preferences.profile

    def heed(self, *, hides_people: bool | None) -> None:
        """What the organisation wants on screens; None: nobody knows. What was chosen here stays."""
        mine = self.preferences
        if hides_people is not None and not mine.is_hiding_chosen and mine.are_people_hidden != hides_people:
            self.set_preferences(mine.model_copy(update={"are_people_hidden": hides_people}))

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
            condition, words = CameraCondition.STARTING, STARTING
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
