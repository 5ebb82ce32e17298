"""The bundle is built from the pinned packages of one extra, with their hashes, and from nothing else."""

from __future__ import annotations

import re

import pytest

from installer.bundle.requirements import bundle_requirements, read_pins
from installer.product import ROOT, PackagingError, read_pyproject

PINS = """\
alpha==1.0 \\
    --hash=sha256:aa \\
    --hash=sha256:ab
    # via the-project (pyproject.toml)
beta==2.0 ; sys_platform == 'linux' \\
    --hash=sha256:bb
    # via
    #   alpha
    #   gamma
gamma==3.0 \\
    --hash=sha256:cc
    # via the-project (pyproject.toml)
pyinstaller==6.0 \\
    --hash=sha256:dd
    # via the-project (pyproject.toml)
altgraph==0.1 \\
    --hash=sha256:ee
    # via pyinstaller
"""
PROJECT = {"project": {"dependencies": ["Alpha>=1"], "optional-dependencies": {"desktop": [], "cloud": ["gamma"]}}}


def test_what_an_extra_wants_is_taken_with_what_that_wants_and_with_its_hashes() -> None:
    text = bundle_requirements(PINS, pyproject=PROJECT)
    assert text == (
        "alpha==1.0 \\\n    --hash=sha256:aa \\\n    --hash=sha256:ab\n"
        "beta==2.0 ; sys_platform == 'linux' \\\n    --hash=sha256:bb\n"
        "pyinstaller==6.0 \\\n    --hash=sha256:dd\n"
        "altgraph==0.1 \\\n    --hash=sha256:ee\n"
    )


def test_a_package_that_is_not_pinned_stops_the_build() -> None:
    project = {"project": {"dependencies": ["delta"], "optional-dependencies": {"desktop": []}}}
    with pytest.raises(PackagingError, match=r"does not pin delta: run `make lock`"):
        bundle_requirements(PINS, pyproject=project)


def test_the_projects_own_pins_leave_out_the_cloud_the_tests_and_pytorch() -> None:
    text = bundle_requirements((ROOT / "constraints.txt").read_text(), pyproject=read_pyproject())
    names = {pin.name for pin in read_pins(text)}
    assert {"pyside6-essentials", "openvino", "av", "opencv-python-headless", "pyinstaller"} <= names
    assert not names & {"torch", "ultralytics", "fastapi", "sqlalchemy", "pytest", "playwright", "onnx", "pillow"}
    requirements = [line for line in text.splitlines() if re.match(r"\w", line)]
    assert all("==" in line for line in requirements)
    assert all("--hash=sha256:" in pin.text for pin in read_pins(text))
