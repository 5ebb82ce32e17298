"""``wink-edge``: arguments only. What the commands do stands in bootstrap and services."""

from desktop_app.cli.app import app, main

__all__ = ["app", "main"]
