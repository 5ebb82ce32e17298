"""The icon beside the clock where desktops speak D-Bus (KDE, GNOME with its extension): item, tooltip, icon, menu."""

from __future__ import annotations

import signal
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from desktop_app.services.preferences import Appearance
from tests.e2e.test_real_tray import counted, desktop, wait_until, wait_until_hidden
from tests.e2e.test_real_windows import running, store
from tests.helpers.status_notifier import StatusNotifierHost

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def icon_of(host: StatusNotifierHost) -> NDArray[np.uint8]:
    """(H, W, 4) ARGB of the largest icon."""
    width, height, data = max(host.ask("IconPixmap"))
    return np.frombuffer(bytes(data), np.uint8).reshape(height, width, 4)


def dot_of(host: StatusNotifierHost) -> tuple[int, int]:
    """(red, green) of the middle of the dot in the icon's corner."""
    icon = icon_of(host)
    side = len(icon)
    _, red, green, _ = icon[side * 50 // 64, side * 50 // 64]
    return int(red), int(green)


def test_the_icon_registers_tells_the_state_and_its_menu_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data_dir = store(tmp_path / "data", Appearance.LIGHT)
    with StatusNotifierHost() as host, desktop(tmp_path, has_tray=False) as place:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", host.address)
        with running(data_dir, place.screen) as process:
            wait_until(lambda: host.items, "the icon registers at the desktop's watcher")
            assert host.ask("Title") == host.ask("Id") == "Wink Analytics"
            assert (host.ask("Category"), host.ask("Status")) == ("ApplicationStatus", "Active")
            wait_until(lambda: "2 of 2 cameras live" in host.ask("ToolTip")[2], "the tooltip tells how things stand")
            red, green = dot_of(host)
            assert green > red + 20, "all is well"
            wait_until(lambda: place.windows("^Wink Analytics$"), "the window opens")
            place.close(place.windows("^Wink Analytics$")[0])
            wait_until_hidden(place, "closing hides the window")
            before = counted(data_dir)
            wait_until(lambda: counted(data_dir) > before, "people are counted while the window is closed")

            host.activate()
            wait_until(lambda: place.windows("^Wink Analytics$"), "a click opens the window")
            place.close(place.windows("^Wink Analytics$")[0])
            wait_until_hidden(place, "it hides again")
            entries = {entry.words: entry for entry in host.menu() if entry.words}
            assert list(entries) == ["2 of 2 cameras live", "Open Wink", "Quit..."]
            host.click(entries["Open Wink"])
            wait_until(lambda: place.windows("^Wink Analytics$"), "the menu opens the window")
            host.click(entries["Quit..."])
            wait_until(lambda: place.windows("Quit Wink"), "the menu asks before it quits")
            assert process.poll() is None
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
    assert "ERROR" not in (data_dir / "logs" / "wink.log").read_text()
