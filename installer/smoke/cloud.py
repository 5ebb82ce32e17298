"""A real cloud on this machine, from source, and what it has of one laptop."""

from __future__ import annotations

import json
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import Any

from installer.product import ROOT
from installer.smoke.programs import PATIENCE_S, SmokeError

STORE = "Smoke"


class LocalCloud:
    """Use as a context; inside it answers at ``url``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = int(probe.getsockname()[1])
        self.url = f"http://127.0.0.1:{self._port}"

    def command(self, *words: str) -> Any:
        """The JSON that a `wink-cloud` command prints."""
        full = [sys.executable, "-m", "cloud_api", *words, "--json", "--data-dir", str(self._folder)]
        done = subprocess.run(full, capture_output=True, text=True, timeout=PATIENCE_S, check=False, cwd=ROOT)
        if done.returncode:
            raise SmokeError(f"wink-cloud {' '.join(words)} failed: {(done.stdout + done.stderr)[-2000:]}")
        return json.loads(done.stdout)

    def enrolled(self) -> tuple[str, str]:
        """(device id, edge key) of a laptop in a store of its own."""
        self.command("create-org", "Smoke")
        self.command("create-store", "--org", "Smoke", "--name", STORE, "--timezone", "Europe/Berlin")
        made = self.command("create-edge-key", "--store", STORE)
        return str(made["device_id"]), str(made["edge_key"])

    def events(self, device_id: str) -> list[tuple[int, str]]:
        """(seq, event id) of one laptop, as the database has them."""
        with closing(sqlite3.connect(self._folder / "wink-cloud.sqlite3")) as database:
            rows = database.execute(
                "SELECT seq, event_id FROM events WHERE replace(device_id, '-', '') = ? ORDER BY seq",
                (device_id.replace("-", ""),),
            ).fetchall()
        return [(int(seq), str(event_id).replace("-", "")) for seq, event_id in rows]

    def __enter__(self) -> LocalCloud:
        self._folder.mkdir(parents=True, exist_ok=True)
        words = [sys.executable, "-m", "cloud_api", "serve", "--port", str(self._port), "--data-dir", str(self._folder)]
        with (self._folder / "cloud.log").open("ab") as log:
            self._process = subprocess.Popen(words, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=ROOT)
        deadline = time.monotonic() + PATIENCE_S
        while not self._answers():
            if time.monotonic() > deadline or self._process.poll() is not None:
                self.__exit__()
                raise SmokeError(f"the cloud did not start: {(self._folder / 'cloud.log').read_text()[-2000:]}")
            time.sleep(0.1)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(30)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=2):  # noqa: S310 - our own loopback address
                return True
        except urllib.error.HTTPError:
            return False
        except OSError:
            return False
