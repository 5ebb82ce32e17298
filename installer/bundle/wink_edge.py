"""The console's program inside the bundle."""

import os

# Rich, which colours the help, is left out of the bundle; Typer asks this variable whether it is there.
os.environ["TYPER_USE_RICH"] = "0"

from desktop_app.cli import main  # noqa: E402 - after the variable

main()
