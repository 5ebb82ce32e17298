"""A thread that remembers why it died, and can be started again."""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Callable

from shared_models.cameras import redact

log = logging.getLogger(__name__)


class WorkThread:
    """Runs ``work`` in a thread of its own. Work that ends by an exception has *died*: see ``failure``.

    Attributes:
        failure: the exception by which the work ended, until it is started again.
    """

    def __init__(self, work: Callable[[], None], *, name: str) -> None:
        self.name = name
        self.failure: Exception | None = None
        self._work = work
        self._thread = self._made()

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    @property
    def words(self) -> str:
        """What to tell of a failure; empty while there is none. Holds nothing of the exception but its kind."""
        failure = self.failure
        return f"Stopped by a defect of the program ({type(failure).__name__}); it is started again." if failure else ""

    def start(self) -> None:
        """Start, also again after the work has ended."""
        if self._thread.ident is not None:
            self._thread.join()
            self._thread = self._made()
        self.failure = None
        self._thread.start()

    def join(self, timeout_s: float | None = None) -> None:
        """Wait for the end; not at all for a thread that was never started."""
        if self._thread.ident is not None:
            self._thread.join(timeout_s)

    def _made(self) -> threading.Thread:
        return threading.Thread(target=self._run, name=self.name, daemon=True)

    def _run(self) -> None:
        try:
            self._work()
        except Exception as error:
            # Foreign libraries put whole addresses into their messages.
            log.error("%s died:\n%s", self.name, redact("".join(traceback.format_exception(error))))
            self.failure = error
