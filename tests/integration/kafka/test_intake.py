"""The intake of a worker beside Kafka: gaps come from the outbox, and a shard that another process took is left alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.catalog.engine import Catalog
from service.catalog.ownership import FencedError
from service.domain.kinds import Lane
from service.log.base import Record
from service.log.codec import Decoded
from service.log.inbox import Inbox
from service.log.intake import KafkaIntake
from service.log.outbox import read_outbox
from tests.support.catalogs import message, new_catalog, record


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    """A deployment of two shards with ten records in the first lane of one of them."""
    opened = new_catalog(tmp_path, shards=2)
    record(opened, *(message(f"turn {place}", conversation="talk") for place in range(10)))
    yield opened
    opened.close()


@pytest.fixture
def shard(catalog: Catalog) -> int:
    """Where they are."""
    return next(shard for shard in range(2) if read_outbox(catalog, shard, Lane.REALTIME, 0, 1))


def deliver(inbox: Inbox, catalog: Catalog, shard: int, *seqs: int) -> None:
    """Let Kafka bring some of the records."""
    known = {each.entry.seq: each for each in read_outbox(catalog, shard, Lane.REALTIME, 0, 64)}
    for seq in seqs:
        inbox.deliver((shard, int(Lane.REALTIME)), seq, 1, Decoded(1, known[seq], is_reference=False))


def numbers(found: object) -> list[int]:
    """Their numbers."""
    assert isinstance(found, list)
    assert all(isinstance(each, Record) and each.source is not None for each in found)
    return [each.entry.seq for each in found]


def test_a_gap_is_read_from_the_outbox_at_once(catalog: Catalog, shard: int) -> None:
    """Once a later record has come, what lies before it will not: it is read from where it certainly is."""
    inbox = Inbox()
    inbox.assign([shard], map(int, Lane))
    intake = KafkaIntake(catalog, inbox)
    deliver(inbox, catalog, shard, 1, 2, 6, 7)

    read = 0
    batches = []
    while found := numbers(list(intake.read(shard, Lane.REALTIME, read, 64))):
        batches.append(found)
        read = found[-1]

    assert batches == [[1, 2], [3, 4, 5], [6, 7]]


def test_what_was_only_just_published_is_waited_for(catalog: Catalog, shard: int) -> None:
    """Nothing is read from the outbox while Kafka may still bring it."""
    inbox = Inbox()
    inbox.assign([shard], map(int, Lane))
    intake = KafkaIntake(catalog, inbox)

    assert list(intake.read(shard, Lane.REALTIME, 0, 64)) == [] and not intake.take_suspicion()


def test_a_shard_of_another_process_is_left_alone_until_the_next_assignment(catalog: Catalog) -> None:
    """Fenced is fenced: only the group of workers can give it back. Every assignment begins with none."""
    inbox = Inbox()
    intake = KafkaIntake(catalog, inbox)
    inbox.assign([0, 1], map(int, Lane))
    assert [intake.shards(), intake.shards()] == [frozenset(), {0, 1}]

    intake.fenced(FencedError(1, 7))
    assert intake.shards() == {0}
    inbox.assign([1], map(int, Lane))
    assert [intake.shards(), intake.shards()] == [frozenset(), {1}]
    inbox.revoke()
    assert intake.shards() == frozenset()
