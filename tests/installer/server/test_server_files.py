"""What an operator hands to Docker, systemd and the platforms, read by their own linters where there are any."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from dockerfile_parse import DockerfileParser

from cloud_api.app import create_app
from cloud_api.settings import CloudSettings
from desktop_app.services.config_import import read_config

PROJECT_DIR = Path(__file__).resolve().parents[3]
SERVER, EDGE = PROJECT_DIR / "installer/server", PROJECT_DIR / "installer/edge_compose"
DOCKERFILES = [SERVER / "Dockerfile", EDGE / "Dockerfile"]
SCRIPTS = sorted([*SERVER.rglob("*.sh"), *(PROJECT_DIR / "installer").glob("*.sh")])
UNITS = sorted([*SERVER.glob("*.service"), *SERVER.glob("*.timer")])
OF_SCRIPTS = {
    "WINK_CLOUD_BACKUP_DIR",
    "WINK_CLOUD_BACKUP_DAYS",
    "WINK_CLOUD_BACKUP_HOUR",
    "WINK_CLOUD_WORKERS",
    "WINK_CLOUD_PORT",
}


def program(name: str) -> str:
    found = Path(sys.executable).parent / name
    assert found.is_file(), f"{name} is not installed: make install"
    return str(found)


def parsed(path: Path) -> DockerfileParser:
    return DockerfileParser(fileobj=io.BytesIO(path.read_bytes()))


def said_by(*command: str | Path) -> str:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False, timeout=120)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def settings_known() -> set[str]:
    """Every name of a setting that the program reads."""
    known = set(OF_SCRIPTS)
    for name, field in CloudSettings.model_fields.items():
        alias = field.validation_alias
        known |= {str(choice) for choice in getattr(alias, "choices", [])} | {f"WINK_CLOUD_{name.upper()}"}
    return known


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda p: p.parent.name)
def test_hadolint_finds_nothing_in_a_dockerfile(path: Path) -> None:
    assert said_by(program("hadolint"), path) == ""


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda p: p.name)
def test_shellcheck_finds_nothing_in_a_script(path: Path) -> None:
    assert said_by(program("shellcheck"), path) == ""


@pytest.mark.parametrize("path", [SERVER / "compose.yaml", EDGE / "docker-compose.yml"], ids=lambda p: p.name)
def test_a_compose_file_fits_the_specification(path: Path) -> None:
    assert said_by(program("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", path) == ""


def test_systemd_takes_the_units_and_their_sandbox_is_tight(tmp_path: Path) -> None:
    units = tmp_path / "etc/systemd/system"
    units.mkdir(parents=True)
    (tmp_path / "usr/lib/systemd/system").mkdir(parents=True)
    for target in Path("/usr/lib/systemd/system").glob("*.target"):
        shutil.copy(target, tmp_path / "usr/lib/systemd/system")
    for unit in UNITS:
        shutil.copy(unit, units)
        for command in re.findall(r"^ExecStart=(\S+)", unit.read_text(), re.M):
            there = tmp_path / command.lstrip("/")
            there.parent.mkdir(parents=True, exist_ok=True)
            there.write_text("#!/bin/sh\n")
            there.chmod(0o755)
    assert said_by("systemd-analyze", "verify", f"--root={tmp_path}", *(unit.name for unit in UNITS)) == ""
    for name in ("wink-cloud.service", "wink-cloud-backup.service"):
        assert said_by("systemd-analyze", "security", "--offline=true", "--threshold=25", SERVER / name) == ""


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda p: p.parent.name)
def test_an_image_runs_as_a_plain_user_says_its_health_and_holds_no_tools(path: Path) -> None:
    parser = parsed(path)
    starts = [i for i, found in enumerate(parser.structure) if found["instruction"] == "FROM"]
    assert len(starts) == 2
    last = parser.structure[starts[-1] :]
    said = {found["instruction"]: found["value"] for found in last}
    assert said["USER"] == "10001:10001"
    assert "CMD" in said["HEALTHCHECK"]
    assert "pip" not in " ".join(found["value"] for found in last if found["instruction"] == "RUN")
    runs = " ".join(found["value"] for found in parser.structure if found["instruction"] == "RUN")
    assert runs.count("--require-hashes") == runs.count("--requirement") >= 2
    assert "uninstall --yes --quiet pip" in runs


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda p: p.parent.name)
def test_what_a_dockerfile_copies_is_there_and_let_through(path: Path) -> None:
    let_through = [
        line[1:] for line in path.with_name("Dockerfile.dockerignore").read_text().splitlines() if line.startswith("!")
    ]
    for found in parsed(path).structure:
        if found["instruction"] != "COPY" or "--from" in found["value"]:
            continue
        for word in [w for w in found["value"].split() if not w.startswith("--")][:-1]:
            assert (PROJECT_DIR / word).exists(), word
            assert any(word == kept or word.startswith(f"{kept}/") for kept in let_through), word


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda p: p.parent.name)
def test_a_dockerfile_copies_all_that_the_package_is_built_from(path: Path) -> None:
    project = tomllib.loads((PROJECT_DIR / "pyproject.toml").read_text())
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    wanted = {*wheel["packages"], *wheel["force-include"], project["project"]["readme"], "pyproject.toml"}
    copied = {
        word for found in parsed(path).structure if found["instruction"] == "COPY" for word in found["value"].split()
    }
    assert wanted <= copied


def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((SERVER / "compose.yaml").read_text()))


def test_only_the_proxy_is_reached_from_outside() -> None:
    services = compose()["services"]
    assert [name for name, service in services.items() if "ports" in service] == ["proxy"]
    assert services["db"]["networks"] == ["inside"]
    assert compose()["networks"]["inside"] == {"internal": True}


def test_program_and_owner_are_two_roles_and_the_owner_is_plain() -> None:
    cloud = compose()["services"]["cloud"]["environment"]
    assert "//wink_app:" in cloud["DATABASE_URL"]
    assert "//wink_owner:" in cloud["DATABASE_DIRECT_URL"]
    assert "NOSUPERUSER NOBYPASSRLS" in (SERVER / "container/roles.sh").read_text()


def test_every_word_that_compose_asks_for_is_in_the_example_and_every_secret_there_is_empty() -> None:
    text = (SERVER / "compose.yaml").read_text()
    asked = set(re.findall(r"\$\{(\w+)", text))
    example = dict(
        line.split("=", 1) for line in (SERVER / ".env.example").read_text().splitlines() if line and line[0] != "#"
    )
    assert asked - {"WINK_CLOUD_BACKUP_DAYS"} <= set(example)
    assert set(example) <= asked
    assert all(not value for name, value in example.items() if name.endswith(("PASSWORD", "KEY")))


def test_every_setting_that_the_files_name_is_one_that_the_program_reads() -> None:
    used: set[str] = set()
    for path in [
        SERVER / "compose.yaml",
        SERVER / "Dockerfile",
        SERVER / "install.sh",
        *UNITS,
        *SERVER.glob("platforms/*"),
    ]:
        used |= set(
            re.findall(r"\b(?:WINK_CLOUD_[A-Z_]+[A-Z]|WINK_SECRET_KEY|DATABASE_(?:DIRECT_)?URL)\b", path.read_text())
        )
    assert used <= settings_known(), used - settings_known()
    assert {"DATABASE_URL", "WINK_CLOUD_PUBLIC_URL"} <= used


def paths_of_the_program(tmp_path: Path) -> set[str]:
    app = create_app(CloudSettings(data_dir=tmp_path))
    return {getattr(route, "path", "") for route in app.routes} | set(app.openapi()["paths"])


def test_railway_and_render_build_what_is_there_and_ask_what_answers(tmp_path: Path) -> None:
    railway = json.loads((SERVER / "platforms/railway.json").read_text())
    (render,) = yaml.safe_load((SERVER / "platforms/render.yaml").read_text())["services"]
    for dockerfile in (railway["build"]["dockerfilePath"], render["dockerfilePath"]):
        assert (PROJECT_DIR / dockerfile).is_file()
    for health in (railway["deploy"]["healthcheckPath"], render["healthCheckPath"]):
        assert health in paths_of_the_program(tmp_path)
    (before,) = railway["deploy"]["preDeployCommand"]
    assert before == render["preDeployCommand"] == "/opt/wink-cloud/libexec/start.sh migrate"
    assert railway["build"]["builder"] == "DOCKERFILE"
    assert render["runtime"] == "docker"
    assert all({"value", "sync", "generateValue"} & set(variable) for variable in render["envVars"])
    # Words of the blueprint as its reference has them; its schema is to be had online only.
    assert set(render) <= {
        "type", "name", "runtime", "plan", "region", "dockerfilePath", "dockerContext", "preDeployCommand", "healthCheckPath",
        "maxShutdownDelaySeconds", "buildFilter", "envVars",
    }  # fmt: skip


def test_the_example_of_a_store_is_a_right_configuration() -> None:
    found = read_config(EDGE / "config.yaml")
    assert [camera.camera_id for camera in found.cameras] == ["cam_entrance_001", "cam_aisle_001"]


def test_the_container_of_a_store_finds_the_configuration_where_compose_puts_it() -> None:
    edge = yaml.safe_load((EDGE / "docker-compose.yml").read_text())["services"]["edge"]
    command = parsed(EDGE / "Dockerfile").cmd
    assert "./config.yaml:/etc/wink/config.yaml:ro" in edge["volumes"]
    assert "/etc/wink/config.yaml" in command


@pytest.mark.parametrize(
    ("app", "role"),
    [
        ("postgresql://wink_app:geheim@db/wink", "wink_app geheim"),
        ("postgresql://wink_app.abcdef:ge%40heim@aws-0-eu.pooler.supabase.com:6543/postgres", "wink_app ge@heim"),
        ("postgresql://wink_owner:x@db/wink", ""),
        ("", ""),
    ],
)
def test_the_role_that_is_made_is_the_one_of_the_programs_address(tmp_path: Path, app: str, role: str) -> None:
    for folder in ("bin", "libexec"):
        (tmp_path / folder).mkdir()
    (tmp_path / "bin/python").symlink_to(sys.executable)
    asked = tmp_path / "asked"
    stand_in = tmp_path / "bin/wink-cloud"
    stand_in.write_text(f'#!/bin/sh\n[ "$1" = migrate ] || echo "$2 $(cat)" > {asked}\n')
    stand_in.chmod(0o755)
    shutil.copy(SERVER / "migrate.sh", tmp_path / "libexec/migrate.sh")
    environment = {**os.environ, "DATABASE_URL": app, "DATABASE_DIRECT_URL": "postgresql://wink_owner:y@db/wink"}
    subprocess.run(["sh", tmp_path / "libexec/migrate.sh"], env=environment, check=True, timeout=60)
    assert (asked.read_text().strip() if asked.exists() else "") == role


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--tls", "self-signed"], "Say under which name the server is reached"),
        (["--domain", "a b", "--tls", "self-signed"], "is no name of a server"),
        (["--domain", "a.example"], "Say where the certificate comes from"),
        (["--domain", "a.example", "--tls", "certbot"], "needs --email"),
        (["--domain", "a.example", "--tls", "own"], "needs --certificate FILE"),
        (["--domain", "a.example", "--tls", "self-signed", "--workers", "many"], "takes a number from 1 to 64"),
        (["--domain", "a.example", "--tls", "self-signed", "--http-port", "x"], "--http-port takes a number"),
        (["--domain", "a.example", "--tls", "self-signed", "--database-url", "x"], "needs --database-direct-url"),
        (["--frobnicate", "x"], "unknown word"),
        (["--domain"], "needs a value"),
    ],
)
def test_the_bare_server_script_refuses_wrong_words_before_it_touches_anything(words: list[str], told: str) -> None:
    done = subprocess.run(
        ["bash", SERVER / "install.sh", *words], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode != 0
    assert told in done.stderr
    assert done.stdout == ""
