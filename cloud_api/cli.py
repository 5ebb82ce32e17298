"""``wink-cloud``."""

from __future__ import annotations

import asyncio
import dataclasses
import ipaddress
import json
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_api.demo_data.log_in import DEMO_EMAIL, DEMO_PASSWORD
from cloud_api.doctor.findings import Finding, State, has_broken
from cloud_api.kit.database import Database
from cloud_api.kit.errors import CloudError
from cloud_api.kit.logs import without_secrets, write_json_lines
from cloud_api.maintenance import backup as backups
from cloud_api.maintenance import schema
from cloud_api.maintenance.upkeep import upkeep
from cloud_api.models.base import utc_now
from cloud_api.rollups.proof import rebuild, rollup_differences
from cloud_api.settings import CloudSettings, Mode
from cloud_api.stores.administration import Administration
from cloud_api.tenancy.transactions import maintenance

app = typer.Typer(name="wink-cloud", help="Collects what the stores count, and shows it.", no_args_is_help=True,
                  add_completion=False, pretty_exceptions_enable=False)  # fmt: skip
DataDir = Annotated[Path | None, typer.Option("--data-dir", help="Where SQLite and the secret key are kept.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
DEMO_ORG, DEMO_STORE = "Demo", "Demo store"
_MARKS = {State.OK: "ok", State.WARNING: "look", State.BROKEN: "BROKEN"}
_Workers = typer.Option(
    min=1, max=64, envvar="WINK_CLOUD_WORKERS", help="Processes that serve; more than one needs PostgreSQL."
)


def main() -> None:
    """Entry point of ``wink-cloud``."""
    app()


@app.command()
def serve(
    host: str = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8000,
    data_dir: DataDir = None,
    demo: Annotated[bool, typer.Option(help="Offer a demo log-in; loopback only.")] = False,
    workers: Annotated[int, _Workers] = 1,
    log_json: Annotated[bool, typer.Option("--log-json", help="Write the log as JSON lines.")] = False,
) -> None:
    """Serve API and pages."""
    import uvicorn

    settings = _settings(data_dir, demo=demo)
    if demo and not _is_loopback(host):
        _fail(f"--demo has a password that everybody knows: it serves on this machine only, not on {host}.")
    if workers > 1 and not settings.database_url:
        _fail("SQLite serves one process. Set DATABASE_URL to a PostgreSQL database, or leave --workers out.")
    if demo:
        _administer(data_dir, _create_demo)
    else:
        _check(settings)
    # Workers are processes of their own: what was said on the command line reaches them by environment.
    if data_dir is not None:
        os.environ["WINK_CLOUD_DATA_DIR"] = str(data_dir)
    os.environ["WINK_CLOUD_DEMO"] = "1" if demo else "0"
    os.environ["WINK_CLOUD_LOG_JSON"] = "1" if log_json else "0"
    options: dict[str, Any] = {
        "host": host, "port": port, "access_log": False, "timeout_graceful_shutdown": settings.stop_wait_s,
        "factory": True, "log_level": "info", "log_config": None if log_json else uvicorn.config.LOGGING_CONFIG,
    }  # fmt: skip
    if log_json:
        write_json_lines()
    if workers == 1:
        # Named although it is one: uvicorn would take it from WEB_CONCURRENCY, which some platforms set.
        uvicorn.run("cloud_api.serving:one", workers=1, **options)
        return
    with tempfile.TemporaryDirectory(prefix="wink-meters-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        # By default a worker that has not answered for five seconds is killed: on a slow machine, before it has begun.
        uvicorn.run("cloud_api.serving:one_of_several", workers=workers, timeout_worker_healthcheck=120, **options)


@app.command()
def migrate(data_dir: DataDir = None) -> None:
    """Bring the schema up to date (on PostgreSQL as the owner, by DATABASE_DIRECT_URL)."""
    _run(data_dir, schema.migrate)
    typer.echo("The schema is current.")


@app.command("create-app-role")
def create_app_role(
    name: Annotated[str, typer.Argument(help="Of the database role, e.g. wink_app.")],
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read it from standard input.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Make the plain PostgreSQL role that the application uses, or renew its rights and password."""
    password = _password(is_typed=not password_stdin)

    async def work(database: Database) -> None:
        if database.is_sqlite:
            raise ValueError("SQLite has no roles; set DATABASE_URL or DATABASE_DIRECT_URL to the owner's address.")
        await schema.create_app_role(database, name, password)

    _run(data_dir, work)
    typer.echo(f"Role {name} is ready; put it into DATABASE_URL, and keep the owner in DATABASE_DIRECT_URL.")


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
    capacity: Annotated[
        int | None, typer.Option("--capacity", min=1, max=1_000_000, help="People it has room for.")
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Make a store."""
    store_id = _administer(
        data_dir, lambda c: Administration(c).create_store(org, name, timezone=timezone, capacity=capacity)
    )
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
    password = _password(is_typed=not password_stdin)
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
    _say_key(_administer(data_dir, lambda c: Administration(c).create_edge_key(store)), as_json=as_json)


@app.command("rotate-edge-key")
def rotate_edge_key(
    device: Annotated[str, typer.Option("--device", help="Name or id of the laptop.")],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Make a second key for a laptop; the first goes on living until it is revoked."""
    _say_key(_administer(data_dir, lambda c: Administration(c).rotate_edge_key(device)), as_json=as_json)


@app.command("revoke-edge-key")
def revoke_edge_key(
    key: Annotated[str, typer.Argument(help="The key, how it begins, or the id of a laptop that has but one.")],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """End a key; within a minute nobody speaks with it any more."""
    store_id, device_id = _administer(data_dir, lambda c: Administration(c).revoke_edge_key(key))
    value = {"revoked": True, "store_id": str(store_id), "device_id": str(device_id)}
    _say(value, f"Revoked; it was of device {device_id}.", as_json=as_json)


@app.command("seed-demo")
def seed_demo(
    days: Annotated[int, typer.Option(min=60, max=800, help="How many days of figures.")] = 395,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Make a demo organisation: twelve stores with thirteen months of figures, marked as a demo on every page."""
    from cloud_api.demo_data.seed import seed

    started = time.perf_counter()

    async def work(connection: AsyncConnection) -> dict[str, int]:
        return await seed(
            connection, org=DEMO_ORG, email=DEMO_EMAIL, password=DEMO_PASSWORD, now=utc_now(), n_days=days
        )

    rows = _administer(data_dir, work)
    took_s = time.perf_counter() - started
    value = {"organisation": DEMO_ORG, "seconds": round(took_s, 1), "rows": rows}
    words = f"'{DEMO_ORG}' has twelve stores and {days} days of figures ({sum(rows.values()):,} rows, {took_s:.1f} s)."
    _say(value, f"{words}\nSee them: wink-cloud serve --demo, then log in as {DEMO_EMAIL}.", as_json=as_json)


@app.command("verify-rollups")
def verify_rollups(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Prove that rollups equal raw events."""
    differences = _administer(data_dir, rollup_differences)
    _say({"ok": not differences, "differences": differences}, "\n".join(differences) or "All equal.", as_json=as_json)
    if differences:
        raise typer.Exit(1)


@app.command("rebuild-rollups")
def rebuild_rollups(data_dir: DataDir = None) -> None:
    """Make all figures anew from raw events. Uploads wait meanwhile; figures older than the events are lost."""
    typer.echo(f"Figures of {_administer(data_dir, rebuild)} stores are made anew.")


@app.command()
def maintain(data_dir: DataDir = None) -> None:
    """Make months ahead, drop events past their retention, sweep out what has ended."""
    settings = _settings(data_dir)
    done = _administer(data_dir, lambda c: upkeep(c, now=utc_now(), retention_days=settings.retention_days))
    typer.echo(done.words())


@app.command()
def doctor(
    url: Annotated[str, typer.Option("--url", help="The public address; default: WINK_CLOUD_PUBLIC_URL.")] = "",
    ca: Annotated[Path | None, typer.Option("--ca", help="Certificates of an authority of your own.")] = None,
    http_port: Annotated[int, typer.Option("--http-port", help="Where plain HTTP is answered.")] = 80,
    workers: Annotated[int, _Workers] = 1,
    env_file: Annotated[Path | None, typer.Option("--env-file", help="The service's file of settings.")] = None,
    backups: Annotated[
        Path | None, typer.Option("--backups", envvar="WINK_CLOUD_BACKUP_DIR", help="The folder of backups.")
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Look at all that a deployment needs, with the service's settings; exit code 1 when something is broken."""
    from cloud_api.doctor.examination import Deployment, examine

    deployment = Deployment(url=url, ca=ca, http_port=http_port, workers=workers, env_file=env_file, backups=backups)

    async def look() -> list[Finding]:
        findings = []
        async for finding in examine(_settings(data_dir), deployment):
            findings.append(finding)
            if not as_json:
                _tell(finding)
        return findings

    findings = asyncio.run(look())
    if as_json:
        value = {"ok": not has_broken(findings), "findings": [dataclasses.asdict(f) for f in findings]}
        typer.echo(json.dumps(value))
    if has_broken(findings):
        raise typer.Exit(1)


@app.command()
def backup(target: Annotated[Path, typer.Argument(help="The file to write.")], data_dir: DataDir = None) -> None:
    """Write the whole database into one file, while the cloud runs."""
    settings = _settings(data_dir)

    async def work(database: Database) -> None:
        await asyncio.to_thread(backups.back_up, database, target, pg_bin=settings.pg_bin)

    _run(data_dir, work)
    typer.echo(f"Written to {target}. Keep it safe: it holds all that the cloud knows.")


@app.command()
def restore(
    source: Annotated[Path, typer.Argument(help="A file that 'backup' has written.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Put a backup back. Stop the cloud first."""
    settings = _settings(data_dir)

    async def work(database: Database) -> None:
        await asyncio.to_thread(backups.restore, database, source, pg_bin=settings.pg_bin, overwrites=overwrite)

    _run(data_dir, work)
    typer.echo("Restored.")


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


def _check(settings: CloudSettings) -> None:
    """Say in one sentence what is wrong, before the server says it in forty lines."""

    async def work(database: Database) -> None:
        await schema.prepare(database, is_strict=settings.mode is Mode.PRODUCTION)

    _run(settings.data_dir, work)


def _administer(data_dir: Path | None, work: Callable[[AsyncConnection], Awaitable[Any]]) -> Any:
    async def run(database: Database) -> Any:
        await schema.prepare(database)
        async with maintenance(database) as connection:
            return await work(connection)

    return _run(data_dir, run)


def _run(data_dir: Path | None, work: Callable[[Database], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        settings = _settings(data_dir)
        database = Database(
            settings.database_url or settings.database_direct_url, data_dir=settings.data_dir,
            direct_url=settings.database_direct_url,
        )  # fmt: skip
        try:
            return await work(database)
        finally:
            await database.close()

    try:
        return asyncio.run(run())
    except (CloudError, ValueError, OSError, RuntimeError) as error:
        _fail(without_secrets(str(error)))
    except SQLAlchemyError as error:
        reason = getattr(error, "orig", None) or type(error).__name__
        _fail(without_secrets(f"The database cannot be used ({reason})."))


def _password(*, is_typed: bool) -> str:
    if is_typed:
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")


def _settings(data_dir: Path | None, *, demo: bool = False) -> CloudSettings:
    return CloudSettings(demo=demo) if data_dir is None else CloudSettings(data_dir=data_dir, demo=demo)


def _tell(finding: Finding) -> None:
    typer.echo(f"{_MARKS[finding.state]:<8}{finding.what:<24}{finding.words}")
    if finding.cure:
        typer.echo(f"{'':<32}-> {finding.cure}")


def _say(value: dict[str, Any], words: str, *, as_json: bool) -> None:
    typer.echo(json.dumps(value) if as_json else words)


def _say_key(made: Any, *, as_json: bool) -> None:
    store_id, device_id, key = made
    value = {"edge_key": key, "store_id": str(store_id), "device_id": str(device_id)}
    _say(value, f"{key}\nKeep it: it is shown this once.", as_json=as_json)


def _fail(words: str) -> NoReturn:
    typer.echo(words, err=True)
    raise typer.Exit(2)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
