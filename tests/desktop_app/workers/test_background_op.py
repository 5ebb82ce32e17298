from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from desktop_app.services.engine_view import EngineStatus
from desktop_app.workers.background_op import BackgroundOp, BackgroundOps
from desktop_app.workers.status_poller import StatusPoller
from tests.helpers.engine_fakes import FakeEngineView


class OurError(Exception):
    """Said to the owner."""


@pytest.fixture
def ops(qtbot: QtBot) -> Iterator[BackgroundOps]:
    owner = QObject()
    made = BackgroundOps(owner, known=(OurError,))
    yield made
    made.close()


def test_work_runs_elsewhere_and_its_result_arrives_here(qtbot: QtBot, ops: BackgroundOps) -> None:
    threads: list[str] = []
    results: list[tuple[Any, str]] = []

    def work(_: BackgroundOp) -> int:
        threads.append(threading.current_thread().name)
        return 42

    ops.start("sum", work, done=lambda value: results.append((value, threading.current_thread().name)))
    assert ops.is_busy
    qtbot.waitUntil(lambda: not ops.is_busy)
    assert threads == ["op-sum"]
    assert results == [(42, "MainThread")]


def test_our_own_errors_are_said_in_their_words(qtbot: QtBot, ops: BackgroundOps) -> None:
    said: list[str] = []

    def fail(_: BackgroundOp) -> None:
        raise OurError("The disk is full; free some space.")

    ops.start("fail", fail, failed=said.append)
    qtbot.waitUntil(lambda: bool(said))
    assert said == ["The disk is full; free some space."]


@pytest.mark.expected_log("background work op-defect failed")
def test_a_defect_is_logged_and_said_without_its_insides(qtbot: QtBot, ops: BackgroundOps) -> None:
    said: list[str] = []

    def fail(_: BackgroundOp) -> None:
        raise KeyError("edge_key=secret")

    ops.start("defect", fail, failed=said.append)
    qtbot.waitUntil(lambda: bool(said))
    assert "secret" not in said[0]
    assert "log" in said[0]


def test_closing_a_screen_cancels_its_work_and_waits_for_its_thread(qtbot: QtBot, ops: BackgroundOps) -> None:
    results: list[object] = []

    def work(op: BackgroundOp) -> str:
        while not op.is_cancelled:
            time.sleep(0.005)
        return "too late"

    ops.start("long", work, done=results.append)
    ops.close()
    assert not [t for t in threading.enumerate() if t.name == "op-long"]
    qtbot.wait(20)
    assert results == []
    assert ops.start("after", work) is None


def test_the_engine_is_asked_away_from_the_windows_thread(qtbot: QtBot) -> None:
    engine = FakeEngineView(["a"])
    asked: list[str] = []

    def ask() -> EngineStatus:
        asked.append(threading.current_thread().name)
        return engine.status()

    poller = StatusPoller(ask)
    with qtbot.waitSignal(poller.told):
        poller.start()
    poller.ask_now()
    qtbot.waitUntil(lambda: len(asked) >= 2, timeout=400)
    poller.stop()
    assert set(asked) == {"status-poller"}
    assert poller.status == engine.status()


@pytest.mark.expected_log("cannot be told")
def test_an_engine_that_stumbles_is_asked_again(qtbot: QtBot) -> None:
    engine = FakeEngineView(["a"])
    answers: list[int] = []

    def ask() -> EngineStatus:
        answers.append(1)
        if len(answers) == 1:
            raise RuntimeError("not now")
        return engine.status()

    poller = StatusPoller(ask)
    poller.start()
    poller.ask_now()
    qtbot.waitUntil(lambda: poller.status is not None)
    poller.stop()
