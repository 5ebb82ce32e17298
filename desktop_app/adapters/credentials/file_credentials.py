"""Secrets in a file that only its owner can read: for services on machines without a key ring, by explicit choice."""

from __future__ import annotations

import json
import os
import stat
import sys
import tempfile
from pathlib import Path

from pydantic import SecretStr

from desktop_app.services.ports import Credential, CredentialError


class FileCredentials:
    """A JSON file with the rights 0600. It is not encrypted: who can read it has the secrets, so nobody else may.

    On Windows the file inherits the rights of the user's own folder, which other users cannot read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def place(self) -> str:
        return f"the file {self._path} (readable by its owner alone, not encrypted)"

    def get(self, name: str) -> Credential | None:
        entry = self._entries().get(name)
        return Credential(SecretStr(entry["secret"]), entry.get("user", "")) if entry else None

    def put(self, name: str, credential: Credential) -> None:
        entry = {"user": credential.user, "secret": credential.secret.get_secret_value()}
        self._write({**self._entries(), name: entry})

    def remove(self, name: str) -> bool:
        entries = self._entries()
        is_known = entries.pop(name, None) is not None
        if is_known:
            self._write(entries)
        return is_known

    def users(self) -> dict[str, str]:
        return {name: entry.get("user", "") for name, entry in self._entries().items()}

    def _entries(self) -> dict[str, dict[str, str]]:
        try:
            with self._path.open(encoding="utf-8") as file:
                self._refuse_open_doors(os.fstat(file.fileno()))
                entries = json.load(file)["credentials"]
                return {str(n): {str(k): str(v) for k, v in entry.items()} for n, entry in entries.items()}
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise CredentialError(f"{self._path} cannot be read ({error.strerror}).") from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise CredentialError(f"{self._path} is damaged; delete it and set the credentials again.") from None

    def _refuse_open_doors(self, status: os.stat_result) -> None:
        if sys.platform == "win32":
            return
        if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise CredentialError(f"Other users may read {self._path}. Close it (chmod 600), and change the passwords.")
        if status.st_uid not in (os.getuid(), 0):
            raise CredentialError(f"{self._path} belongs to another user; run as that user, or delete it.")

    def _write(self, entries: dict[str, dict[str, str]]) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # mkstemp opens with 0600 from the beginning: there is no moment in which others could read it.
            descriptor, temporary = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.")
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                    json.dump({"credentials": entries}, file, indent=2)
                    file.flush()
                    os.fsync(file.fileno())
                Path(temporary).replace(self._path)
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise
        except OSError as error:
            raise CredentialError(f"{self._path} cannot be written ({error.strerror}); nothing was changed.") from None
