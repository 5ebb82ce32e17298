"""Whatever is sent to the API, it answers in words and never falls over."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from cloud_api.settings import CloudSettings
from tests.helpers.cloud import PASSWORD, furnished_sqlite
from tests.helpers.postgres import new_cloud_database

pytestmark = [pytest.mark.integration, pytest.mark.slow]
EXAMPLES = os.environ.get("WINK_FUZZ_EXAMPLES", "4")


@pytest.fixture(params=["sqlite", "postgresql"])
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str, Path]]:
    """A cloud in a process of its own: (address, edge key, its log)."""
    from tests.helpers.cloud import furnished_postgresql

    environment = {**os.environ, "WINK_CLOUD_MAX_INGESTS": "4"}
    if request.param == "postgresql":
        template, made = furnished_postgresql()
        addresses = new_cloud_database(template=template)
        environment |= {"DATABASE_URL": addresses.app, "DATABASE_DIRECT_URL": addresses.owner}
    else:
        source, made = furnished_sqlite()
        shutil.copytree(source, tmp_path / "data")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = tmp_path / "cloud.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "cloud_api", "serve", "--port", str(port), "--data-dir", tmp_path / "data"],
            env=environment, stdout=out, stderr=out,
        )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                httpx.get(f"{url}/readyz").raise_for_status()
                break
            except httpx.HTTPError:
                time.sleep(0.1)
        yield url, made[3], log
    finally:
        process.terminate()
        process.wait(15)


def test_no_request_makes_it_fall_over(served: tuple[str, str, Path], tmp_path: Path) -> None:
    url, edge_key, log = served
    form = {"email": "admin@acme.example", "password": PASSWORD}
    token = httpx.post(f"{url}/api/v1/auth/login", json=form).json()["access_token"]
    done = subprocess.run(
        [
            Path(sys.executable).with_name("schemathesis"), "run", f"{url}/openapi.json", "--max-examples", EXAMPLES,
            "--checks", "not_a_server_error", "--header", f"Authorization: Bearer {token}",
            "--header", f"X-EDGE-KEY: {edge_key}", "--exclude-path", "/live/events", "--exclude-path",
            "/api/v1/auth/logout", "--exclude-path", "/api/v1/auth/sessions/{session_id}", "--phases",
            "examples,coverage,fuzzing", "--seed", "7", "--no-color", "--generation-deterministic",
            "--request-timeout", "20",
        ],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=280,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "Traceback" not in log.read_text()
    assert CloudSettings(data_dir=tmp_path).demo is False
