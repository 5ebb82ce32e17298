from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from desktop_app.adapters.detection.heads import STRIDES, Head, anchors_of, decode, recognise, suppress
from desktop_app.adapters.detection.model_download import download
from desktop_app.adapters.detection.openvino_yolo import OpenVinoYolo, input_size_for, letterbox
from desktop_app.bootstrap.parts import add_model, model_registry, pull_model
from desktop_app.domain.detections import Detections
from desktop_app.services.model_registry import ModelEntry, resolve_model
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
    with pytest.raises(DetectorError, match="can be pulled: ours"):
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


@pytest.mark.parametrize("head", Head)
def test_a_tiny_network_of_each_head_runs_and_its_boxes_are_of_the_frame(head: Head, tmp_path: Path) -> None:
    path = tmp_path / f"{head}.onnx"
    constant = helper.make_tensor("c", TensorProto.FLOAT, OUTPUTS[head].shape, OUTPUTS[head].ravel().tolist())
    nodes = [
        helper.make_node("ReduceMean", ["images"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
        helper.make_node("Add", ["c", "nothing"], ["out"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, 64, 64])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, list(OUTPUTS[head].shape))],
        [constant, helper.make_tensor("zero", TensorProto.FLOAT, [], [0.0])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, str(path))
    detector = OpenVinoYolo(path, long_side=64, min_score=0.3)
    (found,) = detector.detect([np.zeros((128, 128, 3), np.uint8)])
    detector.close()
    assert found.xyxy.tolist() == [pytest.approx([56, 24, 88, 88], abs=1e-2)]


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


@pytest.mark.parametrize(
    ("frame", "expected"),
    [((640, 360), (640, 384)), ((1920, 1080), (640, 384)), ((768, 576), (640, 480)), ((360, 640), (384, 640))],
)
def test_the_input_has_the_frames_shape(frame: tuple[int, int], expected: tuple[int, int]) -> None:
    assert input_size_for(frame, long_side=640) == expected


def test_a_letterbox_loses_no_picture() -> None:
    frame = np.full((360, 640, 3), 200, np.uint8)
    boxed, scale = letterbox(frame, input_wh=(640, 384))
    assert scale == 1.0
    assert (boxed[:360] == 200).all()
    assert (boxed[360:] == 114).all()
