"""``wink-edge credentials``: passwords of cameras, and the edge key, kept where they belong."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr

from desktop_app.cli.failure import explained, fail
from desktop_app.services.ports import EDGE_KEY_NAME, Credential, CredentialStore
from desktop_app.settings import EdgeSettings

credentials = typer.Typer(
    help=f"Secrets that a configuration names (`credential: NAME`), and the edge key ({EDGE_KEY_NAME}).",
    no_args_is_help=True,
)
DataDir = Annotated[Path | None, typer.Option("--data-dir", help="Where the file is, with WINK_CREDENTIALS=file.")]
Name = Annotated[str, typer.Argument(help=f"E.g. door-camera; {EDGE_KEY_NAME} for the key of this store.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(credentials, name="credentials")


@credentials.command("set")
def set_credential(
    name: Name,
    user: Annotated[str, typer.Option("--user", help="User name at the camera.")] = "",
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read it from standard input.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Keep a password or the edge key; it is asked for, and never shown."""
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,100}", name):
        fail(f"'{name}' is no name; use up to 100 letters, digits, dots, dashes and underscores.")
    if name == EDGE_KEY_NAME and user:
        fail("An edge key has no user name; leave out --user.")
    if name != EDGE_KEY_NAME and not user:
        fail("Cameras ask for a user name too; give it with --user NAME.")
    with explained():
        store = _store(data_dir)
        secret = sys.stdin.readline().rstrip("\r\n") if password_stdin else typer.prompt("Secret", hide_input=True)
        if not secret:
            fail("Nothing was entered; nothing was changed.")
        store.put(name, Credential(SecretStr(secret), user))
        typer.echo(f"'{name}' is kept in {store.place}.")


@credentials.command()
def remove(name: Name, data_dir: DataDir = None) -> None:
    """Forget one."""
    with explained():
        if not _store(data_dir).remove(name):
            fail(f"There is no credential '{name}'; see: wink-edge credentials list.")
        typer.echo(f"'{name}' is gone.")


@credentials.command("list")
def list_credentials(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Names and user names; never a secret."""
    with explained():
        store = _store(data_dir)
        users = store.users()
    if as_json:
        listed = [{"name": name, "user": user} for name, user in sorted(users.items())]
        typer.echo(json.dumps({"place": store.place, "credentials": listed}))
        return
    for name, user in sorted(users.items()):
        typer.echo(f"{name:<30}{user}")
    typer.echo(f"{len(users)} in {store.place}", err=True)


def _store(data_dir: Path | None) -> CredentialStore:
    from desktop_app.bootstrap.configuration import credential_store

    return credential_store(EdgeSettings() if data_dir is None else EdgeSettings(data_dir=data_dir))
