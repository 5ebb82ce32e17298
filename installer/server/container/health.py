"""Whether the program in this container answers, for HEALTHCHECK: exit code 0 or 1."""

import os
import sys
import urllib.request

try:
    address = f"http://127.0.0.1:{os.environ.get('PORT', '8000')}/readyz"
    with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310 - a fixed address
        sys.exit(0 if answer.status == 200 else 1)
except OSError as error:
    sys.exit(f"no answer: {error}")
