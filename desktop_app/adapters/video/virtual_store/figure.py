"""People as rounded, shaded, walking bodies, drawn limb by limb from the far side to the near one."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from desktop_app.adapters.video.virtual_store.camera_model import CameraModel, Floats
from desktop_app.adapters.video.virtual_store.simulation import Look, Pose

Canvas = NDArray[np.uint8]
Colour = tuple[int, int, int]
SHIFT = 4
"""Sub-pixel bits of OpenCV's drawing: without them limbs would jump from pixel to pixel."""
FULL_PACE = 0.9
"""Metres per second at which arms and legs swing fully."""

# Joints in body heights: (forward, left, up); limbs swing about hip and shoulder.
HIP_UP, SHOULDER_UP, NECK_UP, HEAD_UP = 0.52, 0.815, 0.865, 0.935
THIGH, SHIN, UPPER_ARM, FOREARM = 0.245, 0.235, 0.165, 0.155
HIP_HALF, SHOULDER_HALF = 0.052, 0.104


def joints(pose: Pose) -> dict[str, tuple[float, float, float]]:
    """Joint positions in the world, metres."""
    height = pose.look.height_m
    swing = min(1.0, pose.pace / FULL_PACE)
    phase = math.sin(pose.stride)
    bob = 0.012 * swing * abs(math.cos(pose.stride))
    local: dict[str, tuple[float, float, float]] = {
        "neck": (0.015, 0, NECK_UP + bob),
        "head": (0.03, 0, HEAD_UP + bob),
        "hip": (0, 0, HIP_UP + bob),
        "chest": (0.01, 0, 0.74 + bob),
    }
    for side, sign in (("l", 1.0), ("r", -1.0)):
        step = phase * sign * swing
        hip = (0.0, HIP_HALF * sign, HIP_UP + bob)
        thigh = 0.45 * step
        bend = 0.12 + 0.55 * swing * max(0.0, math.cos(pose.stride) * sign)
        knee = (THIGH * math.sin(thigh), hip[1] * 1.05, hip[2] - THIGH * math.cos(thigh))
        ankle = (knee[0] - SHIN * math.sin(bend - thigh), hip[1] * 1.05, knee[2] - SHIN * math.cos(bend - thigh))
        arm = -0.5 * step + 0.05
        shoulder = (0.0, SHOULDER_HALF * sign, SHOULDER_UP + bob)
        elbow = (UPPER_ARM * math.sin(arm), shoulder[1] * 1.2, shoulder[2] - UPPER_ARM * math.cos(arm))
        fore = arm + 0.35
        hand = (elbow[0] + FOREARM * math.sin(fore), elbow[1] * 1.0, elbow[2] - FOREARM * math.cos(fore))
        local |= {
            f"{side}hip": hip, f"{side}knee": knee, f"{side}ankle": ankle,
            f"{side}toe": (ankle[0] + 0.085, ankle[1], max(0.012, ankle[2] - 0.03)),
            f"{side}shoulder": shoulder, f"{side}elbow": elbow, f"{side}hand": hand,
        }  # fmt: skip
    cos, sin = math.cos(pose.heading), math.sin(pose.heading)
    return {
        name: (
            pose.at[0] + height * (f * cos - s * sin),
            pose.at[1] + height * (f * sin + s * cos),
            height * max(0.012, u),
        )
        for name, (f, s, u) in local.items()
    }


class Figure:
    """One person, projected and ready to be drawn.

    Attributes:
        depth_m: of the body's axis, for the order of painting and for what stands before it.
        scale: pixels per metre there.
        box: (left, top, right, bottom) pixels of the whole body.
        feet_px: ground contact point on the picture.
    """

    def __init__(self, pose: Pose, camera: CameraModel) -> None:
        self.pose = pose
        self.look = pose.look
        named = joints(pose)
        world: Floats = np.array([*named.values(), (*pose.at, 0.0)])
        seen = camera.project(world)
        self._at = {name: (float(x), float(y)) for name, (x, y, _) in zip(named, seen, strict=False)}
        self._depth = dict(zip(named, seen[:, 2].tolist(), strict=False))
        self.feet_px = (float(seen[-1, 0]), float(seen[-1, 1]))
        self.depth_m = float(self._depth["hip"])
        self.scale = camera.focal_px / self.depth_m
        self._head_radius = 0.066 * self.look.height_m * camera.focal_px / self._depth["head"]
        self._faces_camera = self._forward_dot(camera)
        self.box = self._extent()

    def _forward_dot(self, camera: CameraModel) -> float:
        """+1: walks towards the camera, -1: away from it."""
        del camera
        away = math.hypot(*self.pose.at) or 1.0
        return -(math.cos(self.pose.heading) * self.pose.at[0] + math.sin(self.pose.heading) * self.pose.at[1]) / away

    def _extent(self) -> tuple[float, float, float, float]:
        pad = 0.055 * self.look.height_m * self.scale
        xs, ys = [p[0] for p in self._at.values()], [p[1] for p in self._at.values()]
        top = self._at["head"][1] - self._head_radius * 1.3
        return min(xs) - pad, top, max(xs) + pad, max(max(ys), self.feet_px[1]) + 0.3 * pad

    def area_px(self) -> int:
        """Pixels of the body if nothing hid it and the picture had no edge."""
        left, top, right, bottom = self.box
        mask = np.zeros((max(1, int(bottom - top) + 6), max(1, int(right - left) + 6), 3), np.uint8)
        there = self._at
        self._at = {name: (x - left + 3, y - top + 3) for name, (x, y) in there.items()}
        self.draw(mask, flat=(1, 0, 0))
        self._at = there
        return int(mask[..., 0].sum())

    def draw(self, canvas: Canvas, *, flat: Colour | None = None) -> None:
        """Paint the body; ``flat``: everything in one colour, as a mask."""
        painter = _Painter(canvas, self.scale * self.look.height_m, self.look.build, flat)
        near, far = ("l", "r") if self._depth["lshoulder"] <= self._depth["rshoulder"] else ("r", "l")
        self._leg(painter, far, shade=0.8)
        self._arm(painter, far, shade=0.8)
        self._leg(painter, near, shade=1.0)
        self._torso(painter)
        if self._faces_camera > 0:
            self._head(painter)
            self._arm(painter, near, shade=1.05)
        else:
            self._arm(painter, near, shade=1.05)
            self._head(painter)
        if self.look.has_bag:
            self._bag(painter, near)

    def shadow(self, canvas: Canvas) -> None:
        """Darken the floor around the feet."""
        x, y = self.feet_px
        half_w, half_h = 0.36 * self.scale, 0.13 * self.scale
        x1, x2 = max(0, int(x - 1.3 * half_w)), min(canvas.shape[1], int(x + 1.5 * half_w) + 1)
        y1, y2 = max(0, int(y - 1.4 * half_h)), min(canvas.shape[0], int(y + 1.4 * half_h) + 1)
        if x2 - x1 < 2 or y2 - y1 < 2:
            return
        mask = np.zeros((y2 - y1, x2 - x1), np.uint8)
        centre = (round(x + 0.1 * half_w) - x1, round(y) - y1)
        cv2.ellipse(mask, centre, (max(1, round(half_w)), max(1, round(half_h))), 0, 0, 360, 120, -1)
        size = max(3, int(half_h) | 1)
        mask = np.asarray(cv2.blur(mask, (size, size)), np.uint8)
        part = canvas[y1:y2, x1:x2]
        part[:] = (part * (1 - mask[..., None] / 255.0)).astype(np.uint8)

    def _leg(self, painter: _Painter, side: str, *, shade: float) -> None:
        hip, knee, ankle, toe = (self._at[f"{side}{j}"] for j in ("hip", "knee", "ankle", "toe"))
        skirt = self.look.has_skirt
        shin = self.look.skin if skirt else self.look.legs
        painter.limb(ankle, toe, 0.052, 0.04, self.look.shoes, shade)
        painter.limb(knee, ankle, 0.064, 0.046, shin, shade * 0.96)
        painter.limb(hip, knee, 0.098 if skirt else 0.088, 0.1 if skirt else 0.068, self.look.legs, shade)

    def _arm(self, painter: _Painter, side: str, *, shade: float) -> None:
        shoulder, elbow, hand = (self._at[f"{side}{j}"] for j in ("shoulder", "elbow", "hand"))
        painter.limb(shoulder, elbow, 0.056, 0.046, self.look.top, shade)
        painter.limb(elbow, hand, 0.046, 0.034, self.look.top, shade * 0.94)
        painter.ball(hand, 0.024, self.look.skin, shade)

    def _torso(self, painter: _Painter) -> None:
        left, right = self._at["lshoulder"], self._at["rshoulder"]
        hip_l, hip_r, chest = self._at["lhip"], self._at["rhip"], self._at["chest"]
        painter.limb(hip_l, hip_r, 0.105, 0.105, self.look.legs, 0.92)
        painter.trunk(left, right, hip_l, hip_r, chest, self.look.top)
        painter.limb(self._at["neck"], self._at["head"], 0.05, 0.05, self.look.skin, 0.82)

    def _head(self, painter: _Painter) -> None:
        x, y = self._at["head"]
        painter.head((x, y), self._head_radius, self.look, facing=self._faces_camera, turn=self._turn())

    def _turn(self) -> float:
        """Where the face looks on the picture: -1 left .. 1 right."""
        return math.cos(self.pose.heading)

    def _bag(self, painter: _Painter, side: str) -> None:
        x, y = self._at[f"{side}hand"]
        size = 0.06 * self.scale * self.look.height_m
        painter.rectangle((x - size, y), (x + size, y + 2.1 * size), self.look.shoes)


class _Painter:
    """OpenCV drawing in sub-pixels with a light from above left: limbs are bright on one side, dark on the other."""

    def __init__(self, canvas: Canvas, height_px: float, build: float, flat: Colour | None) -> None:
        self.canvas, self.unit, self.build, self.flat = canvas, height_px, build, flat

    def limb(
        self, a: tuple[float, float], b: tuple[float, float], wide_a: float, wide_b: float, colour: Colour, shade: float
    ) -> None:
        """A tapered capsule; widths in body heights."""
        ra, rb = wide_a * self.unit * self.build / 2, wide_b * self.unit * self.build / 2
        self._capsule(a, b, ra, rb, self._lit(colour, 0.62 * shade))
        if self.flat is not None or ra < 1.0:
            return
        for inset, light, offset in ((0.78, 0.84, 0.12), (0.5, 1.0, 0.24), (0.22, 1.14, 0.32)):
            move = (-offset * ra, -offset * 0.5 * ra)
            self._capsule(_moved(a, move), _moved(b, move), ra * inset, rb * inset, self._lit(colour, light * shade))

    def ball(self, centre: tuple[float, float], radius: float, colour: Colour, shade: float) -> None:
        self._circle(centre, radius * self.unit, self._lit(colour, shade))

    def trunk(
        self,
        left: tuple[float, float],
        right: tuple[float, float],
        hip_l: tuple[float, float],
        hip_r: tuple[float, float],
        chest: tuple[float, float],
        colour: Colour,
    ) -> None:
        """The upper body as a hull of balls at shoulders, chest and hips, lighter towards upper left."""
        middle = ((hip_l[0] + hip_r[0]) / 2, (hip_l[1] + hip_r[1]) / 2)
        for grow, light, offset in ((1.0, 0.66, 0.0), (0.82, 0.86, 0.1), (0.6, 1.0, 0.18), (0.34, 1.1, 0.24)):
            move = (-offset * 0.06 * self.unit, -offset * 0.03 * self.unit)
            points = [_towards(_moved(p, move), _moved(chest, move), 1 - grow) for p in (left, right, hip_l, hip_r)]
            r = 0.052 * self.unit * self.build * grow
            hull = [(*p, r) for p in points[:2]] + [(*p, r * 0.98) for p in points[2:]]
            hull.append((*_moved(chest, move), 0.078 * self.unit * self.build * grow))
            self._hull(hull, self._lit(colour, light))
            if self.flat is not None:
                return
        dark = self._lit(colour, 0.55)
        self._line(_towards(chest, middle, 0.75), _towards(chest, middle, 1.05), 0.006, dark)

    def head(self, centre: tuple[float, float], radius: float, look: Look, *, facing: float, turn: float) -> None:
        """Skull, hair and, where it looks this way, a face."""
        x, y = centre
        if look.has_long_hair:
            self._ellipse((x, y + 0.35 * radius), (0.92 * radius, 1.25 * radius), self._lit(look.hair, 0.9))
        self._ellipse((x, y - 0.1 * radius), (1.0 * radius, 1.22 * radius), self._lit(look.hair, 1.0))
        if self.flat is not None or facing < -0.35:
            self._ellipse(
                (x - 0.2 * radius, y - 0.4 * radius), (0.5 * radius, 0.5 * radius), self._lit(look.hair, 1.35)
            )
            return
        fx = x + 0.28 * radius * turn
        self._ellipse((fx, y + 0.15 * radius), (0.78 * radius, 0.95 * radius), self._lit(look.skin, 0.8))
        self._ellipse((fx - 0.12 * radius, y + 0.1 * radius), (0.6 * radius, 0.78 * radius), self._lit(look.skin, 1.02))
        if radius < 3.0:
            return
        for side in (-0.34, 0.34):
            self._circle((fx + side * radius, y + 0.02 * radius), 0.11 * radius, self._lit((40, 40, 45), 1.0))
        self._line_px(
            (fx - 0.22 * radius, y + 0.58 * radius), (fx + 0.22 * radius, y + 0.58 * radius), 0.1 * radius,
            self._lit((70, 70, 140), 1.0),
        )  # fmt: skip

    def rectangle(self, a: tuple[float, float], b: tuple[float, float], colour: Colour) -> None:
        points = np.array([a, (b[0], a[1]), b, (a[0], b[1])])
        cv2.fillConvexPoly(self.canvas, _fixed(points), self._lit(colour, 1.0), self._edge, SHIFT)

    def _lit(self, colour: Colour, light: float) -> Colour:
        if self.flat is not None:
            return self.flat
        blue, green, red = (int(min(255.0, channel * light + 4)) for channel in colour)
        return blue, green, red

    def _capsule(self, a: tuple[float, float], b: tuple[float, float], ra: float, rb: float, colour: Colour) -> None:
        self._hull([(*a, ra), (*b, rb)], colour)

    def _hull(self, balls: list[tuple[float, float, float]], colour: Colour) -> None:
        rim = np.concatenate([np.array([[x, y]]) + r * _UNIT_CIRCLE for x, y, r in balls]).astype(np.float32)
        hull = cv2.convexHull(rim)[:, 0]
        cv2.fillConvexPoly(self.canvas, _fixed(hull), colour, self._edge, SHIFT)

    def _circle(self, centre: tuple[float, float], radius: float, colour: Colour) -> None:
        self._ellipse(centre, (radius, radius), colour)

    def _ellipse(self, centre: tuple[float, float], axes: tuple[float, float], colour: Colour) -> None:
        points = np.array([centre]) + _UNIT_CIRCLE * np.array([axes])
        cv2.fillConvexPoly(self.canvas, _fixed(points), colour, self._edge, SHIFT)

    def _line(self, a: tuple[float, float], b: tuple[float, float], width: float, colour: Colour) -> None:
        self._line_px(a, b, width * self.unit, colour)

    def _line_px(self, a: tuple[float, float], b: tuple[float, float], width_px: float, colour: Colour) -> None:
        start, end = _fixed(np.array([a, b]))
        cv2.line(self.canvas, start.tolist(), end.tolist(), colour, max(1, round(width_px)), self._edge, SHIFT)

    @property
    def _edge(self) -> int:
        # A mask must not have in-between values.
        return cv2.LINE_AA if self.flat is None else cv2.LINE_8


_UNIT_CIRCLE = np.array([(math.cos(a), math.sin(a)) for a in np.linspace(0, 2 * math.pi, 14, endpoint=False)])


def _fixed(points: NDArray[Any]) -> NDArray[np.int32]:
    fixed: NDArray[np.int32] = (np.clip(points, -4000, 4000) * (1 << SHIFT)).round().astype(np.int32)
    return fixed


def _moved(p: tuple[float, float], by: tuple[float, float]) -> tuple[float, float]:
    return p[0] + by[0], p[1] + by[1]


def _towards(a: tuple[float, float], b: tuple[float, float], share: float) -> tuple[float, float]:
    return a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share
