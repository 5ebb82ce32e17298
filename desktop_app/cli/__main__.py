"""``python -m desktop_app.cli``."""

from desktop_app.cli.app import main

main()
