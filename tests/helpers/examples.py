"""How many examples a property of the counting rules is tried on."""

from __future__ import annotations

import os

EXAMPLES = 2000 if os.environ.get("CI") else 200
"""Two thousand in continuous integration, where nobody waits; a tenth of it at the desk."""
