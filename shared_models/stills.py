"""Still pictures that a laptop sends while somebody looks: small, people pixelated, and only where that is switched on.

The answer of a heartbeat names the cameras of which one is wanted. The laptop answers each with one ``PUT``; the cloud
holds the newest in memory for two minutes and never writes it down.
"""

from __future__ import annotations

STILL_PATH = "/api/v1/edge/still"
"""``PUT``, with ``?camera_id=``; the body is a JPEG."""
STILL_TYPE = "image/jpeg"
MAX_STILL_BYTES = 60_000
MAX_STILL_PX = 480
"""Of the longer side."""
