"""Several writers at once, each with connections of its own: what one alone could promise, all of them keep together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from random import Random
from typing import Any, NoReturn, TypeVar

import pytest

from service.catalog import edits, instances, schema
from service.catalog.deployment import Deployment, settle_deployment
from service.catalog.edits import Guard, MemoryEdit
from service.catalog.engine import Catalog
from service.catalog.instances import InstanceRow
from service.catalog.ownership import FencedError, fence
from service.catalog.recording import Answer, Recorder, Write
from service.catalog.requests import once
from service.domain.errors import Aborted, AlreadyExists, EunoeError, FailedPrecondition, NotFound
from service.domain.kinds import Isolation, Lane
from service.domain.scope import ScopeRef
from service.domain.writes import AcceptedDocument, RecordedMessage
from service.pipeline.index import IndexStep
from service.pipeline.shard import take_over
from tests.support.catalogs import CUSTOMER, INSTANCE, NEIGHBOUR, USER, Catalogs, document, message, record, rows, scalar
from tests.support.dictionary_index import DictionaryIndex
from tests.support.stages import HandOwner, check_books, live, memory

T = TypeVar("T")
WRITERS = 32
OF_A_DEPLOYMENT = (
    schema.deployment,
    schema.shard_owner,
    schema.relay_leases,
    schema.log_heads,
    schema.log_published,
    schema.log_applied,
    schema.log_indexed,
)
SCOPES: Sequence[ScopeRef] = (USER, NEIGHBOUR, CUSTOMER)


class Watched(Catalog):
    """A catalog that counts deadlocks, which callers do not hear of."""

    deadlocks = 0

    def _raise_told(self, error: Exception) -> NoReturn:
        self.deadlocks += getattr(error, "sqlstate", "") == "40P01"
        super()._raise_told(error)


@contextmanager
def others(catalog: Catalog, number: int) -> Iterator[list[Watched]]:
    """The same catalog, opened as other processes would."""
    with ExitStack() as stack:
        opened = [Watched(catalog.place) for _ in range(number)]
        for each in opened:
            stack.callback(each.close)
        yield opened


def at_once(runs: Sequence[Callable[[], T]]) -> list[T]:
    """Run everything at the same time, each in a thread; the results in order."""
    gate = threading.Barrier(len(runs))

    def run(each: Callable[[], T]) -> T:
        gate.wait(30)
        return each()

    with ThreadPoolExecutor(len(runs)) as pool:
        return list(pool.map(run, runs))


def write(catalog: Catalog, recorder: Recorder, writes: Sequence[Write]) -> list[Answer]:
    """One group, as the commit queue writes it."""
    answers = catalog.transact(lambda connection: recorder.record(connection, writes))
    recorder.committed()
    return answers


def test_concurrent_writers_get_gapless_numbers(catalog: Catalog) -> None:
    """32 writers of one conversation, over eight processes' worth of connections, get the numbers 1 to n, in the order of the log."""

    def writer(own: Catalog, name: int) -> list[RecordedMessage]:
        recorder = Recorder(1)
        answers = [write(own, recorder, [message(f"{name} says {turn}")])[0] for turn in range(6)]
        return [answer for answer in answers if isinstance(answer, RecordedMessage)]

    with others(catalog, 8) as opened:
        told = at_once([partial(writer, opened[name % 8], name) for name in range(WRITERS)])
    answers = [answer for each in told for answer in each]

    assert sorted(answer.number for answer in answers) == list(range(1, WRITERS * 6 + 1))
    assert all(answer.entry.seq == answer.number for answer in answers)
    assert rows(catalog, "SELECT number FROM messages ORDER BY seq") == [(each,) for each in range(1, WRITERS * 6 + 1)]
    assert scalar(catalog, "SELECT message_count FROM conversations") == WRITERS * 6
    assert scalar(catalog, "SELECT count(*) FROM scopes") == 1


def test_what_is_read_has_no_gaps(catalog: Catalog) -> None:
    """Whoever reads the log while others write never sees a number before all that come before it."""
    done = threading.Event()

    def writer(own: Catalog) -> None:
        recorder = Recorder(1)
        for turn in range(25):
            write(own, recorder, [message(str(turn), conversation=str(each)) for each in range(3)])

    def reader() -> int:
        looks = 0
        while not done.is_set() or looks == 0:
            found = [row[0] for row in rows(catalog, "SELECT seq FROM outbox ORDER BY seq")]
            assert found == list(range(1, len(found) + 1))
            looks += 1
        return looks

    with others(catalog, 4) as opened, ThreadPoolExecutor(1) as pool:
        looks = pool.submit(reader)
        try:
            at_once([partial(writer, own) for own in opened])
        finally:
            done.set()
        assert looks.result() > 0


def test_one_document_by_many(catalog: Catalog) -> None:
    """Of many who ingest the same document at once one does, the others hear of its ingestion; other content is refused."""
    writes = [document("text", document_id="d") for _ in range(8)] + [document("other", document_id="d") for _ in range(8)]

    with others(catalog, len(writes)) as opened:
        told = at_once([partial(write, own, Recorder(1), [each]) for own, each in zip(opened, writes, strict=True)])
    accepted = [answer for (answer,) in told if isinstance(answer, AcceptedDocument)]

    assert len(accepted) == 8 and len({answer.ingestion_id for answer in accepted}) == 1
    assert [answer.is_duplicate for answer in accepted].count(False) == 1
    assert sum(isinstance(answer, AlreadyExists) for (answer,) in told) == 8
    assert scalar(catalog, "SELECT count(*) FROM documents") == scalar(catalog, "SELECT count(*) FROM outbox") == 1


def test_one_request_by_many(catalog: Catalog) -> None:
    """A call that is sent many times at once has its effects once, and all get the same answer."""

    def call(own: Catalog, name: int) -> str:
        def create(connection: Any) -> dict[str, str]:
            instances.insert_instance(connection, InstanceRow(f"{name:032x}", f"drawn {name}", Isolation.STRICT, 1))
            return {"name": f"drawn {name}"}

        answer = own.transact(lambda connection: once(connection, "", "r", "CreateInstance", b"same", lambda: create(connection)))
        return str(answer["name"])

    with others(catalog, 8) as opened:
        told = at_once([partial(call, own, name) for name, own in enumerate(opened)])

    assert len(set(told)) == 1
    assert rows(catalog, "SELECT name FROM instances") == [(told[0],)]


def test_one_version_by_many(catalog: Catalog) -> None:
    """Of many who edit the same version of a memory one does, and the others are told that they came too late."""
    record(catalog, message("likes tea"))
    HandOwner(catalog).work()
    found = memory(catalog, "User likes tea")

    def edit(own: Catalog, confidence: float) -> bool:
        change = MemoryEdit(
            instance_id=INSTANCE,
            memory_id=found.item.item_id,
            guard=Guard(),
            generation=1,
            resolved_against=found.item.version,
            confidence=confidence,
        )
        try:
            own.transact(lambda connection: edits.update_memory(connection, change))
        except Aborted:
            return False
        return True

    with others(catalog, 8) as opened:
        told = at_once([partial(edit, own, name / 10) for name, own in enumerate(opened)])

    assert told.count(True) == 1
    kept = memory(catalog, "User likes tea").item
    assert (kept.version, kept.confidence) == (found.item.version + 1, told.index(True) / 10)


def test_two_deletions_of_the_same(catalog: Catalog) -> None:
    """Of many who delete the same one does; for the others it is gone already, and no count is off."""
    record(catalog, message("likes tea\nhome Porto"), document("likes rain", document_id="d"))
    HandOwner(catalog).work()

    def delete(own: Catalog, run: Callable[[Any], None]) -> bool:
        try:
            own.transact(run)
        except NotFound:
            return False
        return True

    for run in (
        partial(edits.delete_memory, memory_id=memory(catalog, "User likes tea").item.item_id, version=0),
        partial(edits.delete_document, document_id="d"),
        partial(edits.delete_conversation, conversation_id="talk"),
    ):
        with others(catalog, 6) as opened:
            told = at_once(
                [partial(delete, own, partial(run, instance_id=INSTANCE, guard=Guard(), generation=1)) for own in opened]
            )
        assert told.count(True) == 1
        check_books(catalog)
    assert live(catalog) == []


def test_the_fenced_owner_commits_nothing(catalog: Catalog) -> None:
    """Whoever takes a shard over waits for the transaction that its owner is in; from then on the former owner changes nothing."""
    record(catalog, message("likes tea"), message("saw the sea"))
    former = HandOwner(catalog)
    first, second = former.waiting()
    former.store([first])
    with others(catalog, 1) as (other,), ThreadPoolExecutor(1) as pool:
        with catalog.write() as connection:
            fence(connection, 0, former.ownership.epoch)
            successor = pool.submit(take_over, other, 0, "successor")
            with pytest.raises(TimeoutError):
                successor.result(0.2)
        epoch = successor.result(30)

        with pytest.raises(FencedError):
            former.store([second])

    assert epoch == former.ownership.epoch + 1
    assert rows(catalog, "SELECT seq FROM log_applied WHERE lane = 0") == [(1,)]
    assert [item.text for item in live(catalog) if item.kind == "passage"] == ["likes tea"]


def test_one_deployment_by_many(catalogs: Catalogs) -> None:
    """Of many who start on an empty catalog one creates the deployment, and all have the same; what does not fit it is refused."""

    def settle(own: Catalog, shards: int | None = None, model_id: str = "fake", analysis: int = 1) -> Deployment:
        return settle_deployment(
            own,
            shards=shards,
            default_shards=4,
            model_id=model_id,
            model_dir="",
            extractor_version="1",
            analysis_version=analysis,
        )

    with catalogs.fresh() as catalog:
        with catalog.write() as connection:
            for table in OF_A_DEPLOYMENT:
                connection.execute(table.delete())
        with others(catalog, 10) as opened:
            told = at_once([partial(settle, own) for own in opened])

        assert len({each.log_epoch for each in told}) == 1
        assert scalar(catalog, "SELECT count(*) FROM shard_owner") == 4
        assert settle(catalog, 4) == told[0]
        for wrong in (1, 5):
            with pytest.raises(FailedPrecondition, match=f"has 4 shards, this service is to have {wrong}") as error:
                settle(catalog, wrong)
            assert error.value.reason == "SHARDS_MISMATCH"
        with pytest.raises(FailedPrecondition, match="made by fake, the configured model is other"):
            settle(catalog, model_id="other")
        with pytest.raises(FailedPrecondition, match="text analysis 1, this version has 2"):
            settle(catalog, analysis=2)


class Crowd:
    """Writers, an owner and users who change their minds, all at once and in no order."""

    def record(self, own: Catalog, seed: int) -> None:
        """Groups that touch many conversations, documents and scopes in random order, some of them new."""
        random, recorder = Random(seed), Recorder(1)
        for turn in range(20):
            writes: list[Write] = [
                message(
                    random.choice(["likes tea", "saw the sea", "home Porto"]), conversation=f"talk {each}", scope=SCOPES[each % 3]
                )
                for each in random.sample(range(turn + 6), 6)
            ]
            writes += [document("likes rain", document_id=f"paper {each}") for each in random.sample(range(turn + 4), 4)]
            random.shuffle(writes)
            for answer in write(own, recorder, writes):
                assert not isinstance(answer, EunoeError), answer

    def apply(self, own: Catalog, done: threading.Event) -> None:
        """The owner follows."""
        owner = HandOwner(own)
        index = IndexStep(own, DictionaryIndex(), owner.ownership)
        index.open()
        while True:
            is_last = done.is_set()
            for lane in Lane:
                batch = owner.waiting(lane)
                for at in range(0, len(batch), 16):
                    owner.store(batch[at : at + 16])
            while index.flush():
                pass
            if is_last:
                return

    def forget(self, own: Catalog, seed: int, done: threading.Event) -> None:
        """Users delete what they find."""
        random = Random(seed)
        while not done.is_set():
            each = random.randrange(12)
            runs = [
                partial(edits.delete_document, document_id=f"paper {each}"),
                partial(edits.delete_conversation, conversation_id=f"talk {each}"),
            ]
            found = [item.item_id for item in live(own, memories_only=True)]
            if found:
                runs.append(partial(edits.delete_memory, memory_id=random.choice(found), version=0))
            try:
                own.transact(partial(random.choice(runs), instance_id=INSTANCE, guard=Guard(), generation=1))
            except NotFound:
                continue


def test_a_crowd_never_deadlocks(catalog: Catalog) -> None:
    """Writers of many conversations in random order, an owner and deleting users never stand in each other's way, and the books balance."""
    crowd, done = Crowd(), threading.Event()
    with others(catalog, 8) as opened, ThreadPoolExecutor(3) as pool:
        beside = [pool.submit(crowd.apply, opened[0], done)]
        beside += [pool.submit(crowd.forget, own, at, done) for at, own in enumerate(opened[1:3])]
        try:
            at_once([partial(crowd.record, own, at) for at, own in enumerate(opened[3:])])
        finally:
            done.set()
        for each in beside:
            each.result()

    assert [each.deadlocks for each in opened] == [0] * 8
    check_books(catalog)
    heads = dict(rows(catalog, "SELECT lane, seq FROM log_heads"))
    assert heads == dict(rows(catalog, "SELECT lane, seq FROM log_indexed"))
    assert scalar(catalog, "SELECT count(*) FROM outbox") == scalar(catalog, "SELECT count(*) FROM index_pending") == 0
    for conversation, count in rows(catalog, "SELECT conversation, message_count FROM conversations"):
        found = rows(catalog, "SELECT number FROM messages WHERE conversation = :it ORDER BY number", it=conversation)
        assert found == [(each,) for each in range(1, count + 1)]
