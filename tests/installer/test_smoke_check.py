"""The smoke check judges: here it is given programs that fail in the ways it is there to find."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from installer.smoke import checks, programs, report
from installer.smoke.checks import StoreFigures, WindowFigures
from installer.smoke.programs import Running, SmokeError, ask, bare_environment, bundled
from installer.smoke.report import Tried
from installer.smoke.screen import Screen


def script(folder: Path, code: str) -> list[str]:
    (folder / "program.py").write_text(code)
    return [sys.executable, str(folder / "program.py")]


def running(folder: Path, code: str) -> Running:
    return Running(script(folder, code), environment=bare_environment(folder), log=folder / "log")


def test_a_bundle_that_is_not_there_is_told_with_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(SmokeError, match=r"python -m installer\.build"):
        bundled(tmp_path)


def test_a_program_finds_a_home_and_the_systems_commands_and_nothing_else(tmp_path: Path) -> None:
    told = ask(script(tmp_path, "import os; print(sorted(os.environ))"), environment=bare_environment(tmp_path))
    assert set(told.strip("[]'\n").split("', '")) <= {"HOME", "PATH", "LC_CTYPE"}


def test_a_program_that_fails_is_told_in_its_own_words(tmp_path: Path) -> None:
    with pytest.raises(SmokeError, match="no model"):
        ask(script(tmp_path, "import sys; sys.exit('there is no model')"), environment=bare_environment(tmp_path))


def test_a_program_that_ends_before_it_shows_anything_is_found_out(tmp_path: Path) -> None:
    with (
        running(tmp_path, "import sys; sys.exit('no display')") as program,
        pytest.raises(SmokeError, match=r"ended with 1 before a window:\nno display"),
    ):
        program.wait_for("a window", lambda: False)


def test_a_program_that_never_shows_anything_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "PATIENCE_S", 0.2)
    with (
        running(tmp_path, "import time; time.sleep(600)") as program,
        pytest.raises(SmokeError, match="a window did not come"),
    ):
        program.wait_for("a window", lambda: False)


def test_a_program_that_does_not_end_with_0_when_asked_is_found_out(tmp_path: Path) -> None:
    code = (
        "import signal, sys, time\nsignal.signal(15, lambda *_: sys.exit(3))\nprint('up', flush=True)\ntime.sleep(600)"
    )
    with running(tmp_path, code) as program:
        program.wait_for("its start", lambda: "up" in program.told())
        with pytest.raises(SmokeError, match="it ended with 3"):
            program.end_in_peace()


def test_no_program_outlives_its_check(tmp_path: Path) -> None:
    with running(tmp_path, "import time; time.sleep(600)") as program:
        assert program.memory_mb() > 0
    assert program.process.poll() is not None


def test_an_empty_screen_has_no_window() -> None:
    with Screen() as screen:
        deadline = time.monotonic() + 1
        while time.monotonic() < deadline:
            assert not screen.has_window()


@pytest.mark.parametrize(
    ("stored", "in_cloud", "words"),
    [
        ([(1, "a"), (3, "c")], [(1, "a"), (3, "c")], "gaps"),
        ([(1, "a"), (2, "b")], [(1, "a")], "1 are not in the cloud"),
        ([(1, "a")], [(1, "a"), (1, "a2")], "1 are there too much"),
        ([(1, "a"), (2, "b")], [(1, "a"), (2, "x")], "1 are not in the cloud, and 1 are there too much"),
    ],
)
def test_an_event_that_is_lost_or_twice_is_found_out(
    stored: list[tuple[int, str]], in_cloud: list[tuple[int, str]], words: str
) -> None:
    with pytest.raises(SmokeError, match=words):
        checks._check_all_arrived(stored, in_cloud)


def test_equal_events_pass() -> None:
    checks._check_all_arrived([(1, "a"), (2, "b")], [(1, "a"), (2, "b")])


def test_the_truth_grows_with_the_film() -> None:
    assert 0 < checks._truth(20) < checks._truth(60)


def tried(name: str, *, window: WindowFigures | None) -> Tried:
    return Tried(name, "1.0", 489.2, 150, 40, 39, window, StoreFigures(60.0, 40, 41, 44, 1, 300.0, 2.5))


def test_the_table_puts_the_bundle_beside_the_source_and_says_what_was_not_measured() -> None:
    both = [tried("the bundle", window=WindowFigures(4.0, 1.5, 180.0)), tried("from source", window=None)]
    text = report.as_markdown(both, sizes=[("Qt", 75_000_000, "the window")], command="make this")
    assert "| | the bundle | from source |" in text
    assert "| start to a painted window, warm | 1.5 s | - |" in text
    assert "| Qt | 75.0 | the window |" in text
    assert "| in all | 75.0 | |" in text
