"""Secrets in the system's keyring, or, by the owner's explicit choice, in a file that only this user may read."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keyring
import keyring.errors

from desktop_app.services.secret_store import SecretStoreError

SERVICE = "wink-analytics"
PROBE = "is-there-a-keyring"


class KeyringSecrets:
    """The system's own: Secret Service, Windows Credential Manager, macOS Keychain."""

    words = "Passwords are kept in this computer's keyring."

    def __init__(self, *, service: str = SERVICE) -> None:
        self._service = service

    def is_there(self) -> bool:
        """Whether it can be asked at all: headless computers have none."""
        try:
            keyring.get_password(self._service, PROBE)
        except Exception:
            return False
        return not _is_null(keyring.get_keyring())

    def get(self, name: str) -> str | None:
        with _explained():
            return keyring.get_password(self._service, name)

    def put(self, name: str, secret: str) -> None:
        with _explained():
            keyring.set_password(self._service, name, secret)

    def forget(self, name: str) -> None:
        with _explained(), contextlib.suppress(keyring.errors.PasswordDeleteError):
            keyring.delete_password(self._service, name)


def _is_null(backend: Any) -> bool:
    return type(backend).__module__ in ("keyring.backends.null", "keyring.backends.fail")


@contextlib.contextmanager
def _explained() -> Any:
    try:
        yield
    except keyring.errors.KeyringLocked:
        raise SecretStoreError("The keyring is locked; unlock it and try again.") from None
    except keyring.errors.KeyringError as error:
        raise SecretStoreError(f"The keyring does not answer ({type(error).__name__}); log in again.") from None


class FileSecrets:
    """A file with the rights 0600. Not encrypted: whoever has this user's files has the passwords."""

    words = "This computer has no keyring: passwords are in a file that only this user can read."

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self, name: str) -> str | None:
        return self._read().get(name)

    def put(self, name: str, secret: str) -> None:
        self._write({**self._read(), name: secret})

    def forget(self, name: str) -> None:
        known = self._read()
        if known.pop(name, None) is not None:
            self._write(known)

    def _read(self) -> dict[str, str]:
        try:
            values = json.loads(self._path.read_text(encoding="utf-8"))
            return {str(name): str(secret) for name, secret in values.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, AttributeError):
            raise SecretStoreError(f"{self._path} cannot be read; delete it and enter the passwords again.") from None

    def _write(self, values: dict[str, str]) -> None:
        temporary = self._path.with_name(self._path.name + ".new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            temporary.unlink(missing_ok=True)
            with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                json.dump(values, file)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self._path)
        except OSError as error:
            raise SecretStoreError(f"{self._path} cannot be written ({error.strerror}).") from None


class ChosenSecrets:
    """The keyring where there is one; else the file, once the owner has agreed to it."""

    def __init__(self, path: Path, *, is_file_allowed: Callable[[], bool], keyring_there: bool | None = None) -> None:
        self._keyring, self._file = KeyringSecrets(), FileSecrets(path)
        self._has_keyring = self._keyring.is_there() if keyring_there is None else keyring_there
        self._is_file_allowed = is_file_allowed

    @property
    def words(self) -> str:
        if self._has_keyring:
            return self._keyring.words
        if self._is_file_allowed():
            return self._file.words
        return "This computer has no keyring: passwords cannot be kept until you allow a file for them."

    @property
    def needs_consent(self) -> bool:
        """There is no keyring and the owner has not agreed to a file yet."""
        return not self._has_keyring and not self._is_file_allowed()

    def get(self, name: str) -> str | None:
        return self._keyring.get(name) if self._has_keyring else self._file.get(name)

    def put(self, name: str, secret: str) -> None:
        if self._has_keyring:
            self._keyring.put(name, secret)
        elif self._is_file_allowed():
            self._file.put(name, secret)
        else:
            raise SecretStoreError(self.words)

    def forget(self, name: str) -> None:
        (self._keyring if self._has_keyring else self._file).forget(name)
