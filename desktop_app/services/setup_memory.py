"""What was typed in the first-run wizard and not used yet: it survives leaving for later. Never a password."""

from __future__ import annotations

import logging
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from desktop_app.services.whole_files import read_json, write_whole

log = logging.getLogger(__name__)


class SetupMemory(BaseModel):
    """Fields by name. Codes and passwords are left out on purpose."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    step: int = Field(default=0, ge=0, le=20)
    cloud_url: str = ""
    device_name: str = ""
    camera_kind: str = ""
    camera_name: str = ""
    camera_address: str = ""
    camera_substream: str = ""


class SetupMemoryFile:
    """``setup.json``. What cannot be read is begun anew: nothing but some typing is lost by it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> SetupMemory:
        """As left."""
        try:
            return SetupMemory.model_validate(read_json(self._path) or {})
        except (ValueError, OSError):
            return SetupMemory()

    def write(self, memory: SetupMemory) -> None:
        """Keep it."""
        try:
            write_whole(self._path, memory.model_dump_json() + "\n")
        except OSError as error:
            log.info("the wizard's fields were not kept: %s", error)

    def forget(self) -> None:
        """The wizard is done."""
        self._path.unlink(missing_ok=True)
