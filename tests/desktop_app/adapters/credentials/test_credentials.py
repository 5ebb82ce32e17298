from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import keyring.backends.fail
import keyring.backends.null
import pytest
from pydantic import SecretStr

from desktop_app.adapters.credentials.file_credentials import FileCredentials
from desktop_app.adapters.credentials.keyring_credentials import KeyringCredentials
from desktop_app.services.ports import Credential, CredentialError, CredentialStore, NoCredentialPlace
from tests.helpers.key_ring import run_with_key_ring

ADMIN = Credential(SecretStr("hünter2 \"'@:/"), "admin")


def check_the_port(store: CredentialStore) -> None:
    """What every store does. Also run inside the real key ring's session."""
    assert store.get("door") is None
    assert store.users() == {}
    assert not store.remove("door")
    store.put("door", ADMIN)
    store.put("edge-key", Credential(SecretStr("edge_x_" + "1" * 60)))
    assert store.get("door") == ADMIN
    assert store.users() == {"door": "admin", "edge-key": ""}
    store.put("door", Credential(SecretStr("other"), "viewer"))
    changed = store.get("door")
    assert changed is not None
    assert (changed.user, changed.secret.get_secret_value()) == ("viewer", "other")
    assert store.remove("door")
    assert store.get("door") is None
    assert store.users() == {"edge-key": ""}


def test_a_credential_does_not_show_its_secret() -> None:
    assert "nter2" not in repr(ADMIN) + str(ADMIN)


def test_the_file_keeps_credentials(tmp_path: Path) -> None:
    check_the_port(FileCredentials(tmp_path / "deep" / "credentials.json"))


def test_the_file_is_for_its_owner_alone_and_no_scrap_is_left(tmp_path: Path) -> None:
    path = tmp_path / "credentials.json"
    FileCredentials(path).put("door", ADMIN)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["credentials.json"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "credentials.json"
    store = FileCredentials(path)
    store.put("door", ADMIN)
    path.chmod(mode)
    with pytest.raises(CredentialError, match="Other users may read"):
        store.get("door")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"credentials": 3}', '{"credentials": {"a": 1}}'])
def test_a_damaged_file_is_told_and_its_content_is_not(tmp_path: Path, content: str) -> None:
    path = tmp_path / "credentials.json"
    path.touch(mode=0o600)
    path.write_text(content)
    with pytest.raises(CredentialError, match="is damaged"):
        FileCredentials(path).get("door")


def test_a_place_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CredentialError, match=r"cannot be read \(Not a directory\)"):
        FileCredentials(tmp_path / "file" / "credentials.json").put("door", ADMIN)


@pytest.mark.parametrize("backend", [keyring.backends.null.Keyring, keyring.backends.fail.Keyring])
def test_a_key_ring_that_keeps_nothing_is_none(backend: type[keyring.backend.KeyringBackend]) -> None:
    before = keyring.get_keyring()
    keyring.set_keyring(backend())
    try:
        with pytest.raises(NoCredentialPlace, match="set WINK_CREDENTIALS=file"):
            KeyringCredentials()
    finally:
        keyring.set_keyring(before)


@pytest.mark.integration
def test_the_real_key_ring_keeps_credentials(tmp_path: Path) -> None:
    program = (
        "from tests.desktop_app.adapters.credentials.test_credentials import check_the_port\n"
        "from desktop_app.adapters.credentials.keyring_credentials import KeyringCredentials\n"
        "check_the_port(KeyringCredentials())\n"
        "print('kept in', KeyringCredentials().place)\n"
    )
    done = run_with_key_ring(shlex.join([sys.executable, "-c", program]), home=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the key ring (SecretService Keyring)" in done.stdout


@pytest.mark.integration
def test_passwords_of_the_command_line_reach_the_cameras_addresses_through_the_real_key_ring(tmp_path: Path) -> None:
    """Set on one day, used on the next: the daemon ends in between. The secret is in no file of ours as plain text."""
    config = tmp_path / "config.yaml"
    config.write_text(
        "api_url: https://cloud.example.com\n"
        "cameras: [{camera_id: door, source: 'rtsp://127.0.0.1:9/live', credential: door-camera}]\n"
    )
    cli = shlex.join([sys.executable, "-m", "desktop_app.cli", "credentials"])
    done = run_with_key_ring(
        f"echo 'hunter2@/x' | {cli} set door-camera --user admin --password-stdin\n"
        f"echo edge_high_street_123 | {cli} set edge-key --password-stdin\n",
        home=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    program = (
        "import sys; from pathlib import Path\n"
        "from desktop_app.bootstrap.configuration import load_config\n"
        "from desktop_app.settings import EdgeSettings\n"
        "config = load_config(Path(sys.argv[1]), settings=EdgeSettings())\n"
        "print(config.edge_key.get_secret_value(), config.cameras[0].source.reveal(), config.cameras[0])\n"
    )
    done = run_with_key_ring(
        shlex.join([sys.executable, "-c", program, str(config)]) + f"\n{cli} list --json\n", home=tmp_path
    )
    assert done.returncode == 0, done.stderr
    used, listed = done.stdout.splitlines()
    assert used.startswith("edge_high_street_123 rtsp://admin:hunter2%40%2Fx@127.0.0.1:9/live ")
    assert used.count("hunter2") == 1, "only `reveal` shows it"
    assert json.loads(listed)["credentials"] == [
        {"name": "door-camera", "user": "admin"},
        {"name": "edge-key", "user": ""},
    ]
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.suffix == ".keyring" for path in kept)
    assert not any(b"hunter2" in path.read_bytes() for path in kept)
