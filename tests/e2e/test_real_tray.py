"""The icon beside the clock on a real X server with a real tray: trayer holds it, openbox manages windows, xdotool clicks."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from desktop_app.adapters.storage.event_archive import SqliteEventArchive
from desktop_app.services.preferences import Appearance
from desktop_app.services.store_document import StoreDocument, StoreFile
from tests.e2e.test_real_windows import LOOKS_S, keep, running, store
from tests.helpers.xvfb import Screen

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
ICON_PX = 32
MENU_WIDTH_PX = 400


class Desktop:
    """A screen with a window manager, and a tray in its upper right corner if ``has_tray``."""

    def __init__(self, screen: Screen) -> None:
        self.screen = screen

    def ask(self, *words: str) -> str:
        """What xdotool answers; empty if it finds nothing."""
        environment = {**os.environ, "DISPLAY": self.screen.display}
        done = subprocess.run(
            ["xdotool", *words], env=environment, capture_output=True, text=True, check=False, timeout=60
        )
        return done.stdout.strip()

    def windows(self, name: str) -> list[str]:
        """The visible windows with this title."""
        return self.ask("search", "--onlyvisible", "--name", name).split()

    def titles(self) -> list[str]:
        """Of all visible windows."""
        return [self.ask("getwindowname", window) for window in self.windows("")]

    def icon(self) -> NDArray[np.uint8]:
        """(H, W, 3) of the tray's corner."""
        return self.screen.picture()[:ICON_PX, -ICON_PX:]

    def close(self, window: str) -> None:
        """As the cross in its frame does."""
        self.ask("windowactivate", "--sync", window, "key", "alt+F4")

    def click_icon(self, button: str) -> None:
        width = self.screen.picture().shape[1]
        self.ask("mousemove", str(width - ICON_PX // 2), str(ICON_PX // 2), "click", button)


@contextmanager
def desktop(folder: Path, *, has_tray: bool) -> Iterator[Desktop]:
    with Screen(folder, width=1280, height=800) as screen, ExitStack() as programs:
        environment = {**os.environ, "DISPLAY": screen.display, "HOME": str(folder), "XDG_CACHE_HOME": str(folder)}
        commands = [["openbox"]]
        if has_tray:
            place = ["--edge", "top", "--align", "right", "--widthtype", "request", "--heighttype", "pixel"]
            commands.append(["trayer", *place, "--height", str(ICON_PX), "--tint", "0xffffff", "--alpha", "0"])
        for command in commands:
            process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            programs.callback(process.wait, 10)
            programs.callback(process.terminate)
        time.sleep(1.0)
        yield Desktop(screen)


def wait_until(check: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + LOOKS_S
    while not check():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


def wait_until_hidden(place: Desktop, what: str) -> None:
    """Until Wink's window is closed; in vain it says what stands on the screen instead (a question would mean: no tray)."""
    deadline = time.monotonic() + LOOKS_S
    while place.windows("^Wink Analytics$"):
        assert time.monotonic() < deadline, f"{what}; on the screen: {place.titles()}"
        time.sleep(0.2)


def counted(data_dir: Path) -> int:
    """How many events the program has written so far."""
    day = timedelta(days=1)
    now = datetime.now(UTC)
    return len(SqliteEventArchive(data_dir / "outbox.sqlite3").events(start_at=now - day, end_at=now + day))


def open_by_menu(place: Desktop) -> None:
    """Right-click on the icon, then click on the middle one of its menu's three lines, as a hand does."""
    before = place.screen.picture()

    def changed() -> NDArray[np.intp]:
        # Left of the icon, whose dot may change.
        beside = (place.screen.picture() != before).any(axis=2)[:, -MENU_WIDTH_PX:-ICON_PX]
        return np.argwhere(beside)

    place.click_icon("3")
    wait_until(lambda: len(changed()) > 500, "the menu opens")
    time.sleep(0.5)
    (top, left), (bottom, right) = changed().min(0), changed().max(0)
    x = before.shape[1] - MENU_WIDTH_PX + (left + right) // 2
    place.ask("mousemove", str(x), str((top + bottom) // 2), "click", "1")


def test_the_icon_shows_the_state_opens_the_window_and_quits_after_asking(tmp_path: Path) -> None:
    data_dir = store(tmp_path / "data", Appearance.LIGHT)
    with desktop(tmp_path, has_tray=True) as place, running(data_dir, place.screen) as process:
        wait_until(lambda: place.windows("^Wink Analytics$"), "the window opens")
        wait_until(lambda: len(np.unique(place.icon().reshape(-1, 3), axis=0)) > 8, "the icon is in the tray")
        keep(place.screen.picture(), "tray-window", tmp_path)
        (window,) = place.windows("^Wink Analytics$")
        place.close(window)
        wait_until_hidden(place, "closing hides the window")
        before = counted(data_dir)
        wait_until(lambda: counted(data_dir) > before, "people are counted while the window is closed")
        assert process.poll() is None
        keep(place.screen.picture(), "tray-hidden", tmp_path)

        place.click_icon("1")
        wait_until(lambda: place.windows("^Wink Analytics$"), "a click opens it again")
        place.close(place.windows("^Wink Analytics$")[0])
        wait_until_hidden(place, "it hides again")

        # A second start raises the first, and ends.
        with running(data_dir, place.screen) as second:
            assert second.wait(60) == 0
        wait_until(lambda: place.windows("^Wink Analytics$"), "a second start shows the window of the first")

        place.ask("key", "ctrl+q")
        wait_until(lambda: place.windows("Quit Wink"), "quitting asks")
        keep(place.screen.picture(), "tray-asks", tmp_path)
        place.ask("key", "--window", place.windows("Quit Wink")[0], "Escape")
        wait_until(lambda: not place.windows("Quit Wink"), "no is an answer")
        assert process.poll() is None
        place.ask("windowactivate", "--sync", place.windows("^Wink Analytics$")[0], "key", "ctrl+q")
        wait_until(lambda: place.windows("Quit Wink"), "quitting asks again")
        place.ask("windowactivate", "--sync", place.windows("Quit Wink")[0], "key", "Tab", "key", "space")
        process.wait(60)
    assert "ERROR" not in (data_dir / "logs" / "wink.log").read_text()


def test_the_icons_own_menu_opens_the_window_of_a_program_that_began_without_one(tmp_path: Path) -> None:
    data_dir = store(tmp_path / "data", Appearance.LIGHT)
    with (
        desktop(tmp_path, has_tray=True) as place,
        running(data_dir, place.screen, arguments=("--in-tray",)) as process,
    ):
        wait_until(lambda: len(np.unique(place.icon().reshape(-1, 3), axis=0)) > 8, "the icon is in the tray")
        assert not place.windows("^Wink Analytics$"), "started without a window"
        open_by_menu(place)
        wait_until(lambda: place.windows("^Wink Analytics$"), "the line in the middle opens the window")
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


def test_the_icon_wears_another_dot_when_a_camera_is_down(tmp_path: Path) -> None:
    data_dir = store(tmp_path / "data", Appearance.LIGHT)
    well = dot_after_start(tmp_path / "well", data_dir, "tray-well")
    document = StoreFile(data_dir / "store.json").read()
    broken = document.cameras[0].model_copy(update={"source": "rtsp://127.0.0.1:9/none"})
    StoreFile(data_dir / "store.json").write(StoreDocument(is_set_up=True, cameras=(broken,)))
    bad = dot_after_start(tmp_path / "bad", data_dir, "tray-bad")
    assert well[1] > well[0] + 20, f"green: {well}"
    assert bad[0] > bad[1] + 20, f"red: {bad}"


def dot_after_start(folder: Path, data_dir: Path, name: str) -> tuple[float, float]:
    """(red, green) of the icon's dot, some seconds after the cameras were opened; started without a window."""
    folder.mkdir()
    with desktop(folder, has_tray=True) as place, running(data_dir, place.screen, arguments=("--in-tray",)) as process:
        wait_until(lambda: len(np.unique(place.icon().reshape(-1, 3), axis=0)) > 8, "the icon is in the tray")
        assert not place.windows("^Wink Analytics$")
        time.sleep(12)
        icon = place.icon().astype(float)
        keep(place.screen.picture(), name, folder)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    corner = icon[ICON_PX * 6 // 10 :, ICON_PX * 6 // 10 :].reshape(-1, 3)
    strong = corner[np.argmax(corner.max(1) - corner.min(1))]
    return float(strong[0]), float(strong[1])


def test_without_a_tray_closing_asks_since_counting_would_end(tmp_path: Path) -> None:
    data_dir = store(tmp_path / "data", Appearance.LIGHT)
    with desktop(tmp_path, has_tray=False) as place, running(data_dir, place.screen) as process:
        wait_until(lambda: place.windows("^Wink Analytics$"), "the window opens")
        place.close(place.windows("^Wink Analytics$")[0])
        wait_until(lambda: place.windows("Quit Wink"), "closing asks")
        assert place.windows("^Wink Analytics$"), "the window is still there"
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
