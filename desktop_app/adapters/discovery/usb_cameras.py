"""Cameras plugged into this computer."""

from __future__ import annotations

import sys
from pathlib import Path

from desktop_app.services.camera_discovery import FoundCamera

GUESSED = 2
"""Where the system does not list cameras without opening them, so many are offered."""


def list_usb(*, platform: str = sys.platform, sys_class: Path = Path("/sys/class/video4linux")) -> list[FoundCamera]:
    """USB cameras with their names. Of the several device files of one camera on Linux the first is its picture."""
    if not platform.startswith("linux"):
        return [FoundCamera(f"Camera {i + 1}", f"usb://{i}", is_guess=True) for i in range(GUESSED)]
    found: dict[str, FoundCamera] = {}
    for device in sorted(sys_class.glob("video*"), key=lambda p: int(p.name[5:] or 0)):
        try:
            name = (device / "name").read_text(encoding="utf-8", errors="replace").strip() or device.name
            parent = str((device / "device").resolve())
        except OSError:
            continue
        found.setdefault(parent, FoundCamera(name, f"usb://{device.name[5:]}"))
    return list(found.values())
