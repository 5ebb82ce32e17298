"""What the owner prefers on this computer: looks, care taken in detection, how long events stay."""

from __future__ import annotations

import logging
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from desktop_app.services.whole_files import read_json, set_aside, write_whole

log = logging.getLogger(__name__)


class Appearance(StrEnum):
    """Light, dark, or as the system is."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


class DetectionProfile(StrEnum):
    """How many frames per second of each camera are looked at."""

    GENTLE = "gentle"
    NORMAL = "normal"
    THOROUGH = "thorough"


PROFILE_FACTOR = {DetectionProfile.GENTLE: 0.6, DetectionProfile.NORMAL: 1.0, DetectionProfile.THOROUGH: 1.6}
"""Times a camera's own rate (5 by default): 3, 5 and 8 frames per second."""


class Preferences(BaseModel):
    """All of them. An unknown or damaged value falls back to its default, so that an older file always opens."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    appearance: Appearance = Appearance.SYSTEM
    profile: DetectionProfile = DetectionProfile.NORMAL
    keep_days: int = Field(default=30, ge=1, le=30)
    keep_alone_days: int = Field(default=400, ge=30, le=4000)
    """Events of a store without a cloud: this computer is the only place where they are."""
    are_people_hidden: bool = False
    is_hiding_chosen: bool = False
    """Somebody chose it here; until then the organisation's wish holds."""
    is_secret_file_allowed: bool = False
    """The owner agreed to keep passwords in a file, on a computer without a keyring."""
    has_seen_tray_note: bool = False
    seen_version: str = Field(default="", max_length=40)
    """The version that whoever sits here has met; empty: an older one, or none."""

    def hiding(self, is_on: bool) -> Preferences:
        """With people hidden or not, as somebody here chose."""
        return self.model_copy(update={"are_people_hidden": is_on, "is_hiding_chosen": True})

    def profile_fps(self, target_fps: float) -> float:
        """The rate of a camera whose own is ``target_fps``, by this profile."""
        return min(15.0, max(1.0, target_fps * PROFILE_FACTOR[self.profile]))


class PreferencesFile:
    """``preferences.json``."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Preferences:
        """As kept, or the defaults."""
        try:
            values = read_json(self._path)
            if values is None:
                return Preferences()
            known = {k: v for k, v in values.items() if _is_valid(k, v)}
            return Preferences.model_validate(known)
        except (ValueError, AttributeError):
            log.error("%s was damaged; it is kept as %s", self._path.name, set_aside(self._path).name)
            return Preferences()

    def write(self, preferences: Preferences) -> None:
        """Keep them; a full disk is told in the log: nobody loses a shop's figures by it."""
        try:
            write_whole(self._path, preferences.model_dump_json(indent=2) + "\n", is_durable=False)
        except OSError as error:
            log.info("preferences were not written: %s", error)


def _is_valid(key: str, value: object) -> bool:
    try:
        Preferences.model_validate({key: value})
    except ValueError:
        return False
    return True
