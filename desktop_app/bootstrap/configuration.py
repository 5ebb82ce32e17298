"""The configuration file, with the secrets that it only names."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from pydantic import SecretStr

from desktop_app.services.config_document import ConfigError, Mistake
from desktop_app.services.config_import import EdgeConfig, ImportedCamera, read_config
from desktop_app.services.ports import EDGE_KEY_NAME, CredentialStore, NoCredentialPlace
from desktop_app.settings import EdgeSettings


def credential_store(settings: EdgeSettings) -> CredentialStore:
    """Where this machine's secrets are kept.

    Raises:
        NoCredentialPlace: there is no key ring, and no file was chosen in its stead.
    """
    if settings.credentials == "file":
        from desktop_app.adapters.credentials.file_credentials import FileCredentials

        return FileCredentials(settings.credentials_path)
    from desktop_app.adapters.credentials.keyring_credentials import KeyringCredentials

    return KeyringCredentials()


def load_config(path: Path, *, settings: EdgeSettings) -> EdgeConfig:
    """Read a ``config.yaml``; the edge key is WINK_EDGE_KEY, or the file's, or the one that was kept.

    Raises:
        ConfigError: every mistake in the file, or every credential that it names and that was never set.
        CredentialError: the place where they are kept cannot be used.
    """
    config = read_config(path, other_edge_key=lambda: settings.edge_key or _kept_edge_key(settings))
    if settings.edge_key is not None and config.api_url is not None:
        config = dataclasses.replace(config, edge_key=settings.edge_key)
    if not any(camera.credential for camera in config.cameras):
        return config
    return _signed_in(config, credential_store(settings), source=str(path))


def _kept_edge_key(settings: EdgeSettings) -> SecretStr | None:
    try:
        kept = credential_store(settings).get(EDGE_KEY_NAME)
    except NoCredentialPlace:
        return None
    return kept.secret if kept else None


def _signed_in(config: EdgeConfig, store: CredentialStore, *, source: str) -> EdgeConfig:
    cameras: list[ImportedCamera] = []
    mistakes: list[Mistake] = []
    for index, camera in enumerate(config.cameras):
        credential = store.get(camera.credential) if camera.credential else None
        if camera.credential and credential is None:
            words = (
                f"there is no credential '{camera.credential}' in {store.place}; "
                f"run: wink-edge credentials set {camera.credential} --user NAME"
            )
            mistakes.append(Mistake(f"cameras[{index}].credential", None, words))
        cameras.append(camera.signed_in(credential) if credential else camera)
    if mistakes:
        raise ConfigError(mistakes, source=source)
    return dataclasses.replace(config, cameras=tuple(cameras))
