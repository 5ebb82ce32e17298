"""Training pictures put together from material: whole pictures, crops at many scales, four in one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from desktop_app.adapters.detection.openvino_yolo import LETTERBOX_GREY
from desktop_app.services.ports import BgrImage
from installer.models.material import NO_BOXES
from installer.models.measure import Boxes, Labelled
from shared_models.geometry import Size

WHOLE, CROP = 0.5, 0.85
"""Cumulated shares of ways to compose; the rest is four in one."""
KEPT_SHARE = 0.5
"""A person of whom less than this is left inside a crop is neither right nor wrong."""


@dataclass(frozen=True, slots=True)
class Region:
    """Part of a canvas: left, top, right, bottom in pixels."""

    left: int
    top: int
    right: int
    bottom: int


def compose(items: Sequence[Labelled], *, size_wh: Size, source: np.random.Generator) -> Labelled:
    """One training picture of exactly ``size_wh`` with its boxes, from some of ``items``."""
    width, height = size_wh
    canvas = np.full((height, width, 3), LETTERBOX_GREY, np.uint8)
    way = source.random()
    if way < WHOLE:
        parts = [_paste(canvas, _any(items, source), Region(0, 0, width, height), source, is_whole=True)]
    elif way < CROP:
        parts = [_paste(canvas, _any(items, source), Region(0, 0, width, height), source, is_whole=False)]
    else:
        x, y = round(width * source.uniform(0.3, 0.7)), round(height * source.uniform(0.3, 0.7))
        corners = (Region(0, 0, x, y), Region(x, 0, width, y), Region(0, y, x, height), Region(x, y, width, height))
        parts = [_paste(canvas, _any(items, source), region, source, is_whole=False) for region in corners]
    people = np.concatenate([p for p, _ in parts])
    return Labelled("composed", canvas, people, np.concatenate([i for _, i in parts]))


def _any(items: Sequence[Labelled], source: np.random.Generator) -> Labelled:
    return items[int(source.integers(len(items)))]


def _paste(
    canvas: BgrImage, item: Labelled, region: Region, source: np.random.Generator, *, is_whole: bool
) -> tuple[Boxes, Boxes]:
    width, height = region.right - region.left, region.bottom - region.top
    fit = min(width / item.picture.shape[1], height / item.picture.shape[0])
    scale = fit * (source.choice([1.0, source.uniform(0.6, 1.0)]) if is_whole else np.exp(source.uniform(-0.4, 0.9)))
    stretch = np.exp(source.uniform(-0.12, 0.12)) if source.random() < 0.6 and not is_whole else 1.0
    scale_xy = np.array([scale * stretch, scale / stretch])
    drawn_wh = np.array([item.picture.shape[1], item.picture.shape[0]]) * scale_xy
    room = np.array([width, height]) - drawn_wh
    at = np.zeros(2) if is_whole else source.uniform(np.minimum(room, 0), np.maximum(room, 0))
    matrix = np.array([[scale_xy[0], 0, at[0]], [0, scale_xy[1], at[1]]])
    smaller = item.picture
    if scale < 0.5:  # warpAffine does not average what it skips
        smaller = np.asarray(cv2.resize(item.picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)
        matrix[:, :2] *= 2
    grey = (LETTERBOX_GREY,) * 3
    part = cv2.warpAffine(smaller, matrix, (width, height), flags=cv2.INTER_LINEAR, borderValue=grey)
    canvas[region.top : region.bottom, region.left : region.right] = part
    return _moved(item, np.hstack([scale_xy, scale_xy]), np.hstack([at, at]), region)


def _moved(item: Labelled, scale: np.ndarray, at: np.ndarray, region: Region) -> tuple[Boxes, Boxes]:
    people, cut = _clip(item.people * scale + at, region)
    ignored, _ = _clip(item.ignored * scale + at, region, kept_share=0.0)
    return people, np.concatenate([ignored, cut])


def _clip(boxes: np.ndarray, region: Region, *, kept_share: float = KEPT_SHARE) -> tuple[Boxes, Boxes]:
    if not len(boxes):
        return NO_BOXES, NO_BOXES
    limit = np.array([region.right - region.left, region.bottom - region.top] * 2, np.float32)
    inside = boxes.clip(0, limit)
    share = (inside[:, 2:] - inside[:, :2]).prod(-1) / np.maximum((boxes[:, 2:] - boxes[:, :2]).prod(-1), 1e-6)
    offset = np.array([region.left, region.top] * 2, np.float32)
    moved = (inside + offset).astype(np.float32)
    return moved[share > kept_share], moved[(share <= kept_share) & (share > 0.02)]
