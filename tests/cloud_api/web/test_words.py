"""Words of the pages that need no page."""

from __future__ import annotations

import pytest

from cloud_api.web.words import UNKNOWN, program_words

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} Chrome/144.0.0.0 Safari/537.36", "Chrome on Linux"),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/144.0 Safari/537.36 Edg/144.0", "Edge on Windows"),
        ("Mozilla/5.0 (Windows NT 10.0; rv:146.0) Gecko/20100101 Firefox/146.0", "Firefox on Windows"),
        (
            f"Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) {WEBKIT} Version/19.1 Safari/604.1",
            "Safari on iPhone",
        ),
        (f"Mozilla/5.0 (Linux; Android 16) {WEBKIT} Chrome/144.0.0.0 Mobile Safari/537.36", "Chrome on Android"),
        (f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT} Version/19.1 Safari/605.1", "Safari on Mac"),
        ("Mozilla/5.0 (an unknown thing)", "Mozilla"),
        ("python-httpx/0.28.1", "python-httpx"),
        ("", UNKNOWN),
    ],
)
def test_a_browser_is_told_as_people_know_it(agent: str, words: str) -> None:
    assert program_words(agent) == words
