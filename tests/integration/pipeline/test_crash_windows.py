"""The windows in which an owner can die, or something can change under it, by name: nothing is lost, doubled or half-visible."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from service.catalog import edits
from service.catalog.edits import Guard, MemoryEdit
from service.catalog.engine import Catalog
from service.catalog.recording import Write
from service.domain.source import SearchText
from tests.support.catalogs import INSTANCE, MINUTE, NOW, document, message, new_catalog, record, rows, scalar
from tests.support.owners import OwnerThread, check_finished, check_index, follow
from tests.support.stages import HandOwner, Told, check_books, excerpts, memory, sources_of, statements, told_by

REPOSITORY = Path(__file__).resolve().parents[3]


def history() -> list[Write]:
    """Turns and documents that support, repeat and supersede each other."""
    return [
        message("likes tea", message_id="m1", session="s"),
        message("home Porto", message_id="m2", session="s", said=NOW),
        document("likes tea\n\nsaw the sea", document_id="d1"),
        message("home Lisbon", message_id="m3", session="s", said=NOW + MINUTE),
        message("How are you?", message_id="m4", session="s"),
    ]


def undisturbed(directory: Path, writes: list[Write]) -> list[Told]:
    """What an undisturbed run makes of the same sources."""
    directory.mkdir()
    catalog = new_catalog(directory)
    record(catalog, *writes)
    HandOwner(catalog).work()
    told = told_by(catalog)
    catalog.close()
    return told


def run_until_death(catalog: Catalog, index: Path, window: str) -> None:
    """Run an owner process that dies at a step."""
    died = subprocess.run(
        [sys.executable, "-m", "tests.support.owners", str(catalog.place), str(index), window],
        cwd=REPOSITORY,
        timeout=50,
        check=False,
    )
    assert died.returncode == -signal.SIGKILL


def numbers(catalog: Catalog) -> tuple[int, int]:
    """How far the realtime lane is applied and indexed."""
    return (
        scalar(catalog, "SELECT seq FROM log_applied WHERE lane = 0"),
        scalar(catalog, "SELECT seq FROM log_indexed WHERE lane = 0"),
    )


@pytest.mark.slow
@pytest.mark.parametrize("window", ["BeforeIndex", "AfterIndex", "AfterTransactionTwo"])
def test_an_owner_killed_between_its_steps(catalog: Catalog, tmp_path: Path, window: str) -> None:
    """Killed after transaction 1, after the LanceDB write or after transaction 2: the next owner ends with an undisturbed run's rows."""
    writes = history()
    expected = undisturbed(tmp_path / "undisturbed", writes)
    record(catalog, *writes)
    index = tmp_path / "index"

    run_until_death(catalog, index, window)
    applied, indexed = numbers(catalog)
    assert applied >= 1
    assert indexed == (applied if window == "AfterTransactionTwo" else 0)
    visible = told_by(catalog)
    check_books(catalog)
    if applied == len(writes):
        assert visible == expected
        assert scalar(catalog, "SELECT status FROM ingestions") == ("completed" if indexed else "processing")

    with OwnerThread(catalog, str(index)) as owner:
        owner.finish()

    assert told_by(catalog) == expected
    check_books(catalog)
    check_finished(catalog)
    check_index(catalog, str(index))
    assert rows(catalog, "SELECT status FROM ingestions") == [("completed",)]


@pytest.mark.slow
@pytest.mark.parametrize("window", ["BeforeIndex", "AfterIndex"])
def test_an_owner_killed_between_a_deletion_and_its_application(catalog: Catalog, tmp_path: Path, window: str) -> None:
    """A deletion that the index has not followed when the owner dies is seen by nobody, and followed by the next owner."""
    index = tmp_path / "index"
    record(catalog, *history())
    HandOwner(catalog).work()
    follow(catalog, str(index))
    gone = memory(catalog, "User home Lisbon").item.item_id
    with catalog.write() as connection:
        edits.delete_memory(connection, INSTANCE, gone, Guard(), 0, 1)
        edits.delete_document(connection, INSTANCE, "d1", Guard(), 1)
    after = told_by(catalog)

    run_until_death(catalog, index, window)

    assert told_by(catalog) == after
    assert rows(catalog, "SELECT deleted FROM index_pending WHERE item_id = :id", id=gone) == [(1,)]
    follow(catalog, str(index))
    assert told_by(catalog) == after
    assert statements(catalog) == ["User home Porto", "User likes tea"]
    check_books(catalog)
    check_finished(catalog)
    check_index(catalog, str(index))


def test_a_source_deleted_while_its_extraction_is_paused(catalog: Catalog, tmp_path: Path) -> None:
    """What the child still works on when its source is deleted leaves nothing; its number counts, its ingestion ends FAILED."""
    index = tmp_path / "index"
    with OwnerThread(catalog, str(index)) as owner:
        with owner.paused():
            record(
                catalog,
                document("saw the sea", document_id="d"),
                message("likes tea"),
                message("home Porto", conversation="gone"),
            )
            owner.wait(lambda: scalar(catalog, "SELECT count(*) FROM log_held") == 1)
            with catalog.write() as connection:
                edits.delete_document(connection, INSTANCE, "d", Guard(), 1)
                edits.delete_conversation(connection, INSTANCE, "gone", Guard(), 1)
        owner.finish()

    assert statements(catalog) == ["User likes tea"]
    assert excerpts(catalog) == ["likes tea"]
    ((status, errors),) = rows(catalog, "SELECT status, errors FROM ingestions")
    assert status == "failed" and json.loads(errors)[0]["code"] == "SOURCE_DELETED"
    check_books(catalog)
    check_finished(catalog)
    check_index(catalog, str(index))


def test_a_memory_edited_while_its_extraction_is_paused(catalog: Catalog, tmp_path: Path) -> None:
    """What its user wrote stands against a source that was in extraction meanwhile: provenance and an end may come, no words."""
    index = tmp_path / "index"
    record(catalog, message("home Porto", message_id="m1", said=NOW))
    with OwnerThread(catalog, str(index)) as owner:
        owner.finish()
        with owner.paused():
            record(
                catalog, message("home PORTO", message_id="m2", said=NOW + MINUTE), message("home Rome", said=NOW + 2 * MINUTE)
            )
            owner.wait(lambda: scalar(catalog, "SELECT last_seq FROM log_held") == 3)
            row = memory(catalog, "User home Porto")
            search = SearchText("porto", bytes(768), 3, False)
            with catalog.write() as connection:
                edits.update_memory(
                    connection,
                    MemoryEdit(
                        instance_id=INSTANCE,
                        memory_id=row.item.item_id,
                        guard=Guard(),
                        generation=1,
                        resolved_against=row.item.version,
                        statement="User home Porto, by the river",
                        search=search,
                        key="user home porto",
                        confidence=0.3,
                        metadata='{"by":"hand"}',
                    ),
                )
        owner.finish()

    after = memory(catalog, "User home Porto, by the river").item
    assert after.item_id == row.item.item_id
    assert (after.confidence, after.metadata, after.terms) == (0.3, '{"by":"hand"}', "porto")
    assert sources_of(after) == ["m1", "m2"]
    assert after.valid_until == NOW + 2 * MINUTE
    assert statements(catalog) == ["User home Porto, by the river", "User home Rome"]
    check_books(catalog)
    check_index(catalog, str(index))
