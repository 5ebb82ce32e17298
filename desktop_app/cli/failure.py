"""How a command says that it cannot do what was asked: in words, on standard error, with exit code 2."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer

from desktop_app.services.config_document import ConfigError
from desktop_app.services.mot_format import MotError
from desktop_app.services.ports import CredentialError, DetectorError, HistoryError, OutboxError, SourceError
from desktop_app.services.store_document import StoreDocumentError
from shared_models.cameras import redact

EXIT_CODE = 2


def fail(words: str) -> NoReturn:
    """End the command with ``words``."""
    typer.echo(redact(words), err=True)
    raise typer.Exit(EXIT_CODE)


@contextmanager
def explained() -> Iterator[None]:
    """Turn our own errors into words; anything else is a defect and keeps its traceback."""
    try:
        yield
    except (
        ConfigError,
        CredentialError,
        MotError,
        DetectorError,
        HistoryError,
        OutboxError,
        SourceError,
        StoreDocumentError,
    ) as error:
        fail(str(error))
    except ValueError as error:
        if type(error) is not ValueError:
            raise
        fail(str(error))
    except OSError as error:
        fail(f"{error.filename or ''}: {error.strerror or error}".lstrip(": "))
