"""Stale, frozen, back-off and passwords: the rules of capture on a clock that the test owns."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pytest

from desktop_app.services.engine_view import CameraCondition
from desktop_app.services.ports import (
    CapturedFrame,
    SourceAuthError,
    SourceEnded,
    SourceTimeout,
    SourceUnreachable,
)
from desktop_app.workers.camera_worker import CameraWorker, Gap
from shared_models.clock import ManualClock

PICTURE = np.zeros((36, 64, 3), np.uint8)


@dataclass(frozen=True)
class Frames:
    """``count`` frames, one each ``every_s``; ``prints`` gives the fingerprint of each, None: the source has none."""

    count: int
    every_s: float = 0.2
    prints: Callable[[], int] | None = None


@dataclass(frozen=True)
class Silence:
    """A read that waits for so long and fails then."""

    seconds: float


Step = Frames | Silence | Exception


class TimedSource:
    """Plays a script; each read lets the clock go on. After the script the film is over."""

    def __init__(self, clock: ManualClock, *script: Step) -> None:
        self.clock = clock
        self._frames = self._play(script)

    def open(self) -> tuple[int, int]:
        return 64, 36

    def read(self) -> CapturedFrame:
        found = next(self._frames, SourceEnded("The film is over."))
        if isinstance(found, Exception):
            raise found
        return found

    def close(self) -> None:
        return

    def _play(self, script: tuple[Step, ...]) -> Iterator[CapturedFrame | Exception]:
        for step in script:
            match step:
                case Frames(count, every_s, prints):
                    for _ in range(count):
                        self.clock.advance(every_s)
                        yield CapturedFrame(
                            0, self.clock.utc_now(), self.clock.monotonic_s(), (64, 36), lambda: PICTURE, prints
                        )
                case Silence(seconds):
                    self.clock.advance(seconds)
                    yield SourceTimeout("The camera does not answer.")
                case _:
                    yield step


@dataclass
class Told:
    """What a camera's thread said of itself until its script was over."""

    gaps: list[Gap]
    waits_s: list[float]
    states: list[tuple[CameraCondition, str]]
    shown: int


def play(*script: Step) -> Told:
    """Run the whole script; waits let the clock go on. Jitter is off (its largest value)."""
    clock = ManualClock()
    told = Told([], [], [], 0)

    def pause(seconds: float) -> None:
        told.waits_s.append(seconds)
        clock.advance(seconds)

    class Watched(TimedSource):
        def read(self) -> CapturedFrame:
            state = (worker.state.condition, worker.state.words)
            if not told.states or told.states[-1] != state:
                told.states.append(state)
            told.shown += worker.slot.take() is not None
            return super().read()

    worker = CameraWorker(
        "cam",
        Watched(clock, *script),
        clock=clock,
        on_gap=lambda _, gap: told.gaps.append(gap),
        chance=lambda: 1.0,
        pause=pause,
    )
    worker.start()
    worker.thread.join(10)
    assert worker.has_ended
    return told


def test_a_camera_that_is_silent_for_three_seconds_is_stale_while_its_read_still_waits() -> None:
    clock = ManualClock()
    waits = threading.Event()
    go_on = threading.Event()

    class Hesitant(TimedSource):
        def read(self) -> CapturedFrame:
            if worker.state.condition is CameraCondition.LIVE and not go_on.is_set():
                waits.set()
                go_on.wait(5)
            return super().read()

    gaps: list[Gap] = []
    source = Hesitant(clock, Frames(3, every_s=0.0))
    worker = CameraWorker("cam", source, clock=clock, on_gap=lambda _, gap: gaps.append(gap))
    worker.start()
    assert waits.wait(5)
    clock.advance(2.9)
    assert worker.state.condition is CameraCondition.LIVE
    clock.advance(0.2)
    assert worker.state.condition is CameraCondition.TROUBLE
    assert worker.state.words == "No picture for 3 seconds."
    clock.advance(1.9)
    go_on.set()
    worker.thread.join(5)
    assert [(gap.reason, gap.duration_s) for gap in gaps] == [("stale", pytest.approx(5.0))]


@pytest.mark.parametrize(("silent_s", "reasons"), [(2.0, []), (4.0, ["stale"])])
def test_a_stop_in_the_middle_of_a_silence_tells_it(silent_s: float, reasons: list[str]) -> None:
    clock = ManualClock()
    waits, closed = threading.Event(), threading.Event()

    class Silent(TimedSource):
        def read(self) -> CapturedFrame:
            if worker.state.condition is not CameraCondition.LIVE:
                return super().read()
            waits.set()
            closed.wait(5)
            raise SourceEnded("The source is closed.")

        def close(self) -> None:
            closed.set()

    gaps: list[Gap] = []
    source = Silent(clock, Frames(1, every_s=0.0))
    worker = CameraWorker("cam", source, clock=clock, on_gap=lambda _, gap: gaps.append(gap))
    worker.start()
    assert waits.wait(5)
    clock.advance(silent_s)
    worker.stop()
    assert [gap.reason for gap in gaps] == reasons
    assert [gap.duration_s for gap in gaps] == [pytest.approx(silent_s)] * len(reasons)


def test_a_picture_that_stands_still_for_twenty_seconds_is_frozen_and_was_blind_from_the_beginning() -> None:
    noise = itertools.count()
    told = play(
        Frames(50, prints=lambda: next(noise)), Frames(200, prints=lambda: -1), Frames(10, prints=lambda: next(noise))
    )
    assert [gap.reason for gap in told.gaps] == ["frozen"]
    assert told.gaps[0].duration_s == pytest.approx(40, abs=1.5)
    words = [words for _, words in told.states]
    assert words == ["Connecting.", "Live.", "The picture has not changed for 20 seconds; restart the camera.", "Live."]
    assert told.shown == pytest.approx(50 + 100 + 10, abs=8), "frozen pictures are not analysed"


def test_a_living_picture_and_a_still_one_without_a_sensor_are_never_frozen() -> None:
    noise = itertools.count()
    assert play(Frames(600, prints=lambda: next(noise))).gaps == []
    still = play(Frames(600))
    assert still.gaps == []
    assert still.shown >= 599


def test_back_off_grows_until_the_camera_was_healthy_for_a_minute() -> None:
    down = SourceUnreachable("Nothing answers.")
    assert play(*[down] * 7).waits_s == [1, 2, 4, 8, 16, 30, 30]
    assert play(down, down, down, Frames(306), down).waits_s == [1, 2, 4, 1], "61 s of pictures"
    assert play(down, down, down, Frames(290), down).waits_s == [1, 2, 4, 8], "58 s of pictures"


def test_a_minute_of_an_open_connection_is_no_health() -> None:
    down = SourceUnreachable("Nothing answers.")
    assert play(down, down, Silence(100), down).waits_s == [1, 2, 4, 8]
    assert play(down, down, Frames(5), Silence(100)).waits_s == [1, 2, 4]


def test_health_begins_anew_after_a_frozen_picture() -> None:
    noise = itertools.count()
    living = Frames(200, prints=lambda: next(noise))
    down = SourceUnreachable("Nothing answers.")
    told = play(down, down, living, Frames(150, prints=lambda: -1), living, down)
    assert told.waits_s == [1, 2, 4], "twice 40 s of pictures are no minute"


def test_a_wrong_password_waits_five_minutes_each_time() -> None:
    refused = SourceAuthError("The camera refuses this user name or password.")
    told = play(refused, refused, Frames(5))
    assert told.waits_s == [300, 300]
    assert [(gap.reason, gap.duration_s) for gap in told.gaps] == [("SourceAuthError", pytest.approx(600, abs=1))]
