"""The store as the desktop program keeps it: its cloud and its cameras, in one file without any secret."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import quote, unquote, urlsplit, urlunsplit
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)

from desktop_app.services.config_import import EdgeConfig, ImportedCamera
from desktop_app.services.input_size import InputSize
from desktop_app.services.whole_files import read_json, set_aside, write_whole
from shared_models.cameras import CameraId, Rotation, SourceAddress, SourceKind
from shared_models.enrolment import StoreFacts
from shared_models.store_time import RESET_HOUR

log = logging.getLogger(__name__)

VERSION = 1


STORE_FILE = "store.json"
"""In the folder of the program's data."""


class StoreDocumentError(Exception):
    """The store's file cannot be used; the message says why and what to do."""


def _bare(address: str) -> str:
    bare, user, password = split_credentials(address)
    if user or password:
        raise ValueError("an address in this file must hold no password")
    return bare


BareAddress = Annotated[str, AfterValidator(_bare)]


class StoredCamera(BaseModel):
    """One camera. ``source`` and ``substream`` hold no user and no password: those are in the secret store."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    camera_id: CameraId
    name: str = ""
    source: BareAddress
    substream: BareAddress | None = None
    target_fps: float = Field(default=5.0, ge=1.0, le=15.0)
    is_enabled: bool = True
    loop: bool = False
    rotation: Rotation = 0
    input_size: InputSize = InputSize.AUTOMATIC
    mounted_at: AwareDatetime | None = None
    """Since when it hangs as it does, if it was turned: ways of before are of another picture."""

    @property
    def label(self) -> str:
        """What people call it."""
        return self.name or self.camera_id


class StoreDocument(BaseModel):
    """Everything the owner has set up, zones and secrets apart.

    Attributes:
        cloud_url: None: this store counts for itself.
        time_zone: IANA name; empty: the laptop's own.
        reset_hour: of the store's clock, at which people inside begin anew.
        is_set_up: the first-run wizard was gone through or left on purpose.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    store_name: str = ""
    time_zone: str = ""
    reset_hour: int = Field(default=RESET_HOUR, ge=0, le=23)
    cloud_url: str | None = None
    device_name: str = ""
    is_set_up: bool = False
    cameras: tuple[StoredCamera, ...] = ()

    @model_validator(mode="after")
    def _is_consistent(self) -> StoreDocument:
        ids = [camera.camera_id for camera in self.cameras]
        if len(set(ids)) != len(ids):
            raise ValueError("two cameras have the same id")
        if self.time_zone and self.time_zone not in available_timezones():
            raise ValueError(f"'{self.time_zone}' is no time zone; write e.g. Europe/Berlin")
        return self

    def told(self, facts: StoreFacts) -> StoreDocument:
        """As the cloud has it; what it leaves open, and a zone that this computer does not know, stay as they are."""
        zone = facts.time_zone if facts.time_zone in available_timezones() else self.time_zone
        name = facts.name or self.store_name
        return self.model_copy(update={"store_name": name, "time_zone": zone, "reset_hour": facts.reset_hour})

    def camera(self, camera_id: str) -> StoredCamera | None:
        """The camera with this id."""
        return next((c for c in self.cameras if c.camera_id == camera_id), None)

    def with_camera(self, camera: StoredCamera) -> StoreDocument:
        """With ``camera`` in the place of the one with its id, or at the end."""
        if self.camera(camera.camera_id) is None:
            cameras = (*self.cameras, camera)
        else:
            cameras = tuple(camera if c.camera_id == camera.camera_id else c for c in self.cameras)
        return self.model_copy(update={"cameras": cameras})

    def without_camera(self, camera_id: str) -> StoreDocument:
        """Without the camera with this id."""
        return self.model_copy(update={"cameras": tuple(c for c in self.cameras if c.camera_id != camera_id)})


class StoreFile:
    """``store.json``: read once, written whole."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> StoreDocument:
        """The document; an empty one where there is no file yet.

        A damaged file is moved aside, never deleted, and the store begins anew.

        Raises:
            StoreDocumentError: a newer version wrote it, or it cannot be read.
        """
        try:
            values = read_json(self._path)
            if values is None:
                return StoreDocument()
            if isinstance(values, dict) and isinstance(values.get("version"), int) and values["version"] > VERSION:
                raise StoreDocumentError(
                    f"{self._path} was written by a newer version of Wink; install that version again."
                )
            return StoreDocument.model_validate(values)
        except ValueError as error:
            reason = "its values" if isinstance(error, ValidationError) else "no JSON"
            aside = set_aside(self._path)
            log.error("the store's file was damaged (%s); it is kept as %s", reason, aside.name)
            return StoreDocument()
        except OSError as error:
            raise StoreDocumentError(f"{self._path} cannot be read ({error.strerror}); check the rights.") from error

    def write(self, document: StoreDocument) -> None:
        """Keep ``document``.

        Raises:
            StoreDocumentError: the old file is untouched.
        """
        try:
            write_whole(self._path, document.model_dump_json(indent=2) + "\n")
        except OSError as error:
            raise StoreDocumentError(
                f"{self._path} cannot be written ({error.strerror}); free some space and try again."
            ) from error


def split_credentials(address: str) -> tuple[str, str, str]:
    """An address as typed -> the address without credentials, user, password."""
    text = address.strip()
    if "://" not in text or SourceAddress(text).kind not in (SourceKind.RTSP, SourceKind.HTTP):
        return text, "", ""
    parts = urlsplit(text)
    userinfo, at, host = parts.netloc.rpartition("@")
    if not at:
        return text, "", ""
    user, _, password = userinfo.partition(":")
    return urlunsplit(parts._replace(netloc=host)), unquote(user), unquote(password)


def joined_credentials(user: str, password: str) -> str:
    """As the secret store keeps them."""
    return f"{quote(user, safe='')}:{quote(password, safe='')}"


def address_with(address: str, secret: str | None) -> SourceAddress:
    """The address with the credentials that the secret store gave, if any."""
    bare = SourceAddress(address)
    if not secret or bare.kind not in (SourceKind.RTSP, SourceKind.HTTP):
        return bare
    user, _, password = secret.partition(":")
    return bare.with_credentials(user=unquote(user), password=unquote(password))


def new_camera_id(name: str, *, taken: Iterable[str]) -> str:
    """A readable id that no other camera has: ``front-door``, ``front-door-2``."""
    base = "-".join("".join(c if c.isalnum() and c.isascii() else " " for c in name.lower()).split())[:60] or "camera"
    used = set(taken)
    number, candidate = 1, base
    while candidate in used:
        number += 1
        candidate = f"{base}-{number}"
    return candidate


def edge_config(document: StoreDocument, *, edge_key: str | None, camera_secrets: dict[str, str | None]) -> EdgeConfig:
    """What the engine is built from. Without an edge key the store counts for itself."""
    cameras = tuple(
        _imported(camera, secret=camera_secrets.get(camera.camera_id))
        for camera in document.cameras
        if camera.is_enabled
    )
    if document.cloud_url is None or not edge_key:
        return EdgeConfig(None, None, cameras)
    return EdgeConfig(document.cloud_url, SecretStr(edge_key), cameras)


def _imported(camera: StoredCamera, *, secret: str | None) -> ImportedCamera:
    substream = address_with(camera.substream, secret) if camera.substream else None
    return ImportedCamera(
        camera_id=camera.camera_id,
        name=camera.name,
        source=address_with(camera.source, secret),
        substream=substream,
        target_fps=camera.target_fps,
        is_enabled=True,
        loop=camera.loop,
        zones=(),
        rotation=camera.rotation,
        input_size=camera.input_size,
    )
