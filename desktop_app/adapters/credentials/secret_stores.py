"""The window's way to the secrets: the same key ring, or the same file by the owner's choice, as the command line's."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from pydantic import SecretStr

from desktop_app.adapters.credentials.file_credentials import FileCredentials
from desktop_app.adapters.credentials.keyring_credentials import KeyringCredentials
from desktop_app.services.ports import Credential, CredentialError, CredentialStore, NoCredentialPlace
from desktop_app.services.secret_store import SecretStoreError

KEYRING_WORDS = "Passwords are kept in this computer's keyring."
FILE_WORDS = "This computer has no keyring: passwords are in a file that only this user can read."
NOWHERE_WORDS = "This computer has no keyring: passwords cannot be kept until you allow a file for them."


class ChosenSecrets:
    """The keyring where there is one; else the file at ``path``, once the owner has agreed to it.

    Args:
        ring: the keyring; None: there is none.
    """

    def __init__(self, path: Path, *, is_file_allowed: Callable[[], bool], ring: CredentialStore | None) -> None:
        self._ring, self._file = ring, FileCredentials(path)
        self._is_file_allowed = is_file_allowed

    @property
    def words(self) -> str:
        if self._ring is not None:
            return KEYRING_WORDS
        return FILE_WORDS if self._is_file_allowed() else NOWHERE_WORDS

    @property
    def needs_consent(self) -> bool:
        """There is no keyring and the owner has not agreed to a file yet."""
        return self._ring is None and not self._is_file_allowed()

    def get(self, name: str) -> str | None:
        with _told():
            credential = (self._ring or self._file).get(name)
        if credential is None:
            return None
        secret = credential.secret.get_secret_value()
        return f"{credential.user}:{secret}" if credential.user else secret

    def put(self, name: str, secret: str) -> None:
        if self.needs_consent:
            raise SecretStoreError(self.words)
        user, colon, password = secret.partition(":")
        credential = Credential(SecretStr(password), user) if colon else Credential(SecretStr(secret))
        with _told():
            (self._ring or self._file).put(name, credential)

    def forget(self, name: str) -> None:
        with _told():
            (self._ring or self._file).remove(name)


def system_keyring() -> CredentialStore | None:
    """The keyring of this user, or None where there is none (a server, mostly)."""
    try:
        return KeyringCredentials()
    except NoCredentialPlace:
        return None


@contextlib.contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except CredentialError as error:
        raise SecretStoreError(str(error)) from None
