from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from desktop_app.cli.run import _Offers, _tell
from desktop_app.services.engine_view import CameraCondition, CameraStatus, CloudStatus, EngineStatus
from desktop_app.services.not_furniture import NOT_FURNITURE_FILE, NotFurniture
from desktop_app.settings import EdgeSettings
from shared_models.geometry import Point

FRAME = (640, 360)


def area(x: float, y: float) -> tuple[Point, ...]:
    return (x - 10, y - 6), (x + 10, y - 6), (x + 10, y + 6), (x - 10, y + 6)


@pytest.mark.parametrize("x", [300.0, 311.9, 312.1, 324.0])
def test_an_answer_holds_over_restarts_and_some_pixels_to_either_side(tmp_path: Path, x: float) -> None:
    NotFurniture(tmp_path / "data" / "n.json").add("cam", area(x, 180.0), frame_wh=FRAME)
    again = NotFurniture(tmp_path / "data" / "n.json")
    for sway in (-5.0, 0.0, 5.0):
        assert again.holds("cam", area(x + sway, 180.0 - sway), frame_wh=FRAME)
    assert not again.holds("cam", area(x + 20.0, 180.0), frame_wh=FRAME), "what stands beside it is another thing"
    assert not again.holds("door", area(x, 180.0), frame_wh=FRAME)


def test_an_answer_holds_for_a_camera_that_comes_back_at_another_resolution(tmp_path: Path) -> None:
    NotFurniture(tmp_path / "n.json").add("cam", area(300.0, 180.0), frame_wh=FRAME)
    again = NotFurniture(tmp_path / "n.json")
    assert again.holds("cam", area(910.0, 530.0), frame_wh=(1920, 1080))
    assert not again.holds("cam", area(300.0, 180.0), frame_wh=(1920, 1080))
    assert not again.holds("cam", area(950.0, 540.0), frame_wh=(1920, 1080))


def test_a_camera_that_is_gone_takes_its_answers_along(tmp_path: Path) -> None:
    kept = NotFurniture(tmp_path / "n.json")
    kept.add("cam", area(1, 1), frame_wh=FRAME)
    kept.add("door", area(1, 1), frame_wh=FRAME)
    kept.forget("cam")
    again = NotFurniture(tmp_path / "n.json")
    assert (again.holds("cam", area(1, 1), frame_wh=FRAME), again.holds("door", area(1, 1), frame_wh=FRAME)) == (
        False,
        True,
    )


@pytest.mark.parametrize("text", ["{", "{}", '[["cam"]]', "7", '[["cam", 300, 180]]'])
def test_a_damaged_file_means_that_it_is_asked_again(tmp_path: Path, text: str) -> None:
    path = tmp_path / "n.json"
    path.write_text(text)
    kept = NotFurniture(path)
    assert not kept.holds("cam", area(1, 1), frame_wh=FRAME)
    kept.add("cam", area(1, 1), frame_wh=FRAME)
    assert NotFurniture(path).holds("cam", area(1, 1), frame_wh=FRAME)


def test_where_it_cannot_be_written_an_answer_holds_until_the_end(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    kept = NotFurniture(tmp_path / "file" / "n.json")
    kept.add("cam", area(1, 1), frame_wh=FRAME)
    assert kept.holds("cam", area(1, 1), frame_wh=FRAME)


def test_without_a_window_each_thing_is_told_once_and_not_what_the_window_was_answered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = EdgeSettings(data_dir=tmp_path)
    NotFurniture(tmp_path / NOT_FURNITURE_FILE).add("cam", area(100, 100), frame_wh=FRAME)
    offers = _Offers(settings)
    camera = CameraStatus(
        "cam",
        "Door",
        CameraCondition.LIVE,
        "Live.",
        datetime.now(UTC),
        5.0,
        (),
        (area(100, 100), area(300, 200)),
        frame_wh=FRAME,
    )
    one = EngineStatus((camera,), CloudStatus(None, 0, 0, "No cloud."))
    moved = EngineStatus((replace(camera, furniture=(area(302, 201), area(500, 200))),), one.cloud)
    told = []
    for status in (one, one, moved):
        _tell(status, offers)
        told.append(capsys.readouterr().err.count("purpose: ignore"))
    assert told == [1, 0, 1]
