"""The ``config.yaml`` that stores already have, read as it stands.

Coordinates in it are pixels of the camera's real frame, so zones become normalised only when the camera's size is
known (``ImportedCamera.camera``). A line's ``direction: in`` counts movement from the left of A->B to its right as
seen on the screen, ``out`` the opposite, ``both`` (the default) either.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr, ValidationError

from desktop_app.services.config_document import ConfigError, Document, Reader, is_number, join, read_yaml
from desktop_app.services.input_size import InputSize
from desktop_app.services.ports import EDGE_KEY_NAME, Credential
from desktop_app.services.store_times import checked_zone
from shared_models.cameras import Camera, Rotation, SourceAddress, SourceKind, redact
from shared_models.geometry import GeometryError, Point, Size, check_line, check_polygon, to_norm
from shared_models.zones import CountedDirection, LineZone, PolygonZone, Zone, ZonePurpose

__all__ = [
    "ConfigError",
    "EdgeConfig",
    "ImportedCamera",
    "PixelZone",
    "parse_config",
    "parse_zones",
    "read_config",
    "read_yaml",
]

CONFIG_KEYS = ("api_url", "edge_key", "time_zone", "reset_hour", "cameras")
CAMERA_KEYS = (
    "camera_id",
    "name",
    "rtsp_url",
    "source",
    "substream_url",
    "credential",
    "rotation",
    "fps",
    "input_size",
    "loop",
    "enabled",
    "zones",
)
ZONE_KEYS = ("zone_id", "name", "type", "coordinates")
LINE_KEYS = (*ZONE_KEYS, "direction", "min_stay_s", "entrance", "is_entrance")
POLYGON_KEYS = (*ZONE_KEYS, "purpose", "shelf_category", "enter_s", "exit_grace_s", "threshold_s")
ANY_ZONE_KEYS = tuple(dict.fromkeys(LINE_KEYS + POLYGON_KEYS))
MAX_COORDINATE_PX = 100_000
OtherKey = Callable[[], SecretStr | None]


@dataclass(frozen=True, slots=True)
class PixelZone:
    """A zone as the file has it: points in pixels, everything else as the zone model names it."""

    place: str
    kind: str
    points_px: tuple[Point, ...]
    fields: dict[str, Any]

    def normalised(self, *, frame_wh: Size) -> Zone:
        """The zone in 0..1 of a frame of this size.

        Raises:
            ValueError: a point lies outside the frame, or the shape is none; the message says what to change.
        """
        width, height = frame_wh
        outside = [p for p in self.points_px if not (0 <= p[0] <= width and 0 <= p[1] <= height)]
        if outside:
            x, y = outside[0]
            raise GeometryError(
                f"({x:g}, {y:g}) lies outside the camera's picture, which is {width}x{height} pixels; move it inside."
            )
        points = to_norm(self.points_px, frame_wh=frame_wh)
        if self.kind == "line":
            return LineZone(points=points, **self.fields)
        return PolygonZone(points=points, **self.fields)


@dataclass(frozen=True, slots=True)
class ImportedCamera:
    """A camera of the file, before its frame size is known."""

    camera_id: str
    name: str
    source: SourceAddress
    substream: SourceAddress | None
    target_fps: float
    is_enabled: bool
    loop: bool
    zones: tuple[PixelZone, ...]
    credential: str | None = None
    """Name of the credential that belongs to the addresses, which hold none then."""
    rotation: Rotation = 0
    input_size: InputSize = InputSize.AUTOMATIC

    def signed_in(self, credential: Credential) -> ImportedCamera:
        """The same camera with user name and password in its addresses."""
        user, password = credential.user, credential.secret.get_secret_value()
        source = self.source.with_credentials(user=user, password=password)
        substream = self.substream and self.substream.with_credentials(user=user, password=password)
        return dataclasses.replace(self, source=source, substream=substream)

    def camera(self, *, frame_wh: Size) -> Camera:
        """The camera with normalised zones.

        Raises:
            ConfigError: zones do not fit the frame; lists each.
        """
        reader = Reader(Document(None, name=f"camera {self.name or self.camera_id}"))
        zones = _normalise(reader, self.zones, frame_wh=frame_wh)
        reader.finish()
        return Camera(
            camera_id=self.camera_id,
            name=self.name,
            source=self.source,
            substream=self.substream,
            target_fps=self.target_fps,
            is_enabled=self.is_enabled,
            loop=self.loop,
            zones=zones,
        )


@dataclass(frozen=True, slots=True)
class EdgeConfig:
    """A whole file. Without ``api_url`` the store counts for itself and keeps its events.

    Attributes:
        time_zone: IANA name; empty: what the cloud says, else the laptop's.
        reset_hour: None: what the cloud says, else four o'clock.
    """

    api_url: str | None
    edge_key: SecretStr | None
    cameras: tuple[ImportedCamera, ...]
    time_zone: str = ""
    reset_hour: int | None = None


def read_config(path: Path, *, other_edge_key: OtherKey = lambda: None) -> EdgeConfig:
    """Read and check a ``config.yaml``. ``other_edge_key`` is asked where the file has an api_url, but no edge_key.

    Raises:
        ConfigError: every mistake at once, each with its place and what to write instead.
    """
    return parse_config(read_yaml(path), other_edge_key=other_edge_key)


def parse_config(document: Document, *, other_edge_key: OtherKey = lambda: None) -> EdgeConfig:
    """As ``read_config``, of a document read already."""
    reader = Reader(document)
    root = reader.mapping(document.value, "", keys=CONFIG_KEYS) or {}
    api_url = _api_url(reader, root)
    edge_key = _edge_key(reader, root, has_cloud=bool(api_url), other_edge_key=other_edge_key)
    cameras = _cameras(reader, root)
    time_zone, reset_hour = _time_zone(reader, root), _reset_hour(reader, root)
    reader.finish()
    return EdgeConfig(api_url, edge_key, cameras, time_zone, reset_hour)


def _time_zone(reader: Reader, root: dict[str, Any]) -> str:
    try:
        return checked_zone(reader.text(root, "time_zone", "") or "")
    except ValueError as error:
        reader.note("time_zone", str(error))
        return ""


def _reset_hour(reader: Reader, root: dict[str, Any]) -> int | None:
    hour = root.get("reset_hour")
    if hour is None or (type(hour) is int and 0 <= hour <= 23):
        return hour
    reader.note("reset_hour", f"'{hour}' is no hour of the day; write a whole number from 0 to 23.")
    return None


def _edge_key(reader: Reader, root: dict[str, Any], *, has_cloud: bool, other_edge_key: OtherKey) -> SecretStr | None:
    written = reader.text(root, "edge_key", "")
    if written and not root.get("api_url"):
        reader.note("api_url", "'api_url' is missing; write the address of your cloud, or remove edge_key.")
    if written or not has_cloud:
        return SecretStr(written) if written else None
    kept = other_edge_key()
    if kept is None:
        reader.note(
            "edge_key",
            f"'edge_key' is missing; copy the key of this store, keep it with `wink-edge credentials set {EDGE_KEY_NAME}`, "
            "or remove api_url to count locally.",
        )
    return kept


def parse_zones(document: Document | object, *, frame_wh: Size) -> tuple[Zone, ...]:
    """The zones of a document with a ``zones:`` list, in 0..1 of a frame of this size.

    Raises:
        ConfigError: every mistake at once.
    """
    if not isinstance(document, Document):
        document = Document(document, name="zones")
    reader = Reader(document)
    # Whole camera entries may be pasted: their other keys say nothing about zones.
    root = reader.mapping(document.value, "", keys=(*CAMERA_KEYS, *CONFIG_KEYS)) or {}
    zones = _normalise(reader, _zones(reader, root, "", required=True), frame_wh=frame_wh)
    reader.finish()
    return zones


def _api_url(reader: Reader, root: dict[str, Any]) -> str | None:
    url = reader.text(root, "api_url", "")
    if url is None:
        return None
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        reader.note("api_url", f"'{redact(url)}' is not a web address; write e.g. https://api.example.com.")
    elif parts.username or parts.password:
        reader.note("api_url", "the address must hold no user name or password; the edge_key is enough.")
    return url.rstrip("/")


def _cameras(reader: Reader, root: dict[str, Any]) -> tuple[ImportedCamera, ...]:
    places: dict[str, str] = {}
    found = [_camera(reader, item, here, places) for item, here in reader.items(root, "cameras", "", required=True)]
    cameras = tuple(camera for camera in found if camera is not None)
    if not cameras and not reader.mistakes:
        reader.note("cameras", "there is no camera; add at least one.")
    return cameras


def _camera(reader: Reader, value: Any, place: str, places: dict[str, str]) -> ImportedCamera | None:
    entry = reader.mapping(value, place, keys=CAMERA_KEYS)
    if entry is None:
        return None
    camera_id = _own_id(reader, entry, "camera_id", place, places)
    source = _source(reader, entry, place)
    substream = _address(reader, entry, "substream_url", place)
    camera = ImportedCamera(
        camera_id=camera_id or "",
        name=reader.text(entry, "name", place) or "",
        source=source or SourceAddress("0"),
        substream=substream,
        target_fps=reader.number(entry, "fps", place, low=1, high=15, default=5),
        is_enabled=reader.flag(entry, "enabled", place, default=True),
        loop=reader.flag(entry, "loop", place, default=False),
        zones=tuple(_zones(reader, entry, place, required=False)),
        credential=_credential(reader, entry, place, (source, substream)),
        rotation=_rotation(reader, entry, place),
        input_size=_input_size(reader, entry, place),
    )
    return camera if camera_id and source else None


def _rotation(reader: Reader, entry: dict[str, Any], place: str) -> Rotation:
    value = entry.get("rotation")
    known: dict[object, Rotation] = {None: 0, 0: 0, 90: 90, 180: 180, 270: 270}
    if not isinstance(value, (bool, list, dict)) and value in known:
        return known[value]
    reader.note(join(place, "rotation"), f"'{value}' is no quarter turn; write 0, 90, 180 or 270 (degrees clockwise).")
    return 0


def _input_size(reader: Reader, entry: dict[str, Any], place: str) -> InputSize:
    default = InputSize.AUTOMATIC
    return InputSize(reader.one_of(entry, "input_size", place, choices=tuple(InputSize), default=default) or default)


def _credential(
    reader: Reader, entry: dict[str, Any], place: str, addresses: Iterable[SourceAddress | None]
) -> str | None:
    name = reader.text(entry, "credential", place)
    if name is None:
        return None
    for address in addresses:
        if address is None:
            continue
        if address.kind not in (SourceKind.RTSP, SourceKind.HTTP):
            reader.note(join(place, "credential"), f"{address} takes no user name or password; remove 'credential'.")
        elif "***@" in str(address):
            reader.note(
                join(place, "credential"),
                f"the address {address} holds a user name or password already; keep only one of the two.",
            )
    return name


def _source(reader: Reader, entry: dict[str, Any], place: str) -> SourceAddress | None:
    if entry.get("rtsp_url") is not None and entry.get("source") is not None:
        reader.note(join(place, "source"), "give either rtsp_url or source, not both.")
    key = "source" if entry.get("source") is not None else "rtsp_url"
    if entry.get(key) is None:
        reader.note(join(place, key), "'rtsp_url' is missing; write e.g. rtsp://192.168.1.101:554/stream.")
        return None
    return _address(reader, entry, key, place)


def _address(reader: Reader, entry: dict[str, Any], key: str, place: str) -> SourceAddress | None:
    text = reader.text(entry, key, place)
    if text is None:
        return None
    try:
        return SourceAddress(text)
    except ValueError as error:
        reader.note(join(place, key), str(error))
        return None


def _zones(reader: Reader, entry: dict[str, Any], place: str, *, required: bool) -> list[PixelZone]:
    zones: list[PixelZone] = []
    places: dict[str, str] = {}
    for item, here in reader.items(entry, "zones", place, required=required):
        zone = _zone(reader, item, here, places)
        if zone is not None:
            zones.append(zone)
    return zones


def _zone(reader: Reader, value: Any, place: str, places: dict[str, str]) -> PixelZone | None:
    kind_said = value.get("type") if isinstance(value, dict) else None
    keys = {"line": LINE_KEYS, "polygon": POLYGON_KEYS}.get(str(kind_said), ANY_ZONE_KEYS)
    entry = reader.mapping(value, place, keys=keys)
    if entry is None:
        return None
    zone_id = _own_id(reader, entry, "zone_id", place, places)
    kind = reader.one_of(entry, "type", place, choices=("line", "polygon"), default=None)
    points = _points(reader, entry, place, kind=kind)
    fields = _line_fields(reader, entry, place) if kind == "line" else _polygon_fields(reader, entry, place)
    if not (zone_id and kind and points):
        return None
    return PixelZone(
        place, kind, points, {"zone_id": zone_id, "name": reader.text(entry, "name", place) or "", **fields}
    )


def _line_fields(reader: Reader, entry: dict[str, Any], place: str) -> dict[str, Any]:
    choices = tuple(CountedDirection)
    direction = reader.one_of(entry, "direction", place, choices=choices, default=CountedDirection.BOTH)
    return {
        "counts": CountedDirection(direction or CountedDirection.BOTH),
        "min_stay_s": reader.number(entry, "min_stay_s", place, low=0, high=600, default=0),
        "entrance": reader.text(entry, "entrance", place),
        "is_entrance": reader.flag(entry, "is_entrance", place, default=True),
    }


def _polygon_fields(reader: Reader, entry: dict[str, Any], place: str) -> dict[str, Any]:
    category = reader.text(entry, "shelf_category", place)
    default = ZonePurpose.SHELF if category else ZonePurpose.AREA
    purpose = reader.one_of(entry, "purpose", place, choices=tuple(ZonePurpose), default=default)
    if category and purpose not in (ZonePurpose.SHELF, None):
        reader.note(
            join(place, "purpose"), f"a shelf_category belongs to a shelf; write 'shelf' instead of '{purpose}'."
        )
    return {
        "purpose": ZonePurpose(purpose or default),
        "shelf_category": category,
        "enter_s": reader.number(entry, "enter_s", place, low=0, high=600, default=1),
        "exit_grace_s": reader.number(entry, "exit_grace_s", place, low=0, high=600, default=2),
        "threshold_s": reader.number(entry, "threshold_s", place, low=0, high=3600, default=3),
    }


def _points(reader: Reader, entry: dict[str, Any], place: str, *, kind: str | None) -> tuple[Point, ...]:
    noted = len(reader.mistakes)
    points: list[Point] = []
    for item, here in reader.items(entry, "coordinates", place, required=True):
        point = _point(reader, item, here)
        if point is not None:
            points.append(point)
    if len(reader.mistakes) > noted or kind is None:
        return ()
    return tuple(points) if _is_shape(reader, points, place, kind=kind) else ()


def _point(reader: Reader, value: Any, place: str) -> Point | None:
    if not (isinstance(value, list) and len(value) == 2 and all(is_number(c) for c in value)):
        reader.note(place, f"expected two numbers [x, y] in pixels, found {value!r}.")
        return None
    x, y = float(value[0]), float(value[1])
    if not (0 <= x <= MAX_COORDINATE_PX and 0 <= y <= MAX_COORDINATE_PX):
        reader.note(place, f"[{x:g}, {y:g}] lies outside any picture; pixels count from 0 at the top left.")
        return None
    return x, y


def _is_shape(reader: Reader, points: list[Point], place: str, *, kind: str) -> bool:
    # Checked on pixels scaled to 0..1 of the largest value, so that the mistake is known before the frame's size is.
    largest = max((c for p in points for c in p), default=0.0) or 1.0
    scaled = tuple((x / largest, y / largest) for x, y in points)
    try:
        (check_line if kind == "line" else check_polygon)(scaled)
    except GeometryError as error:
        near = f" Look near ({error.near[0] * largest:.0f}, {error.near[1] * largest:.0f})." if error.near else ""
        reader.note(join(place, "coordinates"), str(error) + near)
        return False
    return True


def _own_id(reader: Reader, entry: dict[str, Any], key: str, place: str, places: dict[str, str]) -> str | None:
    """The id under ``key``, which nobody in ``places`` (id -> place) may have already."""
    text = reader.text(entry, key, place, required=True)
    if text is None:
        return None
    if len(text) > 100:
        reader.note(join(place, key), "longer than 100 characters; shorten it.")
        return None
    if text in places:
        reader.note(join(place, key), f"'{text}' is used by {places[text]} already; choose another.")
        return None
    places[text] = place
    return text


def _normalise(reader: Reader, zones: Iterable[PixelZone], *, frame_wh: Size) -> tuple[Zone, ...]:
    done: list[Zone] = []
    for zone in zones:
        try:
            done.append(zone.normalised(frame_wh=frame_wh))
        except ValidationError as error:
            for detail in error.errors():
                reader.note(zone.place, str(detail["msg"]).removeprefix("Value error, "))
        except ValueError as error:
            reader.note(join(zone.place, "coordinates"), str(error))
    return tuple(done)
