"""Which version a package says it is."""

from __future__ import annotations

import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from installer.product import PackagingError, Version, read_product, read_version


def version(**changes: object) -> Version:
    known: dict[str, object] = {
        "base": "1.2.3", "commits": 40, "commit": "abc1234", "is_released": False, "is_changed": False, "epoch": 0,
    }  # fmt: skip
    return Version(**{**known, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "full"),
    [
        ({"is_released": True}, "1.2.3"),
        ({}, "1.2.3+git40.abc1234"),
        ({"is_changed": True}, "1.2.3+git40.abc1234.changed"),
        ({"commit": ""}, "1.2.3"),
    ],
)
def test_a_version_tells_the_state_of_the_source(changes: dict[str, object], full: str) -> None:
    assert version(**changes).full == full


def test_debian_sorts_a_later_state_after_an_earlier_one_and_before_the_next_release() -> None:
    ordered = [
        "1.2.2",
        version(is_released=True).debian,
        version(commits=9).debian,
        version(commits=40).debian,
        "1.2.4",
    ]
    for older, newer in pairwise(ordered):
        assert subprocess.run(["dpkg", "--compare-versions", older, "lt", newer], check=False).returncode == 0


def test_windows_gets_four_numbers_that_fit() -> None:
    assert version().windows == (1, 2, 3, 40)
    assert version(commits=70_000).windows == (1, 2, 3, 65_535)


def repository(folder: Path, *, says: str) -> Path:
    (folder / "pyproject.toml").write_text(f'[project]\nname = "x"\nversion = "{says}"\n')
    git = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "first"]):
        subprocess.run([*git, *words], check=True)
    return folder


def test_a_tagged_state_is_a_release_until_something_is_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    root = repository(tmp_path, says="2.0.1")
    assert read_version(root).full.startswith("2.0.1+git1.")
    subprocess.run(["git", "-C", root, "tag", "v2.0.1"], check=True)
    assert read_version(root).full == "2.0.1"
    assert read_version(root).epoch > 1_500_000_000
    (root / "pyproject.toml").write_text('[project]\nname = "y"\nversion = "2.0.1"\n')
    assert read_version(root).full.endswith(".changed")


def test_every_date_in_a_package_can_be_set_from_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1234567890")
    assert read_version(repository(tmp_path, says="1.0.0")).epoch == 1_234_567_890


def test_a_version_that_packages_cannot_carry_is_told(tmp_path: Path) -> None:
    with pytest.raises(PackagingError, match="three numbers"):
        read_version(repository(tmp_path, says="1.0"))


def test_the_product_has_one_name_everywhere() -> None:
    product = read_product()
    assert set(product["programs"].values()) == {"wink-desktop", "wink-edge"}
    assert product["linux"]["service"] == f"{product['linux']['user']}.service"
