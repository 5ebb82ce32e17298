"""The fixtures that hold every test to account do bite."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]
CONFTEST = Path(__file__).resolve().parents[1] / "conftest.py"

LEAKS = {
    "a thread": (
        """
        import threading, time
        def test_leaks():
            threading.Thread(target=time.sleep, args=(30,), name="forgotten", daemon=True).start()
        """,
        "threads outlive the test: forgotten",
    ),
    "a log line": (
        """
        import logging
        def test_leaks():
            logging.getLogger("shop").warning("the till is open")
        """,
        "unexpected log lines: shop WARNING: the till is open",
    ),
    "a warning": (
        """
        import warnings
        def test_leaks():
            warnings.warn("old habit", DeprecationWarning)
        """,
        "DeprecationWarning: old habit",
    ),
    "an error in a thread": (
        """
        import threading
        def test_leaks():
            thread = threading.Thread(target=lambda: 1 / 0)
            thread.start()
            thread.join()
        """,
        "ZeroDivisionError",
    ),
}


@pytest.mark.parametrize("kind", LEAKS)
def test_a_test_that_leaves_something_behind_fails(pytester: pytest.Pytester, kind: str) -> None:
    body, words = LEAKS[kind]
    pytester.makeconftest(CONFTEST.read_text())
    pytester.makeini(
        "[pytest]\nfilterwarnings = error\nmarkers =\n    expected_log(words)\n"
        "asyncio_default_fixture_loop_scope = function\n"
    )
    pytester.makepyfile(body)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    assert result.ret != 0
    assert words in result.stdout.str()


def test_an_expected_log_line_passes(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(CONFTEST.read_text())
    pytester.makeini(
        "[pytest]\nfilterwarnings = error\nmarkers =\n    expected_log(words)\n"
        "asyncio_default_fixture_loop_scope = function\n"
    )
    pytester.makepyfile(
        """
        import logging, pytest
        @pytest.mark.expected_log("till is open")
        def test_says_so():
            logging.getLogger("shop").warning("the till is open")
        """
    )
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)
