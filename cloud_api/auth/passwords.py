"""Password hashes: argon2id for new ones; bcrypt ones from before still open the door, and are renewed by it."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from passlib.context import CryptContext

from cloud_api.kit.errors import InvalidError

MIN_LENGTH = 10
_CONTEXT = CryptContext(schemes=["argon2", "bcrypt"], deprecated=["bcrypt"])
_HASHERS = ThreadPoolExecutor(4)  # 64 MiB each


@cache
def _nobodys() -> str:
    return str(_CONTEXT.hash("nobody has this password"))


def make_ready() -> None:
    """Make what unknown users are compared with, so that the first of them costs no more than the next. Slow, once."""
    _nobodys()


def hash_password(password: str, *, is_demo: bool = False) -> str:
    """A new argon2id hash. Slow on purpose.

    Raises:
        InvalidError: too short to keep anyone out.
    """
    if len(password) < MIN_LENGTH and not is_demo:
        raise InvalidError(f"The password is too short; use at least {MIN_LENGTH} characters.")
    return str(_CONTEXT.hash(password))


async def verify_password(password: str, stored: str | None) -> tuple[bool, str | None]:
    """Whether it fits, and a renewed hash where the stored one is outdated. Unknown users cost the same time."""
    loop = asyncio.get_running_loop()
    fits, renewed = await loop.run_in_executor(_HASHERS, _CONTEXT.verify_and_update, password, stored or _nobodys())
    return bool(fits) and stored is not None, renewed
