from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

from desktop_app.adapters.storage.sqlite_outbox import SqliteOutbox
from desktop_app.adapters.video.pyav_source import PyAvSource
from desktop_app.domain.detections import Detections
from desktop_app.services.camera_pipeline import CameraPipeline
from desktop_app.services.engine_view import CameraCondition
from desktop_app.services.ports import BgrImage, CapturedFrame, CloudAnswer, OutboxDepth, SourceEnded
from desktop_app.services.sync import SyncService
from desktop_app.workers.engine import Engine, EngineCamera
from desktop_app.workers.supervisor import FORGIVEN_S, Supervisor
from desktop_app.workers.sync_worker import SyncWorker
from desktop_app.workers.work_thread import WorkThread
from shared_models.cameras import Camera, SourceAddress
from shared_models.clock import ManualClock, SystemClock
from shared_models.events import Event, EventDraft, EventType
from shared_models.ids import uuid7

T = TypeVar("T")
CLOCK = SystemClock()
PICTURE = np.zeros((36, 64, 3), np.uint8)


def wait_until(check: Callable[[], object], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def wait_for(look: Callable[[], T | None]) -> T:
    """What ``look`` finds, as soon as it finds something."""
    found: list[T] = []

    def has_found() -> bool:
        seen = look()
        if seen is not None:
            found.append(seen)
        return seen is not None

    wait_until(has_found)
    return found[-1]


class InMemorySink:
    """Takes events."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.counters: dict[str, str] = {}

    def append(self, drafts: Sequence[EventDraft], *, counters: Mapping[str, str]) -> list[Event]:
        new = [d.stamped(event_id=uuid7(), seq=len(self.events) + n) for n, d in enumerate(drafts, start=1)]
        self.events += new
        self.counters |= counters
        return new

    def load_counters(self) -> dict[str, str]:
        return dict(self.counters)


class NobodyDetector:
    side_by_side = 2
    name = "nobody"

    input_sides = ()

    def detect(self, frames: Sequence[BgrImage], *, long_sides: Sequence[int] = ()) -> list[Detections]:
        return [Detections() for _ in frames]

    def close(self) -> None:
        return


class SteadySource:
    """Frames at 50 per second; one error where ``fails`` holds one."""

    def __init__(self, *fails: Exception) -> None:
        self.fails = list(fails)
        self.opened = 0
        self.is_open = False

    def open(self) -> tuple[int, int]:
        self.opened += 1
        self.is_open = True
        return 64, 36

    def read(self) -> CapturedFrame:
        time.sleep(0.02)
        if not self.is_open:
            raise SourceEnded("The source is closed.")
        if self.fails and self.opened == 1:
            raise self.fails.pop()
        return CapturedFrame(0, CLOCK.utc_now(), CLOCK.monotonic_s(), (64, 36), lambda: PICTURE)

    def close(self) -> None:
        self.is_open = False


class PatientlyBroken(SteadySource):
    """Breaks when it is told to, not before."""

    def __init__(self, *fails: Exception) -> None:
        super().__init__(*fails)
        self.may_break = threading.Event()

    def read(self) -> CapturedFrame:
        self.may_break.wait(10)
        return super().read()


def camera(camera_id: str, sink: InMemorySink, source: object, configuration: object = None) -> EngineCamera:
    pipeline = CameraPipeline(
        camera_id, camera_for=lambda _: Camera(camera_id=camera_id, source=SourceAddress("0")), sink=sink
    )
    return EngineCamera(camera_id, camera_id, 15.0, source, pipeline, configuration)  # type: ignore[arg-type]


def engine_of(*cameras: EngineCamera) -> Engine:
    return Engine(cameras, detector=NobodyDetector(), sync=None, clock=CLOCK)


@contextmanager
def running(engine: Engine) -> Iterator[Engine]:
    engine.start()
    try:
        yield engine
    finally:
        engine.stop(flush_s=0)


def conditions(engine: Engine) -> dict[str, CameraCondition]:
    return {status.camera_id: status.condition for status in engine.status().cameras}


@pytest.mark.expected_log("died")
def test_what_dies_is_started_again_with_growing_waits_and_forgiven_after_a_while() -> None:
    clock = ManualClock()
    starts: list[float] = []

    def work() -> None:
        starts.append(clock.monotonic_s())
        raise KeyError("rtsp://admin:hunter2@cam")

    thread = WorkThread(work, name="camera-door")
    supervisor = Supervisor(lambda: [thread], clock=clock)
    thread.start()
    for _ in range(200):
        thread.join(5)
        supervisor.look()
        clock.advance(0.5)
    waits = np.diff(starts)
    assert waits[:5] == pytest.approx([1, 2, 4, 8, 16], abs=0.6)
    assert thread.words == "Stopped by a defect of the program (KeyError); it is started again."
    deaths = len(starts)
    clock.advance(FORGIVEN_S)
    while len(starts) == deaths:
        thread.join(5)
        supervisor.look()
        clock.advance(0.5)
    # It has lived (as far as anybody looked) for two minutes before it died again.
    assert len(starts) == deaths + 1


def test_work_that_ends_by_itself_is_left_in_peace() -> None:
    clock = ManualClock()
    runs: list[int] = []
    thread = WorkThread(lambda: runs.append(1), name="film")
    supervisor = Supervisor(lambda: [thread], clock=clock)
    thread.start()
    for _ in range(10):
        thread.join(5)
        supervisor.look()
        clock.advance(60)
    assert runs == [1]


@pytest.mark.expected_log("died", "started again")
def test_a_camera_thread_that_dies_of_a_defect_is_told_and_comes_back(caplog: pytest.LogCaptureFixture) -> None:
    sink = InMemorySink()
    broken = PatientlyBroken(KeyError("rtsp://admin:hunter2@cam"))
    engine = engine_of(camera("broken", sink, broken), camera("calm", sink, SteadySource()))
    with running(engine):
        wait_until(lambda: conditions(engine)["calm"] is CameraCondition.LIVE)
        broken.may_break.set()
        died = wait_for(
            lambda: next(
                (s for s in [engine.status()] if any("defect of the program" in c.words for c in s.cameras)), None
            )
        )
        assert {c.camera_id: c.condition for c in died.cameras} == {
            "broken": CameraCondition.TROUBLE,
            "calm": CameraCondition.LIVE,
        }
        assert "KeyError" in next(c.words for c in died.cameras if c.camera_id == "broken")
        wait_until(lambda: conditions(engine)["broken"] is CameraCondition.LIVE)
    assert any(
        record.levelno == logging.ERROR and "camera-broken died" in record.getMessage() for record in caplog.records
    )


class FlakyOutbox(SqliteOutbox):
    """Looking at it fails once, by a defect."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, clock=CLOCK)
        self.looks = 0

    def depth(self) -> OutboxDepth:
        self.looks += 1
        if self.looks == 1:
            raise KeyError("a defect of ours")
        return super().depth()


class AbsentCloud:
    def send(self, payload: bytes) -> CloudAnswer:
        return CloudAnswer(0, words="The cloud cannot be reached; is this machine online?")

    def close(self) -> None:
        return


@pytest.mark.expected_log("died", "started again")
def test_an_upload_thread_that_dies_is_told_and_comes_back(tmp_path: Path) -> None:
    outbox = FlakyOutbox(tmp_path / "outbox.sqlite3")
    cloud = AbsentCloud()
    sync = SyncWorker(SyncService(outbox, cloud, clock=CLOCK), outbox=outbox, cloud=cloud, clock=CLOCK)
    engine = Engine([], detector=NobodyDetector(), sync=sync, clock=CLOCK)
    engine.start()
    wait_until(lambda: "defect of the program (KeyError)" in engine.status().cloud.words)
    assert engine.status().cloud.is_connected is False
    wait_until(lambda: outbox.looks > 1 and sync.thread.is_alive)
    assert "defect" not in engine.status().cloud.words
    engine.stop(flush_s=0)
    outbox.close()


def test_a_new_configuration_restarts_the_camera_that_changed_and_no_other() -> None:
    sink = InMemorySink()
    sources = {name: SteadySource() for name in ("a", "b", "b2", "c", "d")}
    engine = engine_of(*(camera(name, sink, sources[name], name.upper()) for name in ("a", "b", "c")))
    engine.start()
    wait_until(lambda: set(conditions(engine).values()) == {CameraCondition.LIVE})
    wait_until(lambda: engine.latest("b") is not None)
    engine.apply(
        [
            camera("a", sink, SteadySource(), "A"),
            camera("d", sink, sources["d"], "D"),
            camera("b", sink, sources["b2"], "B, other zones"),
        ]
    )
    assert list(conditions(engine)) == ["a", "d", "b"]
    assert engine.latest("c") is None
    wait_until(lambda: set(conditions(engine).values()) == {CameraCondition.LIVE})
    wait_until(lambda: engine.latest("b") is not None and engine.latest("d") is not None)
    assert {name: source.opened for name, source in sources.items()} == {"a": 1, "b": 1, "b2": 1, "c": 1, "d": 1}
    assert {name: source.is_open for name, source in sources.items() if source.is_open} == {
        "a": True,
        "b2": True,
        "d": True,
    }
    engine.stop()
    assert [e.type for e in sink.events if e.type is EventType.CAMERA_GAP] == []


def test_another_rate_or_name_disturbs_no_camera() -> None:
    sink = InMemorySink()
    source = SteadySource()
    engine = engine_of(camera("a", sink, source, "A"))
    engine.start()
    wait_until(lambda: engine.latest("a") is not None)
    wait_until(lambda: engine.status().cameras[0].analysed_fps > 2.5)
    engine.apply([replace(camera("a", sink, SteadySource(), "A"), label="Front door", target_fps=1.0)])
    assert engine.status().cameras[0].label == "Front door"
    wait_until(lambda: engine.status().cameras[0].analysed_fps <= 1.2)
    engine.apply([camera("a", sink, SteadySource(), "A")])
    wait_until(lambda: engine.status().cameras[0].analysed_fps > 2.5)
    engine.stop()
    assert source.opened == 1
    assert sink.events == []


def test_a_configuration_before_the_start_starts_nothing() -> None:
    sink = InMemorySink()
    first, second = SteadySource(), SteadySource()
    engine = engine_of(camera("a", sink, first, "A"))
    engine.apply([camera("a", sink, second, "A2")])
    assert (first.opened, second.opened) == (0, 0)
    engine.start()
    wait_until(lambda: conditions(engine)["a"] is CameraCondition.LIVE)
    engine.stop()
    assert (first.opened, second.opened) == (0, 1)


def test_a_stop_waits_for_no_camera_that_is_silent_in_whatever_way() -> None:
    """Four cameras that accept and say nothing: their opening waits, and no thread is left."""
    sink = InMemorySink()
    with socket.create_server(("127.0.0.1", 0), backlog=16) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        addresses = [f"rtsp://{address}/1", f"rtsp://{address}/2", f"http://{address}/3", f"rtsps://{address}/4"]
        cameras = [camera(a, sink, PyAvSource(SourceAddress(a), clock=CLOCK)) for a in addresses]
        engine = engine_of(*cameras)
        before = set(threading.enumerate())
        engine.start()
        time.sleep(0.5)
        began_s = time.monotonic()
        engine.stop()
        # An opening that is waited for takes five seconds and more.
        assert time.monotonic() - began_s < 3.0
        assert set(threading.enumerate()) <= before
