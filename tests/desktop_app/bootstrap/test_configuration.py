from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from desktop_app.bootstrap.configuration import credential_store, load_config
from desktop_app.services.config_import import ConfigError, EdgeConfig
from desktop_app.services.ports import Credential, CredentialError
from desktop_app.settings import EdgeSettings

CLOUD = "api_url: https://cloud.example.com\n"
CAMERA = "cameras: [{camera_id: door, source: 'rtsp://10.0.0.3/live', substream_url: 'rtsp://10.0.0.3/sub'%s}]\n"


@pytest.fixture
def settings(tmp_path: Path) -> EdgeSettings:
    return EdgeSettings(data_dir=tmp_path, credentials="file")


def load(text: str, settings: EdgeSettings) -> EdgeConfig:
    path = settings.data_dir / "config.yaml"
    path.write_text(text)
    return load_config(path, settings=settings)


def key_of(config: EdgeConfig) -> str:
    return config.edge_key.get_secret_value() if config.edge_key else ""


def test_the_edge_key_comes_from_the_environment_the_file_or_the_store_in_this_order(
    settings: EdgeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = CLOUD + CAMERA % ""
    with pytest.raises(ConfigError, match="wink-edge credentials set edge-key"):
        load(plain, settings)
    credential_store(settings).put("edge-key", Credential(SecretStr("kept")))
    assert key_of(load(plain, settings)) == "kept"
    assert key_of(load("edge_key: written\n" + plain, settings)) == "written"
    monkeypatch.setenv("WINK_EDGE_KEY", "given")
    given = EdgeSettings(data_dir=settings.data_dir, credentials="file")
    assert key_of(load("edge_key: written\n" + plain, given)) == "given"
    assert "given" not in repr(given)


def test_without_a_cloud_nobody_asks_for_a_key(settings: EdgeSettings) -> None:
    credential_store(settings).put("edge-key", Credential(SecretStr("kept")))
    assert load(CAMERA % "", settings).edge_key is None


def test_a_credential_goes_into_both_addresses_of_its_camera(settings: EdgeSettings) -> None:
    credential_store(settings).put("door", Credential(SecretStr("hunter2"), "admin"))
    (camera,) = load(CAMERA % ", credential: door", settings).cameras
    assert camera.source.reveal() == "rtsp://admin:hunter2@10.0.0.3/live"
    assert camera.substream is not None
    assert camera.substream.reveal() == "rtsp://admin:hunter2@10.0.0.3/sub"
    assert "hunter2" not in repr(camera)


def test_every_credential_that_was_never_set_is_told(settings: EdgeSettings) -> None:
    text = (
        "cameras:\n  - {camera_id: a, source: 'rtsp://10.0.0.3/1', credential: first}\n"
        "  - {camera_id: b, source: 'rtsp://10.0.0.3/2', credential: second}\n"
    )
    with pytest.raises(ConfigError) as caught:
        load(text, settings)
    told = [str(mistake) for mistake in caught.value.mistakes]
    assert len(told) == 2
    assert "cameras[1].credential: there is no credential 'second'" in told[1]
    assert "wink-edge credentials set second --user NAME" in told[1]


@pytest.mark.parametrize(
    ("camera", "words"),
    [
        ("{camera_id: a, source: 'rtsp://u:hunter2@10.0.0.3/1', credential: x}", "keep only one of the two"),
        ("{camera_id: a, source: '0', credential: x}", "takes no user name or password"),
        ("{camera_id: a, source: film.mp4, credential: x}", "takes no user name or password"),
    ],
)
def test_a_credential_where_none_belongs_is_a_mistake(settings: EdgeSettings, camera: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        load(f"cameras: [{camera}]", settings)
    assert "hunter2" not in str(caught.value)


def test_a_machine_without_a_key_ring_says_so_where_a_credential_is_named(tmp_path: Path) -> None:
    settings = EdgeSettings(data_dir=tmp_path)
    with pytest.raises(CredentialError, match="WINK_CREDENTIALS=file"):
        load(CAMERA % ", credential: door", settings)
    with pytest.raises(ConfigError, match="'edge_key' is missing"):
        load(CLOUD + CAMERA % "", settings)
