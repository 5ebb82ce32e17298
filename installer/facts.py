"""What the systems want to be told about the product, each in its own form, made from product.toml and the version."""

from __future__ import annotations

import plistlib
import sys
import sysconfig
from pathlib import Path

from installer.product import ROOT, PackagingError, Version, read_product, read_pyproject


def metadata(version: str) -> str:
    """The bundle's own package metadata: the program reads its version from it."""
    project = read_pyproject()["project"]
    return (
        f"Metadata-Version: 2.4\nName: {project['name']}\nVersion: {version}\nSummary: {project['description']}\n"
        f"License-Expression: {project['license']}\n"
    )


def python_licence() -> str:
    """The licence text of the Python that is bundled.

    Raises:
        PackagingError: it lies where nobody would look.
    """
    library, base = Path(sysconfig.get_path("stdlib")), Path(sys.base_prefix)
    for path in (
        library / "LICENSE.txt",
        base / "LICENSE.txt",
        base / "LICENSE",
        Path("/usr/share/doc/python3/copyright"),
    ):
        if path.is_file():
            return path.read_text(encoding="utf-8", errors="replace")
    raise PackagingError(f"the licence of Python is neither in {library} nor in {base}.")


def write_system_facts(folder: Path, *, platform: str, version: Version) -> None:
    """What the recipe needs on this system: version resource and icon on Windows, property list and icon on macOS."""
    if platform == "win32":
        (folder / "version_info.txt").write_text(version_resource(version), encoding="utf-8")
        _write_icon(folder / "wink.ico")
    elif platform == "darwin":
        (folder / "Info.plist").write_bytes(plistlib.dumps(info_plist(version)))
        _write_icon(folder / "wink.icns")


def _write_icon(path: Path) -> None:
    from installer import icons

    icons.write_ico(path) if path.suffix == ".ico" else icons.write_icns(path)


def version_resource(version: Version) -> str:
    """The file that PyInstaller turns into the version resource of both Windows programs."""
    product = read_product()
    strings = {
        "CompanyName": product["publisher"],
        "FileDescription": product["name"],
        "FileVersion": version.full,
        "InternalName": product["package"],
        "LegalCopyright": f"{product['copyright']}, Apache License 2.0",
        "ProductName": product["name"],
        "ProductVersion": version.full,
    }
    table = ", ".join(f"StringStruct({key!r}, {value!r})" for key, value in strings.items())
    numbers = version.windows
    return (
        f"VSVersionInfo(ffi=FixedFileInfo(filevers={numbers}, prodvers={numbers}, mask=0x3f, flags=0x0, OS=0x40004,\n"
        "    fileType=0x1, subtype=0x0, date=(0, 0)),\n"
        f"    kids=[StringFileInfo([StringTable('040904B0', [{table}])]),\n"
        "    VarFileInfo([VarStruct('Translation', [1033, 1200])])])\n"
    )


def info_plist(version: Version) -> dict[str, object]:
    """The property list of the macOS application, with the words that macOS shows when it asks for the camera."""
    product = read_product()
    mac = product["macos"]
    return {
        "CFBundleName": product["name"],
        "CFBundleDisplayName": product["name"],
        "CFBundleIdentifier": mac["bundle_id"],
        "CFBundleShortVersionString": version.base,
        "CFBundleVersion": f"{version.base}.{version.commits}",
        "LSMinimumSystemVersion": mac["minimum_system"],
        "LSApplicationCategoryType": mac["category"],
        "NSHighResolutionCapable": True,
        "NSHumanReadableCopyright": product["copyright"],
        "NSCameraUsageDescription": "Wink counts the people whom this computer's camera sees. Pictures stay here.",
        "NSLocalNetworkUsageDescription": "Wink looks for the shop's cameras in its own network.",
    }


def inno_defines(version: Version) -> str:
    """Constants for the Inno Setup script."""
    product = read_product()
    windows, programs = product["windows"], product["programs"]
    values = {
        "AppName": product["name"],
        "AppVersion": version.full,
        "AppNumbers": ".".join(map(str, version.windows)),
        "AppPublisher": product["publisher"],
        "AppUrl": product["homepage"],
        "AppCopyright": product["copyright"],
        "AppGuid": windows["app_id"],
        "AppFolder": windows["folder"],
        "RunValue": windows["run_value"],
        "WindowExe": f"{programs['window']}.exe",
        "ConsoleExe": f"{programs['console']}.exe",
        "DataFolder": product["package"],
        "SetupName": f"{product['package']}-{version.full}-setup",
        "BundleFolder": str(ROOT / "build" / "package" / product["package"]),
    }
    return "".join(f'#define {key} "{value}"\n' for key, value in values.items())
