"""Starting with the computer: what has to be written where, per system, as pure functions; and one that does it."""

from __future__ import annotations

import importlib
import plistlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

APP_ID = "wink-analytics"
RUN_KEY = r"Software\Microsoft\Windows\CurrentVersion\Run"
VALUE_NAME = "Wink Analytics"


class Autostart(Protocol):
    """The switch."""

    def is_on(self) -> bool:
        """Whether the program starts with the computer."""

    def set_on(self, on: bool) -> None:
        """Turn it on or off.

        Raises:
            OSError: it could not be changed.
        """


def desktop_entry(command: Sequence[str]) -> str:
    """The autostart file of a Linux desktop (freedesktop.org autostart specification 0.5)."""
    words = " ".join(_desktop_quoted(word) for word in command)
    return (
        "[Desktop Entry]\nType=Application\nName=Wink Analytics\nComment=Counts people in the shop\n"
        f"Exec={words}\nTerminal=false\nX-GNOME-Autostart-enabled=true\n"
    )


def _desktop_quoted(word: str) -> str:
    if word and all(c.isalnum() or c in "-_./=:," for c in word):
        return word
    escaped = word.replace("\\", "\\\\\\\\").replace('"', '\\\\"').replace("`", "\\\\`").replace("$", "\\\\$")
    return f'"{escaped}"'.replace("%", "%%")


def registry_value(command: Sequence[str]) -> str:
    """The command line under ``Run`` in the Windows registry."""
    return " ".join(f'"{word}"' if " " in word or not word else word for word in command)


def launch_agent(command: Sequence[str]) -> bytes:
    """The launch agent of macOS, as a property list."""
    return plistlib.dumps(
        {"Label": APP_ID, "ProgramArguments": list(command), "RunAtLoad": True, "ProcessType": "Interactive"}
    )


def own_command() -> tuple[str, ...]:
    """How this program is started again: the bundle itself, or this Python with the module. Hidden in the tray."""
    if getattr(sys, "frozen", False):
        return (sys.executable, "--in-tray")
    return (sys.executable, "-m", "desktop_app", "--in-tray")


@dataclass(frozen=True, slots=True)
class FileAutostart:
    """Linux and macOS: on while a file is there."""

    path: Path
    body: bytes

    def is_on(self) -> bool:
        return self.path.is_file()

    def set_on(self, on: bool) -> None:
        if not on:
            self.path.unlink(missing_ok=True)
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self.path.with_name(self.path.name + ".new")
        temporary.write_bytes(self.body)
        temporary.replace(self.path)


@dataclass(frozen=True, slots=True)
class RegistryAutostart:
    """Windows: on while the value is under ``Run`` of the current user."""

    command: str

    def is_on(self) -> bool:
        registry = _registry()
        with registry.CreateKey(registry.HKEY_CURRENT_USER, RUN_KEY) as key:
            return _has_value(registry, key)

    def set_on(self, on: bool) -> None:
        registry = _registry()
        with registry.CreateKey(registry.HKEY_CURRENT_USER, RUN_KEY) as key:
            if on:
                registry.SetValueEx(key, VALUE_NAME, 0, registry.REG_SZ, self.command)
            elif _has_value(registry, key):
                registry.DeleteValue(key, VALUE_NAME)


def _registry() -> Any:
    """Windows' own module, which other systems do not have."""
    return importlib.import_module("winreg")


def _has_value(registry: Any, key: Any) -> bool:
    try:
        registry.QueryValueEx(key, VALUE_NAME)
    except FileNotFoundError:
        return False
    return True


def autostart_for(platform: str, *, home: Path, config_home: Path, command: Sequence[str]) -> Autostart:
    """The switch of a system (``sys.platform``)."""
    if platform == "win32":
        return RegistryAutostart(registry_value(command))
    if platform == "darwin":
        return FileAutostart(home / "Library" / "LaunchAgents" / f"{APP_ID}.plist", launch_agent(command))
    return FileAutostart(config_home / "autostart" / f"{APP_ID}.desktop", desktop_entry(command).encode())
