"""Texts that people type and databases keep."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, StringConstraints


def plain(text: str) -> str:
    """The text itself.

    Raises:
        ValueError: it has characters that are not to be seen, which databases and logs stumble over.
    """
    if any(ord(c) < 32 or ord(c) == 127 for c in text):
        raise ValueError("control characters are not allowed")
    return text


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(plain)]
ShortText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200), AfterValidator(plain)]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
