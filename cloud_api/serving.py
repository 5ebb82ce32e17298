"""What uvicorn's processes start with: the application, set by the environment."""

from __future__ import annotations

import os

from fastapi import FastAPI

from cloud_api.app import create_app
from cloud_api.kit.logs import write_json_lines


def one() -> FastAPI:
    """The only process."""
    return _made(is_one_of_several=False)


def one_of_several() -> FastAPI:
    """One of several workers on PostgreSQL."""
    return _made(is_one_of_several=True)


def _made(*, is_one_of_several: bool) -> FastAPI:
    if os.environ.get("WINK_CLOUD_LOG_JSON") == "1":
        write_json_lines()
    return create_app(has_round=True, has_shared_meters=is_one_of_several)
