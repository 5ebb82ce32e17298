from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from desktop_app.adapters.storage.sqlite_outbox import SqliteOutbox
from desktop_app.cli import app
from desktop_app.settings import EdgeSettings
from shared_models.clock import ManualClock
from shared_models.events import EventDraft, EventType

CLOCK = ManualClock()


def run(*words: str | Path, stdin: str | None = None) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], input=stdin)


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[SqliteOutbox]:
    """Three events: one waits, two were refused. It stays open: the commands work while Wink runs."""
    outbox = SqliteOutbox(EdgeSettings(data_dir=tmp_path).outbox_path, clock=CLOCK)
    draft = EventDraft(
        type=EventType.FOOTFALL_IN, camera_id="cam", zone_id="door", zone_revision=1, occurred_at=CLOCK.utc_now()
    )
    events = outbox.append([draft] * 3, counters={})
    outbox.settle(accepted=[], rejected={str(e.event_id): f"reason {e.seq}" for e in events[:2]})
    yield outbox
    outbox.close()


@pytest.mark.usefixtures("outbox")
def test_status_tells_what_waits(tmp_path: Path) -> None:
    told = run("outbox", "status", "--data-dir", tmp_path)
    assert told.exit_code == 0
    assert "waiting for the cloud   1, the oldest since 2026-01-05T09:00:00+00:00" in told.stdout
    value = json.loads(run("outbox", "status", "--json", "--data-dir", tmp_path).stdout)
    assert value == {
        "exists": True,
        "pending": 1,
        "oldest_pending_at": "2026-01-05T09:00:00+00:00",
        "dead_letters": 2,
        "last_seq": 3,
    }


def test_status_of_a_machine_that_never_counted(tmp_path: Path) -> None:
    assert "nothing was counted" in run("outbox", "status", "--data-dir", tmp_path).stdout
    assert json.loads(run("outbox", "status", "--json", "--data-dir", tmp_path).stdout) == {"exists": False}
    assert json.loads(run("outbox", "dead-letters", "retry", "--json", "--data-dir", tmp_path).stdout) == {"retried": 0}
    assert list(tmp_path.iterdir()) == [], "looking makes nothing"


@pytest.mark.usefixtures("outbox")
def test_dead_letters_are_listed_with_their_reasons(tmp_path: Path) -> None:
    lines = run("outbox", "dead-letters", "list", "--data-dir", tmp_path).stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["2", "1"]
    assert lines[0].endswith("reason 2")
    assert "cam/door" in lines[0]
    value = json.loads(run("outbox", "dead-letters", "list", "--json", "--limit", "1", "--data-dir", tmp_path).stdout)
    assert [letter["seq"] for letter in value["dead_letters"]] == [2]


def test_dead_letters_alone_lists_them(outbox: SqliteOutbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WINK_DATA_DIR", str(tmp_path))
    assert len(run("outbox", "dead-letters").stdout.splitlines()) == 2
    outbox.retry_dead_letters()
    assert run("outbox", "dead-letters").stdout == "None: the cloud has refused nothing.\n"


def test_a_retry_makes_them_pending_while_wink_runs(outbox: SqliteOutbox, tmp_path: Path) -> None:
    told = run("outbox", "dead-letters", "retry", "--data-dir", tmp_path)
    assert told.stdout == "2 events wait for the cloud again.\n"
    assert (outbox.depth().pending, outbox.depth().dead_letters) == (3, 0)


@pytest.mark.usefixtures("outbox")
def test_an_export_has_one_event_per_line(tmp_path: Path) -> None:
    printed = [
        json.loads(line) for line in run("outbox", "dead-letters", "export", "--data-dir", tmp_path).stdout.splitlines()
    ]
    assert [(line["seq"], line["reason"], line["event"]["type"]) for line in printed] == [
        (1, "reason 1", "footfall_in"),
        (2, "reason 2", "footfall_in"),
    ]
    out = tmp_path / "letters.jsonl"
    assert run("outbox", "dead-letters", "export", "--data-dir", tmp_path, "--out", out).exit_code == 0
    assert [json.loads(line) for line in out.read_text().splitlines()] == printed


def test_a_file_that_is_no_outbox_is_told_in_words(tmp_path: Path) -> None:
    EdgeSettings(data_dir=tmp_path).outbox_path.write_bytes(b"no database at all" * 100)
    for words in (("status",), ("dead-letters", "list"), ("dead-letters", "retry")):
        told = run("outbox", *words, "--data-dir", tmp_path)
        assert told.exit_code == 2
        assert "cannot be used (file is not a database)" in told.stderr


# -- credentials


@pytest.fixture
def file_store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WINK_CREDENTIALS", "file")
    monkeypatch.setenv("WINK_DATA_DIR", str(tmp_path))


@pytest.mark.usefixtures("file_store")
def test_credentials_are_set_listed_and_removed_and_never_shown() -> None:
    told = run("credentials", "set", "door", "--user", "admin", stdin="hunter2\n")
    assert told.exit_code == 0, told.output
    assert "'door' is kept in the file" in told.stdout
    assert run("credentials", "set", "edge-key", "--password-stdin", stdin="edge_x_hunter2\n").exit_code == 0
    listed = run("credentials", "list")
    assert "door                          admin" in listed.stdout
    as_json = run("credentials", "list", "--json")
    assert [c["name"] for c in json.loads(as_json.stdout)["credentials"]] == ["door", "edge-key"]
    assert "hunter2" not in told.output + listed.output + as_json.output
    assert run("credentials", "remove", "door").exit_code == 0
    assert run("credentials", "remove", "door").exit_code == 2


@pytest.mark.usefixtures("file_store")
@pytest.mark.parametrize(
    ("words", "stdin", "told"),
    [
        (["a b", "--user", "u"], "x\n", "is no name"),
        (["edge-key", "--user", "u"], "x\n", "has no user name"),
        (["door"], "x\n", "give it with --user"),
        (["door", "--user", "u", "--password-stdin"], "\n", "nothing was changed"),
    ],
)
def test_what_cannot_be_kept_is_told(words: list[str], stdin: str, told: str) -> None:
    result = run("credentials", "set", *words, stdin=stdin)
    assert result.exit_code == 2
    assert told in result.stderr


def test_a_machine_without_a_key_ring_is_told_what_to_do() -> None:
    result = run("credentials", "list")
    assert result.exit_code == 2
    assert "set WINK_CREDENTIALS=file" in result.stderr
