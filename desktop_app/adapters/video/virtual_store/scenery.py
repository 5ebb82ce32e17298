"""The empty shop, ray by ray: what each pixel shows and how far away it is. Drawn once per scene and size."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from desktop_app.adapters.video.virtual_store.camera_model import Floats
from desktop_app.adapters.video.virtual_store.scenes import SCENES, Box, Scene
from shared_models.geometry import Size

CEILING_M = 3.4
"""Height of the rooms. Where the camera hangs higher, the room is higher: ``ceiling_m``."""
CLEARANCE_M = 0.1
SUPERSAMPLE = 2
FAR_M = 60.0
BAND_ROWS = 48
"""Rows drawn at a stretch; between two bands it is heard that nobody wants the picture any more."""
MAX_KEPT = 16
_WAIT_S = 0.05
_GOODS = np.array(
    [
        (70.0, 70.0, 190.0),
        (60.0, 140.0, 200.0),
        (70.0, 170.0, 120.0),
        (180.0, 120.0, 60.0),
        (150.0, 80.0, 140.0),
        (200.0, 200.0, 195.0),
        (60.0, 190.0, 210.0),
        (110.0, 60.0, 60.0),
    ]
)


@dataclass(frozen=True, slots=True, eq=False)
class Scenery:
    """The empty room.

    Attributes:
        picture: (H, W, 3) uint8 BGR.
        depth: (H, W) float32, metres along the optical axis to what the pixel shows.
    """

    picture: NDArray[np.uint8]
    depth: NDArray[np.float32]


def ceiling_m(scene: Scene) -> float:
    """The ceiling of a scene; always above its camera, or the ceiling would hide the whole room."""
    return max(CEILING_M, scene.camera_height_m + CLEARANCE_M)


class DrawingCut(Exception):
    """Nobody wants the picture any more."""


def draw_scenery(scene_name: str, size_wh: Size, light: str, *, is_cut: Callable[[], bool] = lambda: False) -> Scenery:
    """The empty room of a scene in ``day`` or ``evening`` light. Slow the first time: seconds on a busy machine.

    Args:
        is_cut: asked between two bands of rows, and while another thread draws.

    Raises:
        DrawingCut: ``is_cut`` said so.
    """
    asked = (scene_name, size_wh, light)
    while not _drawing.acquire(timeout=_WAIT_S):
        if is_cut():
            raise DrawingCut
    try:
        scenery = _kept.pop(asked, None) or _drawn(*asked, is_cut=is_cut)
        _kept[asked] = scenery
        while len(_kept) > MAX_KEPT:
            del _kept[next(iter(_kept))]
    finally:
        _drawing.release()
    return scenery


_drawing = threading.Lock()
_kept: dict[tuple[str, Size, str], Scenery] = {}


def _drawn(scene_name: str, size_wh: Size, light: str, *, is_cut: Callable[[], bool]) -> Scenery:
    scene = SCENES[scene_name]
    large = (size_wh[0] * SUPERSAMPLE, size_wh[1] * SUPERSAMPLE)
    rays = scene.camera(large).rays()
    colour, depth = np.empty(rays.shape), np.empty(rays.shape[:2], np.float32)
    for top in range(0, len(rays), BAND_ROWS):
        if is_cut():
            raise DrawingCut
        band = slice(top, top + BAND_ROWS)
        colour[band], depth[band] = _trace(scene, rays[band])
    if light == "evening":
        colour = colour * np.array([0.62, 0.74, 0.86])
    picture = cv2.resize(colour.clip(0, 255).astype(np.uint8), size_wh, interpolation=cv2.INTER_AREA)
    small_depth = cv2.resize(depth, size_wh, interpolation=cv2.INTER_NEAREST)
    return Scenery(np.asarray(picture, np.uint8), np.asarray(small_depth, np.float32))


def _trace(scene: Scene, rays: Floats) -> tuple[Floats, NDArray[np.float32]]:
    origin, top_m = np.array([0.0, 0.0, scene.camera_height_m]), ceiling_m(scene)
    depth = np.full(rays.shape[:2], FAR_M)
    colour = np.empty(rays.shape)
    colour[:] = (225, 220, 210)

    def paint(distance: Floats, mask: NDArray[np.bool_], texture: Floats) -> None:
        visible = mask & (distance > 0.05) & (distance < depth)
        depth[visible] = distance[visible]
        colour[visible] = texture[visible]

    with np.errstate(divide="ignore", invalid="ignore"):
        floor = -origin[2] / rays[..., 2]
        ground = origin + rays * floor[..., None]
        paint(floor, ground[..., 1] < 40, _floor(ground, scene))
        ceiling = (top_m - origin[2]) / rays[..., 2]
        above = origin + rays * ceiling[..., None]
        paint(ceiling, (above[..., 1] < scene.back_m), _ceiling(above))
        for x in (-scene.half_width_m, scene.half_width_m):
            side = (x - origin[0]) / rays[..., 0]
            wall = origin + rays * side[..., None]
            paint(side, (wall[..., 1] < scene.back_m) & _upright(wall, top_m), _wall(wall, shade=0.86))
        back = scene.back_m / rays[..., 1]
        wall = origin + rays * back[..., None]
        paint(back, _upright(wall, top_m) & ~_door_hole(wall, scene), _back_wall(wall, scene))
        for box in scene.furniture:
            _paint_box(box, rays, origin, paint)
    return colour, depth.astype(np.float32)


def _paint_box(box: Box, rays: Floats, origin: Floats, paint) -> None:  # type: ignore[no-untyped-def]  # the closure above
    x1, y1, x2, y2 = box.rect
    for axis, at, shade in ((1, y1, 1.0), (0, x1 if x1 > 0 else x2, 0.82)):
        distance = (at - origin[axis]) / rays[..., axis]
        p = origin + rays * distance[..., None]
        other, low, high = (0, x1, x2) if axis == 1 else (1, y1, y2)
        mask = (p[..., other] >= low) & (p[..., other] <= high) & (p[..., 2] >= 0) & (p[..., 2] <= box.height_m)
        paint(distance, mask, _FACES[box.face](p[..., other], p[..., 2], box) * shade)
    top = (box.height_m - origin[2]) / rays[..., 2]
    p = origin + rays * top[..., None]
    mask = (p[..., 0] >= x1) & (p[..., 0] <= x2) & (p[..., 1] >= y1) & (p[..., 1] <= y2)
    paint(top, mask, np.full(p.shape, (170.0, 180.0, 190.0)))


def _floor(p: Floats, scene: Scene) -> Floats:
    tile = np.floor(p[..., 0] / 0.6) + np.floor(p[..., 1] / 0.6)
    grain = _noise(np.floor(p[..., 0] * 30), np.floor(p[..., 1] * 30)) * 6
    base = 168 + 10 * (tile % 2) + grain
    seam = (np.abs(p[..., 0] / 0.6 - np.round(p[..., 0] / 0.6)) < 0.012) | (
        np.abs(p[..., 1] / 0.6 - np.round(p[..., 1] / 0.6)) < 0.012
    )
    base = np.where(seam, base - 22, base)
    fall = 1.06 - 0.022 * np.clip(p[..., 1], 0, 14)
    lamps = 1 + 0.07 * np.cos(p[..., 0] * 1.5) * np.cos(p[..., 1] * 1.1)
    shade = fall * lamps
    if scene.door is not None:
        outside = p[..., 1] > scene.back_m
        shade = np.where(outside, 1.12, shade)
        spill = np.exp(-(((p[..., 0]) / 1.9) ** 2) - ((p[..., 1] - scene.back_m) / 1.6) ** 2)
        shade = shade + 0.18 * np.where(outside, 0, spill)
    colour: Floats = (base * shade)[..., None] * np.array([0.90, 0.97, 1.0])
    return colour


def _ceiling(p: Floats) -> Floats:
    panel = (np.abs(p[..., 0] % 2.4 - 1.2) < 0.3) & (np.abs(p[..., 1] % 2.4 - 1.2) < 0.75)
    colour: Floats = np.where(panel[..., None], 252.0, np.array([206.0, 210.0, 212.0]))
    return colour


def _wall(p: Floats, *, shade: float) -> Floats:
    height = np.clip(p[..., 2] / CEILING_M, 0, 1)
    base = np.where(p[..., 2] < 0.12, 120.0, 196.0 + 20 * height)
    colour: Floats = (base * shade)[..., None] * np.array([0.94, 0.985, 1.0])
    return colour


def _back_wall(p: Floats, scene: Scene) -> Floats:
    colour = _wall(p, shade=0.95)
    if scene.door is not None:
        near = (np.abs(p[..., 0]) < scene.door[1] + 0.16) & (p[..., 2] < 2.56)
        colour = np.where(near[..., None], np.array([70.0, 74.0, 78.0]), colour)
    else:
        stripe = (p[..., 2] > 2.35) & (p[..., 2] < 2.75)
        colour = np.where(stripe[..., None], np.array([120.0, 105.0, 60.0]), colour)
    return colour


def _door_hole(p: Floats, scene: Scene) -> NDArray[np.bool_]:
    if scene.door is None:
        return np.zeros(p.shape[:2], np.bool_)
    return (p[..., 0] > scene.door[0]) & (p[..., 0] < scene.door[1]) & (p[..., 2] < 2.4)


def _goods(along: Floats, up: Floats, box: Box) -> Floats:
    shelf = 0.42
    row, within = np.floor(up / shelf), (up % shelf) / shelf
    pack = 0.16 + 0.08 * _noise(row, np.floor(along * 0.7))
    column = np.floor(along / pack)
    kind = (_noise(np.floor(column / 4), row + 7) * len(_GOODS)).astype(int).clip(0, len(_GOODS) - 1)
    colour = _GOODS[kind] * (0.82 + 0.25 * _noise(column, row))[..., None]
    edge = np.abs((along / pack) % 1 - 0.5) > 0.44
    label = (within > 0.3) & (within < 0.52) & ~edge
    colour = np.where(label[..., None], colour * 0.5 + 120, colour)
    colour = np.where(edge[..., None], colour * 0.55, colour)
    gap = within > 0.52 + 0.24 * _noise(np.floor(column / 4), row + 3)
    colour = np.where(gap[..., None], np.array([62.0, 66.0, 70.0]), colour)
    board = within < 0.09
    colour = np.where(board[..., None], np.array([205.0, 208.0, 210.0]), colour)
    return np.where((up > box.height_m - 0.06)[..., None], np.array([180.0, 186.0, 190.0]), colour)


def _wood(along: Floats, up: Floats, box: Box) -> Floats:
    grain = 8 * np.sin(up * 60 + 3 * np.sin(along * 2))
    colour = (118 + grain)[..., None] * np.array([0.62, 0.88, 1.12])
    top: Floats = np.where((up > box.height_m - 0.08)[..., None], colour * 1.25, colour)
    return top


_FACES = {"goods": _goods, "wood": _wood, "till": _wood}


def _upright(p: Floats, top_m: float) -> NDArray[np.bool_]:
    return (p[..., 2] >= 0) & (p[..., 2] <= top_m)


def _noise(a: Floats, b: Floats) -> Floats:
    """A fixed pseudo-random value 0..1 per pair of whole numbers."""
    mixed: Floats = np.sin(np.nan_to_num(a) * 12.9898 + np.nan_to_num(b) * 78.233) * 43758.5453
    return mixed - np.floor(mixed)
