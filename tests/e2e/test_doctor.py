"""`wink-edge doctor` on a machine that is well and on one where everything is wrong, with the real cloud."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from desktop_app.services.model_registry import ModelRegistry
from tests.helpers.cloud_process import Cloud
from tests.helpers.weights import find_weights

pytestmark = pytest.mark.e2e
LOOKED_AT = ("configuration", "disk", "model", "outbox", "cloud", "edge key", "clock", "camera Door")


def doctor(config: Path, *, data_dir: Path, as_json: bool = True) -> tuple[int, Any]:
    env = {k: v for k, v in os.environ.items() if not k.startswith("WINK_")}
    done = subprocess.run(
        [sys.executable, "-m", "desktop_app.cli", "doctor", "--config", config, "--data-dir", data_dir]
        + (["--json"] if as_json else []),
        capture_output=True, text=True, timeout=120, check=False, env=env,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, json.loads(done.stdout) if as_json else done.stdout


def write_config(path: Path, *, cloud: Cloud, key: str, camera: str) -> Path:
    path.write_text(
        f"api_url: http://127.0.0.1:{cloud.port}\nedge_key: {key}\n"
        f"cameras: [{{camera_id: door, name: Door, source: '{camera}'}}]\n"
    )
    return path


def states(told: Any) -> dict[str, str]:
    return {finding["what"]: finding["state"] for finding in told["findings"]}


def test_the_doctor_says_what_is_well_and_what_to_do_about_the_rest(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    model = ModelRegistry(data_dir=data_dir, assets_dir=tmp_path).add(find_weights(), name="yolox")
    cloud = Cloud(tmp_path / "cloud")
    cloud.data_dir.mkdir()
    cloud.command("create-org", "Acme")
    cloud.command("create-store", "--org", "Acme", "--name", "Street", "--timezone", "UTC")
    key = cloud.command("create-edge-key", "--store", "Street")["edge_key"]
    cloud.start()
    try:
        config = write_config(tmp_path / "well.yaml", cloud=cloud, key=key, camera="virtual-store://entrance")
        code, told = doctor(config, data_dir=data_dir)
        assert (code, told["ok"]) == (0, True), told
        assert {what: states(told).get(what) for what in LOOKED_AT} == dict.fromkeys(LOOKED_AT, "ok")
        _, text = doctor(config, data_dir=data_dir, as_json=False)
        assert "ok      camera Door           sends pictures of 640x360; looked at 640 pixels wide" in text

        shutil.copy(__file__, model.path)
        config = write_config(
            tmp_path / "ill.yaml",
            cloud=cloud,
            key="edge_street_" + "x" * 40,
            camera="rtsp://admin:hunter2@127.0.0.1:9/x",
        )
        code, told = doctor(config, data_dir=data_dir)
        assert (code, told["ok"]) == (1, False)
        broken = {what for what in LOOKED_AT if states(told)[what] == "broken"}
        assert broken == {"edge key", "camera Door"}
        model_words = [finding["words"] for finding in told["findings"] if finding["what"] == "model"]
        assert "yolox should be used, but its file is damaged" in model_words[0]
        assert model_words[1] == "wink_person_nano, its hash is right."
        assert all(finding["cure"] for finding in told["findings"] if finding["state"] != "ok")
        assert "hunter2" not in json.dumps(told)
        assert key not in json.dumps(told)
    finally:
        cloud.stop()
    _, told = doctor(config, data_dir=data_dir)
    assert states(told)["cloud"] == "broken"
