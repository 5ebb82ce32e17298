"""``wink-edge audit``: keys in the terminal, films of the virtual store, real detection."""

from __future__ import annotations

import json
import os
import pty
import random
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from desktop_app.adapters.video.virtual_store.scenes import parse_store, scene_zones
from desktop_app.adapters.video.virtual_store.truth import truth_for
from desktop_app.bootstrap.audits import examine, keep
from desktop_app.cli import app
from desktop_app.cli.audit import report, tally
from desktop_app.cli.terminal import as_blocks
from desktop_app.services.audit import Audit, AuditBook, Mark, Score, Window
from desktop_app.services.ports import CapturedFrame
from desktop_app.settings import EdgeSettings
from shared_models.cameras import SourceAddress
from shared_models.zones import CountedDirection, LineZone
from tests.helpers.counted_camera import CountedCamera
from tests.helpers.weights import find_weights

IN, OUT = CountedDirection.IN, CountedDirection.OUT
FILM = "virtual-store://entrance?seed=7&people=20&fps=5&minutes=0.5"


class ScriptedKeyboard:
    """Keys at seconds; time passes only while it waits."""

    def __init__(self, keys: list[tuple[float, str]]) -> None:
        self.now_s = 0.0
        self._keys = sorted(keys)

    def key(self, *, wait_s: float) -> str | None:
        if self._keys and self._keys[0][0] <= self.now_s + wait_s:
            at_s, key = self._keys.pop(0)
            self.now_s = max(self.now_s, at_s)
            return key
        self.now_s += wait_s
        return None


def frames(window: Window) -> Iterator[tuple[float, CapturedFrame]]:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    for i in range(int((window.end_s - window.start_s) * 5)):
        at_s = window.start_s + i / 5
        yield at_s, CapturedFrame(i, moment, at_s, (8, 8), lambda: np.zeros((8, 8, 3), np.uint8))


def played(keys: list[tuple[float, str]], *windows: Window) -> tuple[list[Mark], list[Window], list[str]]:
    keyboard, shown = ScriptedKeyboard(keys), list[str]()
    marks, seen = tally(
        windows, frames, keyboard=keyboard, clock=lambda: keyboard.now_s, show=lambda _, words: shown.append(words)
    )
    return marks, seen, shown


def test_keys_become_marks_at_their_second_of_the_film() -> None:
    first, second = Window("a", 60.0, 70.0), Window("b", 0.0, 10.0)
    marks, seen, shown = played([(1.5, "i"), (2.0, "o"), (3.0, "x"), (12.0, "i")], first, second)
    assert seen == [first, second]
    assert [(m.source, m.direction) for m in marks] == [("a", IN), ("a", OUT), ("b", IN)]
    assert [m.at_s for m in marks] == [pytest.approx(61.5), pytest.approx(62.0), pytest.approx(12.0 - 9.8)]
    assert shown[20].startswith("in 1  out 1")


def test_a_key_too_many_is_taken_back_and_an_unfinished_minute_does_not_count() -> None:
    first, second = Window("a", 0.0, 10.0), Window("b", 0.0, 10.0)
    marks, seen, _ = played([(1.0, "i"), (1.2, "i"), (1.4, "u"), (12.0, "i"), (13.0, "q")], first, second)
    assert seen == [first]
    assert [m.source for m in marks] == ["a"]


def test_a_report_tells_in_and_out_apart_with_their_intervals() -> None:
    audit = Audit(
        "cam", "door", 2, "yolox", datetime(2026, 3, 2, tzinfo=UTC), (Window("a", 0.0, 60.0),), Score(38, 1, 1), Score()
    )
    first, went_in, went_out = report(audit).splitlines()
    assert first == "cam/door, revision 2, 1.0 minutes, yolox"
    assert went_in.startswith("in  95.0% right, between 83.5% and 98.6% (95 %): 39 crossings, 39 counted, 1 missed")
    assert "nobody crossed" in went_out


def test_a_picture_becomes_half_blocks_that_fit() -> None:
    picture = np.zeros((90, 160, 3), np.uint8)
    picture[:, :, 2] = 255
    lines = as_blocks(picture, columns=80, rows=10).split("\n")
    assert len(lines) <= 10
    assert lines[0].startswith("\x1b[38;2;255;0;0;48;2;255;0;0m\u2580")
    assert all(line.count("\u2580") <= 80 for line in lines)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> EdgeSettings:
    """A camera whose line is that of the virtual entrance."""
    monkeypatch.setenv("WINK_MODEL", str(find_weights()))
    monkeypatch.setenv("WINK_DATA_DIR", str(tmp_path))
    settings = EdgeSettings(data_dir=tmp_path, model=str(find_weights()))
    camera = CountedCamera(settings, zones=scene_zones("entrance"))
    camera.see(0.0, [np.zeros((0, 4))] * 5)
    camera.close()
    return settings


def test_a_person_who_presses_what_truly_happened_finds_the_counts_right(store: EdgeSettings) -> None:
    material = examine("cam", [FILM], zone_id=None, config=None, minutes=1, chance=random.Random(1), settings=store)
    assert isinstance(material.line, LineZone)
    truth = truth_for(parse_store(SourceAddress(FILM)), [material.line], from_s=0, to_s=30)
    keys = [Mark(FILM, crossing.at_s, crossing.direction) for crossing in truth.crossings]
    result = material.judged(material.windows, keys)
    assert result.went_in.crossings + result.went_out.crossings == len(keys) > 0
    found = result.went_in.found + result.went_out.found
    assert found >= 0.8 * len(keys)
    keep(result, settings=store)
    (kept,) = AuditBook(store.audits_path).all()
    assert kept["model"] == material.model
    assert [at_s for at_s, _ in material.frames(Window(FILM, 2.0, 3.0))] == [
        pytest.approx(s) for s in (2.0, 2.2, 2.4, 2.6, 2.8)
    ]


def test_without_a_terminal_it_says_what_it_needs(store: EdgeSettings) -> None:
    result = CliRunner().invoke(app, ["audit", "--camera", "cam", "--source", FILM])
    assert result.exit_code == 2
    assert "a person at a terminal" in result.stderr


@pytest.mark.slow
def test_in_a_real_terminal_keys_are_taken_and_the_result_is_printed_and_kept(store: EdgeSettings) -> None:
    controller, terminal = pty.openpty()
    film = FILM.replace("minutes=0.5", "minutes=0.1")
    command = [sys.executable, "-m", "desktop_app.cli", "audit", "--camera", "cam", "--source", film, "--json"]
    program = subprocess.Popen(command, stdin=terminal, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    os.close(terminal)
    try:
        assert program.stdout is not None
        while "in 0  out 0" not in (line := program.stdout.readline()):
            assert line, "it ended before it showed anything"
        os.write(controller, b"io")
        out, said = program.communicate(timeout=120)
    finally:
        if program.poll() is None:
            program.kill()
            program.wait()
        os.close(controller)
    assert program.returncode == 0, said
    value = json.loads(out[out.index('{"camera_id"') :])
    assert (value["in"]["crossings"], value["out"]["crossings"]) == (1, 1)
    assert len(AuditBook(store.audits_path).all()) == 1
