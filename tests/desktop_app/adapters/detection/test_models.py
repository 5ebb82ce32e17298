from __future__ import annotations

import hashlib
import json
import threading
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from typer.testing import CliRunner

from desktop_app.adapters.detection.heads import STRIDES, Head, anchors_of, decode, recognise, suppress
from desktop_app.adapters.detection.model_download import download
from desktop_app.adapters.detection.model_file import MAX_MODEL_BYTES
from desktop_app.adapters.detection.openvino_yolo import (
    MAX_SQUEEZE,
    OpenVinoYolo,
    class_names,
    input_size_for,
    letterbox,
)
from desktop_app.adapters.detection.self_test import machine_name
from desktop_app.adapters.video.virtual_store.renderer import Renderer
from desktop_app.adapters.video.virtual_store.scenes import StoreConfig
from desktop_app.adapters.video.virtual_store.simulation import Simulation
from desktop_app.bootstrap.maintenance import _model as examine_model
from desktop_app.bootstrap.measuring import remembered_test, run_self_test
from desktop_app.bootstrap.parts import (
    add_model,
    model_registry,
    open_detector,
    pull_model,
)
from desktop_app.cli import app
from desktop_app.domain.detections import Detections
from desktop_app.services.detector_runtime import DetectorRuntime, RuntimeTest, save
from desktop_app.services.doctor import State
from desktop_app.services.model_registry import ModelEntry, person_class, resolve_model, sha256_of_model
from desktop_app.services.ports import DetectorError
from desktop_app.settings import EdgeSettings
from tests.helpers.weights import find_weights

CONTENT = bytes(range(256)) * 2000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class _Files(BaseHTTPRequestHandler):
    mode = "good"
    ranges: list[str] = []  # noqa: RUF012 - one server at a time

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        type(self).ranges.append(asked or "")
        if self.mode == "gone":
            self.send_error(404)
            return
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and self.mode != "no-range" else 0
        body = CONTENT[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:100_000] if self.mode == "cut" else body)

    def log_message(self, *_: object) -> None:
        return None


@pytest.fixture
def server() -> Iterator[str]:
    _Files.mode, _Files.ranges = "good", []
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), _Files)
    thread = threading.Thread(target=httpd.serve_forever, name="files")
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_port}/model.onnx"
    httpd.shutdown()
    httpd.server_close()
    thread.join()


def test_a_good_download_arrives_whole_with_its_progress(server: str, tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    target = download(
        server, tmp_path / "m.onnx", sha256=SHA256, progress=lambda done, total: told.append((done, total)) is None
    )
    assert target.read_bytes() == CONTENT
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert not list(tmp_path.glob("*.part"))


def test_a_wrong_checksum_leaves_nothing(server: str, tmp_path: Path) -> None:
    with pytest.raises(DetectorError, match="not the file it should be"):
        download(server, tmp_path / "m.onnx", sha256="0" * 64)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("then", ["good", "no-range"])
def test_a_download_that_broke_is_gone_on_with(server: str, tmp_path: Path, then: str) -> None:
    _Files.mode = "cut"
    with pytest.raises(DetectorError, match="Try again to go on"):
        download(server, tmp_path / "m.onnx", sha256=SHA256)
    _Files.mode = then
    assert download(server, tmp_path / "m.onnx", sha256=SHA256).read_bytes() == CONTENT
    assert _Files.ranges[-1].startswith("bytes=")


def test_a_missing_file_and_a_cancelled_download_are_told(server: str, tmp_path: Path) -> None:
    with pytest.raises(DetectorError, match="cancelled"):
        download(server, tmp_path / "m.onnx", sha256=SHA256, progress=lambda *_: False)
    _Files.mode = "gone"
    with pytest.raises(DetectorError, match="404"):
        download(server, tmp_path / "m.onnx", sha256=SHA256)


def test_a_model_is_pulled_by_name_and_registered(server: str, tmp_path: Path) -> None:
    settings = EdgeSettings(data_dir=tmp_path)
    model_registry(settings).register(ModelEntry("ours", SHA256, "Apache-2.0", urls=(server,)))
    spec = pull_model("ours", settings=settings, progress=lambda *_: True)
    assert spec.path.read_bytes() == CONTENT
    assert resolve_model("ours", data_dir=tmp_path, assets_dir=tmp_path / "none") == spec
    with pytest.raises(DetectorError, match=r"can be pulled: .*, ours"):
        pull_model("theirs", settings=settings, progress=lambda *_: True)


def test_a_model_is_added_only_if_it_runs_and_then_is_the_default(tmp_path: Path) -> None:
    settings = EdgeSettings(data_dir=tmp_path / "data", model="")
    bad = tmp_path / "bad.onnx"
    bad.write_bytes(b"not a network")
    with pytest.raises(DetectorError, match="no model that can be read"):
        add_model(bad, name=None, settings=settings)
    assert model_registry(settings).folder.exists() is False
    spec = add_model(find_weights(), name="people", settings=settings)
    assert resolve_model("", data_dir=settings.data_dir, assets_dir=tmp_path).path == spec.path
    model_registry(settings).remove("people")
    with pytest.raises(DetectorError, match="No detection model is installed"):
        resolve_model("", data_dir=settings.data_dir, assets_dir=tmp_path)


def test_a_model_added_again_is_the_newest(tmp_path: Path) -> None:
    registry = model_registry(EdgeSettings(data_dir=tmp_path))
    file = tmp_path / "m.onnx"
    file.write_bytes(CONTENT)
    for name in ("first", "second", "first"):
        registry.add(file, name=name)
    assert resolve_model("", data_dir=tmp_path, assets_dir=tmp_path / "none").name == "first"


def test_a_damaged_manifest_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "manifest.json").write_text(json.dumps({"models": [{"nonsense": 1}]}))
    with pytest.raises(DetectorError, match="damaged"):
        resolve_model("", data_dir=tmp_path, assets_dir=tmp_path / "none")


# -- heads

INPUT = (64, 64)


def yolox_output() -> np.ndarray:
    """One person of 16x32 centred at (36, 28), in cell (4, 3) of stride 8; the rest is nothing."""
    raw = np.zeros((1, anchors_of(INPUT), 6), np.float32)
    cell = 3 * 8 + 4
    raw[0, cell] = [0.5, 0.5, np.log(16 / 8), np.log(32 / 8), 0.9, 1.0]
    return raw


def v8_output() -> np.ndarray:
    raw = np.zeros((1, 5, anchors_of(INPUT)), np.float32)
    raw[0, :, 28] = [36, 28, 16, 32, 0.9]
    return raw


def end_to_end_output() -> np.ndarray:
    return np.array([[[28, 12, 44, 44, 0.9, 0], [0, 0, 9, 9, 0.95, 2], [0, 0, 9, 9, 0.01, 0]]], np.float32)


OUTPUTS = {Head.YOLOX: yolox_output(), Head.YOLOV8: v8_output(), Head.END_TO_END: end_to_end_output()}


@pytest.mark.parametrize("head", Head)
def test_a_head_is_recognised_by_its_shape_and_gives_the_box_in_pixels(head: Head) -> None:
    output = OUTPUTS[head]
    assert recognise(output.shape, input_wh=INPUT) is head
    found = decode(output, head, input_wh=INPUT, class_id=0, min_score=0.3)
    assert found.xyxy.tolist() == [pytest.approx([28, 12, 44, 44], abs=1e-3)]
    assert found.score.tolist() == pytest.approx([0.9])


def test_what_is_no_head_is_not_recognised() -> None:
    assert recognise((1, 1000), input_wh=INPUT) is None
    assert recognise((1, 7, 7), input_wh=INPUT) is None
    assert len(STRIDES) == 3


def test_of_boxes_on_top_of_each_other_the_surest_stays() -> None:
    boxes = np.array([[0, 0, 10, 20], [1, 0, 11, 20], [40, 0, 50, 20]], np.float32)
    kept = suppress(Detections(boxes, np.array([0.5, 0.9, 0.4], np.float32)), iou=0.6)
    assert sorted(kept.score.tolist()) == pytest.approx([0.4, 0.9])


def tiny_network(
    path: Path, output: np.ndarray, *, metadata: dict[str, str] | None = None, batch: int | str = 1
) -> Path:
    """A network for pictures of 64x64 that answers the same to all of them."""
    constant = helper.make_tensor("c", TensorProto.FLOAT, output.shape, output.ravel().tolist())
    nodes = [
        helper.make_node("ReduceMean", ["images"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
        helper.make_node("Add", ["c", "nothing"], ["out"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [batch, 3, 64, 64])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, list(output.shape))],
        [constant, helper.make_tensor("zero", TensorProto.FLOAT, [], [0.0])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    helper.set_model_props(model, metadata or {})
    onnx.save(model, str(path))
    return path


@pytest.mark.parametrize("head", Head)
def test_a_tiny_network_of_each_head_runs_and_its_boxes_are_of_the_frame(head: Head, tmp_path: Path) -> None:
    path = tiny_network(tmp_path / f"{head}.onnx", OUTPUTS[head])
    detector = OpenVinoYolo(path, long_side=64, min_score=0.3)
    (found,) = detector.detect([np.zeros((128, 128, 3), np.uint8)])
    detector.close()
    assert found.xyxy.tolist() == [pytest.approx([56, 24, 88, 88], abs=1e-2)]


@pytest.mark.parametrize("batch", [1, "n"])
@pytest.mark.parametrize("long_side", [64, 416, 640])
def test_a_small_one_class_yolox_of_a_fixed_size_is_not_taken_for_an_end_to_end_head(
    tmp_path: Path, long_side: int, batch: int | str
) -> None:
    output = OUTPUTS[Head.YOLOX]
    assert recognise(output.shape, input_wh=(640, 384)) is Head.END_TO_END, "at a size that it was not exported for"
    path = tiny_network(tmp_path / "m.onnx", output, batch=batch)
    detector = OpenVinoYolo(path, long_side=long_side, min_score=0.3)
    assert detector.prepare((128, 128)) == (64, 64)
    (found,) = detector.detect([np.zeros((128, 128, 3), np.uint8)])
    detector.close()
    assert found.xyxy.tolist() == [pytest.approx([56, 24, 88, 88], abs=1e-2)]
    assert list(detector.input_sides) == []


def test_boxes_of_an_end_to_end_head_are_never_as_many_as_an_input_has_cells() -> None:
    sides = range(32, 353, 32)
    cells = {anchors_of((width, height)) for width in sides for height in sides}
    assert all(count % 21 == 0 for count in cells)
    assert not cells & set(range(100, 1001, 100))


def test_one_call_may_look_at_each_frame_with_another_input_size() -> None:
    detector = OpenVinoYolo(find_weights(), min_score=0.3)
    simulation = Simulation(StoreConfig("entrance", seed=7, people=20))
    simulation.advance_to(30.0)
    picture = Renderer(StoreConfig("entrance", seed=7, people=20)).picture(simulation.poses(), index=0)
    near, wide = detector.input_sides
    alone = [detector.detect([picture], long_sides=[side])[0] for side in (near, wide, near)]
    together = detector.detect([picture] * 3, long_sides=[near, wide, near])
    assert detector.detect([picture])[0].xyxy.tolist() == alone[1].xyxy.tolist(), "its own size is the wide one"
    detector.close()
    assert len(alone[0]) > 0
    assert [found.xyxy.tolist() for found in together] == [found.xyxy.tolist() for found in alone]
    assert together[0].xyxy.tolist() != together[1].xyxy.tolist()


def test_a_network_exported_for_one_size_offers_no_other(tmp_path: Path) -> None:
    detector = OpenVinoYolo(tiny_network(tmp_path / "m.onnx", OUTPUTS[Head.YOLOX]), long_side=64)
    assert list(detector.input_sides) == []


def test_a_network_that_is_no_detector_is_refused_in_words(tmp_path: Path) -> None:
    graph = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["y"])],
        "echo",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 64, 64])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 3, 64, 64])],
    )
    path = tmp_path / "echo.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), str(path))
    with pytest.raises(DetectorError, match="no YOLO head known here"):
        OpenVinoYolo(path, long_side=64).prepare((64, 64))
    with pytest.raises(DetectorError, match="models add"):
        OpenVinoYolo(tmp_path / "none.onnx")


# -- which class is a person, and which head it is


def two_classes(person_score: float, *, person: int) -> np.ndarray:
    """YOLOv8's form with two classes: a box at (36, 28) for ``person``, and one at (20, 20) for the other class."""
    raw = np.zeros((1, 6, anchors_of(INPUT)), np.float32)
    raw[0, :4, 28], raw[0, 4 + person, 28] = [36, 28, 16, 32], person_score
    raw[0, :4, 18], raw[0, 5 - person, 18] = [20, 20, 8, 8], 0.95
    return raw


@pytest.mark.parametrize(
    ("classes", "number"),
    [
        ((), 0),
        (("person",), 0),
        (("customer",), 0),
        (("dog", "Person"), 1),
        (("bicycle", "pedestrian", "person"), 2),
        (("dog", "people"), 1),
    ],
)
def test_the_person_is_found_among_the_classes_by_name(classes: tuple[str, ...], number: int) -> None:
    assert person_class(classes, model="m") == number


def test_a_model_without_people_is_refused_by_name() -> None:
    with pytest.raises(DetectorError, match=r"^cars finds no people: its classes are car, bus\. Use a model with"):
        person_class(("car", "bus"), model="cars")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("{0: 'dog', 1: 'person'}", ("dog", "person")),
        ("{1: 'person', 0: 'dog'}", ("dog", "person")),
        ("['person']", ("person",)),
        ("person traffic_light", ("person", "traffic light")),
        ("{3: 'person'}", ()),
        ("7", ()),
        ("", ()),
    ],
)
def test_class_names_are_read_as_exporters_write_them(text: str, names: tuple[str, ...]) -> None:
    assert class_names(text) == names


def test_names_in_an_onnx_file_are_read_when_it_is_added(tmp_path: Path) -> None:
    metadata = {"names": "{0: 'dog', 1: 'person'}", "license": "AGPL-3.0 License (see the vendor)"}
    file = tiny_network(tmp_path / "two.onnx", two_classes(0.9, person=1), metadata=metadata)
    settings = EdgeSettings(data_dir=tmp_path / "data", model="")
    spec = add_model(file, name=None, settings=settings)
    assert (spec.classes, spec.licence, spec.person_class) == (("dog", "person"), "AGPL-3.0", 1)
    assert resolve_model("two", data_dir=settings.data_dir, assets_dir=tmp_path / "none") == spec
    # by the manifest, and by the file alone where it is named by its path
    for setting in ("", str(file)):
        detector = open_detector(min_score=0.3, settings=EdgeSettings(data_dir=settings.data_dir, model=setting))
        (found,) = detector.detect([np.zeros((64, 64, 3), np.uint8)])
        detector.close()
        assert found.xyxy.tolist() == [pytest.approx([28, 12, 44, 44], abs=1e-2)]


def test_the_manifests_classes_go_before_those_of_the_file(tmp_path: Path) -> None:
    file = tiny_network(tmp_path / "m.onnx", two_classes(0.9, person=1), metadata={"names": "['person', 'dog']"})
    settings = EdgeSettings(data_dir=tmp_path / "data", model="")
    add_model(file, name=None, settings=settings, classes=["dog", "person"])
    detector = open_detector(min_score=0.3, settings=settings)
    (found,) = detector.detect([np.zeros((64, 64, 3), np.uint8)])
    detector.close()
    assert found.score.tolist() == pytest.approx([0.9])


def test_a_file_without_people_or_with_fewer_classes_than_named_is_not_registered(tmp_path: Path) -> None:
    settings = EdgeSettings(data_dir=tmp_path / "data", model="")
    cars = tiny_network(tmp_path / "cars.onnx", two_classes(0.9, person=1), metadata={"names": "['car', 'bus']"})
    with pytest.raises(DetectorError, match=r"cars\.onnx finds no people: its classes are car, bus"):
        add_model(cars, name=None, settings=settings)
    with pytest.raises(DetectorError, match="tells 2 classes apart, but its person is said to be class 2"):
        add_model(cars, name=None, settings=settings, classes=["car", "bus", "person"])
    assert not model_registry(settings).folder.exists()


def test_the_manifests_head_goes_before_the_shape(tmp_path: Path) -> None:
    # 84 rows of six numbers: YOLOX by its shape, and as likely an end-to-end head of 84 boxes
    output = np.zeros((1, anchors_of(INPUT), 6), np.float32)
    output[0, 0] = [28, 12, 44, 44, 0.9, 0]
    assert recognise(output.shape, input_wh=INPUT) is Head.YOLOX
    file = tiny_network(tmp_path / "m.onnx", output)
    settings = EdgeSettings(data_dir=tmp_path / "data", model="")
    spec = add_model(file, name=None, settings=settings, head="end-to-end")
    assert spec.head == "end-to-end"
    detector = open_detector(min_score=0.3, settings=settings)
    (found,) = detector.detect([np.zeros((640, 640, 3), np.uint8)])
    detector.close()
    assert found.xyxy.tolist() == [pytest.approx([28, 12, 44, 44], abs=1e-2)]


def test_a_head_that_is_unknown_or_does_not_fit_is_told(tmp_path: Path) -> None:
    file = tiny_network(tmp_path / "m.onnx", OUTPUTS[Head.YOLOV8])
    settings = EdgeSettings(data_dir=tmp_path / "data", model="")
    with pytest.raises(DetectorError, match="the head 'yolo99'; known are yolox, yolov8, end-to-end"):
        add_model(file, name=None, settings=settings, head="yolo99")
    with pytest.raises(DetectorError, match=r"m\.onnx gives \[1, 5, 84\], which is no head of the kind yolox"):
        add_model(file, name=None, settings=settings, head="yolox")


# -- what is refused


def test_a_network_for_one_size_only_runs_at_that_size(tmp_path: Path) -> None:
    detector = OpenVinoYolo(tiny_network(tmp_path / "m.onnx", OUTPUTS[Head.YOLOV8]), min_score=0.3)
    assert detector.prepare((640, 360)) == (64, 64)
    (found,) = detector.detect([np.zeros((360, 640, 3), np.uint8)])
    detector.close()
    assert found.xyxy.tolist() == [pytest.approx([280, 120, 440, 440])]


def test_an_oversized_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    for suffix in (".onnx", ".xml"):
        huge = tmp_path / f"huge{suffix}"
        with huge.open("wb") as file:
            file.truncate(MAX_MODEL_BYTES + 1)
        with pytest.raises(DetectorError, match=rf"^huge\{suffix} is larger than 500 MB\. Use a YOLOX"):
            OpenVinoYolo(huge)


def test_a_network_of_two_inputs_is_refused(tmp_path: Path) -> None:
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3, 64, 64]) for name in ("a", "b", "y")]
    graph = helper.make_graph([helper.make_node("Add", ["a", "b"], ["y"])], "two", values[:2], values[2:])
    path = tmp_path / "two.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), str(path))
    with pytest.raises(DetectorError, match=r"two\.onnx does not take one picture"):
        OpenVinoYolo(path)


@pytest.mark.parametrize("name", ["../outside", "a b", "..", ""])
def test_a_name_that_is_no_files_name_is_refused(tmp_path: Path, name: str) -> None:
    file = tiny_network(tmp_path / "m.onnx", OUTPUTS[Head.YOLOV8])
    registry = model_registry(EdgeSettings(data_dir=tmp_path / "data"))
    if name:
        with pytest.raises(DetectorError, match="cannot be a model's name"):
            registry.add(file, name=name)
    else:
        assert registry.add(file, name=name).name == "m"


# -- PyTorch files, without the extra


def test_the_default_environment_is_without_ultralytics_and_says_what_a_pt_file_needs(tmp_path: Path) -> None:
    file = tmp_path / "yolo11n.pt"
    file.write_bytes(b"PK")
    settings = EdgeSettings(data_dir=tmp_path / "data", model=str(file))
    words = r"^yolo11n\.pt needs the package Ultralytics, which is not installed\. It is licensed under AGPL-3\.0"
    for ask in (
        lambda: add_model(file, name=None, settings=settings),
        lambda: open_detector(settings=settings),
        lambda: run_self_test(settings=settings),
    ):
        with pytest.raises(DetectorError, match=words):
            ask()
    assert not model_registry(settings).folder.exists()
    result = CliRunner().invoke(app, ["models", "add", str(file)])
    assert result.exit_code == 2
    assert "pip install '.[ultralytics]'" in result.stderr


@pytest.mark.parametrize(
    ("frame", "expected"),
    [((640, 360), (640, 384)), ((1920, 1080), (640, 384)), ((768, 576), (640, 480)), ((360, 640), (384, 640))],
)
def test_a_wide_input_has_the_frames_shape(frame: tuple[int, int], expected: tuple[int, int]) -> None:
    assert input_size_for(frame, long_side=640) == expected


@pytest.mark.parametrize(
    ("frame", "expected"),
    [((640, 360), (416, 224)), ((768, 576), (416, 320)), ((360, 640), (224, 416)), ((640, 340), (416, 224))],
)
def test_a_near_input_is_flatter_by_a_twentieth_at_most(frame: tuple[int, int], expected: tuple[int, int]) -> None:
    assert input_size_for(frame, long_side=416) == expected


def test_a_picture_of_nearly_the_inputs_shape_fills_it_and_boxes_are_where_they_were() -> None:
    frame = np.zeros((360, 640, 3), np.uint8)
    frame[90:270, 160:480] = 255
    input_wh = input_size_for((640, 360), long_side=416)
    boxed, scales = letterbox(frame, input_wh=input_wh, max_squeeze=MAX_SQUEEZE)
    assert boxed.shape == (224, 416, 3)
    assert not (boxed == 114).all(axis=2).any(), "nothing is filled up"
    rows, columns = np.nonzero(boxed[:, :, 0] > 127)
    white = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
    assert white / scales == pytest.approx([160, 90, 480, 270], abs=1.0)


@pytest.mark.parametrize("frame_wh", [(640, 360), (832, 468), (1280, 720), (1920, 1080)])
def test_a_letterbox_makes_a_picture_smaller_by_averaging(frame_wh: tuple[int, int]) -> None:
    chance = np.random.default_rng(5)
    coarse = chance.integers(0, 256, (60, 107, 3), np.uint8)
    frame = cv2.resize(coarse, frame_wh, interpolation=cv2.INTER_CUBIC)
    frame[:, frame_wh[0] // 2] = 255
    boxed, _ = letterbox(frame, input_wh=(416, 256))
    exact = cv2.resize(frame, (416, 234), interpolation=cv2.INTER_AREA)
    skipped = cv2.resize(frame, (416, 234))
    off, off_skipped = (np.abs(one.astype(int) - exact).mean() for one in (boxed[:234], skipped))
    assert off < 2.0
    assert off <= off_skipped
    assert boxed[:234, 208].mean() > boxed[:234, 216].mean() + 15, "a line of one pixel is still there"


def test_a_letterbox_loses_no_picture() -> None:
    frame = np.full((360, 640, 3), 200, np.uint8)
    boxed, scales = letterbox(frame, input_wh=(640, 384))
    assert scales.tolist() == [1.0] * 4
    assert (boxed[:360] == 200).all()
    assert (boxed[360:] == 114).all()


# -- files that are no models, and what becomes of a model's file


def saved(graph: onnx.GraphProto, path: Path, *, data: str = "") -> Path:
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save_model(model, str(path), save_as_external_data=bool(data), location=data or None, size_threshold=0)
    return path


def with_external_data(path: Path) -> Path:
    """A network that finds one person at a fixed place, its values in ``values`` beside it."""
    inner = tiny_network(path.with_name("inner.onnx"), OUTPUTS[Head.YOLOV8])
    model = onnx.load(str(inner))
    inner.unlink()
    for tensor in model.graph.initializer:
        tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor), tensor.name))
    return saved(model.graph, path, data="values")


def refused_file(kind: str, folder: Path) -> Path:
    path = folder / f"{kind}.onnx"
    whole = find_weights().read_bytes()
    match kind:
        case "text":
            path.write_text("hello\n")
        case "empty":
            path.write_bytes(b"")
        case "cut":
            path.write_bytes(whole[: len(whole) // 3])
        case "zip":
            with zipfile.ZipFile(path, "w") as file:
                file.writestr("model.onnx", b"hello")
        case "without a picture":
            output = helper.make_tensor_value_info("c", TensorProto.FLOAT, [1])
            constant = helper.make_tensor("k", TensorProto.FLOAT, [1], [0.0])
            saved(helper.make_graph([helper.make_node("Identity", ["k"], ["c"])], "g", [], [output], [constant]), path)
        case "data missing":
            with_external_data(path)
            (folder / "values").unlink()
        case "xml alone":
            path = folder / "net.xml"
            path.write_text("<?xml version='1.0'?><net name='x' version='11'></net>")
        case "no xml":
            path = folder / "net.xml"
            path.write_text("hello")
        case "a document":
            path = folder / "readme.md"
            path.write_text("hello")
    return path


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("text", "damaged, not whole, or something else by its name only. Get it again."),
        ("empty", "damaged, not whole, or something else by its name only. Get it again."),
        ("cut", "damaged, not whole, or something else by its name only. Get it again."),
        ("zip", "damaged, not whole, or something else by its name only. Get it again."),
        ("without a picture", "does not take one picture"),
        ("data missing", "has its weights in values. Put that beside it"),
        ("xml alone", "has its weights in net.bin. Put that beside it"),
        ("no xml", "damaged, not whole, or something else by its name only. Get it again."),
        ("a document", "give one that ends in .onnx or .xml"),
        ("none", "There is no file"),
    ],
)
def test_what_is_no_model_is_refused_in_one_sentence_and_loses_nothing(
    kind: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WINK_DATA_DIR", str(tmp_path / "data"))
    add_model(find_weights(), name="before", settings=EdgeSettings())
    held = sorted(path.name for path in (tmp_path / "data" / "models").iterdir())
    capfd.readouterr()
    told = CliRunner().invoke(app, ["models", "add", str(refused_file(kind, tmp_path))])
    assert told.exit_code == 2
    assert words in told.output
    assert "tensorflow" not in told.output + capfd.readouterr().err, "another library's view of it helps nobody"
    assert sorted(path.name for path in (tmp_path / "data" / "models").iterdir()) == held
    assert resolve_model("", data_dir=tmp_path / "data", assets_dir=tmp_path).name == "before"


def test_a_model_whose_weights_are_in_another_file_is_registered_whole(tmp_path: Path) -> None:
    settings = EdgeSettings(data_dir=tmp_path / "data")
    spec = add_model(with_external_data(tmp_path / "big.onnx"), name=None, settings=settings)
    for file in ("big.onnx", "values"):
        (tmp_path / file).unlink()
    detector = open_detector(settings=settings, min_score=0.3)
    (found,) = detector.detect([np.zeros((128, 128, 3), np.uint8)])
    detector.close()
    assert spec.name == "big"
    assert found.xyxy.tolist() == [pytest.approx([56, 24, 88, 88], abs=1e-2)]


def test_weights_that_change_are_noticed(tmp_path: Path) -> None:
    settings = EdgeSettings(data_dir=tmp_path / "data")
    spec = add_model(with_external_data(tmp_path / "big.onnx"), name=None, settings=settings)
    save(RuntimeTest(machine_name(), sha256_of_model(spec.path), DetectorRuntime(), {640: 9.0}), settings.runtime_path)
    assert remembered_test(spec, settings=settings) is not None
    weights = spec.path.with_suffix(".bin")
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    assert remembered_test(spec, settings=settings) is None
    assert [finding.state for finding in examine_model(settings)] == [State.WARNING, State.OK]


def test_a_chosen_model_is_used_until_another_is_added_or_it_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WINK_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("WINK_MODEL", raising=False)
    ask = CliRunner().invoke
    for name in ("first", "second"):
        model_registry(EdgeSettings()).add(find_weights(), name=name)

    def used() -> list[str]:
        lines = ask(app, ["models", "list"]).stdout.splitlines()
        return [line.split()[1] for line in lines if line.startswith("* ")]

    assert used() == ["second"]
    assert "first is used from the next start on." in ask(app, ["models", "use", "first"]).stdout
    assert used() == ["first"]
    assert ask(app, ["models", "use", "third"]).exit_code == 2
    assert used() == ["first"]
    model_registry(EdgeSettings()).add(find_weights(), name="third")
    assert used() == ["third"]
    ask(app, ["models", "use", "wink_person_nano"])
    assert used() == ["wink_person_nano"]
    ask(app, ["models", "use", "first"])
    ask(app, ["models", "remove", "first"])
    assert used() == ["third"]


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda path: path.unlink(), "is not here any more"),
        (lambda path: path.write_bytes(path.read_bytes()[:-1000]), "is damaged"),
        (lambda path: path.write_bytes(b""), "is damaged"),
        (lambda path: path.write_bytes(path.read_bytes()[:-1] + b"!"), "is damaged"),
    ],
    ids=["gone", "cut", "empty", "another byte"],
)
@pytest.mark.expected_log("should be used, but its file")
def test_a_model_whose_file_is_gone_or_damaged_is_told_and_counting_goes_on_with_the_one_that_ships(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    harm: Callable[[Path], object],
    words: str,
) -> None:
    monkeypatch.setenv("WINK_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("WINK_MODEL", raising=False)
    settings, registry = EdgeSettings(), model_registry(EdgeSettings())
    registry.add(find_weights(), name="another")
    spec = registry.add(find_weights(), name="ours")
    assert [finding.state for finding in examine_model(settings)] == [State.OK]
    harm(spec.path)
    detector = open_detector(settings=settings)
    detector.close()
    assert detector.name == "wink_person_nano"
    told = f"The model ours should be used, but its file {words}"
    assert told in caplog.text
    first, second = examine_model(settings)
    assert (first.state, second.state) == (State.WARNING, State.OK)
    assert told in first.words
    assert "wink-edge models remove ours" in first.cure
    listed = CliRunner().invoke(app, ["models", "list"])
    assert "* wink_person_nano" in listed.stdout
    assert told in listed.stderr
    assert "pull ours" not in listed.stdout
    registry.remove("ours")
    assert [finding.state for finding in examine_model(settings)] == [State.OK]
    assert resolve_model("", data_dir=tmp_path, assets_dir=settings.assets_dir).name == "another"


def test_without_any_whole_model_the_one_that_is_here_is_tried(tmp_path: Path) -> None:
    settings, registry = EdgeSettings(data_dir=tmp_path), model_registry(EdgeSettings(data_dir=tmp_path))
    spec = registry.add(find_weights(), name="ours")
    spec.path.write_bytes(b"")
    assert resolve_model("", data_dir=tmp_path, assets_dir=tmp_path / "none") == spec
    with pytest.raises(DetectorError, match="damaged"):
        open_detector(settings=settings.model_copy(update={"model": "ours"}))


def test_a_full_disk_leaves_the_models_as_they_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = model_registry(EdgeSettings(data_dir=tmp_path))
    spec = registry.add(find_weights(), name="ours")

    def full(_: Path, target: Path) -> None:
        target.write_bytes(b"half")
        raise OSError(28, "No space left on device", str(target))

    monkeypatch.setattr("desktop_app.services.model_registry.shutil.copyfile", full)
    with pytest.raises(OSError, match="No space left"):
        registry.add(find_weights(), name="ours")
    assert sorted(path.name for path in spec.path.parent.iterdir()) == ["manifest.json", "ours.onnx"]
    assert spec.path.read_bytes() == find_weights().read_bytes()
