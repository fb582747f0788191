"""A backup is of one moment and says what it is; what is not what it says is not restored, and what is restored is a deployment of its own."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from service.catalog import backup
from service.catalog.backup import DATABASE, MANIFEST, Manifest, check, restore, save
from service.catalog.deployment import load_deployment
from service.catalog.engine import Catalog
from service.catalog.migrate import HEAD
from service.domain.errors import FailedPrecondition
from tests.support.catalogs import message, record, rows, scalar


def _save(catalog: Catalog, target: Path) -> Manifest:
    assert isinstance(catalog.place, Path)
    credentials = catalog.place.parent / "credentials.json"
    credentials.write_text('{"api_key": "secret"}')
    return save(catalog.place, [credentials], target, lambda *_: None)


def _restore(source: Path, directory: Path) -> Catalog:
    check(source, lambda *_: None)
    directory.mkdir()
    restore(source, directory / "catalog.db", lambda *_: None)
    return Catalog(directory / "catalog.db")


def test_what_was_saved_comes_back(sqlite_catalog: Catalog, tmp_path: Path) -> None:
    """Every row, in files for their owner alone, with the manifest saying what they are; nothing else lies there."""
    record(sqlite_catalog, message("likes tea"), message("saw the sea"))
    manifest = _save(sqlite_catalog, tmp_path / "backup")

    assert {path.name for path in (tmp_path / "backup").iterdir()} == {DATABASE, MANIFEST, "credentials.json"}
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "backup").iterdir())
    assert (manifest.schema, manifest.shards, manifest.counts["messages"], manifest.counts["outbox"]) == (HEAD, 1, 2, 2)
    restored = _restore(tmp_path / "backup", tmp_path / "new")
    for query in ("SELECT * FROM messages", "SELECT * FROM outbox", "SELECT * FROM log_heads"):
        assert rows(restored, query) == rows(sqlite_catalog, query)
    restored.close()


def test_what_is_restored_is_a_deployment_of_its_own(sqlite_catalog: Catalog, tmp_path: Path) -> None:
    """Its log epoch is new, so positions of before are refused; no index table and no owner's work of before counts."""
    record(sqlite_catalog, message("likes tea"))
    with sqlite_catalog.write() as connection:
        connection.exec_driver_sql("INSERT INTO index_tables (shard, name, lance_version, generation) VALUES (0, 't', 1, 1)")
        connection.exec_driver_sql("INSERT INTO log_held (shard, lane, first_seq, last_seq, owner_epoch) VALUES (0, 0, 1, 1, 1)")
    _save(sqlite_catalog, tmp_path / "backup")
    restored = _restore(tmp_path / "backup", tmp_path / "new")

    with sqlite_catalog.read() as before, restored.read() as after:
        former, found = load_deployment(before), load_deployment(after)
    assert former is not None and found is not None
    assert found.log_epoch != former.log_epoch and found.model_id == former.model_id
    assert rows(restored, "SELECT * FROM index_tables") == rows(restored, "SELECT * FROM log_held") == []
    restored.close()


def test_a_backup_is_of_one_moment_while_others_write(sqlite_catalog: Catalog, tmp_path: Path) -> None:
    """However much is written meanwhile it ends, and holds whole transactions only."""
    record(sqlite_catalog, *[message(f"line {number} " + "x" * 2_000) for number in range(200)])
    stop, begun = threading.Event(), threading.Event()

    def write() -> None:
        writer = Catalog(sqlite_catalog.place)
        while not stop.is_set():
            record(writer, message("one"), message("two"))
            begun.set()
        writer.close()

    writing = threading.Thread(target=write)
    writing.start()
    begun.wait(30)
    try:
        manifest = _save(sqlite_catalog, tmp_path / "backup")
    finally:
        stop.set()
        writing.join()

    assert manifest.counts["messages"] >= 202 and manifest.counts["messages"] % 2 == 0
    assert manifest.counts["messages"] == manifest.counts["outbox"]
    restored = _restore(tmp_path / "backup", tmp_path / "new")
    assert scalar(restored, "PRAGMA integrity_check") == "ok"
    assert scalar(restored, "SELECT count(*) FROM messages") == manifest.counts["messages"]
    restored.close()


def _cut(source: Path) -> None:
    path = source / DATABASE
    path.write_bytes(path.read_bytes()[:-4096])


def _flip(source: Path) -> None:
    content = bytearray((source / DATABASE).read_bytes())
    content[len(content) // 2] ^= 1
    (source / DATABASE).write_bytes(content)


def _edit(**values: object) -> Callable[[Path], None]:
    def edit(source: Path) -> None:
        manifest = json.loads((source / MANIFEST).read_text())
        (source / MANIFEST).write_text(json.dumps(manifest | values))

    return edit


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (_cut, "is not what it was"),
        (_flip, "is not what it was"),
        (lambda source: (source / "credentials.json").unlink(), "is missing"),
        (lambda source: (source / MANIFEST).unlink(), f"holds no {MANIFEST}"),
        (lambda source: (source / MANIFEST).write_text("{"), "cannot be read"),
        (lambda source: (source / MANIFEST).write_text("[]"), "cannot be read"),
        (_edit(format=99), "restore it with that version"),
        (_edit(schema="9999"), "restore it with that version"),
        (_edit(database="postgresql"), "restore it with that version"),
        (_edit(log_epoch=1), "another catalog"),
        (_edit(model_id="another"), "another catalog"),
        (_edit(shards=16), "another catalog"),
        (_edit(counts={"messages": 1}), "another catalog"),
        (_edit(files={}), "is missing"),
        (_edit(files={"../catalog.db": "0"}), "is missing"),
    ],
)
def test_what_is_not_what_it_says_is_refused(
    sqlite_catalog: Catalog, tmp_path: Path, harm: Callable[[Path], None], told: str
) -> None:
    """Damaged files, other files, a manifest that was changed, and what a newer service made."""
    record(sqlite_catalog, message("likes tea"))
    _save(sqlite_catalog, tmp_path / "backup")
    harm(tmp_path / "backup")

    with pytest.raises(FailedPrecondition, match=told):
        check(tmp_path / "backup", lambda *_: None)


def test_a_backup_goes_into_an_empty_directory(sqlite_catalog: Catalog, tmp_path: Path) -> None:
    """Two of them never mix."""
    _save(sqlite_catalog, tmp_path / "backup")
    with pytest.raises(FailedPrecondition, match="is not empty"):
        _save(sqlite_catalog, tmp_path / "backup")


def test_a_restore_that_was_killed_is_no_catalog(
    sqlite_catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until all of it is there nothing can start on it; doing it again ends it."""
    record(sqlite_catalog, message("likes tea"))
    _save(sqlite_catalog, tmp_path / "backup")

    def killed(_: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(backup, "_sync", killed)
        with pytest.raises(KeyboardInterrupt):
            _restore(tmp_path / "backup", tmp_path / "new")
    assert not (tmp_path / "new" / "catalog.db").exists()

    restore(tmp_path / "backup", tmp_path / "new" / "catalog.db", lambda *_: None)
    restored = Catalog(tmp_path / "new" / "catalog.db")
    assert scalar(restored, "SELECT count(*) FROM messages") == 1
    restored.close()
    assert not list((tmp_path / "new").glob("*.restoring*"))
