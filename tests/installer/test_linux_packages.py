"""The Debian package and the archive, from a bundle of a few files."""

from __future__ import annotations

import configparser
import gzip
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from installer.linux import archive, deb, files, needs
from installer.linux.needs import Needs
from installer.product import ROOT, Version, read_product

LINUX = ROOT / "installer" / "linux"
VERSION = Version("1.2.3", 7, "abc1234", is_released=False, is_changed=False, epoch=1_700_000_000)
NEEDS = Needs(("libc6 (>= 2.36)", "libx11-6"), ("ocl-icd-libopencl1",), ("libX11.so.6", "libc.so.6"))


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as the builder leaves it, with programs that are scripts."""
    folder = tmp_path / "bundle"
    (folder / "_internal").mkdir(parents=True)
    for name in read_product()["programs"].values():
        (folder / name).write_text("#!/bin/sh\necho it runs\n")
        (folder / name).chmod(0o700)
    (folder / "_internal" / "libone.so").write_text("a library")
    (folder / "_internal" / "again.so").symlink_to("libone.so")
    (folder / "LICENSE").write_text("ours")
    (folder / "THIRD_PARTY_LICENCES.txt").write_text("theirs")
    for module in (deb, archive):
        monkeypatch.setattr(module, "needs_of", lambda _: NEEDS)
    return folder


def unpacked(package: Path, folder: Path) -> Path:
    subprocess.run(["dpkg-deb", "-R", package, folder], check=True)
    return folder


def test_the_package_holds_programs_menu_service_and_a_configuration_of_the_administrators(
    bundle: Path, tmp_path: Path
) -> None:
    root = unpacked(deb.make_deb(bundle, out=tmp_path, version=VERSION), tmp_path / "root")
    ran = subprocess.run([root / "usr/bin/wink-edge"], capture_output=True, text=True, check=True)
    assert ran.stdout == "it runs\n"
    assert (root / "DEBIAN/conffiles").read_text().split() == [
        "/etc/wink/config.yaml",
        "/etc/xdg/autostart/wink-analytics.desktop",
    ]
    control = (root / "DEBIAN/control").read_text()
    assert "Version: 1.2.3+git7.abc1234\n" in control
    assert "Depends: adduser, init-system-helpers (>= 1.52), libc6 (>= 2.36), libx11-6\n" in control
    assert "ocl-icd-libopencl1" in control
    assert (root / "usr/share/doc/wink-analytics/THIRD_PARTY_LICENCES.txt").read_text() == "theirs"
    assert (root / "usr/share/icons/hicolor/256x256/apps/wink-analytics.png").read_bytes()[1:4] == b"PNG"
    assert "wink\\-edge" in gzip.decompress((root / "usr/share/man/man1/wink-edge.1.gz").read_bytes()).decode()


def test_no_file_in_the_package_depends_on_who_built_it(bundle: Path, tmp_path: Path) -> None:
    package = deb.make_deb(bundle, out=tmp_path, version=VERSION)
    listed = subprocess.run(["dpkg-deb", "-c", package], capture_output=True, text=True, check=True, env={"TZ": "UTC"})
    for line in listed.stdout.splitlines():
        mode, owner, _, day, *_ = line.split()
        assert owner == "root/root"
        assert day == "2023-11-14"
        assert mode in {"drwxr-xr-x", "-rwxr-xr-x", "-rw-r--r--", "lrwxrwxrwx"}


def test_the_same_bundle_gives_the_same_package_and_the_same_archive(bundle: Path, tmp_path: Path) -> None:
    for make in (deb.make_deb, archive.make_archive):
        made = []
        for round_ in ("first", "second"):
            (tmp_path / round_).mkdir(exist_ok=True)
            made.append(make(bundle, out=tmp_path / round_, version=VERSION).read_bytes())
        assert made[0] == made[1]


def test_the_archive_installs_for_one_user_upgrades_and_goes_again_without_the_data(
    bundle: Path, tmp_path: Path
) -> None:
    with tarfile.open(archive.make_archive(bundle, out=tmp_path, version=VERSION)) as packed:
        packed.extractall(tmp_path / "archive", filter="data")
    (top,) = (tmp_path / "archive").iterdir()
    home = tmp_path / "home"
    home.mkdir()
    environment = {"HOME": str(home), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}

    def install(*words: str) -> str:
        done = subprocess.run(
            ["sh", top / "install.sh", *words], env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout

    assert "is installed" in install()
    counted = home / ".local/share/wink-analytics/outbox.sqlite3"
    counted.parent.mkdir(parents=True)
    counted.write_text("events")
    install()
    ran = subprocess.run([home / ".local/bin/wink-edge"], capture_output=True, text=True, check=True)
    assert ran.stdout == "it runs\n"
    menu = (home / ".local/share/applications/wink-analytics.desktop").read_text()
    assert f"Exec={home}/.local/opt/wink-analytics/wink-desktop\n" in menu
    assert "is still in" in install("--uninstall")
    assert not (home / ".local/opt/wink-analytics").exists()
    assert not list((home / ".local/share/icons").rglob("*.png"))
    assert counted.read_text() == "events"
    install("--uninstall", "--with-data")
    assert not counted.exists()


def test_the_menu_entry_says_what_the_program_calls_its_windows() -> None:
    entry = configparser.ConfigParser(interpolation=None)
    entry.optionxform = str  # type: ignore[assignment, method-assign]
    entry.read_string(files.menu_entry("wink-desktop"))
    assert entry["Desktop Entry"]["StartupWMClass"] == "wink-analytics"
    assert 'setDesktopFileName("wink-analytics")' in (ROOT / "desktop_app/bootstrap/desktop.py").read_text()


def test_the_switch_for_all_users_is_off_and_has_the_name_of_each_users_own() -> None:
    assert files.autostart_switch("wink-desktop").endswith("Hidden=true\n")
    source = (ROOT / "desktop_app/services/autostart.py").read_text()
    assert f'APP_ID = "{read_product()["linux"]["desktop_id"]}"' in source


def test_the_man_page_knows_every_command() -> None:
    page = files.edge_page(VERSION)
    for name in ("run", "doctor", "outbox status", "credentials set", "models add"):
        assert f".B {name}\n" in page
    assert all(line.isascii() for line in page.splitlines() if line.startswith("."))


def test_the_service_runs_as_its_own_user_with_what_the_product_says() -> None:
    linux = read_product()["linux"]
    unit = (LINUX / linux["service"]).read_text()
    assert f"User={linux['user']}\n" in unit
    assert f"--config {linux['config']} --data-dir {linux['state']}\n" in unit
    for word in ("ProtectSystem=strict", "NoNewPrivileges=yes", "PrivateTmp=yes", "SystemCallFilter=@system-service"):
        assert f"{word}\n" in unit


def test_the_maintainers_scripts_name_the_same_user_and_folders() -> None:
    linux = read_product()["linux"]
    for name in ("postinst", "postrm"):
        text = (LINUX / "debian" / name).read_text()
        assert f"user={linux['user']}\n" in text
        assert f"state={linux['state']}\n" in text


def test_the_configuration_that_comes_along_is_explained_by_the_program_and_its_example_is_right(
    tmp_path: Path,
) -> None:
    from desktop_app.services.config_document import ConfigError
    from desktop_app.services.config_import import read_config

    text = (LINUX / "config.yaml").read_text()
    with pytest.raises(ConfigError):
        read_config(LINUX / "config.yaml")
    example = re.sub(r"(?m)^# ?", "", text.partition("# api_url")[2].replace("cameras: []", ""))
    (tmp_path / "config.yaml").write_text("api_url" + example)
    config = read_config(tmp_path / "config.yaml")
    assert [camera.name for camera in config.cameras] == ["Front door"]


def test_a_librarys_new_name_is_asked_for_by_its_old_one() -> None:
    newest = {"GLIBC": (2, 36), "GLIBCXX": (3, 4, 30)}
    assert needs._with_version("libc6", newest) == "libc6 (>= 2.36)"
    assert needs._with_version("libstdc++6", newest) == "libstdc++6 (>= 12)"
    assert needs.RENAMED["libglib2.0-0t64"] == "libglib2.0-0"


def test_every_shell_script_is_clean() -> None:
    scripts = [*LINUX.glob("*.sh"), *(LINUX / "debian").glob("p*"), *(ROOT / "installer/macos").glob("*.sh")]
    shellcheck = Path(sys.executable).with_name("shellcheck")
    done = subprocess.run([shellcheck, *scripts], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
