"""Slow work away from the window's thread. Whoever owns the work waits for its thread, so none outlives its screen."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QCoreApplication, QObject, Qt, Signal

log = logging.getLogger(__name__)

JOIN_S = 8.0


class BackgroundOp(QObject):
    """One piece of work in a thread of its own.

    Signals:
        succeeded: carries what the work returned.
        failed: carries a sentence for the owner.
        finished: after either of the two.
        progressed: carries a share 0..1.
    """

    succeeded = Signal(object)
    failed = Signal(str)
    finished = Signal()
    progressed = Signal(float)
    _ended = Signal(object, object)

    def __init__(
        self, name: str, work: Callable[[BackgroundOp], Any], *, known: tuple[type[Exception], ...], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._work = work
        self._known = known
        self._cancelled = threading.Event()
        self._ended.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        self._thread = threading.Thread(target=self._run, name=f"op-{name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def is_cancelled(self) -> bool:
        """The work looks at this now and then; its result is not delivered any more."""
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """Nobody wants the result any more."""
        self._cancelled.set()

    def join(self, *, timeout_s: float = JOIN_S) -> bool:
        """Wait for the thread; tells whether it has ended."""
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        result, words = None, ""
        try:
            result = self._work(self)
        except self._known as error:
            words = str(error)
        except Exception:
            log.exception("background work %s failed", self._thread.name)
            words = QCoreApplication.translate(
                "BackgroundOp", "This failed for a reason of its own; the log says more (Health, Log)."
            )
        # The window may be gone by now: then nobody wants to know.
        with contextlib.suppress(RuntimeError):
            self._ended.emit(result, words)

    def _deliver(self, result: object, words: object) -> None:
        if not self.is_cancelled:
            if words:
                self.failed.emit(str(words))
            else:
                self.succeeded.emit(result)
        self.finished.emit()


class BackgroundOps(QObject):
    """The slow work of one screen."""

    def __init__(self, parent: QObject, *, known: tuple[type[Exception], ...]) -> None:
        super().__init__(parent)
        self._known = known
        self._running: list[BackgroundOp] = []
        self._is_closed = False

    @property
    def is_busy(self) -> bool:
        """Something runs."""
        return bool(self._running)

    def start(
        self,
        name: str,
        work: Callable[[BackgroundOp], Any],
        *,
        done: Callable[[Any], object] | None = None,
        failed: Callable[[str], object] | None = None,
        finished: Callable[[], object] | None = None,
    ) -> BackgroundOp | None:
        """Run ``work`` in a thread; ``done``, ``failed`` and ``finished`` are called in the window's thread."""
        if self._is_closed:
            return None
        op = BackgroundOp(name, work, known=self._known, parent=self)
        if done is not None:
            op.succeeded.connect(done)
        if failed is not None:
            op.failed.connect(failed)
        if finished is not None:
            op.finished.connect(finished)
        op.finished.connect(lambda: self._forget(op))
        self._running.append(op)
        op.start()
        return op

    def close(self) -> None:
        """Cancel all and wait for their threads."""
        self._is_closed = True
        for op in self._running:
            op.cancel()
        for op in self._running:
            if not op.join():
                log.warning("background work %s takes long to end", op.objectName() or "op")
        self._running.clear()

    def _forget(self, op: BackgroundOp) -> None:
        if op in self._running:
            self._running.remove(op)
        op.deleteLater()
