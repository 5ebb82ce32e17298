from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.authority import Authority
from tests.helpers.cloud import running_cloud
from tests.helpers.front_door import FrontDoor, opened


def doctor(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cloud_api", "doctor", *words],
        env={**os.environ, **environment}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_the_doctor_says_line_by_line_what_is_wrong_and_ends_with_one(tmp_path: Path) -> None:
    done = doctor("--data-dir", str(tmp_path), "--workers", "3")
    assert done.returncode == 1
    assert "BROKEN  workers" in done.stdout
    assert "-> Start one, or set DATABASE_URL to PostgreSQL." in done.stdout
    assert done.stderr == ""


def test_as_json_every_line_has_state_words_and_cure(tmp_path: Path) -> None:
    done = doctor("--data-dir", str(tmp_path), "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    value = json.loads(done.stdout)
    assert value["ok"] is True
    assert all(set(finding) == {"what", "state", "words", "cure"} for finding in value["findings"])


def test_an_address_is_looked_at_with_an_authority_of_ones_own(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with opened(FrontDoor(), authority.issue("server")) as port, opened(FrontDoor(redirect="https://x/")) as plain:
        done = doctor(
            "--data-dir", str(tmp_path / "data"), "--url", f"https://localhost:{port}", "--ca", str(authority.file),
            "--http-port", str(plain), "--json", WINK_CLOUD_COOKIE_SECURE="1",
        )  # fmt: skip
    states = {f["what"]: f["state"] for f in json.loads(done.stdout)["findings"]}
    assert done.returncode == 0, done.stdout
    assert {states[what] for what in ("certificate", "HSTS", "program", "plain HTTP")} == {"ok"}


@pytest.mark.parametrize("is_secure", [False, True])
async def test_browsers_are_told_to_use_https_only_where_cookies_are_kept_to_it(
    tmp_path: Path, is_secure: bool
) -> None:
    async with running_cloud(tmp_path, cookie_secure=is_secure) as cloud:
        answer = await cloud.client.get("/login")
    assert ("strict-transport-security" in answer.headers) is is_secure
