"""Making this computer one of a store's edge devices by an eight-letter pairing code: the port, and its words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

from pydantic import SecretStr

from shared_models.cameras import redact
from shared_models.enrolment import StoreFacts

CODE_LETTERS = 8


class EnrolmentError(Exception):
    """The cloud did not take this computer; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What the cloud gave.

    Attributes:
        store: how it is set in the cloud, as far as the cloud says so.
    """

    edge_key: SecretStr
    store: StoreFacts


class Enrolment(Protocol):
    """Asks a cloud to take this computer. Slow: not for the window's thread."""

    def enrol(self, *, cloud_url: str, code: str, device_name: str, version: str) -> Enrolled:
        """Exchange a pairing code for an edge key.

        Raises:
            EnrolmentError: it was refused, or nobody answers.
        """


def clean_code(typed: str) -> str:
    """A pairing code as the cloud wants it: capitals without spaces or hyphens.

    Raises:
        EnrolmentError: it cannot be one.
    """
    code = re.sub(r"[\s-]+", "", typed).upper()
    if len(code) != CODE_LETTERS or not code.isalnum():
        raise EnrolmentError(
            f"A pairing code has {CODE_LETTERS} letters or digits; this one has {len(code)}. Look at it again in the cloud."
        )
    return code


def clean_cloud_url(typed: str) -> str:
    """A cloud's address as typed, with its scheme and without a path's last slash.

    Raises:
        EnrolmentError: it is no web address.
    """
    text = typed.strip().rstrip("/")
    if text and "://" not in text:
        text = f"https://{text}"
    if not re.fullmatch(r"https?://[^\s/@]+(/[^\s@]*)?", text):
        raise EnrolmentError(f"'{redact(typed)}' is no web address; write e.g. https://wink.example.com.")
    return text
