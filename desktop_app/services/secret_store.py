"""Where passwords and the edge key are kept: a port, and the names they are kept under."""

from __future__ import annotations

from typing import Protocol

EDGE_KEY_NAME = "edge-key"


class SecretStoreError(Exception):
    """A secret cannot be kept or read. The message says what to do and holds no secret."""


class SecretStore(Protocol):
    """Secrets by name. May be slow (the system can ask its owner to unlock it): never call it in the window's thread."""

    @property
    def words(self) -> str:
        """Where secrets are kept, in a sentence for the owner."""

    @property
    def needs_consent(self) -> bool:
        """There is no keyring here, and the owner has not agreed to a file yet. Quick."""

    def get(self, name: str) -> str | None:
        """The secret, or None.

        Raises:
            SecretStoreError: the store cannot be asked.
        """

    def put(self, name: str, secret: str) -> None:
        """Keep a secret under ``name``.

        Raises:
            SecretStoreError: it was not kept.
        """

    def forget(self, name: str) -> None:
        """Remove it, if it is there."""


def camera_secret_name(camera_id: str) -> str:
    """The name under which a camera's ``user:password`` is kept."""
    return f"camera/{camera_id}"
