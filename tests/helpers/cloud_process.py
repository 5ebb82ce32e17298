"""The real cloud as a process of its own."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.helpers.rtsp_server import free_port


@dataclass
class Cloud:
    """`wink-cloud serve` on SQLite, stopped and started at will."""

    data_dir: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def command(self, *words: str, stdin: str = "") -> Any:
        done = subprocess.run(
            [sys.executable, "-m", "cloud_api", *words, "--json", "--data-dir", self.data_dir],
            capture_output=True, text=True, input=stdin, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    def start(self) -> None:
        with (self.data_dir / "cloud.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "cloud_api", "serve", "--port", str(self.port), "--data-dir", self.data_dir],
                stdout=log, stderr=log,
            )  # fmt: skip
        deadline = time.monotonic() + 60
        while not self.answers():
            assert time.monotonic() < deadline, (self.data_dir / "cloud.log").read_text()
            time.sleep(0.1)

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/login", timeout=2):
                return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False

    def stop(self) -> None:
        process, self.process = self.process, None
        if process is not None:
            process.terminate()
            process.wait(20)

    def events(self, device_id: str) -> list[tuple[int, str]]:
        """(seq, event_id) of one device, as the database has them."""
        with closing(sqlite3.connect(self.data_dir / "wink-cloud.sqlite3")) as database:
            rows = database.execute(
                "SELECT seq, event_id FROM events WHERE replace(device_id, '-', '') = ? ORDER BY seq",
                (device_id.replace("-", ""),),
            ).fetchall()
        return [(seq, event_id.replace("-", "")) for seq, event_id in rows]

    def contiguous_seq(self, device_id: str) -> int:
        with closing(sqlite3.connect(self.data_dir / "wink-cloud.sqlite3")) as database:
            (seq,) = database.execute(
                "SELECT contiguous_seq FROM edge_devices WHERE replace(id, '-', '') = ?", (device_id.replace("-", ""),)
            ).fetchone()
        return int(seq)
