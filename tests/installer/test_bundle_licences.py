"""Nothing is shipped whose licence nobody has looked at."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from installer.bundle.licences import (
    Component,
    LicenceError,
    Packages,
    check,
    components_of,
    document,
    is_accepted,
)
from installer.bundle.parts import TEXT_FOLDER, LicenceRules, read_parts
from installer.product import ROOT, read_product

RULES = LicenceRules(frozenset({"MIT", "Apache-2.0", "GPL-3.0-or-later WITH GCC-exception-3.1"}), {}, {"x": "because"})


@pytest.mark.parametrize(
    ("expression", "may"),
    [
        ("MIT", True),
        ("AGPL-3.0-or-later", False),
        ("GPL-3.0-or-later", False),
        ("GPL-3.0-or-later WITH GCC-exception-3.1", True),
        ("MIT AND Apache-2.0", True),
        ("MIT AND GPL-2.0-only", False),
        ("GPL-2.0-only OR MIT", True),
        ("GPL-2.0-only OR AGPL-3.0-only", False),
        ("(GPL-2.0-only OR MIT) AND Apache-2.0", True),
        ("(GPL-2.0-only OR MIT) AND AGPL-3.0-only", False),
        ("GPL-2.0-only OR MIT AND Apache-2.0", True),
        ("", False),
        ("see its own pages", False),
        ("MIT MIT", False),
    ],
)
def test_an_expression_is_accepted_if_it_can_be_met_by_accepted_licences(expression: str, may: bool) -> None:
    assert is_accepted(expression, RULES.accepted) is may


def component(name: str, licence: str) -> Component:
    return Component(name, "1.0", licence, "", (("LICENSE", "the text"),))


def test_a_part_under_the_agpl_stops_the_build_by_name() -> None:
    with pytest.raises(LicenceError, match=r"torchy 1\.0: AGPL-3\.0-only"):
        check([component("fine", "MIT"), component("torchy", "AGPL-3.0-only")], RULES)


def test_a_written_exception_lets_a_part_through_and_is_printed() -> None:
    parts = [component("x", "GPL-2.0-or-later")]
    check(parts, RULES)
    text = document(parts, product=read_product(), version="1.0", exceptions=RULES.exceptions)
    assert "Exception. x: because" in text


def test_every_text_is_printed_and_an_equal_one_once() -> None:
    parts = [component("a", "MIT"), component("b", "MIT")]
    text = document(parts, product=read_product(), version="1.0", exceptions={})
    assert text.count("the text\n") == 1
    assert "The same text as of a: LICENSE" in text
    assert "- b 1.0: MIT" in text


def test_a_file_that_nobody_brought_stops_the_build(tmp_path: Path) -> None:
    with pytest.raises(LicenceError, match=r"libsecret\.so\.1 \(from /somewhere/libsecret\.so\.1\)"):
        components_of(
            {"files": {"libsecret.so.1": "/somewhere/libsecret.so.1"}, "modules": {}},
            packages=Packages(tmp_path), book=read_parts("linux"), root=ROOT, python_version="3.11", python_text="",
        )  # fmt: skip


@pytest.mark.parametrize("platform", ["linux", "win32", "darwin"])
def test_each_named_part_is_accepted_or_has_its_exception(platform: str) -> None:
    book = read_parts(platform)
    check([component(part.name, part.licence) for part in book.parts], book.licences)


def test_on_linux_nothing_under_the_gpl_is_in_and_there_is_no_exception() -> None:
    book = read_parts("linux")
    assert not book.licences.exceptions
    assert not [part.name for part in book.parts if part.licence.startswith("GPL")]


@pytest.mark.parametrize("platform", ["linux", "win32", "darwin"])
def test_each_part_says_why_it_stays_and_its_texts_are_there(platform: str) -> None:
    for part in read_parts(platform).parts:
        assert len(part.why) > 10
        for name in part.texts:
            assert (TEXT_FOLDER / f"{name}.txt").read_text().strip()


CALLED = {
    "GaussianBlur", "LUT", "absdiff", "add", "addWeighted", "bitwise_and", "bitwise_not", "bitwise_or", "blur",
    "circle", "connectedComponents", "connectedComponentsWithStats", "convexHull", "copyMakeBorder", "countNonZero",
    "cvtColor", "dilate", "dnn", "ellipse", "equalizeHist", "erode", "error", "fillConvexPoly", "fillPoly",
    "findContours", "flip", "getTextSize", "imdecode", "imencode", "line", "medianBlur", "merge", "morphologyEx",
    "multiply", "normalize", "polylines", "putText", "rectangle", "resize", "rotate", "split", "subtract",
    "threshold", "transpose",
}  # fmt: skip
"""Functions of OpenCV that look at pixels and solve nothing."""


def test_the_program_calls_no_opencv_function_that_needs_what_the_bundle_leaves_out() -> None:
    """OpenCV's large linear algebra is an empty library in the bundle that ends the program when it is called."""
    called = set()
    for path in (ROOT / "desktop_app").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "cv2":
                called.add(node.attr)
    functions = {name for name in called if not name.isupper() and not name.startswith(("INTER_", "IMREAD_", "LINE_"))}
    assert functions <= CALLED, (
        "new functions of OpenCV: if they solve no equations and decompose no matrices add them above, otherwise "
        "take OpenBLAS's stand-in out of installer/bundle/parts.toml"
    )
