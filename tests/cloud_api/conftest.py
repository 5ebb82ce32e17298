from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.helpers.cloud import CloudUnderTest, running_cloud
from tests.helpers.postgres import new_database


@pytest.fixture(params=["sqlite", "postgresql"])
async def cloud(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[CloudUnderTest]:
    """The same suite on both databases."""
    url = new_database() if request.param == "postgresql" else ""
    async with running_cloud(tmp_path, database_url=url) as running:
        yield running
