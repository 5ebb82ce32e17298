"""How FFmpeg calls a USB camera on each system: pure, so that it is tested where none of them runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from desktop_app.services.ports import SourceNotFound


@dataclass(frozen=True, slots=True)
class UsbCamera:
    """One device of this machine: what FFmpeg opens it by, and what people call it."""

    identifier: str
    words: str


@dataclass(frozen=True, slots=True)
class UsbTarget:
    """What to open: ``name`` with FFmpeg's input ``format`` and its ``options``."""

    name: str
    format: str
    options: dict[str, str]


def usb_target(camera: str, *, platform: str, cameras: Callable[[], Sequence[UsbCamera]]) -> UsbTarget:
    """The target for ``camera``, a number from 0 or a device's name.

    Args:
        platform: as ``sys.platform``.
        cameras: this machine's video devices in their order; asked only where numbers mean nothing.

    Raises:
        SourceNotFound: there is none of this number; tells which there are.
    """
    if platform == "win32":
        # DirectShow has no numbers: a device is opened by its name.
        return UsbTarget(f"video={_nth(camera, cameras())}", "dshow", {"rtbufsize": "64M"})
    if platform == "darwin":
        # video:audio; without a rate AVFoundation asks for one that many cameras do not have.
        return UsbTarget(f"{camera}:none", "avfoundation", {"framerate": "30"})
    if camera.isdigit():
        return UsbTarget(f"/dev/video{camera}", "v4l2", {})
    return UsbTarget(camera if camera.startswith("/dev/") else f"/dev/v4l/by-id/{camera}", "v4l2", {})


def _nth(camera: str, known: Sequence[UsbCamera]) -> str:
    if not camera.isdigit():
        return camera
    index = int(camera)
    if index < len(known):
        return known[index].identifier
    words = "; ".join(f"{i}: {device.words}" for i, device in enumerate(known)) or "none is plugged in"
    raise SourceNotFound(f"There is no USB camera number {index} ({words}).")
