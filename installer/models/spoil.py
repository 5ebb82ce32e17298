"""What cheap cameras and shop light do to a picture. Boxes stay where they are; the teacher saw the picture unspoilt."""

from __future__ import annotations

import cv2
import numpy as np

from desktop_app.services.ports import BgrImage

Source = np.random.Generator


def spoil(picture: BgrImage, source: Source) -> BgrImage:
    """A worse (or other) rendering of a picture of the same size."""
    if source.random() < 0.4:
        return picture
    picture = _tone(picture, source)
    if source.random() < 0.12:
        picture = _backlight(picture, source)
    if source.random() < 0.15:
        picture = _blur(picture, source)
    if source.random() < 0.25:
        picture = _noise(picture, source)
    if source.random() < 0.25:
        picture = _compress(picture, source)
    return picture


def _tone(picture: BgrImage, source: Source) -> BgrImage:
    """Brightness, contrast, colour cast; now and then night (dark and nearly grey, as under infrared)."""
    is_night = source.random() < 0.1
    gamma = source.uniform(1.5, 2.4) if is_night else np.exp(source.uniform(-0.35, 0.35))
    gain = np.exp(source.normal(0, 0.12)) * np.exp(source.normal(0, 0.05, 3))
    ramp = (np.arange(256) / 255.0) ** gamma * 255.0
    table = (ramp[:, None] * gain + source.uniform(-15, 15)).clip(0, 255).astype(np.uint8)
    toned = cv2.LUT(picture, table.reshape(256, 1, 3))
    grey = cv2.cvtColor(cv2.cvtColor(toned, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    kept = 0.1 if is_night else (0.0 if source.random() < 0.06 else min(1.0, source.uniform(0.6, 1.3)))
    return np.asarray(cv2.addWeighted(toned, kept, grey, 1 - kept, 0), np.uint8)


def _backlight(picture: BgrImage, source: Source) -> BgrImage:
    """A bright door behind: one side washed out, the rest darker."""
    height, width = picture.shape[:2]
    x, y = source.uniform(0, width), source.uniform(0, height * 0.6)
    across, down = np.meshgrid(np.arange(width) - x, np.arange(height) - y)
    glow = np.exp(-(across**2 + down**2) / (2 * (width * source.uniform(0.12, 0.35)) ** 2))[..., None]
    lit = picture * source.uniform(0.45, 0.9) + glow * source.uniform(60, 170)
    return lit.clip(0, 255).astype(np.uint8)


def _blur(picture: BgrImage, source: Source) -> BgrImage:
    if source.random() < 0.5:
        return np.asarray(cv2.GaussianBlur(picture, (0, 0), source.uniform(0.4, 1.3)), np.uint8)
    length = int(source.integers(2, 6))
    streak = np.full((1, length), 1 / length, np.float32)
    return np.asarray(cv2.filter2D(picture, -1, streak if source.random() < 0.8 else streak.T), np.uint8)


def _noise(picture: BgrImage, source: Source) -> BgrImage:
    noise = source.normal(0, source.uniform(2, 12), picture.shape[:2]).astype(np.float32)[..., None]
    return (picture + noise).clip(0, 255).astype(np.uint8)


def _compress(picture: BgrImage, source: Source) -> BgrImage:
    _, packed = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(source.integers(25, 80))])
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
