from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from desktop_app.cli import app
from desktop_app.services.mot_format import MotBox, MotError, mot_line, read_mot

ZONES = """\
zones:
  - {zone_id: door, type: line, coordinates: [[100, 400], [1180, 400]]}
  - {zone_id: floor, type: polygon, coordinates: [[100, 420], [1180, 420], [1180, 710], [100, 710]]}
"""


def lines(ids: list[int], *, frames: int = 16) -> list[str]:
    """People side by side who walk down from 250 to 600."""
    out = []
    for n in range(frames):
        feet = 250 + 350 * n / (frames - 1)
        out += [mot_line(MotBox(n + 1, track, 300 + 200 * k, feet - 200, 80, 200, 0.9)) for k, track in enumerate(ids)]
    return out


def count(tmp_path: Path, content: list[str], *more: str) -> tuple[int, str, str]:
    boxes, zones = tmp_path / "boxes.txt", tmp_path / "zones.yaml"
    boxes.write_text("\n".join(content) + "\n")
    zones.write_text(ZONES)
    words = ["count", "--tracks", str(boxes), "--size", "1280x720", "--fps", "5", "--zones", str(zones), *more]
    result = CliRunner().invoke(app, words)
    return result.exit_code, result.stdout, result.stderr


def test_boxes_with_ids_give_events_and_the_summary_as_promised(tmp_path: Path) -> None:
    code, out, _ = count(tmp_path, lines([1, 2]), "--json")
    assert code == 0
    *events, last = (json.loads(line) for line in out.splitlines())
    assert [e["type"] for e in events if e["zone_id"] == "door"] == ["footfall_in", "footfall_in"]
    summary = last["summary"]
    assert summary["door"] == {"in": 2, "out": 0, "presences": 0, "dwell_s": []}
    assert summary["floor"]["presences"] == 2
    assert summary["floor"]["dwell_s"] == [pytest.approx(1.4), pytest.approx(1.4)]


@pytest.mark.parametrize("every", ["1", "2", "3"])
def test_boxes_without_ids_are_linked_when_asked(tmp_path: Path, every: str) -> None:
    code, out, _ = count(tmp_path, lines([-1, -1]), "--associate", "--every", every, "--json")
    assert code == 0
    assert json.loads(out.splitlines()[-1])["summary"]["door"]["in"] == 2


def test_boxes_without_ids_are_refused_with_the_cure(tmp_path: Path) -> None:
    code, _, said = count(tmp_path, lines([-1]))
    assert code == 2
    assert "--associate" in said


def test_without_json_a_person_gets_a_table(tmp_path: Path) -> None:
    _, out, _ = count(tmp_path, lines([1]))
    assert out.splitlines()[-2].split() == ["door", "1", "0", "0", "-"]


def test_broken_lines_are_told_one_by_one_and_the_rest_counts(tmp_path: Path) -> None:
    broken = [
        "1,2,3",
        "a,b,c,d,e,f",
        "1,1,nan,1,1,1,1",
        "0,1,5,5,5,5,1",
        "1,9,5,5,0,5,1",
        "1,9,5000,5,5,5,1",
        "2,1,9,9,9,9,1",
    ]
    code, out, said = count(tmp_path, [*lines([1]), *broken], "--json")
    assert code == 0
    assert json.loads(out.splitlines()[-1])["summary"]["door"]["in"] == 1
    for words in (
        "line 17: left out: 3 values",
        "line 18: left out: not all values are numbers",
        "line 19: left out: a value is not finite",
        "line 20: left out: frame 0",
        "line 21: left out: the box has no area",
        "line 22: left out: the box lies outside",
        "frames are out of order",
        "id 1 stands twice",
    ):
        assert words in said


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["count", "--zones", "z.yaml"], "Give either --source"),
        (["count", "--zones", "z.yaml", "--tracks", "none.txt"], "--size"),
        (["count", "--zones", "z.yaml", "--tracks", "x", "--size", "big", "--fps", "5"], "no frame size"),
        (["detect", "--source", "nowhere.mp4", "--out", "o.txt"], "There is no file nowhere.mp4"),
    ],
)
def test_a_wrong_call_is_answered_in_words(tmp_path: Path, words: list[str], told: str) -> None:
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 2
    assert told in result.stderr


def test_a_file_without_any_box_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("dear shop\n")
    with pytest.raises(MotError, match="No line"):
        read_mot(path, size_wh=(10, 10), warn=lambda _: None)
    with pytest.raises(MotError, match="There is no file"):
        read_mot(tmp_path / "none", size_wh=(10, 10), warn=lambda _: None)
