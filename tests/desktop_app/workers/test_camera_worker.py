from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
import pytest

from desktop_app.adapters.video.open_source import make_source
from desktop_app.domain.detections import Detections
from desktop_app.services.capture_health import FROZEN_S, FrozenWatch
from desktop_app.services.detection_schedule import DetectionSchedule
from desktop_app.services.engine_view import CameraCondition
from desktop_app.services.input_size import InputSize
from desktop_app.services.ports import (
    BgrImage,
    CapturedFrame,
    DetectorError,
    SourceAuthError,
    SourceEnded,
    SourceError,
    SourceNotFound,
    SourceUnreachable,
    SourceUnreadable,
)
from desktop_app.services.reconnect_policy import reconnect_wait_s
from desktop_app.workers.camera_worker import CameraWorker, Gap, stop_cameras
from desktop_app.workers.detector_worker import DetectorWorker
from desktop_app.workers.latest_slot import LatestSlot
from shared_models.cameras import SourceAddress
from shared_models.clock import ManualClock, SystemClock

CLOCK = SystemClock()
PICTURE = np.zeros((36, 64, 3), np.uint8)


def frame(index: int = 0) -> CapturedFrame:
    return CapturedFrame(index, CLOCK.utc_now(), CLOCK.monotonic_s(), (64, 36), lambda: PICTURE)


class ScriptedSource:
    """Does what its script says: an int gives that many frames, an error is raised."""

    def __init__(self, *script: int | Exception) -> None:
        self.script = list(script)
        self.opened = self.closed = 0

    def open(self) -> tuple[int, int]:
        self.opened += 1
        return 64, 36

    def read(self) -> CapturedFrame:
        time.sleep(0.005)
        step = self.script[0] if self.script else 1
        if isinstance(step, Exception):
            self.script.pop(0)
            raise step
        if self.script:
            self.script[0] = step - 1
            if self.script[0] <= 0:
                self.script.pop(0)
        return frame()

    def close(self) -> None:
        self.closed += 1


def wait_until(check: object, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if check():  # type: ignore[operator]
            return
        time.sleep(0.01)
    raise AssertionError("it did not happen in time")


def test_an_outage_is_told_once_when_it_is_over_and_the_camera_comes_back_by_itself() -> None:
    gaps: list[Gap] = []
    source = ScriptedSource(3, SourceUnreachable("Nothing answers at 10.0.0.3."))
    worker = CameraWorker("cam", source, clock=CLOCK, on_gap=lambda _, gap: gaps.append(gap), chance=lambda: 0.0)
    worker.start()
    wait_until(lambda: worker.state.condition is CameraCondition.TROUBLE)
    assert worker.state.words == "Nothing answers at 10.0.0.3."
    wait_until(lambda: worker.state.condition is CameraCondition.LIVE)
    worker.stop()
    (gap,) = gaps
    assert gap.reason == "SourceUnreachable"
    assert 0.4 <= gap.duration_s <= 10.0
    assert source.opened == 2
    assert source.closed >= 2


class LiddedSource(ScriptedSource):
    """A camera that sends on as if nothing had happened when the machine wakes, after an hour on both clocks."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__()
        self._clock, self.is_shut = clock, threading.Event()

    def read(self) -> CapturedFrame:
        self._clock.advance(3600.0 if self.is_shut.is_set() else 0.2)
        self.is_shut.clear()
        return super().read()


def test_an_hour_with_the_lid_closed_is_one_gap_of_an_hour() -> None:
    gaps: list[Gap] = []
    clock = ManualClock()
    source = LiddedSource(clock)
    worker = CameraWorker("cam", source, clock=clock, on_gap=lambda _, gap: gaps.append(gap))
    worker.start()
    wait_until(lambda: worker.state.condition is CameraCondition.LIVE)
    source.is_shut.set()
    wait_until(lambda: gaps)
    worker.stop()
    assert [gap.reason for gap in gaps] == ["stale"]
    assert gaps[0].duration_s == pytest.approx(3600.0, abs=1.0)
    assert source.opened == 1, "a camera that sends on is not opened again"


def test_a_stop_in_the_middle_of_a_wait_is_prompt_and_tells_the_gap() -> None:
    gaps: list[Gap] = []
    source = ScriptedSource(SourceAuthError("The camera refuses this password."))
    worker = CameraWorker("cam", source, clock=CLOCK, on_gap=lambda _, gap: gaps.append(gap))
    worker.start()
    wait_until(lambda: worker.state.condition is CameraCondition.TROUBLE)
    began = time.monotonic()
    worker.stop()
    assert time.monotonic() - began < 4.0
    assert [gap.reason for gap in gaps] == ["SourceAuthError"]


class StuckSource(ScriptedSource):
    """A driver that does not end its read before ``may_end`` is set; each close takes ``close_s`` of the clock's time."""

    def __init__(self, *, clock: ManualClock, close_s: float = 0.0) -> None:
        super().__init__()
        self.may_end = threading.Event()
        self._clock, self._close_s = clock, close_s

    def read(self) -> CapturedFrame:
        self.may_end.wait(20.0)
        raise SourceEnded("over")

    def close(self) -> None:
        super().close()
        self._clock.advance(self._close_s)


@pytest.mark.expected_log("its driver has not answered")
def test_drivers_that_hang_are_waited_for_together_and_told_as_no_error(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("desktop_app.workers.camera_worker.STOP_LIMIT_S", 0.4)
    sources = [StuckSource(clock=ManualClock()) for _ in range(4)]
    workers = [CameraWorker(f"cam_{i}", s, clock=CLOCK, on_gap=lambda *_: None) for i, s in enumerate(sources)]
    for worker in workers:
        worker.start()
    wait_until(lambda: all(source.opened for source in sources))
    began_s = time.monotonic()
    stop_cameras(workers)
    assert time.monotonic() - began_s < 1.2, "four times the limit would be 1.6 s"
    told = [record for record in caplog.records if "has not answered" in record.getMessage()]
    assert [record.levelname for record in told] == ["WARNING"] * 4
    for worker, source in zip(workers, sources, strict=True):
        source.may_end.set()
        worker.thread.join(10.0)


def test_a_machine_that_slept_while_it_stopped_gave_its_cameras_no_time() -> None:
    """No line in the log: one at WARNING fails the test."""
    clock = ManualClock()
    source = StuckSource(clock=clock, close_s=3600.0)
    worker = CameraWorker("cam", source, clock=clock, on_gap=lambda *_: None)
    worker.start()
    wait_until(lambda: source.opened)
    threading.Timer(0.3, source.may_end.set).start()
    worker.stop()
    assert not worker.thread.is_alive


@pytest.mark.expected_log("died")
def test_a_defect_is_told_without_its_secrets_and_a_restart_tells_the_gap() -> None:
    gaps: list[Gap] = []
    source = ScriptedSource(3, RuntimeError("rtsp://admin:hunter2@cam broke"))
    worker = CameraWorker("cam", source, clock=CLOCK, on_gap=lambda _, gap: gaps.append(gap))
    worker.start()
    wait_until(lambda: worker.state.condition is CameraCondition.TROUBLE)
    assert worker.state.words == "Stopped by a defect of the program (RuntimeError); it is started again."
    worker.start()
    wait_until(lambda: worker.state.condition is CameraCondition.LIVE)
    worker.stop()
    assert [gap.reason for gap in gaps] == ["defect"]


@pytest.mark.expected_log("could not be told")
def test_a_gap_that_cannot_be_told_does_not_stop_the_count() -> None:
    def fail(*_: object) -> None:
        raise KeyError("a defect")

    source = ScriptedSource(3, SourceUnreachable("Nothing answers."))
    worker = CameraWorker("cam", source, clock=CLOCK, on_gap=fail, chance=lambda: 0.0)
    worker.start()
    wait_until(lambda: source.opened == 2 and worker.state.condition is CameraCondition.LIVE)
    worker.stop()


def test_a_film_that_is_over_is_not_an_outage() -> None:
    gaps: list[Gap] = []
    source = ScriptedSource(2, SourceEnded("The film is over."))
    worker = CameraWorker("cam", source, clock=CLOCK, on_gap=lambda _, gap: gaps.append(gap))
    worker.start()
    wait_until(lambda: worker.has_ended)
    worker.stop()
    assert gaps == []


def test_a_refused_password_waits_five_minutes_and_others_at_most_thirty_seconds() -> None:
    assert reconnect_wait_s(SourceAuthError(""), failures=1, chance=0.5) == 300
    waits = [reconnect_wait_s(SourceError(""), failures=n, chance=0.999) for n in range(1, 20)]
    assert waits == sorted(waits)
    assert waits[0] <= 1.0
    assert max(waits) <= 30.0


def test_a_picture_that_stays_identical_is_frozen() -> None:
    watch = FrozenWatch()
    assert not any(watch.observe(7, at_s=t) for t in range(int(FROZEN_S)))
    assert watch.observe(7, at_s=FROZEN_S)
    assert not watch.observe(8, at_s=FROZEN_S + 1)


def test_the_newest_value_wins() -> None:
    slot: LatestSlot[int] = LatestSlot()
    for value in (1, 2, 3):
        slot.put(value)
    assert (slot.take(), slot.dropped) == (3, 2)
    assert slot.take(timeout_s=0.01) is None


def test_overload_lowers_every_cameras_rate_alike() -> None:
    schedule = DetectionSchedule({"a": 5.0, "b": 5.0, "c": 5.0})
    done = {"a": 0, "b": 0, "c": 0}
    now = 0.0
    while now < 60:
        due = schedule.due(now_s=now)
        if due:
            schedule.looked_at(due[0], now_s=now)
            done[due[0]] += 1
            now += 0.15  # one look costs more than a third of a period
        else:
            now += 0.01
    assert max(done.values()) - min(done.values()) <= 1
    assert schedule.rate("a", now_s=now) == pytest.approx(1 / 0.45, abs=0.3)


class FlakyDetector:
    side_by_side = 2
    name = "flaky"
    input_sides = ()

    def __init__(self) -> None:
        self.calls = 0

    def detect(self, frames: object, *, long_sides: object = ()) -> list[Detections]:
        self.calls += 1
        if self.calls == 1:
            raise DetectorError("The model failed.")
        return [Detections() for _ in frames]  # type: ignore[attr-defined]

    def close(self) -> None:
        return None


@pytest.mark.expected_log("detection failed")
def test_the_detection_service_survives_a_failing_model() -> None:
    slots: dict[str, LatestSlot[CapturedFrame]] = {"a": LatestSlot(), "b": LatestSlot()}
    results: list[str] = []
    news = threading.Event()

    def on_result(camera_id: str, _frame: CapturedFrame, _found: Detections) -> bool:
        results.append(camera_id)
        if set(results) == {"a", "b"}:
            news.set()
        return False

    worker = DetectorWorker(FlakyDetector(), slots, target_fps={"a": 15.0, "b": 15.0}, clock=CLOCK, on_result=on_result)
    slots["a"].put(frame())
    worker.start()
    wait_until(lambda: worker.words == "The model failed.")
    for _ in range(400):
        slots["a"].put(frame())
        slots["b"].put(frame())
        if news.wait(0.01):
            break
    worker.stop()
    assert {"a", "b"} <= set(results)
    assert worker.words == ""


class SizedDetector:
    """Tells the input size that it was asked for as the left edge of one box."""

    side_by_side = 2
    name = "sized"
    input_sides = (416, 640)

    def detect(self, frames: Sequence[BgrImage], *, long_sides: Sequence[int] = ()) -> list[Detections]:
        assert len(frames) == len(long_sides)
        scores = np.array([0.9], np.float32)
        return [Detections(np.array([(side, 0, side + 9, 9)], np.float32), scores) for side in long_sides]

    def close(self) -> None:
        return None


def test_each_camera_is_looked_at_with_its_own_input_size_and_with_another_from_then_on() -> None:
    slots: dict[str, LatestSlot[CapturedFrame]] = {}
    seen: dict[str, int] = {}

    def on_result(camera_id: str, _frame: CapturedFrame, found: Detections) -> bool:
        seen[camera_id] = int(found.xyxy[0, 0])
        return False

    worker = DetectorWorker(SizedDetector(), slots, target_fps={}, clock=CLOCK, on_result=on_result)
    for camera_id, wish in (("a", InputSize.NEAR), ("b", InputSize.AUTOMATIC)):
        slots[camera_id] = LatestSlot()
        worker.add(camera_id, slots[camera_id], fps=15.0, input_size=wish)

    def looked(expected: dict[str, int]) -> bool:
        for slot in slots.values():
            slot.put(frame())
        return seen == expected

    worker.start()
    wait_until(lambda: looked({"a": 416, "b": 640}))
    assert (worker.input_side("a"), worker.input_side("b"), worker.input_side("unknown")) == (416, 640, 0)
    worker.set_input_size("a", InputSize.WIDE)
    worker.set_input_size("b", InputSize.NEAR)
    wait_until(lambda: looked({"a": 640, "b": 416}))
    worker.stop()


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for index in range(20):
            image = np.full((48, 64, 3), index * 10, np.uint8)
            for packet in stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


def test_a_film_keeps_its_own_time_and_ends(film: Path) -> None:
    source = make_source(SourceAddress(str(film)), clock=CLOCK, realtime=False)
    assert source.open() == (64, 48)
    frames = [source.read() for _ in range(20)]
    assert [f.at_s - frames[0].at_s for f in frames] == pytest.approx([n / 10 for n in range(20)])
    assert frames[3].bgr().shape == (48, 64, 3)
    assert frames[3].bgr() is frames[3].bgr()
    with pytest.raises(SourceEnded):
        source.read()
    source.close()
    source.close()


def test_a_looping_film_goes_on_and_its_time_never_runs_back(film: Path) -> None:
    source = make_source(SourceAddress(str(film)), clock=CLOCK, realtime=False, loop=True)
    source.open()
    times = [source.read().at_s for _ in range(70)]
    source.close()
    assert all(0.05 < b - a < 0.2 for a, b in itertools.pairwise(times))


def test_pictures_of_a_folder_are_frames_in_the_order_of_their_names(tmp_path: Path) -> None:
    import cv2

    for name, shade in (("b.png", 20), ("a.png", 10), ("c.jpg", 30)):
        cv2.imwrite(str(tmp_path / name), np.full((10, 20, 3), shade, np.uint8))
    source = make_source(SourceAddress(str(tmp_path)), clock=CLOCK, realtime=False, pictures_fps=2)
    assert source.open() == (20, 10)
    frames = [source.read() for _ in range(3)]
    assert [int(f.bgr().mean().round()) for f in frames] == [10, 20, 30]
    assert frames[2].at_s - frames[0].at_s == pytest.approx(1.0)
    with pytest.raises(SourceEnded):
        source.read()


@pytest.mark.parametrize(
    ("address", "error", "words"),
    [
        ("nowhere.mp4", SourceNotFound, "There is no file"),
        ("rtsp://admin:hunter2@127.0.0.1:9/x", SourceUnreachable, "Nothing answers at 127.0.0.1:9"),
        ("http://admin:hunter2@127.0.0.1:9/x", SourceUnreachable, "Nothing answers at 127.0.0.1:9"),
        ("usb://93", SourceNotFound, "was not found"),
    ],
)
def test_what_cannot_be_opened_says_so_in_words_without_the_password(
    address: str, error: type[SourceError], words: str
) -> None:
    source = make_source(SourceAddress(address), clock=CLOCK)
    with pytest.raises(error, match=words) as caught:
        source.open()
    assert "hunter2" not in str(caught.value)


def test_a_file_that_is_no_film_says_so(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_text("this is a letter")
    with pytest.raises(SourceUnreadable, match="no video"):
        make_source(SourceAddress(str(path)), clock=CLOCK).open()
