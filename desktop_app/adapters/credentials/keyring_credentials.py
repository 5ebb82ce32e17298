"""Secrets in the key ring of the system: Secret Service or KWallet, the macOS Keychain, Windows' Credential Locker."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keyring
import keyring.errors
from pydantic import SecretStr

from desktop_app.services.ports import Credential, CredentialError, NoCredentialPlace

SERVICE = "wink-analytics"
INDEX = "names of all credentials"
"""A key ring cannot be asked what is in it: an entry of its own keeps the names."""
SAFE_BACKENDS = (
    "keyring.backends.SecretService",
    "keyring.backends.libsecret",
    "keyring.backends.kwallet",
    "keyring.backends.macOS",
    "keyring.backends.Windows",
)
"""Others are no key rings: `keyrings.alt` writes plain text in silence, `null` forgets, `fail` fails."""


class KeyringCredentials:
    """The key ring of the user who runs the program.

    Args:
        service: entries are filed under this name.

    Raises:
        NoCredentialPlace: this machine has no key ring.
    """

    def __init__(self, *, service: str = SERVICE) -> None:
        self._service = service
        self._ring = _safe_backend()

    @property
    def place(self) -> str:
        return f"the key ring ({self._ring.name})"

    def get(self, name: str) -> Credential | None:
        entry = self._entry(name)
        return Credential(SecretStr(entry["secret"]), entry.get("user", "")) if entry else None

    def put(self, name: str, credential: Credential) -> None:
        users = {**self.users(), name: credential.user}
        with _explained():
            entry = {"user": credential.user, "secret": credential.secret.get_secret_value()}
            self._ring.set_password(self._service, name, json.dumps(entry))
            self._ring.set_password(self._service, INDEX, json.dumps(users))

    def remove(self, name: str) -> bool:
        users = self.users()
        is_known = users.pop(name, None) is not None
        with _explained():
            try:
                self._ring.delete_password(self._service, name)
                is_known = True
            except keyring.errors.PasswordDeleteError:
                pass  # it was not there
            self._ring.set_password(self._service, INDEX, json.dumps(users))
        return is_known

    def users(self) -> dict[str, str]:
        return self._entry(INDEX) or {}

    def _entry(self, name: str) -> dict[str, str] | None:
        with _explained():
            text = self._ring.get_password(self._service, name)
        if text is None:
            return None
        try:
            return {str(k): str(v) for k, v in json.loads(text).items()}
        except (ValueError, AttributeError):
            raise CredentialError(
                f"The entry '{name}' of {self.place} is not one of ours; set it again: wink-edge credentials set {name}."
            ) from None


def _safe_backend() -> Any:
    ring = keyring.get_keyring()
    for backend in getattr(ring, "backends", None) or [ring]:
        if type(backend).__module__.startswith(SAFE_BACKENDS):
            return backend
    raise NoCredentialPlace(
        "This machine has no key ring (a desktop session has one; a server mostly has none). To keep credentials in a "
        "file that only this user can read instead, set WINK_CREDENTIALS=file."
    )


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except keyring.errors.KeyringLocked:
        raise CredentialError("The key ring is locked; log in at the screen, or unlock it, and try again.") from None
    except keyring.errors.KeyringError as error:
        raise CredentialError(
            f"The key ring cannot be used ({type(error).__name__}); is its service running?"
        ) from None
