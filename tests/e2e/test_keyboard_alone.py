"""Without a mouse, in a real window: the wizard to its end, why somebody was counted, a camera removed and brought back."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from desktop_app.services.store_document import StoreFile
from desktop_app.services.zone_store import ZoneStore
from desktop_app.ui.theme import LIGHT
from tests.e2e.test_real_tray import Desktop, counted, desktop, wait_until
from tests.e2e.test_real_windows import keep, running

WIZARD, WINDOW = "Set up Wink", "^Wink Analytics$"
CARD_PX = 190
"""The frame around a figure that has the keyboard is wider than that around any button."""


def step_of(data_dir: Path) -> int:
    """Where the wizard is, as it remembers."""
    path = data_dir / "setup.json"
    return int(json.loads(path.read_text())["step"]) if path.exists() else -1


def press(place: Desktop, *keys: str) -> None:
    place.ask("key", "--delay", "80", *keys)


def widest_frame_px(place: Desktop) -> int:
    """The longest unbroken horizontal line in the colour of the focus."""
    accent = tuple(int(LIGHT.accent[i : i + 2], 16) for i in (1, 3, 5))
    rows = (place.screen.picture() == accent).all(axis=2)
    longest = 0
    for row in rows[rows.sum(axis=1) >= CARD_PX]:
        edges = np.flatnonzero(np.diff(np.concatenate(([0], row.view(np.int8), [0]))))
        longest = max(longest, int((edges[1::2] - edges[::2]).max()))
    return longest


def through_the_wizard(place: Desktop, data_dir: Path, tmp_path: Path) -> None:
    wait_until(lambda: place.windows(WIZARD), "the wizard opens")
    wait_until(lambda: step_of(data_dir) == 0, "it is at its first step")
    place.ask("type", "High Street")
    press(place, "alt+n")
    wait_until(lambda: step_of(data_dir) == 1, "the cloud comes")
    press(place, "space", "alt+n")
    wait_until(lambda: step_of(data_dir) == 2, "without the cloud; the camera comes")
    press(place, "End", "Tab", "Down", "Up", "Return", "alt+n")
    wait_until(lambda: step_of(data_dir) == 3, "the camera was added, the line comes")
    keep(place.screen.picture(), "keyboard-line", tmp_path)
    press(place, "shift+Down", "shift+Down", *["shift+Left"] * 6, "space", *["shift+Right"] * 12, "space", "Return")
    press(place, "alt+n")
    wait_until(lambda: step_of(data_dir) == 4, "a line is drawn")
    wait_until(lambda: counted(data_dir) > 0, "somebody is counted")
    keep(place.screen.picture(), "keyboard-done", tmp_path)
    press(place, "space")
    wait_until(lambda: not place.windows(WIZARD), "the wizard is through")


@pytest.mark.e2e
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_everything_that_matters_is_done_by_keys_alone(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    with desktop(tmp_path, has_tray=False) as place, running(data_dir, place.screen) as process:
        through_the_wizard(place, data_dir, tmp_path)
        document = StoreFile(data_dir / "store.json").read()
        (camera,) = document.cameras
        assert (document.store_name, camera.name, document.is_set_up) == ("High Street", "Entrance", True)
        zones = ZoneStore(data_dir).zones_of(camera.camera_id)
        assert zones is not None
        assert len(zones) == 1

        press(place, "ctrl+3")
        for _ in range(30):
            press(place, "Tab")
            if widest_frame_px(place) >= CARD_PX:
                break
        keep(place.screen.picture(), "keyboard-today", tmp_path)
        press(place, "Return")
        wait_until(lambda: place.windows("People in"), "Enter at a figure asks why")
        press(place, "Escape")
        wait_until(lambda: not place.windows("People in"), "Escape closes it")

        press(place, "ctrl+4", "Delete")
        wait_until(lambda: place.windows("^Remove"), "Delete asks before it removes")
        press(place, "Tab", "Tab", "space")
        wait_until(lambda: not StoreFile(data_dir / "store.json").read().cameras, "the camera is removed")
        keep(place.screen.picture(), "keyboard-removed", tmp_path)
        wait_until(lambda: brought_back(place, data_dir), "Undo brings it back")
        assert StoreFile(data_dir / "store.json").read() == document
        assert ZoneStore(data_dir).zones_of(camera.camera_id) == zones

        press(place, "question")
        wait_until(lambda: place.windows("^Keys$"), "the list of keys opens")
        press(place, "Escape")
        assert process.poll() is None


def brought_back(place: Desktop, data_dir: Path) -> bool:
    """Ctrl+Z has nothing to do until the removal is through."""
    press(place, "ctrl+z")
    return bool(StoreFile(data_dir / "store.json").read().cameras)
