"""The four scenes: how the room is built, where people walk, and the zones an owner would draw in it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

import numpy as np

from desktop_app.adapters.video.virtual_store.camera_model import CameraModel, Floats
from shared_models.cameras import SourceAddress
from shared_models.geometry import Point, Size
from shared_models.zones import LineZone, PolygonZone, Zone, ZonePurpose

Rect = tuple[float, float, float, float]
"""On the floor in metres: x1, y1, x2, y2."""


@dataclass(frozen=True, slots=True)
class Box:
    """A piece of furniture: footprint, height, and what its faces look like (``goods``, ``wood``, ``till``)."""

    rect: Rect
    height_m: float
    face: str


@dataclass(frozen=True, slots=True)
class Scene:
    """One room.

    Attributes:
        half_width_m, back_m: side walls at +-half_width_m, back wall at back_m with a door x1..x2, or none.
        furniture: boxes that hide what stands behind them.
        line_m: ends of the counted line on the floor, in drawing order (in lies to its right as seen on screen).
        areas: id -> (purpose, floor rectangle, shelf category).
    """

    name: str
    camera_height_m: float
    pitch_deg: float
    field_deg: float
    half_width_m: float
    back_m: float
    door: tuple[float, float] | None
    furniture: tuple[Box, ...] = ()
    line_m: tuple[Point, Point] | None = None
    areas: tuple[tuple[str, ZonePurpose, Rect, str | None], ...] = ()

    def camera(self, size_wh: Size) -> CameraModel:
        return CameraModel(self.camera_height_m, self.pitch_deg, self.field_deg, size_wh)


SCENES: dict[str, Scene] = {
    scene.name: scene
    for scene in (
        Scene(
            "entrance",
            camera_height_m=2.9,
            pitch_deg=21,
            field_deg=70,
            half_width_m=4.2,
            back_m=9.0,
            door=(-1.7, 1.7),
            furniture=(Box((-4.2, 4.6, -3.3, 8.6), 1.5, "goods"), Box((3.3, 4.6, 4.2, 8.6), 1.5, "goods")),
            line_m=((-2.7, 6.4), (2.7, 6.4)),
        ),
        Scene(
            "aisle",
            camera_height_m=3.2,
            pitch_deg=25,
            field_deg=72,
            half_width_m=3.0,
            back_m=14.5,
            door=None,
            furniture=(Box((-3.0, 2.0, -1.7, 12.6), 2.0, "goods"), Box((1.9, 2.0, 3.0, 12.6), 2.0, "goods")),
            areas=(
                ("shelf_snacks", ZonePurpose.SHELF, (0.55, 4.2, 1.85, 7.4), "snacks"),
                ("aisle", ZonePurpose.AREA, (-1.6, 3.4, 1.85, 9.0), None),
            ),
        ),
        Scene(
            "queue",
            camera_height_m=2.9,
            pitch_deg=22,
            field_deg=72,
            half_width_m=4.6,
            back_m=9.5,
            door=None,
            furniture=(Box((-4.2, 6.7, -1.7, 7.5), 1.0, "till"), Box((1.0, 8.6, 4.6, 9.4), 1.7, "goods")),
            areas=(("till_queue", ZonePurpose.QUEUE, (-2.5, 4.75, 3.4, 6.35), None),),
        ),
        Scene(
            "floor",
            camera_height_m=3.1,
            pitch_deg=23,
            field_deg=74,
            half_width_m=5.5,
            back_m=11.5,
            door=None,
            furniture=(Box((-5.5, 9.6, -1.2, 10.9), 1.6, "goods"), Box((1.4, 9.6, 5.5, 10.9), 1.6, "goods")),
            line_m=((0.0, 9.2), (0.0, 2.9)),
            areas=(("promotion", ZonePurpose.AREA, (-3.4, 4.6, -0.9, 7.4), None),),
        ),
    )
}


def scene_zones(name: str, *, size_wh: Size = (640, 360)) -> tuple[Zone, ...]:
    """What an owner would draw on this scene's picture, normalised."""
    scene = SCENES[name]
    camera = scene.camera(size_wh)
    zones: list[Zone] = []
    if scene.line_m is not None:
        label = "Entrance" if name == "entrance" else "Walkway"
        zones.append(LineZone(zone_id=f"{name}_line", name=label, points=_on_screen(camera, scene.line_m)))
    for zone_id, purpose, (x1, y1, x2, y2), category in scene.areas:
        corners = _on_screen(camera, ((x1, y1), (x2, y1), (x2, y2), (x1, y2)))
        label = zone_id.replace("_", " ").capitalize()
        zones.append(PolygonZone(zone_id=zone_id, name=label, points=corners, purpose=purpose, shelf_category=category))
    return tuple(zones)


def _on_screen(camera: CameraModel, floor: tuple[Point, ...]) -> tuple[Point, ...]:
    world: Floats = np.array([(x, y, 0.0) for x, y in floor])
    seen = camera.project(world)[:, :2] / np.array(camera.size_wh)
    return tuple((float(x), float(y)) for x, y in seen.clip(0.0, 1.0))


@dataclass(frozen=True, slots=True)
class StoreConfig:
    """The parameters of one virtual-store address.

    Attributes:
        people: arrivals per minute.
        groups, loiterers: shares of arrivals, 0..1.
        staff: number of people who work here.
        close_after_s: nobody new arrives after this second; 0: never.
        minutes: the film ends after this; 0: never.
    """

    scene: str
    seed: int = 1
    people: float = 10.0
    groups: float = 0.2
    loiterers: float = 0.1
    staff: int = 0
    fps: float = 10.0
    width: int = 640
    height: int = 360
    light: str = "day"
    close_after_s: float = 0.0
    minutes: float = 0.0

    @property
    def size_wh(self) -> Size:
        return self.width, self.height


_LIMITS: dict[str, tuple[float, float]] = {
    "seed": (0, 2**31),
    "people": (0, 120),
    "groups": (0, 1),
    "loiterers": (0, 1),
    "staff": (0, 5),
    "fps": (1, 30),
    "width": (160, 1920),
    "height": (90, 1080),
    "close_after_s": (0, 1e6),
    "minutes": (0, 1e5),
}


def parse_store(address: SourceAddress) -> StoreConfig:
    """Read ``virtual-store://scene?seed=7&people=12``.

    Raises:
        ValueError: every mistake in it at once, each with what to write.
    """
    parts = urlsplit(address.reveal())
    scene = parts.netloc or parts.path.strip("/")
    mistakes = []
    if scene not in SCENES:
        mistakes.append(f"there is no scene '{scene}'; write one of: {', '.join(SCENES)}")
    values: dict[str, object] = {}
    for key, text in parse_qsl(parts.query, keep_blank_values=True):
        if key == "light":
            if text not in ("day", "evening"):
                mistakes.append(f"light={text} is not known; write day or evening")
            values[key] = text
        elif key in _LIMITS:
            values[key] = _number(key, text, mistakes)
        else:
            mistakes.append(f"'{key}' is not known; known are: light, {', '.join(_LIMITS)}")
    if mistakes:
        raise ValueError(f"The virtual store's address {address} cannot be used: {'; '.join(mistakes)}.")
    return StoreConfig(scene=scene, **values)  # type: ignore[arg-type]  # kinds are checked above


def _number(key: str, text: str, mistakes: list[str]) -> float | int:
    low, high = _LIMITS[key]
    whole = key in ("seed", "staff", "width", "height")
    try:
        value = int(text) if whole else float(text)
    except ValueError:
        value = -1
    if not low <= value <= high:
        mistakes.append(f"{key}={text} must be a {'whole ' if whole else ''}number from {low:g} to {high:g}")
    return value
