from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.helpers.cloud import CloudUnderTest, running_cloud


@pytest.fixture(params=["sqlite", "postgresql"])
async def cloud(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[CloudUnderTest]:
    """The same suite on both databases."""
    async with running_cloud(tmp_path, is_postgresql=request.param == "postgresql") as running:
        yield running
