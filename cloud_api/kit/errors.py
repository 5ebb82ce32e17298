"""Errors that reach a person.

NotFoundError     there is no such thing, or it is somebody else's
ConflictError     it exists already
InvalidError      a value cannot be used
"""

from __future__ import annotations


class CloudError(Exception):
    """The message is a sentence for the person who asked."""

    status = 400


class NotFoundError(CloudError):
    """There is no such thing, or it belongs to somebody else: both look the same."""

    status = 404


class ConflictError(CloudError):
    """It exists already."""

    status = 409


class InvalidError(CloudError):
    """A value cannot be used."""

    status = 422
