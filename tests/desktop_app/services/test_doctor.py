from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from desktop_app.services.detector_runtime import DetectorRuntime, RuntimeTest
from desktop_app.services.doctor import (
    State,
    has_broken,
    judge_camera,
    judge_clock,
    judge_cloud,
    judge_detector,
    judge_disk,
    judge_model,
    judge_outbox,
    judge_running,
)
from desktop_app.services.engine_view import CameraCondition, CameraStatus
from desktop_app.services.input_size import InputSize
from desktop_app.services.model_registry import ModelEntry, ModelSpec
from desktop_app.services.ports import CloudAnswer, OutboxDepth
from desktop_app.services.running_state import RunningStateFile, read_running
from shared_models.sync import BatchReceipt

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SPEC = ModelSpec("yolox", Path("/models/yolox.onnx"), "Apache-2.0")
RECEIPT = BatchReceipt(results=(), contiguous_seq=0)


@pytest.mark.parametrize(
    ("age", "has_cloud", "state", "words"),
    [
        (timedelta(minutes=5), True, State.OK, "7 of 90 events wait, the oldest for 5 minutes."),
        (timedelta(hours=3), True, State.WARNING, "the oldest for 3 hours."),
        (timedelta(days=9), True, State.BROKEN, "the oldest for 9 days."),
        (timedelta(days=9), False, State.OK, "7 of 90 events wait."),
    ],
)
def test_events_that_wait_long_are_told(age: timedelta, has_cloud: bool, state: State, words: str) -> None:
    (finding,) = judge_outbox(OutboxDepth(7, 0, NOW - age, 90), now=NOW, has_cloud=has_cloud)
    assert finding.state is state
    assert words in finding.words
    assert bool(finding.cure) == (state is not State.OK)


def test_refused_events_are_told_and_an_outbox_that_never_was_is_well() -> None:
    _, letters = judge_outbox(OutboxDepth(0, 3, None, 9), now=NOW, has_cloud=True)
    assert (letters.state, letters.words) == (State.WARNING, "The cloud refused 3 events.")
    assert [f.state for f in judge_outbox(None, now=NOW, has_cloud=True)] == [State.OK]


@pytest.mark.parametrize(
    ("answer", "states"),
    [
        (CloudAnswer(200, RECEIPT), [State.OK, State.OK]),
        (CloudAnswer(401, words="x"), [State.OK, State.BROKEN]),
        (CloudAnswer(403, words="x"), [State.OK, State.BROKEN]),
        (CloudAnswer(503, words="x"), [State.WARNING]),
        (CloudAnswer(0, words="x"), [State.BROKEN]),
        (CloudAnswer(404, words="x"), [State.BROKEN]),
    ],
)
def test_cloud_and_key_are_told_apart(answer: CloudAnswer, states: list[State]) -> None:
    findings = judge_cloud(answer, api_url="https://cloud.example.com")
    assert [f.state for f in findings] == states
    assert all(f.cure for f in findings if f.state is not State.OK)


@pytest.mark.parametrize(
    ("input_size", "words"),
    [
        (InputSize.AUTOMATIC, "looked at 640 pixels wide, at 416 while everybody in view is tall (automatic)."),
        (InputSize.NEAR, "looked at 416 pixels wide (near, as set)."),
        (InputSize.WIDE, "looked at 640 pixels wide (wide, as set)."),
    ],
)
def test_the_input_size_of_a_camera_is_told(input_size: InputSize, words: str) -> None:
    finding = judge_camera("door", size_wh=(640, 360), input_size=input_size)
    assert (finding.state, finding.words) == (State.OK, f"sends pictures of 640x360; {words}")


@pytest.mark.parametrize(
    ("offset_s", "state", "words"),
    [
        (2.0, State.OK, "2 s behind the cloud's."),
        (-31.0, State.WARNING, "31 s ahead of the cloud's."),
        (3600.0, State.BROKEN, "3600 s behind"),
        (None, State.WARNING, "could not be compared"),
    ],
)
def test_a_clock_that_is_off_is_told(offset_s: float | None, state: State, words: str) -> None:
    finding = judge_clock(offset_s)
    assert finding.state is state
    assert words in finding.words


@pytest.mark.parametrize(
    ("free", "is_writable", "state"),
    [
        (50e9, True, State.OK),
        (0.5e9, True, State.WARNING),
        (5e6, True, State.BROKEN),
        (50e9, False, State.BROKEN),
    ],
)
def test_a_disk_that_fills_is_told(free: float, is_writable: bool, state: State) -> None:
    finding = judge_disk(free_bytes=int(free), is_writable=is_writable, place="/data")
    assert finding.state is state
    assert has_broken([finding]) == (state is State.BROKEN)


@pytest.mark.parametrize(("expected", "state"), [("abc", State.OK), (None, State.OK), ("def", State.BROKEN)])
def test_a_model_that_is_not_the_registered_one_is_told(expected: str | None, state: State) -> None:
    entry = ModelEntry("yolox", expected) if expected else None
    assert judge_model(SPEC, entry=entry, sha256="abc").state is state


def test_a_stream_too_small_for_people_far_away_is_told() -> None:
    assert judge_camera("door", size_wh=(640, 360)).state is State.OK
    assert judge_camera("door", size_wh=(320, 240)).state is State.WARNING


@pytest.mark.parametrize(
    ("wanted_fps", "state", "words"),
    [
        (0.0, State.OK, "Enough for 6 cameras"),
        (10.0, State.OK, "33% of that"),
        (40.0, State.WARNING, "133% of that"),
    ],
)
def test_whether_the_machine_keeps_up_is_told_in_cameras(wanted_fps: float, state: State, words: str) -> None:
    test = RuntimeTest("this", "abc", DetectorRuntime("CPU", "bf16", 2, 2), {416: 70.0, 640: 30.0})
    finding = judge_detector(test, wanted_fps=wanted_fps, cameras=2)
    assert finding.state is state
    assert words in finding.words
    assert "CPU in bf16, 2 at once: 70 pictures a second at 416 pixels" in finding.words


def test_the_doctor_names_8_bit_integers() -> None:
    test = RuntimeTest("this", "abc", DetectorRuntime("CPU", "int8", 1, 2), {416: 70.0, 640: 30.0}, "cd34 ef56")
    assert "CPU in int8, 1 at once: 70 pictures a second" in judge_detector(test, wanted_fps=0, cameras=0).words


def camera_that(**values: object) -> CameraStatus:
    usual = CameraStatus("door", "Door", CameraCondition.LIVE, "Live.", NOW, 4.9, (), input_side=416, target_fps=5.0)
    return replace(usual, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("camera", "state", "words"),
    [
        (camera_that(), State.OK, "4.9 looks a second of 5 at 416 pixels."),
        (camera_that(analysed_fps=3.2, input_side=0), State.WARNING, "3.2 looks a second of 5."),
        (
            camera_that(analysed_fps=0.0, condition=CameraCondition.TROUBLE, words="No picture for 7 seconds."),
            State.WARNING,
            "0.0 looks a second of 5 at 416 pixels: No picture for 7 seconds.",
        ),
    ],
)
def test_how_often_a_running_program_looks_at_each_camera_is_told(
    tmp_path: Path, camera: CameraStatus, state: State, words: str
) -> None:
    path = tmp_path / "running.json"
    RunningStateFile(path, model="ours").write([camera], now=NOW)
    read = read_running(path, now=NOW + timedelta(seconds=8))
    assert read is not None
    program, looks = judge_running(read, now=NOW + timedelta(seconds=8))
    assert "counts in this folder with ours; as it was 8 s ago" in program.words
    assert (looks.what, looks.state, looks.words) == ("looks Door", state, words)
    assert bool(looks.cure) is (state is not State.OK)


def test_a_program_that_ended_or_was_killed_is_not_told_of(tmp_path: Path) -> None:
    path = tmp_path / "running.json"
    file = RunningStateFile(path, model="ours")
    assert read_running(path, now=NOW) is None
    file.write([camera_that()], now=NOW)
    assert read_running(path, now=NOW + timedelta(minutes=1)) is None
    assert read_running(path, now=NOW - timedelta(minutes=1)) is None, "a clock that was set back"
    file.remove()
    file.remove()
    assert read_running(path, now=NOW) is None
    for text in ("", "{", '{"at": "now"}', "[]"):
        path.write_text(text)
        assert read_running(path, now=NOW) is None


def test_a_full_disk_costs_the_doctor_a_line_and_nobody_else_anything(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    file = RunningStateFile(tmp_path / "file" / "running.json", model="ours")
    file.write([camera_that()], now=NOW)
    file.remove()
