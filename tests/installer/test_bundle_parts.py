"""What goes into the bundle, what stays out, and what is done to it after it was built."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy
import pytest

from installer.bundle import finish, sizes
from installer.bundle.finish import Symbol, is_loadable, stand_in_source, without_absolute_search_path
from installer.bundle.parts import Link, PartBook, read_parts
from installer.product import PackagingError

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="libraries of Linux")


@pytest.fixture
def book() -> PartBook:
    return read_parts("linux")


@pytest.mark.parametrize(
    "path",
    [
        "openvino/libs/libopenvino_pytorch_frontend.so.2641",
        "openvino/libs/libopenvino_intel_npu_plugin.so",
        "PySide6/Qt/plugins/platformthemes/libqgtk3.so",
        "PySide6/Qt/translations/qtbase_de.qm",
        "cv2/data/haarcascade_frontalface_default.xml",
    ],
)
def test_what_no_shop_needs_stays_out(book: PartBook, path: str) -> None:
    assert book.is_left_out(path, is_system=False)


@pytest.mark.parametrize(
    "path",
    [
        "openvino/libs/libopenvino_onnx_frontend.so.2641",
        "openvino/libs/libopenvino_intel_cpu_plugin.so",
        "PySide6/Qt/plugins/platforms/libqxcb.so",
        "PySide6/Qt/plugins/platforms/libqwayland.so",
        "PySide6/Qt/plugins/imageformats/libqsvg.so",
        "assets/models/wink_person_nano.onnx",
        "assets/models/wink_person_nano_int8.xml",
        "assets/models/wink_person_nano_int8.bin",
        "assets/models/wink_person_nano_int8_wide.xml",
        "assets/models/wink_person_nano_int8_wide.bin",
        "openvino/libs/libopenvino_ir_frontend.so.2641",
    ],
)
def test_what_counting_and_the_window_need_stays_in(book: PartBook, path: str) -> None:
    assert not book.is_left_out(path, is_system=False)


def test_of_the_systems_libraries_only_those_of_python_are_brought(book: PartBook) -> None:
    assert book.is_left_out("libX11.so.6", is_system=True)
    assert book.is_left_out("libstdc++.so.6", is_system=True)
    assert not book.is_left_out("libssl.so.3", is_system=True)


def test_ultralytics_pytorch_and_the_cloud_are_never_collected(book: PartBook) -> None:
    assert {"torch", "ultralytics", "cloud_api"} <= set(book.modules)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("openvino/libs/libopenvino_intel_gpu_plugin.so", "OpenVINO: its GPU device"),
        ("av.libs/libavcodec-5e6b81c2.so.62", "FFmpeg"),
        ("av.libs/libx264-d6533a8d.so.165", "the empty places of x264 and x265"),
        ("av/video/frame.abi3.so", "PyAV"),
        ("PySide6/Qt/lib/libQt6Core.so.6", "Qt"),
        ("PySide6/QtCore.abi3.so", "PySide6"),
        ("wink-edge", "The programs' Python modules"),
    ],
)
def test_a_file_belongs_to_its_part(book: PartBook, path: str, name: str) -> None:
    part = book.part_of(path)
    assert part is not None
    assert part.name == name


def test_a_part_without_rule_is_weighed_with_the_small_ones(book: PartBook, tmp_path: Path) -> None:
    inner = tmp_path / "_internal"
    (inner / "yaml").mkdir(parents=True)
    (inner / "yaml" / "_yaml.so").write_bytes(b"x" * 10)
    (inner / "libQt6Core.so.6").write_bytes(b"x" * 20)
    (inner / "again.so").symlink_to("libQt6Core.so.6")
    rows = sizes.weigh(tmp_path, inner=inner, book=book)
    assert [(row.name, row.bytes) for row in rows] == [("Qt", 20), (sizes.OTHER, 10)]
    assert sizes.total_bytes(tmp_path) == 30


def test_a_stand_in_answers_none_or_ends_the_program_and_keeps_tables() -> None:
    source = stand_in_source([Symbol("open", 0), Symbol("table", 64)], library="libx", aborts=False)
    assert "void *open(void) { return 0; }" in source
    assert "table[8]" in source
    assert "abort();" in stand_in_source([Symbol("solve", 0)], library="libblas", aborts=True)


def installed(pattern: str) -> Path:
    """A library of an installed package."""
    return next((Path(numpy.__file__).parent.parent / "numpy.libs").glob(pattern))


def built_elsewhere(folder: Path) -> Path:
    """A library that names a folder of the machine it was built on."""
    path = folder / "libgfortran.so"
    path.write_bytes(installed("libgfortran*").read_bytes().replace(b"\0$ORIGIN\0", b"\0/tmp/me\0"))
    return path


@linux_only
def test_a_library_forgets_folders_of_the_machine_that_built_it(tmp_path: Path) -> None:
    path = built_elsewhere(tmp_path)
    data = path.read_bytes()
    without = without_absolute_search_path(data)
    assert without != data
    assert len(without) == len(data)
    assert without_absolute_search_path(without) == without
    path.write_bytes(without)
    done = subprocess.run(
        [sys.executable, "-c", f"import ctypes; ctypes.CDLL({str(path)!r})"],
        env={"LD_LIBRARY_PATH": str(installed("libquadmath*").parent)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@linux_only
def test_a_library_keeps_looking_beside_itself() -> None:
    data = installed("libgfortran*").read_bytes()
    assert without_absolute_search_path(data) == data


@linux_only
def test_a_library_whose_pieces_lie_askew_is_not_loadable() -> None:
    whole = bytearray(installed("libgfortran*").read_bytes())
    assert is_loadable(bytes(whole))
    table = int.from_bytes(whole[32:40], "little")
    whole[table + 8 : table + 16] = (int.from_bytes(whole[table + 8 : table + 16], "little") + 8).to_bytes(8, "little")
    assert not is_loadable(bytes(whole))


def test_a_file_that_is_no_library_is_left_alone() -> None:
    assert without_absolute_search_path(b"#!/bin/sh\n") == b"#!/bin/sh\n"


def test_doubles_become_links_and_what_those_need_is_found_beside_them(tmp_path: Path, book: PartBook) -> None:
    for folder, names in {"own": ["libavcodec-1.so"], "other": ["libavcodec-2.so", "libdrm-2.so"]}.items():
        (tmp_path / folder).mkdir()
        for name in names:
            (tmp_path / folder / name).write_text(folder)
    done = list(finish._link(tmp_path, Link(("libavcodec-*",), "own", "other")))
    assert len(done) == 1
    assert (tmp_path / "own" / "libavcodec-1.so").readlink() == Path("../other/libavcodec-2.so")
    assert (tmp_path / "own" / "libdrm-2.so").read_text() == "other"


def test_a_package_that_has_changed_its_files_stops_the_build(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "own" / "libavcodec-1.so").touch()
    with pytest.raises(PackagingError, match=r"0 files fit libavcodec-\*, one was expected"):
        list(finish._link(tmp_path, Link(("libavcodec-*",), "own", "other")))
