"""The real package: build, save, add, export, detect, and the two runtimes against each other."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner
from ultralytics import SETTINGS, YOLO

from desktop_app.adapters.detection.heads import Head, decode
from desktop_app.adapters.detection.openvino_yolo import OpenVinoYolo, letterbox
from desktop_app.adapters.detection.self_test import machine_name
from desktop_app.adapters.detection.ultralytics_yolo import UltralyticsYolo
from desktop_app.bootstrap import measuring, parts
from desktop_app.cli.app import app
from desktop_app.domain.detections import Detections
from desktop_app.services.detector_runtime import DetectorRuntime, RuntimeTest, save
from desktop_app.services.model_registry import resolve_model, sha256_of
from desktop_app.services.ports import BgrImage, Detector, DetectorError
from desktop_app.settings import EdgeSettings
from tests.ultralytics.conftest import CLASSES, build

MIN_SCORE = 0.15
MANY = 20


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> EdgeSettings:
    monkeypatch.setenv("WINK_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("WINK_MODEL", raising=False)
    return EdgeSettings()


def found_by(detector: Detector, picture: BgrImage) -> Detections:
    """The boxes, cut at the picture's edges: Ultralytics cuts them, the default runtime does not."""
    (found,) = detector.detect([picture])
    detector.close()
    height, width = picture.shape[:2]
    return Detections(np.clip(found.xyxy, 0, [width, height, width, height]).astype(np.float32), found.score)


def default_runtime(settings: EdgeSettings) -> OpenVinoYolo:
    """The default detector as a self-test sets it up that trusts no rounding: random weights make much of little."""
    spec = resolve_model("", data_dir=settings.data_dir, assets_dir=settings.assets_dir)
    test = RuntimeTest(machine_name(), sha256_of(spec.path), DetectorRuntime(precision="f32"), {640: 1.0})
    save(test, settings.runtime_path)
    detector = parts.open_detector(min_score=MIN_SCORE, settings=settings)
    assert isinstance(detector, OpenVinoYolo)
    return detector


def of_the_end_to_end_branch(pt_file: Path, picture: BgrImage) -> Detections:
    """What PyTorch itself says, without Ultralytics' prediction around it."""
    net = YOLO(str(pt_file)).model.float().eval()
    net.end2end = True
    boxed, _ = letterbox(picture, input_wh=(640, 384))
    pixels = np.ascontiguousarray(boxed[:, :, ::-1].transpose(2, 0, 1))[None]
    with torch.no_grad():
        output = net(torch.from_numpy(pixels).float() / 255)[0].numpy()
    found = decode(output, Head.END_TO_END, input_wh=(640, 384), class_id=1, min_score=MIN_SCORE)
    height, width = picture.shape[:2]
    return Detections(np.clip(found.xyxy, 0, [width, height, width, height]).astype(np.float32), found.score)


def share_found_again(boxes: Detections, among: Detections) -> float:
    """How many of ``boxes`` are ``among`` others to half a pixel and a hundredth of score."""
    assert len(among)
    far = np.abs(boxes.xyxy[:, None] - among.xyxy[None]).max(axis=2)
    off = np.abs(boxes.score[:, None] - among.score[None])
    return float(((far < 0.5) & (off < 0.01)).any(axis=1).mean())


def test_a_pt_file_is_added_by_the_command_exported_and_kept_beside(pt_file: Path, settings: EdgeSettings) -> None:
    before = pt_file.read_bytes()
    result = CliRunner().invoke(app, ["models", "add", str(pt_file), "--name", "mine"])
    assert result.exit_code == 0, result.output
    folder = settings.data_dir / "models"
    assert sorted(p.name for p in folder.iterdir()) == ["manifest.json", "mine.onnx", "mine.pt"]
    assert (folder / "mine.pt").read_bytes() == before == pt_file.read_bytes()
    assert list(pt_file.parent.glob("*.onnx")) == []
    (entry,) = json.loads((folder / "manifest.json").read_text())["models"]
    assert entry["classes"] == ["dog", "person"]
    assert entry["licence"] == "AGPL-3.0"
    assert "mine" in CliRunner().invoke(app, ["models", "list"]).output
    assert CliRunner().invoke(app, ["models", "remove", "mine"]).exit_code == 0
    assert [p.name for p in folder.iterdir()] == ["manifest.json"]


@pytest.mark.parametrize("picture", ["wide", "tall"])
def test_both_runtimes_find_the_same_people(
    pt_file: Path, picture: str, settings: EdgeSettings, request: pytest.FixtureRequest
) -> None:
    frame: BgrImage = request.getfixturevalue(picture)
    parts.add_model(pt_file, name=None, settings=settings)
    theirs = found_by(UltralyticsYolo(pt_file, min_score=MIN_SCORE), frame)
    ours = found_by(default_runtime(settings), frame)
    assert len(theirs) >= MANY
    assert share_found_again(theirs, ours) >= 0.9
    # Ours keeps a cell's person even where the network thinks more of a dog: never fewer boxes.
    assert len(ours) >= 0.95 * len(theirs)


def test_with_one_class_each_runtime_finds_no_more_than_the_other(tmp_path: Path, wide: BgrImage) -> None:
    pt_file = build("yolo11n", folder=tmp_path, classes=("customer",), picture=wide)
    settings = EdgeSettings(data_dir=tmp_path / "data", model="")
    parts.add_model(pt_file, name=None, settings=settings)
    theirs = found_by(UltralyticsYolo(pt_file, min_score=MIN_SCORE), wide)
    ours = found_by(default_runtime(settings), wide)
    assert len(ours) >= MANY
    assert share_found_again(theirs, ours) >= 0.95
    assert share_found_again(ours, theirs) >= 0.95


def test_the_person_is_told_by_name_not_by_number(pt_file: Path, wide: BgrImage) -> None:
    by_name = found_by(UltralyticsYolo(pt_file, min_score=MIN_SCORE), wide)
    dogs = found_by(UltralyticsYolo(pt_file, min_score=MIN_SCORE, class_id=0), wide)
    people = found_by(UltralyticsYolo(pt_file, min_score=MIN_SCORE, class_id=1), wide)
    np.testing.assert_array_equal(by_name.xyxy, people.xyxy)
    assert share_found_again(by_name, dogs) < 0.2


def test_an_end_to_end_export_gives_the_boxes_of_the_same_branch(tmp_path: Path, wide: BgrImage) -> None:
    pt_file = build("yolo26n", folder=tmp_path, classes=CLASSES, picture=wide)
    exported = Path(YOLO(str(pt_file)).export(format="onnx", nms=False, dynamic=True, simplify=False, verbose=False))
    settings = EdgeSettings(data_dir=tmp_path / "data", model="")
    spec = parts.add_model(exported, name=None, settings=settings, head=Head.END_TO_END)
    assert (spec.head, spec.classes) == ("end-to-end", CLASSES)
    ours = found_by(default_runtime(settings), wide)
    assert len(ours) >= MANY
    theirs = of_the_end_to_end_branch(pt_file, wide)
    assert share_found_again(theirs, ours) >= 0.9
    assert share_found_again(ours, theirs) >= 0.9
    with pytest.raises(DetectorError, match="no head of the kind yolox"):
        OpenVinoYolo(spec.path, head=Head.YOLOX).prepare((768, 576))


def test_an_export_for_one_size_only_runs_at_that_size(pt_file: Path, tmp_path: Path, wide: BgrImage) -> None:
    copy = tmp_path / "square.pt"
    copy.write_bytes(pt_file.read_bytes())
    square = Path(YOLO(str(copy)).export(format="onnx", imgsz=640, simplify=False, verbose=False))
    settings = EdgeSettings(data_dir=tmp_path / "data", model="")
    parts.add_model(square, name=None, settings=settings)
    detector = OpenVinoYolo(square, min_score=MIN_SCORE)
    assert detector.prepare((640, 360)) == (640, 640)
    assert len(found_by(detector, wide)) >= MANY


def test_an_openvino_export_runs_and_names_its_classes(pt_file: Path, tmp_path: Path, wide: BgrImage) -> None:
    copy = tmp_path / "folder.pt"
    copy.write_bytes(pt_file.read_bytes())
    folder = Path(YOLO(str(copy)).export(format="openvino", imgsz=(384, 640), dynamic=True, verbose=False))
    (file,) = folder.glob("*.xml")
    settings = EdgeSettings(data_dir=tmp_path / "data", model="")
    spec = parts.add_model(file, name="ov", settings=settings)
    assert spec.classes == ("dog", "person")
    theirs = found_by(UltralyticsYolo(pt_file, min_score=MIN_SCORE), wide)
    assert share_found_again(theirs, found_by(default_runtime(settings), wide)) >= 0.9


def test_a_pt_file_named_in_the_settings_runs_as_it_is_and_is_measured(pt_file: Path, tmp_path: Path) -> None:
    settings = EdgeSettings(data_dir=tmp_path, model=str(pt_file))
    detector = parts.open_detector(settings=settings, frame_wh=(640, 360))
    assert isinstance(detector, UltralyticsYolo)
    assert (detector.name, detector.side_by_side) == (pt_file.stem, 1)
    detector.close()
    # What the program does in a process of its own, here in this one: it is watched for who reaches out.
    test = measuring.measure(settings=settings)
    assert test.rates[416] > 0
    assert test.rates[640] > 0


def test_a_network_without_people_is_refused_and_not_registered(
    settings: EdgeSettings, wide: BgrImage, tmp_path: Path
) -> None:
    pt_file = build("yolo11n", folder=tmp_path, classes=("dog", "cat"), picture=wide)
    with pytest.raises(DetectorError, match="finds no people: its classes are dog, cat"):
        parts.add_model(pt_file, name=None, settings=settings)
    assert not (settings.data_dir / "models").exists()


def test_what_is_no_detection_model_is_refused_in_a_sentence(settings: EdgeSettings, tmp_path: Path) -> None:
    broken = tmp_path / "broken.pt"
    broken.write_bytes(b"not a pickle")
    with pytest.raises(DetectorError, match=r"broken\.pt is no model that Ultralytics can read"):
        parts.add_model(broken, name=None, settings=settings)
    sorter = tmp_path / "sorter.pt"
    YOLO("yolo11n-cls.yaml").save(str(sorter))
    with pytest.raises(DetectorError, match="a model for 'classify', not for detection"):
        parts.add_model(sorter, name=None, settings=settings)
    with pytest.raises(DetectorError, match="There is no model at"):
        parts.add_model(tmp_path / "yolo11n.pt", name=None, settings=settings)


def test_the_package_is_told_to_tell_nobody(pt_file: Path) -> None:
    UltralyticsYolo(pt_file).close()
    assert SETTINGS["sync"] is False
