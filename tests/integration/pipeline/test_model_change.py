"""A change of the model while the service runs: everything is embedded again beside what answers, then one transaction switches."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from service.catalog import deployment as deployments
from service.catalog import edits, passages, vectors
from service.catalog.deployment import Deployment
from service.catalog.edits import Guard
from service.catalog.engine import Catalog
from service.catalog.ownership import FencedError
from service.pipeline.index import IndexStep
from service.pipeline.prepare import embed_texts
from service.pipeline.store import Ownership
from service.pipeline.worker import ChildWorker
from service.vectors.writer import IndexWriter
from tests.support.catalogs import INSTANCE, document, message, record, scalar
from tests.support.lines import HashEmbedder, OtherHashEmbedder, other_child
from tests.support.owners import OwnerThread, check_finished, check_index
from tests.support.stages import live, memory
from tests.support.stored import stored


class ChangingStep(IndexStep):
    """An index step whose next model is the other one."""

    def __init__(self, catalog: Catalog, writer: IndexWriter, ownership: Ownership) -> None:
        """See `IndexStep`."""
        super().__init__(catalog, writer, ownership, _other_worker)


def _other_worker(model_dir: Path) -> ChildWorker:
    return ChildWorker(model_dir, on_restart=lambda: None, main=other_child)


@pytest.fixture
def uri(tmp_path: Path) -> str:
    """Where the tables are."""
    return str(tmp_path / "index")


def deployment(catalog: Catalog) -> Deployment:
    """The deployment's row."""
    with catalog.read() as connection:
        found = deployments.load_deployment(connection)
    assert found is not None
    return found


def begin_change(catalog: Catalog) -> None:
    """Ask for it, as `eunoe reindex` does."""
    with catalog.write() as connection:
        deployments.begin_model_change(connection, "other", "/where/other/is")


def made_by(catalog: Catalog, embedder: HashEmbedder) -> bool:
    """Whether every vector that counts is what this model makes of its text."""
    found = live(catalog)
    with catalog.read() as connection:
        texts = passages.embed_texts(connection, [item.item_id for item in found])
    expected = embed_texts([texts.get(item.item_id, item.text) for item in found], embedder)
    return bool(found) and [item.vector for item in found] == list(expected)


def indexed_vectors(catalog: Catalog, uri: str) -> dict[str, bytes]:
    """item id → vector, in the table in use."""
    return {row.item_id: row.vector for row in stored(uri, str(scalar(catalog, "SELECT name FROM index_tables")))}


def change(catalog: Catalog, uri: str, meanwhile: Callable[[OwnerThread], None]) -> None:
    """Change the model of a running owner, which ends with it."""
    with OwnerThread(catalog, uri, index_step=ChangingStep) as owner:
        owner.finish()
        begin_change(catalog)
        meanwhile(owner)
        owner.thread.join(50)
        assert isinstance(owner.failure, FencedError)
    assert (deployment(catalog).model_id, deployment(catalog).generation, deployment(catalog).next_model_id) == ("other", 2, None)


def check_changed(catalog: Catalog, uri: str) -> None:
    """Every vector that counts is the other model's, in the catalog and in the index, and nothing is missing."""
    assert made_by(catalog, OtherHashEmbedder())
    check_index(catalog, uri)
    assert indexed_vectors(catalog, uri) == {item.item_id: item.vector for item in live(catalog)}
    assert scalar(catalog, "SELECT count(*) FROM log_attempts") == 0


def test_everything_is_embedded_again_and_switched_to(catalog: Catalog, uri: str) -> None:
    """Hidden excerpts and observations too; until the switch all that counts is of the former model."""
    record(catalog, message("likes tea"), message("saw the sea"), document("likes tea", document_id="d"))

    change(catalog, uri, lambda _: None)

    check_changed(catalog, uri)
    with catalog.read() as connection:
        assert vectors.count_to_embed(connection, 2) == 0


def test_what_is_written_meanwhile_is_of_the_new_model_too(catalog: Catalog, uri: str) -> None:
    """Messages, deletions and edits during the change are there after it, and an owner of the new generation goes on."""
    record(catalog, *[message(f"likes tea number {number}") for number in range(30)])

    def write(owner: OwnerThread) -> None:
        assert made_by(catalog, HashEmbedder()) or deployment(catalog).generation == 2
        record(catalog, message("saw the sea"))
        with catalog.write() as connection:
            gone = memory(catalog, "User likes tea number 3").item.item_id
            edits.delete_memory(connection, INSTANCE, gone, Guard(), 0, 1)
        owner.wake()

    change(catalog, uri, write)
    with OwnerThread(catalog, uri) as owner:
        owner.child._main = other_child
        owner.child.start()
        record(catalog, message("home Porto"))
        owner.finish()
        check_finished(catalog)
        check_changed(catalog, uri)
        assert not [item for item in live(catalog) if item.text == "User likes tea number 3"]
        owner.wait(lambda: scalar(catalog, "SELECT count(*) FROM items WHERE next_generation = 2") == 0)
        check_changed(catalog, uri)


def test_a_kill_costs_what_was_in_the_child(catalog: Catalog, uri: str) -> None:
    """The next owner goes on with what still lacks its vector, and ends the change."""
    record(catalog, *[message(f"likes tea number {number}") for number in range(60)])
    with OwnerThread(catalog, uri, index_step=ChangingStep) as owner:
        owner.finish()
        begin_change(catalog)
        owner.wait(lambda: int(scalar(catalog, "SELECT count(*) FROM items WHERE next_generation = 2")) > 0)
    if deployment(catalog).generation == 1:
        assert made_by(catalog, HashEmbedder())
        with OwnerThread(catalog, uri, index_step=ChangingStep) as owner:
            owner.thread.join(50)
            assert isinstance(owner.failure, FencedError)

    check_changed(catalog, uri)


def test_writes_without_end_do_not_put_it_off(catalog: Catalog, uri: str) -> None:
    """Something always lacks its vector then; the owner holds back for a moment, and what was held back is stored afterwards."""
    record(catalog, *[message(f"likes tea number {number}") for number in range(30)])
    written = 0

    def write(owner: OwnerThread) -> None:
        nonlocal written
        while owner.thread.is_alive() and deployment(catalog).generation == 1:
            if (
                int(scalar(catalog, "SELECT count(*) FROM outbox")) < 10
            ):  # always something to do, never so much that it takes minutes
                record(catalog, *[message(f"saw the sea {written + number} times") for number in range(5)])
                written += 5
            owner.wake()

    change(catalog, uri, write)
    assert written
    with OwnerThread(catalog, uri) as owner:
        owner.child._main = other_child
        owner.child.start()
        owner.finish()
        check_finished(catalog)
        check_changed(catalog, uri)
