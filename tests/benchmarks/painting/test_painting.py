"""Eight cameras at ten shown frames per second: what painting costs, and whether the window ever stalls.

    .venv/bin/python -m pytest -q -s tests/benchmarks/painting

It prints the figures; what is asserted is what does not hang on how quick the machine is. They are to stay under a quarter of
a core and under 16 ms.

A stall is the processor time that the window's thread spends between two turns of a 2 ms timer: how long a click waits on
a machine that has a core for it, however busy the machine of the measurement is.

The figures are of the offscreen platform, where Qt paints in software as it does on a laptop without a graphics card.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEventLoop, Qt, QTimer
from pytestqt.qtbot import QtBot

from desktop_app.domain.detections import TrackedDetections
from desktop_app.domain.zone_engine import ZoneCount
from desktop_app.services.live_view import LiveView
from desktop_app.services.ports import CapturedFrame
from desktop_app.ui.main_window import MainWindow
from desktop_app.ui.zone_editor.document import ZoneDocument
from shared_models.clock import SystemClock
from shared_models.zones import LineZone
from tests.helpers.desks import FakeHost, host_of, make_desk, surroundings

CAMERAS = [f"c{n}" for n in range(8)]
FPS, SECONDS = 10, 6.0
SIZE = (640, 360)


class Playing(threading.Thread):
    """Eight cameras with four people each, from a thread as the engine's."""

    def __init__(self, host: FakeHost) -> None:
        super().__init__(name="playing-cameras", daemon=True)
        self._host = host
        self._stop_now = threading.Event()
        rng = np.random.default_rng(1)
        self._images = [rng.integers(0, 255, (SIZE[1], SIZE[0], 3)).astype(np.uint8) for _ in range(4)]
        self.cpu_s = 0.0

    def run(self) -> None:
        index, start = 0, time.monotonic()
        began_s = time.thread_time()
        while not self._stop_now.wait(max(0.0, start + index / FPS - time.monotonic())):
            for number, camera_id in enumerate(CAMERAS):
                self._host.show(self._view(camera_id, index, number))
            index += 1
        self.cpu_s = time.thread_time() - began_s

    def stop(self) -> None:
        self._stop_now.set()
        self.join()

    def _view(self, camera_id: str, index: int, number: int) -> LiveView:
        x = 20 + (index * 7 + number * 40) % 400
        boxes = np.array([[x + k * 50, 60, x + k * 50 + 45, 300] for k in range(4)], np.float32)
        tracked = TrackedDetections(boxes, np.ones(4, np.float32), np.arange(1, 5), np.ones(4, np.bool_))
        image = self._images[index % 4]
        frame = CapturedFrame(index, SystemClock().utc_now(), index / FPS, SIZE, lambda: image)
        zones = (LineZone(zone_id="door", points=((0.1, 0.9), (0.9, 0.9))),)
        return LiveView(camera_id, frame, tracked, zones, (ZoneCount("door", "Door", index, 2),))


def measured(qtbot: QtBot, window: MainWindow, host: FakeHost, *, seconds: float) -> tuple[float, float, int]:
    """(share of a core in the window's thread, 99th percentile of stalls in seconds, repaints)."""
    painted = 0
    original = type(next(iter(window.wall.tiles.values()))).show_view

    def counted(tile: object, view: LiveView) -> None:
        nonlocal painted
        painted += 1
        original(tile, view)  # type: ignore[arg-type]

    stalls: list[float] = []
    last = 0.0

    def tick() -> None:
        nonlocal last
        now = time.thread_time()
        stalls.append(now - last)
        last = now

    ticker = QTimer()
    ticker.setTimerType(Qt.TimerType.PreciseTimer)
    ticker.timeout.connect(tick)
    playing = Playing(host)
    type(next(iter(window.wall.tiles.values()))).show_view = counted  # type: ignore[method-assign]
    try:
        playing.start()
        qtbot.wait(500)
        painted, began_s, wall_s = 0, time.thread_time(), time.perf_counter()
        last = time.thread_time()
        ticker.start(2)
        loop = QEventLoop()
        QTimer.singleShot(int(seconds * 1000), loop.quit)
        loop.exec()
        ticker.stop()
        share = (time.thread_time() - began_s) / (time.perf_counter() - wall_s)
    finally:
        playing.stop()
        type(next(iter(window.wall.tiles.values()))).show_view = original  # type: ignore[method-assign]
    stalls.sort()
    return share, stalls[int(len(stalls) * 0.99)], painted


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> MainWindow:
    desk = make_desk(tmp_path, *CAMERAS)
    made = MainWindow(surroundings(desk), title="Wink")
    qtbot.addWidget(made)
    made.resize(1280, 800)
    made.show()
    qtbot.waitExposed(made)
    return made


@pytest.mark.slow
def test_eight_cameras_at_ten_frames_are_painted_and_none_while_the_window_is_hidden(
    qtbot: QtBot, window: MainWindow
) -> None:
    host = host_of(window.around.desk)
    share, stall_s, painted = measured(qtbot, window, host, seconds=SECONDS)
    window.hide()
    hidden_share, _, hidden_painted = measured(qtbot, window, host, seconds=2.0)
    window.quit_for_good()
    print(
        f"\n8 cameras, {painted / SECONDS / 8:.1f} frames/s each: {share:.1%} of a core, stall p99 {stall_s * 1000:.1f} ms; "
        f"hidden: {hidden_share:.1%}, {hidden_painted} frames"
    )
    assert painted > 0
    assert hidden_painted == 0


@pytest.mark.slow
def test_a_zone_editor_with_sixty_zones_is_painted(qtbot: QtBot, window: MainWindow) -> None:
    """Prints what one painting costs; a figure to look at, no limit."""
    host = host_of(window.around.desk)
    host.show(Playing(host)._view(CAMERAS[0], 0, 0))
    window.show_page("zones", CAMERAS[0])
    qtbot.waitUntil(lambda: window.zones.editing is not None, timeout=60_000)
    editing = window.zones.editing
    assert editing is not None
    lines = [LineZone(zone_id=f"z{n}", points=((0.1, 0.01 + n / 65), (0.9, 0.01 + n / 65))) for n in range(60)]
    editing.do("Draw many", ZoneDocument(tuple(lines)))
    canvas = window.zones.editor.canvas
    began_s = time.thread_time()
    pictures = [canvas.grab() for _ in range(20)]
    cost_s = (time.thread_time() - began_s) / len(pictures)
    window.quit_for_good()
    print(f"\nzone editor, 60 zones: {cost_s * 1000:.1f} ms of a core to paint once")
    assert not pictures[-1].isNull()
