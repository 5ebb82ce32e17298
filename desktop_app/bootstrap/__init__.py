"""The only place where adapters, services, workers and windows meet."""

from desktop_app.bootstrap.parts import open_detector, open_source

__all__ = ["open_detector", "open_source"]
