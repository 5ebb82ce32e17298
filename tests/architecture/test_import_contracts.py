"""The import arrows hold, and each contract bites: a planted violation is seen to be caught."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT_DIR = Path(__file__).resolve().parents[2]
PACKAGES = ("shared_models", "desktop_app", "cloud_api")

# (contract, file that gets the line, line)
PLANTED = [
    ("shared_models imports neither program", "shared_models/zones.py", "import cloud_api"),
    ("desktop_app and cloud_api never import each other", "desktop_app/services/planted.py", "import cloud_api"),
    ("desktop_app and cloud_api never import each other", "cloud_api/planted.py", "import desktop_app"),
    ("desktop_app: cli > bootstrap", "desktop_app/domain/planted.py", "import desktop_app.services.ports"),
    ("desktop_app: cli > bootstrap", "desktop_app/workers/planted.py", "import desktop_app.adapters.video"),
    ("no adapter knows another", "desktop_app/adapters/video/planted.py", "import desktop_app.adapters.storage"),
    ("Qt only in ui, workers and bootstrap", "desktop_app/services/planted.py", "import PySide6.QtCore"),
    ("Qt only in ui, workers and bootstrap", "desktop_app/cli/planted.py", "from PySide6 import QtCore"),
    ("outside things only in adapters", "desktop_app/services/planted.py", "import sqlite3"),
    ("outside things only in adapters", "desktop_app/workers/planted.py", "import cv2"),
    ("outside things only in adapters", "desktop_app/ui/planted.py", "import httpx"),
    ("the rules are pure", "desktop_app/domain/planted.py", "import time"),
    ("the desktop is synchronous and threaded", "desktop_app/workers/planted.py", "import asyncio"),
    ("cloud_api: app > web", "cloud_api/kit/planted.py", "import cloud_api.tenancy"),
    ("cloud_api: app > web", "cloud_api/ingest/planted.py", "import cloud_api.web"),
]


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [program, "--no-cache", "--config", folder / "pyproject.toml"],
        cwd=folder,
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(folder), "COLUMNS": "200"},
        check=False,
    )


@pytest.fixture(scope="module")
def copied_house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("house")
    shutil.copy(PROJECT_DIR / "pyproject.toml", folder)
    for package in PACKAGES:
        shutil.copytree(
            PROJECT_DIR / package, folder / package, ignore=shutil.ignore_patterns("__pycache__", "static", "vendor")
        )
    return folder


def test_every_import_follows_the_arrows(copied_house: Path) -> None:
    result = lint_imports(copied_house)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(("contract", "file", "line"), PLANTED)
def test_a_planted_violation_is_caught(copied_house: Path, contract: str, file: str, line: str) -> None:
    path = copied_house / file
    before = path.read_text() if path.exists() else None
    path.write_text(f"{before or ''}\n{line}\n")
    try:
        result = lint_imports(copied_house)
    finally:
        path.unlink() if before is None else path.write_text(before)
    assert result.returncode != 0
    broken = [text for text in result.stdout.splitlines() if "BROKEN" in text]
    assert any(contract in text for text in broken), result.stdout
