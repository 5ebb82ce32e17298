"""``wink-cloud``."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_api.app import create_app, prepare
from cloud_api.ingest.verify import rollup_differences
from cloud_api.kit.database import Database
from cloud_api.kit.errors import CloudError
from cloud_api.migrations import upgrade
from cloud_api.settings import CloudSettings
from cloud_api.stores.administration import Administration
from cloud_api.web.pages import DEMO_EMAIL, DEMO_PASSWORD

app = typer.Typer(name="wink-cloud", help="Collects what the stores count, and shows it.", no_args_is_help=True,
                  add_completion=False, pretty_exceptions_enable=False)  # fmt: skip
DataDir = Annotated[Path | None, typer.Option("--data-dir", help="Where SQLite and the secret key are kept.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
DEMO_ORG, DEMO_STORE = "Demo", "Demo store"


def main() -> None:
    """Entry point of ``wink-cloud``."""
    app()


@app.command()
def serve(
    host: str = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8000,
    data_dir: DataDir = None,
    demo: Annotated[bool, typer.Option(help="Offer a demo log-in; loopback only.")] = False,
) -> None:
    """Serve API and pages."""
    import uvicorn

    settings = _settings(data_dir, demo=demo)
    if demo and not _is_loopback(host):
        _fail(f"--demo has a password that everybody knows: it serves on this machine only, not on {host}.")
    if demo:
        _administer(data_dir, _create_demo)
    try:
        application = create_app(settings)
    except ValueError as error:
        _fail(str(error))
    uvicorn.run(application, host=host, port=port, log_level="info", access_log=False, timeout_graceful_shutdown=3)


@app.command()
def migrate(data_dir: DataDir = None) -> None:
    """Bring the database's schema up to date."""

    async def work(connection: AsyncConnection) -> None:
        await connection.run_sync(upgrade)

    _administer(data_dir, work, is_prepared=False)
    typer.echo("The schema is current.")


@app.command("create-org")
def create_org(name: str, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Make an organisation."""
    org_id = _administer(data_dir, lambda c: Administration(c).create_organisation(name))
    _say({"org_id": str(org_id), "name": name}, f"Organisation '{name}' ({org_id}).", as_json=as_json)


@app.command("create-store")
def create_store(
    org: Annotated[str, typer.Option("--org", help="Name or id of the organisation.")],
    name: Annotated[str, typer.Option("--name")],
    timezone: Annotated[str, typer.Option("--timezone", help="E.g. Europe/Berlin.")],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Make a store."""
    store_id = _administer(data_dir, lambda c: Administration(c).create_store(org, name, timezone=timezone))
    value = {"store_id": str(store_id), "name": name, "timezone": timezone}
    _say(value, f"Store '{name}' ({store_id}).", as_json=as_json)


@app.command("create-user")
def create_user(
    email: Annotated[str, typer.Option("--email")],
    role: Annotated[str, typer.Option("--role", help="org_admin, analyst, store_owner or staff.")],
    store: Annotated[str | None, typer.Option("--store", help="Name or id of the store.")] = None,
    org: Annotated[str | None, typer.Option("--org", help="Needed where there are several.")] = None,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read it from standard input.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Make a user; the password is asked for."""
    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    user_id = _administer(
        data_dir, lambda c: Administration(c).create_user(email, password, role=role, store=store, org=org)
    )
    _say({"user_id": str(user_id), "email": email, "role": role}, f"User {email} ({role}).", as_json=as_json)


@app.command("create-edge-key")
def create_edge_key(
    store: Annotated[str, typer.Option("--store", help="Name or id of the store.")],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Make a key for a store's laptop. It is shown this once."""
    store_id, device_id, key = _administer(data_dir, lambda c: Administration(c).create_edge_key(store))
    value = {"edge_key": key, "store_id": str(store_id), "device_id": str(device_id)}
    _say(value, f"{key}\nKeep it: it is shown this once.", as_json=as_json)


@app.command("verify-rollups")
def verify_rollups(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Prove that rollups equal raw events."""
    differences = _administer(data_dir, rollup_differences)
    _say({"ok": not differences, "differences": differences}, "\n".join(differences) or "All equal.", as_json=as_json)
    if differences:
        raise typer.Exit(1)


async def _create_demo(connection: AsyncConnection) -> None:
    administration = Administration(connection)
    try:
        await administration.create_organisation(DEMO_ORG, is_demo=True)
        await administration.create_store(DEMO_ORG, DEMO_STORE, timezone="UTC")
        await administration.create_user(
            DEMO_EMAIL, DEMO_PASSWORD, role="org_admin", store=None, org=DEMO_ORG, is_demo=True
        )
    except CloudError:
        return  # it is there from the last time


def _administer(
    data_dir: Path | None, work: Callable[[AsyncConnection], Awaitable[Any]], *, is_prepared: bool = True
) -> Any:
    async def run() -> Any:
        settings = _settings(data_dir)
        database = Database(settings.database_url, data_dir=settings.data_dir)
        try:
            if is_prepared:
                await prepare(database)
            async with database.begin() as connection:
                return await work(connection)
        finally:
            await database.close()

    try:
        return asyncio.run(run())
    except (CloudError, ValueError, OSError, RuntimeError) as error:
        _fail(str(error))
    except SQLAlchemyError as error:
        _fail(f"The database cannot be used ({getattr(error, 'orig', None) or type(error).__name__}).")


def _settings(data_dir: Path | None, *, demo: bool = False) -> CloudSettings:
    return CloudSettings(demo=demo) if data_dir is None else CloudSettings(data_dir=data_dir, demo=demo)


def _say(value: dict[str, Any], words: str, *, as_json: bool) -> None:
    typer.echo(json.dumps(value) if as_json else words)


def _fail(words: str) -> NoReturn:
    typer.echo(words, err=True)
    raise typer.Exit(2)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
