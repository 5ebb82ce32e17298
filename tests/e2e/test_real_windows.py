"""The program itself on a real X server: light, dark, smallest, and at 125, 150 and 200 %.

Pictures go to a temporary folder, or to the one that WINK_SHOTS names, for people to look at.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from desktop_app.adapters.video.virtual_store.scenes import scene_zones
from desktop_app.services.preferences import Appearance, Preferences, PreferencesFile
from desktop_app.services.store_document import StoredCamera, StoreDocument, StoreFile
from desktop_app.services.zone_store import ZoneStore
from tests.helpers.weights import PROJECT_DIR, find_weights
from tests.helpers.xvfb import Screen

LOOKS_S = 180.0


def store(folder: Path, appearance: Appearance) -> Path:
    cameras = tuple(
        StoredCamera(camera_id=scene, name=scene.capitalize(), source=f"virtual-store://{scene}?seed=7&people=12")
        for scene in ("entrance", "queue")
    )
    StoreFile(folder / "store.json").write(StoreDocument(is_set_up=True, cameras=cameras))
    PreferencesFile(folder / "preferences.json").write(Preferences(appearance=appearance))
    for camera in cameras:
        ZoneStore(folder).save(camera.camera_id, scene_zones(camera.camera_id), before=())
    return folder


@contextmanager
def running(
    data_dir: Path, screen: Screen, *, scale: str = "1", arguments: tuple[str, ...] = ()
) -> Iterator[subprocess.Popen[bytes]]:
    environment = {
        **os.environ,
        "DISPLAY": screen.display,
        "QT_QPA_PLATFORM": "xcb",
        "QT_SCALE_FACTOR": scale,
        "WINK_DATA_DIR": str(data_dir),
        "WINK_MODEL": str(find_weights()),
    }
    with (data_dir / "stderr.txt").open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "desktop_app", *arguments], cwd=PROJECT_DIR, env=environment,
            stdout=subprocess.DEVNULL, stderr=errors,
        )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def wait_for(screen: Screen, process: subprocess.Popen[bytes], *, colours: int) -> NDArray[np.uint8]:
    """The screen once it shows so many different colours: a camera's picture has thousands."""
    deadline = time.monotonic() + LOOKS_S
    picture = screen.picture()
    while time.monotonic() < deadline:
        assert process.poll() is None, "the program ended"
        picture = screen.picture()
        if len(np.unique(picture.reshape(-1, 3), axis=0)) > colours:
            return picture
        time.sleep(0.5)
    raise AssertionError("no camera's picture was shown")


def keep(picture: NDArray[np.uint8], name: str, tmp_path: Path) -> None:
    folder = Path(os.environ.get("WINK_SHOTS") or tmp_path)
    height, width = picture.shape[:2]
    image = QImage(np.ascontiguousarray(picture).data, width, height, width * 3, QImage.Format.Format_RGB888)
    assert image.save(str(folder / f"{name}.png"))


@pytest.mark.e2e
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "appearance", "scale", "width", "height"),
    [
        ("light", Appearance.LIGHT, "1", 1400, 900),
        ("dark", Appearance.DARK, "1", 1400, 900),
        ("smallest", Appearance.LIGHT, "1", 1024, 640),
        ("125-percent", Appearance.DARK, "1.25", 1366, 800),
        ("150-percent", Appearance.LIGHT, "1.5", 1600, 1000),
        ("200-percent", Appearance.DARK, "2", 1920, 1080),
    ],
)
def test_the_program_shows_its_cameras_on_a_real_screen(
    tmp_path: Path, name: str, appearance: Appearance, scale: str, width: int, height: int
) -> None:
    data_dir = store(tmp_path / "data", appearance)
    with Screen(tmp_path, width=width, height=height) as screen, running(data_dir, screen, scale=scale) as process:
        picture = wait_for(screen, process, colours=3000)
        keep(picture, name, tmp_path)
        # The sidebar's ground, left of everything, tells the theme; nobody manages windows here, so it lies at 0, 0.
        side = picture[picture.shape[0] // 2, int(6 * float(scale))].mean()
        process.send_signal(signal.SIGTERM)
        assert process.wait(120) == 0, (data_dir / "stderr.txt").read_text()
    assert bool(side > 200) == (appearance is Appearance.LIGHT)
    log = (data_dir / "logs" / "wink.log").read_text()
    assert "ERROR" not in log


@pytest.mark.e2e
@pytest.mark.slow
def test_a_second_start_ends_at_once_and_a_start_without_a_store_opens_the_wizard(tmp_path: Path) -> None:
    data_dir = tmp_path / "new"
    data_dir.mkdir()
    with Screen(tmp_path, width=1280, height=800) as screen, running(data_dir, screen) as first:
        deadline = time.monotonic() + LOOKS_S
        while not (data_dir / "setup.json").exists():
            assert first.poll() is None
            assert time.monotonic() < deadline, "the wizard keeps where it is"
            time.sleep(0.2)
        keep(screen.picture(), "wizard", tmp_path)
        with running(data_dir, screen) as second:
            assert second.wait(30) == 0
        assert first.poll() is None
        first.send_signal(signal.SIGTERM)
        assert first.wait(30) == 0, (data_dir / "stderr.txt").read_text()
