"""Every way of starting to count measures the machine once, and nobody waits for that in vain."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from desktop_app.adapters.detection.self_test import machine_name
from desktop_app.adapters.storage.sqlite_outbox import SqliteOutbox
from desktop_app.bootstrap import measuring
from desktop_app.bootstrap.demo import _measured_here
from desktop_app.bootstrap.engine import StartCut, build_edge
from desktop_app.cli import app
from desktop_app.services.config_import import EdgeConfig, ImportedCamera
from desktop_app.services.detector_runtime import DetectorRuntime, RuntimeTest, load, save
from desktop_app.services.model_registry import resolve_model, sha256_of
from desktop_app.services.ports import OutboxError
from desktop_app.settings import PROJECT_DIR, EdgeSettings
from shared_models.cameras import SourceAddress
from shared_models.clock import SteadyClock
from tests.helpers.weights import find_weights

pytestmark = pytest.mark.integration
STORE = EdgeConfig(
    None, None, (ImportedCamera("a", "A", SourceAddress("virtual-store://entrance"), None, 5.0, True, False, ()),)
)


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[EdgeSettings]:
    """Measuring takes no time; for which settings it was done."""
    done: list[EdgeSettings] = []

    def play(*, settings: EdgeSettings, **_: object) -> RuntimeTest:
        done.append(settings)
        model = resolve_model(settings.model, data_dir=settings.data_dir, assets_dir=settings.assets_dir)
        way = DetectorRuntime(streams=1, threads=1)
        return RuntimeTest(machine_name(), sha256_of(model.path), way, {416: 90.0, 640: 40.0})

    monkeypatch.setattr(measuring, "measure_apart", play)
    return done


def settings_in(folder: Path) -> EdgeSettings:
    return EdgeSettings(data_dir=folder, model=str(find_weights()), self_test_at_start=True)


def test_whoever_builds_an_engine_has_measured_once(tmp_path: Path, measured: list[EdgeSettings]) -> None:
    for _ in range(2):
        edge = build_edge(STORE, settings=settings_in(tmp_path))
        assert edge.engine._detector.side_by_side == 1, "as it was measured"
        edge.close(flush_s=0.0)
    assert len(measured) == 1
    off = settings_in(tmp_path / "other").model_copy(update={"self_test_at_start": False})
    build_edge(STORE, settings=off).close(flush_s=0.0)
    assert len(measured) == 1


def test_a_second_program_hears_of_the_first_before_it_measures(tmp_path: Path, measured: list[EdgeSettings]) -> None:
    first = SqliteOutbox(tmp_path / "outbox.sqlite3", clock=SteadyClock())
    try:
        with pytest.raises(OutboxError):
            build_edge(STORE, settings=settings_in(tmp_path))
    finally:
        first.close()
    assert measured == []


def test_who_quits_while_it_is_measured_leaves_nothing_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "_own_console", lambda: (sys.executable, "-c", "import time; time.sleep(600)"))
    looks: list[bool] = []

    def is_cut() -> bool:
        looks.append(True)
        return len(looks) > 3

    with pytest.raises(StartCut):
        build_edge(STORE, settings=settings_in(tmp_path), is_cut=is_cut)
    build_edge(STORE, settings=settings_in(tmp_path).model_copy(update={"self_test_at_start": False})).close(
        flush_s=0.0
    )
    assert not settings_in(tmp_path).runtime_path.exists()


def test_a_wrong_configuration_is_told_before_anything_is_measured(
    tmp_path: Path, measured: list[EdgeSettings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WINK_SELF_TEST_AT_START", "1")
    config = tmp_path / "config.yaml"
    config.write_text("cameras: [{camera_id: door, source: 'nonsense://x'}]\n")
    told = CliRunner().invoke(app, ["run", "--config", str(config), "--data-dir", str(tmp_path / "data")])
    assert told.exit_code == 2
    assert measured == []


def test_a_demo_measures_the_machine_and_not_each_demo(
    tmp_path: Path, measured: list[EdgeSettings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WINK_SELF_TEST_AT_START", "1")
    monkeypatch.setenv("WINK_DATA_DIR", str(tmp_path / "own"))
    monkeypatch.delenv("WINK_MODEL", raising=False)
    own, said = EdgeSettings(), list[str]()
    of_another = RuntimeTest(machine_name(), "ab12", DetectorRuntime(), {640: 9.0})
    save(of_another, own.runtime_path)
    for number in range(2):
        demo = EdgeSettings(data_dir=tmp_path / f"demo-{number}")
        used = _measured_here(demo, measures=lambda: said.append("measures"))
        model = resolve_model("", data_dir=demo.data_dir, assets_dir=demo.assets_dir)
        test = measuring.remembered_test(model, settings=used)
        assert test is not None
        assert not used.self_test_at_start
    assert (len(measured), said) == (1, ["measures"])
    assert load(own.runtime_path, model_sha256="ab12") == of_another, "what is remembered of others stays"
    monkeypatch.setenv("WINK_SELF_TEST_AT_START", "0")
    own.runtime_path.unlink()
    used = _measured_here(EdgeSettings(data_dir=tmp_path / "off"), measures=lambda: said.append("measures"))
    assert (len(measured), len(said), used.runtime_path.exists()) == (1, 1, False)


def run_window(folder: Path, config: Path, *, seconds: int) -> subprocess.CompletedProcess[str]:
    """The window's program on a file, for a while."""
    words = [sys.executable, "-m", "desktop_app", "--config", str(config), "--seconds", str(seconds)]
    own = {"WINK_DATA_DIR": str(folder), "WINK_CREDENTIALS": "file", "QT_QPA_PLATFORM": "offscreen"}
    return subprocess.run(
        words, env={**os.environ, **own}, capture_output=True, text=True, timeout=300, check=False, cwd=PROJECT_DIR
    )


def test_a_window_on_a_file_counts(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("cameras: [{camera_id: door, source: 'virtual-store://entrance'}]\n")
    done = run_window(tmp_path, config, seconds=25)
    assert done.returncode == 0, done.stderr
    assert '"door"' in (tmp_path / "coverage.json").read_text()
    assert not (tmp_path / "running.json").exists(), "it has ended"


def test_a_window_on_a_file_looks_up_the_credentials_that_the_file_names(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("cameras: [{camera_id: door, source: 'rtsp://127.0.0.1:9/x', credential: door}]\n")
    done = run_window(tmp_path, config, seconds=5)
    assert done.returncode == 2
    assert "run: wink-edge credentials set door" in done.stderr
