"""Secrets that programs and links carry: random behind a readable prefix; only their SHA-256 is kept."""

from __future__ import annotations

import hashlib
import re
import secrets

MAX_LENGTH = 200


def new_secret(prefix: str) -> str:
    """256 random bits behind ``prefix``, which tells a person what it is."""
    return f"{prefix}_{secrets.token_urlsafe(32)}"


def new_edge_key(store_name: str) -> str:
    """A key that tells a person which store it is for."""
    slug = re.sub(r"[^a-z0-9]+", "", store_name.lower())[:16] or "store"
    return new_secret(f"edge_{slug}")


def digest_of(secret: str) -> str:
    """What is kept of it. The secret is random, so a plain hash is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def hint_of(secret: str) -> str:
    """How it begins: enough to tell two apart, not enough to use it."""
    prefix, _, body = secret.rpartition("_") if "_" in secret else ("", "", secret)
    return f"{prefix}_{body[:4]}…"[:40]
