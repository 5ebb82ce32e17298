"""The 8-bit form of the model that ships: it finds the same people, is chosen by measuring alone, and nothing hangs on it."""

from __future__ import annotations

import dataclasses
import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import openvino as ov
import pytest

from desktop_app.adapters.detection.openvino_yolo import OpenVinoYolo
from desktop_app.adapters.detection.self_test import machine_name, run_self_test
from desktop_app.adapters.video.virtual_store.scenes import StoreConfig
from desktop_app.bootstrap import measuring, parts
from desktop_app.bootstrap.maintenance import _detector
from desktop_app.services.detector_runtime import DetectorRuntime, RuntimeTest, save
from desktop_app.services.model_registry import ANY_SIZE, Int8Weights, int8_weights, resolve_model, sha256_of
from desktop_app.services.ports import DetectorError
from desktop_app.settings import EdgeSettings
from installer.models.material import HELD_OUT_SEEDS, store_frames
from installer.models.measure import overlaps
from shared_models.geometry import Size
from tests.helpers.weights import PROJECT_DIR

ASSETS = PROJECT_DIR / "assets"
WAY = DetectorRuntime("CPU", "int8", 2, 2)
SURE, SEEN = 0.5, 0.3
OTHERS = {416: 0.02, 640: 0.07}
"""Shares of people who may be missed or invented. For large inputs the form is a net of its own, taught by the floats."""


def is_offered() -> bool:
    """Whether the self-test of this machine tries integers at all."""
    return "INT8" in ov.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def is_exact() -> bool:
    """Without the instructions for it (VNNI) sums of eight-bit products may be cut off; the self-test is the judge there."""
    flags = Path("/proc/cpuinfo")
    return not flags.exists() or "vnni" in flags.read_text()


@pytest.fixture
def assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of what ships, to be spoilt; the program finds it instead."""
    shutil.copytree(ASSETS / "models", tmp_path / "assets" / "models")
    monkeypatch.setattr("desktop_app.settings.find_assets", lambda: tmp_path / "assets")
    return tmp_path / "assets"


def settings_for(assets: Path, *, model: str = "") -> EdgeSettings:
    return EdgeSettings(data_dir=assets.parent / "data", model=model)


def whole(assets: Path) -> Int8Weights:
    spec = resolve_model("wink_person_nano", data_dir=assets.parent / "none", assets_dir=assets)
    found = int8_weights(spec, assets_dir=assets)
    assert found is not None
    return found


def remember_int8(settings: EdgeSettings, assets: Path) -> None:
    """As a self-test on a machine that is fast at 8-bit integers would."""
    sha256 = sha256_of(assets / "models" / "wink_person_nano.onnx")
    save(RuntimeTest(machine_name(), sha256, WAY, {416: 70.0, 640: 30.0}, whole(assets).sha256), settings.runtime_path)


@pytest.mark.parametrize("long_side", [416, 640])
@pytest.mark.parametrize("scene", ["entrance", "floor"])
def test_it_finds_the_people_that_floats_find(scene: str, long_side: int) -> None:
    model = ASSETS / "models" / "wink_person_nano.onnx"
    plain = OpenVinoYolo(model, min_score=SEEN, long_side=long_side)
    eight = OpenVinoYolo(model, min_score=SEEN, long_side=long_side, runtime=WAY, int8_paths=whole(ASSETS).paths)
    assert eight.name == plain.name
    people = missed = invented = 0
    for frame in store_frames(StoreConfig(scene, seed=HELD_OUT_SEEDS[0], people=14), count=12, every_s=4):
        (expected,), (found,) = plain.detect([frame.picture]), eight.detect([frame.picture])
        same = overlaps(expected.xyxy, found.xyxy) >= 0.8
        people += int((expected.score >= SURE).sum())
        missed += int((~same.any(axis=1) & (expected.score >= SURE)).sum())
        invented += int((~same.any(axis=0) & (found.score >= SURE)).sum())
    assert people >= 15
    finds_them = missed + invented <= OTHERS[long_side] * people
    if not is_exact() and not finds_them:
        judged = run_self_test(model, frame.picture, int8=whole(ASSETS), seconds=1.0)
        assert judged.runtime.precision != "int8"
        return
    assert finds_them


def test_it_computes_in_integers() -> None:
    """Were the quantisers lost on the way, it would still find people, and only be slow."""
    for path in whole(ASSETS).paths.values():
        check_integers(ov.Core().read_model(path))


def check_integers(network: ov.Model) -> None:
    nodes = network.get_ordered_ops()
    convolutions = [node for node in nodes if node.get_type_name() in ("Convolution", "GroupConvolution")]
    kernels = [node for node in nodes if node.get_type_name() == "Constant" and node.get_element_type() == ov.Type.i8]
    quantisers = [node for node in nodes if node.get_type_name() == "FakeQuantize"]
    assert len(convolutions) > 80
    assert len(kernels) == len(convolutions)
    # one before nearly every convolution, and none between a convolution, its bias and what follows (docs/adr/0013)
    assert len(quantisers) <= 1.1 * len(convolutions)


def test_a_remembered_choice_is_used_and_told(assets: Path) -> None:
    settings = settings_for(assets)
    remember_int8(settings, assets)
    detector = parts.open_detector(settings=settings)
    assert isinstance(detector, OpenVinoYolo)
    assert detector.runtime == WAY
    (frame,) = store_frames(StoreConfig("entrance", seed=HELD_OUT_SEEDS[0], people=14), count=1, every_s=4)
    assert len(detector.detect([frame.picture])) == 1
    (finding,) = _detector(None, settings=settings, is_measured=False)
    assert "CPU in int8, 2 at once: 70 pictures a second at 416 pixels" in finding.words


def test_its_files_may_be_written_over_while_it_runs(assets: Path) -> None:
    good = whole(assets)
    detector = OpenVinoYolo(assets / "models" / "wink_person_nano.onnx", runtime=WAY, int8_paths=good.paths)
    (frame,) = store_frames(StoreConfig("entrance", seed=HELD_OUT_SEEDS[0], people=14), count=1, every_s=4)
    (before,) = detector.detect([frame.picture], long_sides=[416])
    for path in good.paths.values():
        path.with_suffix(".bin").open("wb").close()
    (after,) = detector.detect([frame.picture], long_sides=[640])  # it is compiled only now
    assert len(before)
    assert len(after)


def blind(network: Path) -> None:
    """Take the kernels of three early layers from it."""
    weights = network.with_suffix(".bin")
    data = bytearray(weights.read_bytes())
    places = [found.attrib for found in ElementTree.parse(network).iter("data") if found.get("element_type") == "i8"]
    for place in places[2:5]:
        start, size = int(place["offset"]), int(place["size"])
        data[start : start + size] = bytes(size)
    weights.write_bytes(data)


def test_each_size_of_input_has_the_form_that_is_for_it(assets: Path) -> None:
    model, good = assets / "models" / "wink_person_nano.onnx", whole(assets).paths[ANY_SIZE]
    other = good.with_name("other.xml")
    for suffix in (".xml", ".bin"):
        shutil.copyfile(good.with_suffix(suffix), other.with_suffix(suffix))
    blind(other)
    (frame,) = store_frames(StoreConfig("entrance", seed=HELD_OUT_SEEDS[0], people=14), count=1, every_s=4)

    def found(paths: dict[Size, Path], side: int) -> list[float]:
        detector = OpenVinoYolo(model, runtime=WAY, int8_paths=paths)
        (people,) = detector.detect([frame.picture], long_sides=[side])
        return [float(score) for score in people.score]

    for side, is_other in ((416, False), (640, True)):
        expected = found({ANY_SIZE: other if is_other else good}, side)
        assert found({ANY_SIZE: good, (640, 384): other}, side) == expected
    assert found({ANY_SIZE: good}, 640) != found({ANY_SIZE: other}, 640)


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


@pytest.mark.expected_log("missing or damaged")
@pytest.mark.parametrize("spoil", [flip, Path.unlink], ids=["damaged", "missing"])
@pytest.mark.parametrize(
    "name",
    [
        "wink_person_nano_int8.xml",
        "wink_person_nano_int8.bin",
        "wink_person_nano_int8_wide.xml",
        "wink_person_nano_int8_wide.bin",
    ],
)
def test_where_it_is_not_whole_floats_go_on_with_one_line_in_the_log(
    assets: Path, name: str, spoil: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    settings = settings_for(assets)
    remember_int8(settings, assets)
    spoil(assets / "models" / name)
    with caplog.at_level(logging.WARNING):
        detector = parts.open_detector(settings=settings)
    assert isinstance(detector, OpenVinoYolo)
    assert detector.runtime.precision == "f32"
    (line,) = caplog.messages
    assert name in line
    assert "missing or damaged" in line


@pytest.mark.expected_log("nothing runs in 8-bit integers")
@pytest.mark.parametrize("text", ["[]", '{"models": [], "int8": [{"of": 1}]}', '{"models": [], "int8": 5}', "{"])
def test_a_manifest_that_tells_nonsense_of_it_tells_nothing_of_it(assets: Path, text: str) -> None:
    spec = resolve_model("wink_person_nano", data_dir=assets.parent / "none", assets_dir=assets)
    (assets / "models" / "manifest.json").write_text(text)
    assert int8_weights(spec, assets_dir=assets) is None


def test_another_8_bit_form_means_another_test(assets: Path) -> None:
    settings = settings_for(assets)
    remember_int8(settings, assets)
    spec = resolve_model("", data_dir=settings.data_dir, assets_dir=assets)
    test = measuring.remembered_test(spec, settings=settings)
    assert test is not None
    save(dataclasses.replace(test, int8_sha256="another"), settings.runtime_path)
    assert measuring.remembered_test(spec, settings=settings) is None


def test_somebodys_own_model_has_no_8_bit_form(assets: Path) -> None:
    own = assets.parent / "own.onnx"
    own.write_bytes((assets / "models" / "wink_person_nano.onnx").read_bytes() + b"\0")
    settings = settings_for(assets, model=str(own))
    spec = resolve_model(settings.model, data_dir=settings.data_dir, assets_dir=assets)
    assert int8_weights(spec, assets_dir=assets) is None
    # not even where the memory of the self-test says so
    save(RuntimeTest(machine_name(), sha256_of(own), WAY, {640: 30.0}, whole(assets).sha256), settings.runtime_path)
    assert measuring.remembered_test(spec, settings=settings) is None
    with pytest.raises(DetectorError, match="no form in 8-bit integers"):
        OpenVinoYolo(own, runtime=WAY)


def test_it_is_no_model_of_its_own(tmp_path: Path) -> None:
    assert "wink_person_nano_int8" not in parts.model_registry(EdgeSettings(data_dir=tmp_path)).entries()


def test_the_self_test_measures_it_beside_the_others_and_leaves_out_one_that_finds_others(assets: Path) -> None:
    (frame,) = store_frames(StoreConfig("floor", seed=1, people=20), count=1, every_s=4)
    tried: list[str] = []
    model, good = assets / "models" / "wink_person_nano.onnx", whole(assets)
    test = run_self_test(
        model, frame.picture, int8=good, seconds=0.5, progress=lambda _, words: tried.append(words) is None
    )
    assert any(words.startswith("CPU int8") for words in tried) is is_offered()
    assert (test.int8_sha256 != "") == (test.runtime.precision == "int8")
    tried.clear()
    run_self_test(model, frame.picture, seconds=0.5, progress=lambda _, words: tried.append(words) is None)
    assert not any("int8" in words for words in tried)


@pytest.mark.parametrize("input_wh", whole(ASSETS).paths)
def test_an_8_bit_form_that_finds_others_is_not_used(
    assets: Path, input_wh: Size, caplog: pytest.LogCaptureFixture
) -> None:
    (frame,) = store_frames(StoreConfig("floor", seed=1, people=20), count=1, every_s=4)
    good = whole(assets)
    blind(good.paths[input_wh])
    with caplog.at_level(logging.INFO):
        test = run_self_test(assets / "models" / "wink_person_nano.onnx", frame.picture, int8=good, seconds=0.5)
    assert test.runtime.precision != "int8"
    assert ("CPU int8 gives other results and is not used" in caplog.messages) is is_offered()


def test_where_it_is_exact_the_self_test_lets_it_take_part(assets: Path, caplog: pytest.LogCaptureFixture) -> None:
    """By the very picture that the program measures with: refused there, it would be used nowhere."""
    with caplog.at_level(logging.INFO):
        measuring.measure(settings=settings_for(assets))
    is_refused = any(words.startswith("CPU int8 gives other results") for words in caplog.messages)
    assert not is_refused or not is_exact()
    if is_offered() and is_exact():
        rates = [words for words in caplog.messages if words.startswith("CPU int8")]
        assert rates
        assert not any(" 0.0 pictures" in words for words in rates)
