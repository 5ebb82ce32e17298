"""What cannot be built here is at least whole: every file named exists, every constant is known, every list can be read."""

from __future__ import annotations

import ast
import plistlib
import re
import struct
from pathlib import Path

import pytest
import yaml

from installer import facts, icons
from installer.product import ROOT, Version, read_product

VERSION = Version("1.2.3", 70_000, "abc1234", is_released=False, is_changed=False, epoch=0)
WINDOWS = ROOT / "installer" / "windows"
MACOS = ROOT / "installer" / "macos"


def script() -> str:
    return (WINDOWS / "wink.iss").read_text(encoding="utf-8")


def without_comments(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith(";"))


def sections() -> dict[str, list[str]]:
    """Lines of each section, continued lines joined."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in re.sub(r" \\\n\s*", " ", without_comments(script())).splitlines():
        if match := re.fullmatch(r"\[(\w+)\]", line.strip()):
            name = match.group(1)
        elif name and line.strip():
            found.setdefault(name, []).append(line.strip())
    return found


def test_every_constant_of_the_windows_installer_comes_from_the_product() -> None:
    defined = set(re.findall(r"#define (\w+) ", facts.inno_defines(VERSION)))
    used = set(re.findall(r"\{#(\w+)\}", script()))
    assert used <= defined
    assert defined - used <= {"ConsoleExe"}


def test_every_file_of_the_source_that_the_windows_installer_names_exists_or_is_built() -> None:
    built = {"build/package/product.iss", "build/package", "build/bundle/wink.ico"}
    named = re.findall(r"\.\.\\\.\.\\([\w\\.-]+)", without_comments(script()))
    assert len(named) >= 3
    for name in named:
        path = name.replace("\\", "/")
        assert path in built or (ROOT / path).is_file(), path


def test_each_entry_of_the_windows_installer_is_a_list_of_named_values() -> None:
    known = {
        "Name", "Description", "MessagesFile", "Flags", "Check", "Type", "Source", "DestDir", "Filename", "Tasks", "Root",
        "Subkey", "ValueType", "ValueName", "ValueData", "Parameters", "RunOnceId",
    }  # fmt: skip
    for name, lines in sections().items():
        if name in {"Setup", "Code"}:
            continue
        for line in lines:
            without_texts = re.sub(r'"(?:[^"]|"")*"', '""', line)
            assert all(re.fullmatch(r"\w+: .+", part.strip()) for part in without_texts.split(";")), line
            assert set(re.findall(r"(?:^|; )(\w+):", without_texts)) <= known


def test_each_task_that_an_entry_belongs_to_is_offered() -> None:
    offered = {re.search(r'Name: "(\w+)"', line).group(1) for line in sections()["Tasks"]}  # type: ignore[union-attr]
    wanted = {word for lines in sections().values() for line in lines for word in re.findall(r"Tasks: (\w+)", line)}
    assert wanted == offered


def test_windows_finds_the_version_before_by_one_number_and_upgrades_in_place() -> None:
    setup = dict(line.split("=", 1) for line in sections()["Setup"] if "=" in line)
    assert setup["AppId"] == "{{{#AppGuid}}"
    assert re.fullmatch(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", read_product()["windows"]["app_id"])
    assert setup["CloseApplications"] == "yes"
    assert setup["PrivilegesRequired"] == "lowest"


def test_the_installers_autostart_is_the_one_that_the_programs_own_switch_writes() -> None:
    source = (ROOT / "desktop_app/services/autostart.py").read_text()
    assert f'VALUE_NAME = "{read_product()["windows"]["run_value"]}"' in source
    registry = sections()["Registry"]
    assert all(r"Software\Microsoft\Windows\CurrentVersion\Run" in line for line in registry)
    assert all("--in-tray" in line for line in registry)


def test_what_was_counted_is_deleted_only_when_somebody_says_so() -> None:
    code = "\n".join(sections()["Code"])
    assert "MB_DEFBUTTON2" in code
    assert "ExpandConstant('{param:DELETEDATA|no}') = 'yes'" in code
    assert code.lower().count("begin") == len(re.findall(r"\bend;", code.lower()))


def test_the_version_resource_is_what_pyinstaller_reads() -> None:
    text = facts.version_resource(VERSION)
    tree = ast.parse(text, mode="eval")
    names = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert names == {
        "VSVersionInfo",
        "FixedFileInfo",
        "StringFileInfo",
        "StringTable",
        "StringStruct",
        "VarFileInfo",
        "VarStruct",
    }
    assert "(1, 2, 3, 65535)" in text


def test_macos_is_told_why_the_camera_is_wanted_and_lets_openvino_work() -> None:
    told = plistlib.loads(plistlib.dumps(facts.info_plist(VERSION)))
    assert "camera" in told["NSCameraUsageDescription"]
    assert told["CFBundleVersion"] == "1.2.3.70000"
    rights = plistlib.loads((MACOS / "entitlements.plist").read_bytes())
    assert rights["com.apple.security.device.camera"] is True
    assert rights["com.apple.security.cs.allow-jit"] is True


def test_without_a_certificate_the_hooks_say_so_and_go_on() -> None:
    assert "are not signed" in (WINDOWS / "build.ps1").read_text()
    assert "is not signed" in (MACOS / "build_dmg.sh").read_text()
    assert "Not notarised" in (MACOS / "build_dmg.sh").read_text()


@pytest.mark.parametrize("size", [16, 256])
def test_the_icon_is_a_picture_of_its_size(size: int) -> None:
    data = icons.png(size)
    assert struct.unpack(">2I", data[16:24]) == (size, size)


def test_the_icon_of_windows_holds_every_size_that_it_names(tmp_path: Path) -> None:
    icons.write_ico(tmp_path / "wink.ico")
    data = (tmp_path / "wink.ico").read_bytes()
    _, kind, count = struct.unpack_from("<3H", data)
    assert (kind, count) == (1, len([size for size in icons.SIZES if size <= 256]))
    for entry in range(count):
        length, offset = struct.unpack_from("<2I", data, 6 + 16 * entry + 8)
        assert data[offset + 1 : offset + 4] == b"PNG"
        assert offset + length <= len(data)


def test_the_icon_of_macos_says_its_own_length(tmp_path: Path) -> None:
    icons.write_icns(tmp_path / "wink.icns")
    data = (tmp_path / "wink.icns").read_bytes()
    assert data[:4] == b"icns"
    assert struct.unpack_from(">I", data, 4) == (len(data),)


def test_the_workflow_builds_and_tries_each_system_and_names_only_what_exists() -> None:
    text = (ROOT / ".github/workflows/packages.yml").read_text()
    jobs = yaml.safe_load(text)["jobs"]
    assert set(jobs) == {"linux", "windows", "macos", "release"}
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"run: make (\S+)", text):
        assert f"\n{target}:" in makefile
    for system in ("windows", "macos"):
        steps = " ".join(step.get("run", "") for step in jobs[system]["steps"])
        assert "python -m installer.build" in steps
        assert "python -m installer.smoke" in steps
    for name in re.findall(r"(?:bash |\./)(installer/\S+)", text):
        assert (ROOT / name).is_file()
