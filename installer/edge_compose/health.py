"""Whether the edge in this container counts, for HEALTHCHECK: exit code 0 or 1.

The engine holds the outbox's lock for as long as it lives, and the outbox must be readable. Cameras that are down do not
make it unhealthy: starting the container anew would not bring them back, and `wink-edge doctor` tells of them.
"""

import fcntl
import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

folder = Path(os.environ.get("WINK_DATA_DIR", "/var/lib/wink-edge"))
try:
    with (folder / "outbox.sqlite3.lock").open("r+b") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pass
        else:
            sys.exit("the engine does not run")
    with closing(sqlite3.connect(f"file:{folder / 'outbox.sqlite3'}?mode=ro", uri=True, timeout=10)) as outbox:
        outbox.execute("SELECT count(*) FROM sqlite_master").fetchone()
except (OSError, sqlite3.Error) as error:
    sys.exit(f"the outbox cannot be used: {error}")
