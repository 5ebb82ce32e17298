from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from desktop_app.cli import app
from desktop_app.services.model_registry import ModelRegistry
from tests.helpers.weights import find_weights


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("WINK_MODEL", raising=False)
    ModelRegistry(data_dir=tmp_path / "data", assets_dir=tmp_path).add(find_weights(), name="yolox")
    return tmp_path / "data"


def test_every_mistake_of_the_file_is_a_line_and_the_machine_is_looked_at_all_the_same(data_dir: Path) -> None:
    config = data_dir / "config.yaml"
    config.write_text("cameras:\n  - camera_id: a\n    fps: 99\n")
    told = CliRunner().invoke(app, ["doctor", "--config", str(config), "--data-dir", str(data_dir)])
    assert told.exit_code == 1
    broken = [line for line in told.stdout.splitlines() if line.startswith("BROKEN")]
    assert len(broken) == 2
    assert "'rtsp_url' is missing" in broken[0] + broken[1]
    assert "ok      model                 yolox, its hash is right." in told.stdout
    assert "ok      outbox                Nothing was counted here yet." in told.stdout


def test_without_a_file_the_machine_alone_is_looked_at(data_dir: Path) -> None:
    told = CliRunner().invoke(app, ["doctor", "--data-dir", str(data_dir), "--json"])
    assert told.exit_code == 0
    states = {finding["what"]: finding["state"] for finding in json.loads(told.stdout)["findings"]}
    assert states.items() >= {"configuration": "warning", "disk": "ok", "model": "ok", "outbox": "ok"}.items()
    assert "cloud" not in states


def test_a_password_that_was_never_set_is_broken_and_the_cure_is_told(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WINK_CREDENTIALS", "file")
    config = data_dir / "config.yaml"
    config.write_text("cameras: [{camera_id: a, source: 'rtsp://10.0.0.3/1', credential: door}]\n")
    told = CliRunner().invoke(app, ["doctor", "--config", str(config), "--data-dir", str(data_dir)])
    assert told.exit_code == 1
    assert "run: wink-edge credentials set door --user NAME" in told.stdout
