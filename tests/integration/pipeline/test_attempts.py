"""Poison: what kills the child or its owner is tried a bounded number of times, alone, and the lane moves on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from prometheus_client import CollectorRegistry
from pysqlite3 import dbapi2
from structlog.testing import capture_logs

from service.catalog import log
from service.catalog.engine import Catalog, Connection, StorageFull
from service.catalog.ownership import take_ownership
from service.domain.kinds import Lane
from service.pipeline.deadletter import MAX_ERRORS, MAX_OWNER_DEATHS
from service.pipeline.index import IndexStep
from service.pipeline.store import Outcome
from service.pipeline.worker import Patience
from service.vectors.writer import IndexWriter
from tests.support.catalogs import SqliteCatalogs, document, message, record, rows, run_sql, scalar
from tests.support.owners import OwnerThread, check_finished, check_index, make_owner
from tests.support.stages import check_books, excerpts, live, statements


@pytest.fixture
def catalog() -> Iterator[Catalog]:
    """On SQLite: what is counted here is counted by the owner, whatever the database."""
    with SqliteCatalogs().fresh() as opened:
        yield opened


def innocents(count: int) -> list[Any]:
    """Messages that are nobody's fault."""
    return [message(f"likes tea number {turn}") for turn in range(count)]


def ingestion(catalog: Catalog, document_id: str) -> tuple[str, str, list[dict[str, Any]]]:
    """Status, stage and errors of a document's ingestion."""
    ((status, stage, errors),) = rows(
        catalog, "SELECT status, stage, errors FROM ingestions WHERE document_id = :it", it=document_id
    )
    return status, stage, json.loads(errors)


@pytest.mark.parametrize("stage", ["extract", "embed"])
def test_a_source_that_kills_the_child(catalog: Catalog, tmp_path: Path, stage: str) -> None:
    """After three deaths of the child it is a dead letter, FAILED with stage and reason; everything else is worked."""
    record(catalog, *innocents(3), document(f"die in {stage}", document_id="poison"), *innocents(3))

    with OwnerThread(catalog, str(tmp_path / "index")) as owner:
        owner.finish()
        deaths = owner.restarts()

    assert deaths == MAX_ERRORS + (stage == "embed")  # one more to find it among those that were embedded with it
    status, where, (error,) = ingestion(catalog, "poison")
    assert (status, where, error["stage"], error["code"]) == ("failed", stage, stage, "GAVE_UP")
    assert "3" in error["message"]
    ((dead_stage, reason, source),) = rows(catalog, "SELECT stage, reason, source_kind FROM dead_letters")
    assert (dead_stage, source) == (stage, "document") and "CHILD_DIED" in reason
    assert len(statements(catalog)) == 3 and len(excerpts(catalog)) == 6
    check_books(catalog)
    check_finished(catalog)
    check_index(catalog, str(tmp_path / "index"))


@pytest.mark.parametrize("stage", ["extract", "embed"])
def test_a_source_that_hangs_the_child(catalog: Catalog, tmp_path: Path, stage: str) -> None:
    """A child that says nothing any more is replaced soon, and each time counts for the source it hung on; the others are worked."""
    record(catalog, *innocents(3), document(f"hang in {stage}", document_id="poison"), *innocents(3))

    with OwnerThread(catalog, str(tmp_path / "index"), patience=Patience(seconds=0.5)) as owner:
        owner.finish()
        deaths = owner.restarts()

    assert deaths == MAX_ERRORS + (stage == "embed")  # one more to find it among those that were embedded with it
    status, where, (error,) = ingestion(catalog, "poison")
    assert (status, where, error["stage"], error["code"]) == ("failed", stage, stage, "GAVE_UP")
    assert "CHILD_HUNG" in error["message"]
    assert len(rows(catalog, "SELECT seq FROM dead_letters")) == 1
    assert len(statements(catalog)) == 3 and len(excerpts(catalog)) == 6
    check_finished(catalog)


def test_patience_is_for_work() -> None:
    """A child is given some seconds for something short, and longer for the longest document, which takes it longer."""
    assert Patience().of(100) < 30
    assert 150 < Patience().of(100_000) < 200


def test_a_poisonous_message_among_others_of_its_slice(catalog: Catalog, tmp_path: Path) -> None:
    """A message that kills the child while a whole slice is embedded is found, and no innocent one is counted against."""
    record(catalog, *innocents(4), message("die in embed"), *innocents(2))

    with OwnerThread(catalog, str(tmp_path / "index")) as owner:
        owner.wait(lambda: scalar(catalog, "SELECT count(*) FROM dead_letters") == 1)
        owner.finish()
        deaths = owner.restarts()

    assert deaths <= MAX_ERRORS + 2
    assert rows(catalog, "SELECT seq FROM dead_letters") == [(5,)]
    assert len(excerpts(catalog)) == 6
    check_finished(catalog)


def test_a_source_that_cannot_be_embedded(catalog: Catalog, tmp_path: Path) -> None:
    """A stage that raises is tried three times for that source alone, without a death, and its neighbours are worked."""
    record(catalog, *innocents(2), message("fail in embed"), document("fail in embed", document_id="poison"), *innocents(2))

    with OwnerThread(catalog, str(tmp_path / "index")) as owner:
        owner.finish()
        deaths = owner.restarts()

    assert deaths == 0
    assert rows(catalog, "SELECT seq, stage FROM dead_letters ORDER BY seq") == [(3, "embed"), (4, "embed")]
    status, where, (error,) = ingestion(catalog, "poison")
    assert (status, where, error["stage"]) == ("failed", "embed", "embed")
    assert "VALUEERROR" in error["message"]
    assert len(excerpts(catalog)) == 4
    check_finished(catalog)


def test_a_source_in_which_nothing_can_be_read(catalog: Catalog, tmp_path: Path) -> None:
    """A file that no second try will open fails at the first, with the code that says what is wrong with it; its neighbours are worked."""
    record(catalog, *innocents(1), document("JVBERi0xLjQKgarbage", document_id="broken", kind="pdf"), *innocents(1))

    with OwnerThread(catalog, str(tmp_path / "index")) as owner:
        owner.finish()

    status, where, (error,) = ingestion(catalog, "broken")
    assert (status, where, error["stage"], error["code"]) == ("failed", "parse", "parse", "PDF_BROKEN")
    assert rows(catalog, "SELECT seq, stage FROM dead_letters") == [(2, "parse")]
    assert scalar(catalog, "SELECT count(*) FROM log_attempts") == 0
    assert len(excerpts(catalog)) == 2
    check_finished(catalog)


def test_a_source_that_cannot_be_extracted(catalog: Catalog, tmp_path: Path) -> None:
    """An extractor that fails costs its source the memories, at the first attempt; passages stay, the end is a partial success."""
    record(catalog, *innocents(1), document("fail in extract", document_id="poison"), *innocents(1))

    with OwnerThread(catalog, str(tmp_path / "index")) as owner:
        owner.finish()

    status, _, (error,) = ingestion(catalog, "poison")
    assert (status, error["stage"]) == ("partial_success", "extract")
    assert "fail in extract" in excerpts(catalog)
    assert scalar(catalog, "SELECT count(*) FROM dead_letters") == 0
    check_finished(catalog)


def test_a_source_that_cannot_be_resolved(catalog: Catalog, tmp_path: Path) -> None:
    """What the store step refuses again and again keeps its passages and loses its memories; neighbours of its batch lose nothing."""
    record(catalog, *innocents(3), document("spoils the store", document_id="poison"), message("spoils the store"), *innocents(3))

    with OwnerThread(catalog, str(tmp_path / "index")) as owner:
        owner.finish()
        assert owner.restarts() == 0

    status, _, (error,) = ingestion(catalog, "poison")
    assert (status, error["stage"]) == ("partial_success", "resolve")
    assert scalar(catalog, "SELECT count(*) FROM dead_letters") == 0
    assert excerpts(catalog).count("spoils the store") == 1  # the document's is the turn's
    assert len(excerpts(catalog)) == 7 and len(statements(catalog)) == 3
    check_books(catalog)
    check_finished(catalog)
    check_index(catalog, str(tmp_path / "index"))


def test_a_deleted_source_is_no_poison(catalog: Catalog, tmp_path: Path) -> None:
    """A record whose source is gone before anybody read it counts as applied and is no dead letter."""
    record(catalog, *innocents(1), document("die in extract", document_id="gone"), *innocents(1))
    with catalog.write() as connection:
        connection.exec_driver_sql("DELETE FROM documents")

    with OwnerThread(catalog, str(tmp_path / "index")) as owner:
        owner.wait(lambda: scalar(catalog, "SELECT seq FROM log_indexed WHERE lane = 0") == 3)
        assert owner.restarts() == 0

    assert scalar(catalog, "SELECT count(*) FROM dead_letters") == 0


@contextmanager
def locked(catalog: Catalog, owner: OwnerThread) -> Iterator[None]:
    """A stranger holds the catalog; the owner hears of it at once instead of after some seconds."""
    run_sql(owner.catalog, "PRAGMA busy_timeout = 10")
    stranger = dbapi2.connect(catalog.place, isolation_level=None)
    stranger.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        stranger.execute("ROLLBACK")
        stranger.close()


def test_a_locked_catalog_counts_for_nobody(catalog: Catalog, tmp_path: Path) -> None:
    """While somebody holds the catalog the owner waits, counts no attempt, and goes on by itself afterwards."""
    with OwnerThread(catalog, str(tmp_path / "index")) as owner:
        with owner.paused():
            record(catalog, *innocents(3))
            owner.wait(lambda: scalar(catalog, "SELECT count(*) FROM log_held") == 1)
        with locked(catalog, owner):
            owner.wait(lambda: owner.waits >= 2)
            assert scalar(catalog, "SELECT seq FROM log_applied WHERE lane = 0") == 0
        owner.finish()
        assert owner.restarts() == 0

    assert len(excerpts(catalog)) == 3
    check_finished(catalog)


class CatalogOnSmallVolume(Catalog):
    """A catalog whose volume can be full."""

    is_full = False

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """See `Catalog.write`."""
        if self.is_full:
            raise StorageFull("the catalog's volume is full", retry_after=5.0)
        with super().write() as connection:
            yield connection


def test_a_full_disk_counts_for_nobody(catalog: Catalog, tmp_path: Path) -> None:
    """While the volume is full the owner waits, says so once, counts no attempt; with room again it goes on by itself."""
    with OwnerThread(catalog, str(tmp_path / "index"), opener=CatalogOnSmallVolume) as owner, capture_logs() as lines:
        volume = cast("CatalogOnSmallVolume", owner.catalog)
        volume.is_full = True
        record(catalog, *innocents(3))
        owner.wait(lambda: owner.waits >= 4)
        assert scalar(catalog, "SELECT count(*) FROM log_held") == 0
        volume.is_full = False
        owner.finish()
        assert owner.restarts() == 0

    assert [line["event"] for line in lines if line["event"].startswith("owner_")] == ["owner_waits", "owner_goes_on"]
    assert scalar(catalog, "SELECT count(*) FROM dead_letters") == 0
    assert len(excerpts(catalog)) == 3
    check_finished(catalog)


def test_a_full_disk_lets_the_owner_end(catalog: Catalog, tmp_path: Path) -> None:
    """An owner that is told to stop while the volume is full stops, although it cannot say what it hands back."""
    with OwnerThread(catalog, str(tmp_path / "index"), opener=CatalogOnSmallVolume) as owner:
        cast("CatalogOnSmallVolume", owner.catalog).is_full = True
        record(catalog, *innocents(1))
        owner.wait(lambda: owner.waits >= 1)
    assert owner.failure is None

    with OwnerThread(catalog, str(tmp_path / "index")) as another:
        another.finish()
    assert len(excerpts(catalog)) == 1


@pytest.mark.parametrize("poison", ["fail in embed", "die in embed"])
def test_an_attempt_that_cannot_be_counted_loses_nothing(catalog: Catalog, tmp_path: Path, poison: str) -> None:
    """A record whose attempt falls into a time when the catalog is held is tried again, and ends as a dead letter all the same."""
    with OwnerThread(catalog, str(tmp_path / "index")) as owner:
        with owner.paused():
            record(catalog, message(poison), *innocents(2))
            owner.wait(lambda: scalar(catalog, "SELECT count(*) FROM log_held") == 1)
            with locked(catalog, owner):
                owner.resume()
                owner.wait(lambda: owner.uncounted >= 1)
        owner.finish()

    assert rows(catalog, "SELECT seq FROM dead_letters") == [(1,)]
    assert len(excerpts(catalog)) == 2
    check_finished(catalog)


def die_holding(catalog: Catalog, first: int, last: int) -> None:
    """One owner's life: it takes over, counts its predecessor's death, holds records, and is killed."""
    with catalog.write() as connection:
        epoch = take_ownership(connection, 0, "doomed")
        log.count_owner_death(connection, 0)
        log.hold(connection, 0, Lane.REALTIME, first, last, epoch)


def test_what_a_dead_owner_held_is_worked_alone(catalog: Catalog, tmp_path: Path) -> None:
    """After the death of an owner each record that it held is stored by itself, in order, before the others."""
    record(catalog, *innocents(9))
    die_holding(catalog, 1, 3)

    with OwnerThread(catalog, str(tmp_path / "index")) as owner:
        owner.finish()
        batches = owner.batches

    assert batches[:3] == [[1], [2], [3]]
    assert sorted(seq for batch in batches[3:] for seq in batch) == [4, 5, 6, 7, 8, 9]
    assert scalar(catalog, "SELECT count(*) FROM dead_letters") == 0
    check_finished(catalog)


def test_a_suspect_is_held_alone(catalog: Catalog, tmp_path: Path) -> None:
    """While a record that a dead owner held is worked nothing else of its lane is held, so that another death would be its alone."""
    record(catalog, *innocents(9))
    die_holding(catalog, 3, 4)
    writer = IndexWriter(str(tmp_path / "index"))
    owner, _ = make_owner(catalog, writer, -1, IndexStep, CollectorRegistry())
    owner.own(0)
    (shard,) = owner._shards.values()

    held = []
    for _ in range(4):
        owner._refill()
        held.append(rows(catalog, "SELECT first_seq, last_seq FROM log_held")[0])
        for state in shard.lanes.values():
            for job in state.jobs:
                job.outcome = Outcome(job.record)
            owner._store_ready(shard)
    writer.close()

    assert held == [(1, 2), (3, 3), (4, 4), (5, 9)]


@pytest.mark.parametrize("deaths", [MAX_OWNER_DEATHS - 1, MAX_OWNER_DEATHS])
def test_ten_owner_deaths_are_enough(catalog: Catalog, tmp_path: Path, deaths: int) -> None:
    """What ten owners held when they died is a dead letter; what nine did is tried once more."""
    record(catalog, document("likes tea", document_id="suspect"), *innocents(1))
    for _ in range(deaths):
        die_holding(catalog, 1, 1)

    with OwnerThread(catalog, str(tmp_path / "index")) as owner:
        owner.finish()

    status, stage, errors = ingestion(catalog, "suspect")
    if deaths < MAX_OWNER_DEATHS:
        assert (status, errors) == ("completed", [])
    else:
        assert (status, stage, errors[0]["code"]) == ("failed", "store", "GAVE_UP")
        assert "OWNER_DIED" in errors[0]["message"]
    assert len(live(catalog)) == (4 if deaths < MAX_OWNER_DEATHS else 2)
    check_finished(catalog)


def test_a_good_end_counts_for_nobody(catalog: Catalog, tmp_path: Path) -> None:
    """An owner that is told to stop hands its work back: the next one finds no attempt and goes on."""
    index = str(tmp_path / "index")
    with OwnerThread(catalog, index) as owner, owner.paused():
        record(catalog, *innocents(3))
        owner.wait(lambda: scalar(catalog, "SELECT count(*) FROM log_held") == 1)
        owner.stop()
    with catalog.write() as connection:
        log.count_owner_death(connection, 0)
        assert log.attempts(connection, 0) == {}

    with OwnerThread(catalog, index) as owner:
        owner.finish()
    assert len(excerpts(catalog)) == 3


def test_a_child_killed_at_random_costs_nothing(catalog: Catalog, tmp_path: Path) -> None:
    """A child that is killed while it works is replaced, and everything it had is worked again, once."""
    with OwnerThread(catalog, str(tmp_path / "index")) as owner:
        for _ in range(3):
            with owner.paused():
                record(catalog, *[message(f"likes tea {turn}") for turn in range(20)])
                owner.wait(lambda: scalar(catalog, "SELECT count(*) FROM outbox") >= 20)
                owner.kill_child()
        owner.finish()

    assert scalar(catalog, "SELECT count(*) FROM dead_letters") == 0
    assert len(excerpts(catalog)) == 60 and len(statements(catalog)) == 20
    check_books(catalog)
    check_finished(catalog)
    check_index(catalog, str(tmp_path / "index"))
