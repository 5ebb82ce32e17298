"""The page of the detection benchmark: timed films and counted ones are written apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.detection import __main__ as benchmark
from tests.benchmarks.detection import table
from tests.benchmarks.detection.clips import Clip
from tests.benchmarks.detection.table import Contender, Run, write_counts, write_results

LINE = ((0.0, 0.0), (1.0, 0.0))
TIMED = Clip("street", "vtest.avi", Path("street.avi"), LINE, 15, 12)
COUNTED = [Clip(f"floor {n}", f"floor {n}", Path(f"{n}.avi"), LINE, 6, 4) for n in (1, 2)]
OURS, PEER = Contender("ours", "ours, wide"), Contender("b", "(b) supervision")


def _counted(contender: Contender, *pairs: tuple[int, int]) -> list[Run]:
    return [Run(contender, clip.name, 1.0, 1.0, pair) for clip, pair in zip(COUNTED, pairs, strict=True)]


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(table, "machine_name", lambda: "CPU: a machine")
    return _timed(tmp_path / "RESULTS.md", cpu_ms=16.25)


def _timed(path: Path, *, cpu_ms: float) -> Path:
    runs = [Run(OURS, TIMED.name, cpu_ms, 100.0, (16, 12)), Run(PEER, TIMED.name, 40.0, 50.0, (15, 12))]
    return write_results(
        path, runs, clips=[TIMED], command="timed", loads=(0.0, 0.0), model=Path("w.onnx"), is_whole=True
    )


def _outside(page: Path) -> tuple[str, str]:
    """What stands before and after the counted films."""
    words = page.read_text()
    return words.split(table.COUNTS_BEGIN)[0], words.split(table.COUNTS_END)[1]


def test_the_errors_of_all_films_are_added_up_for_each_contender(page: Path) -> None:
    runs = _counted(OURS, (7, 4), (6, 2)) + _counted(PEER, (4, 6), (9, 5))
    words = write_counts(page, runs, clips=COUNTED, command="counts").read_text()
    assert "| truth | 6, 4 | 6, 4 | |" in words
    assert "| ours, wide | 7, 4 (1) | 6, 2 (2) | 3 |" in words
    assert "| (b) supervision | 6, 4 (0) | 9, 5 (4) | 4 |" in words  # its other idea of the line's direction
    assert "20 crossings" in words


def test_ours_is_not_turned_round_where_that_would_suit_it(page: Path) -> None:
    words = write_counts(page, _counted(OURS, (4, 6), (6, 4)), clips=COUNTED, command="counts").read_text()
    assert "| ours, wide | 4, 6 (4) | 6, 4 (0) | 4 |" in words


def test_counting_leaves_what_was_timed_and_timing_leaves_what_was_counted(page: Path) -> None:
    timed = _outside(page)
    write_counts(page, _counted(OURS, (1, 1), (1, 1)), clips=COUNTED, command="counts")
    write_counts(page, _counted(OURS, (7, 4), (6, 4)), clips=COUNTED, command="counts")
    assert "| ours, wide | 16.2 (16.2 to 16.2) |" in page.read_text()
    assert _outside(page) == timed
    words = _timed(page, cpu_ms=12.0).read_text()
    assert "| ours, wide | 12.0 (12.0 to 12.0) |" in words
    assert "| ours, wide | 7, 4 (1) | 6, 4 (0) | 1 |" in words
    assert words.count("Counted on more films") == 1


def test_counting_that_was_stopped_goes_on_where_it_was(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def run(_program: benchmark.Program, clip: Clip, *, frames: int) -> Run:
        if clip.key == "floor 2" and not asked:
            raise KeyboardInterrupt
        asked.append(clip.key)
        return Run(OURS, clip.name, 1.0, 1.0, (6, 4 + frames // 450))

    monkeypatch.setattr(benchmark, "WORK", page.parent)
    monkeypatch.setattr(benchmark, "HERE", page.parent)
    monkeypatch.setattr(benchmark, "make_further_clips", lambda: COUNTED)
    monkeypatch.setattr(benchmark, "_ours", lambda: [benchmark.Program(OURS, Path("python"), "ours.py", 1, {})])
    monkeypatch.setattr(benchmark, "_peers", list)
    monkeypatch.setattr(benchmark, "_run", run)
    monkeypatch.setattr("sys.argv", ["detection", "--counts", "--add"])
    monkeypatch.setattr(benchmark, "_make_peers", lambda: None)
    benchmark._keep(page.parent / "counts.jsonl", Run(OURS, "floor 1", 1.0, 1.0, (9, 9)), load=0.0)
    with pytest.raises(KeyboardInterrupt):
        benchmark.main()
    asked.append("again")
    benchmark.main()
    assert asked == ["again", "floor 2"]
    assert "| ours, wide | 9, 9 (8) | 6, 5 (1) | 9 |" in page.read_text()
    monkeypatch.setattr("sys.argv", ["detection", "--counts"])
    benchmark.main()
    assert asked == ["again", "floor 2", "floor 1", "floor 2"], "what was kept may be of other weights"
    assert "| ours, wide | 6, 5 (1) | 6, 5 (1) | 2 |" in page.read_text()
