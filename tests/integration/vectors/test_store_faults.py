"""A bucket that is away, in trouble or not ours: noticed in seconds, told in words, and nothing is lost or doubled by it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from service.vectors.errors import IndexRefused, IndexUnavailable
from service.vectors.reader import IndexReader
from service.vectors.writer import IndexWriter
from tests.integration.vectors.conftest import TABLE
from tests.support.faults import FaultyProxy
from tests.support.s3 import BUCKET, S3Server
from tests.support.stored import as_stored, stored
from tests.unit.vectors.samples import item, items, wide

NOTICED_SECONDS = 12.0
"""A dead store is known as such after this, also on a busy machine; LanceDB's own values need two minutes."""
URI = f"s3://{BUCKET}/index"


@pytest.fixture
def writer(proxy: FaultyProxy) -> Iterator[IndexWriter]:
    """A writer of an empty table, through the proxy."""
    assert proxy.requests.total() == 0
    opened = IndexWriter(URI)
    opened.create(TABLE, log_epoch=7, generation=1)
    yield opened
    opened.close()


@pytest.fixture
def reader(writer: IndexWriter) -> Iterator[IndexReader]:
    """A reader that opened the table."""
    opened = IndexReader(writer.uri)
    opened.warm_up([TABLE])
    yield opened
    opened.close()


def _seconds_until_noticed(work: Callable[[], object]) -> float:
    started = time.monotonic()
    with pytest.raises(IndexUnavailable):
        work()
    return time.monotonic() - started


def _insist(work: Callable[[], object]) -> None:
    """Do something until it succeeds, as the owner does."""
    deadline = time.monotonic() + 40
    while True:
        try:
            work()
        except IndexUnavailable:
            assert time.monotonic() < deadline
        else:
            return


def _search(reader: IndexReader) -> None:
    reader.search(TABLE, [1], vector=wide(item(1).vector), terms="shared")


def _held(index: IndexReader) -> Counter[str]:
    return Counter(item_id for rows in index.sweep(TABLE) for item_id, _ in rows)


@pytest.mark.slow
def test_a_dead_store_is_noticed_in_seconds_and_used_again_when_it_is_back(
    server: S3Server, writer: IndexWriter, reader: IndexReader
) -> None:
    """Whatever is asked of it, also of a table of many files; what was acknowledged is there afterwards."""
    for number in range(30):
        writer.append(TABLE, [item(number)])
    server.kill()
    for work in (
        lambda: _search(reader),
        lambda: writer.upsert(TABLE, [item(99)]),
        lambda: writer.state(TABLE),
    ):
        assert _seconds_until_noticed(work) < NOTICED_SECONDS
    server.start()
    _insist(lambda: writer.upsert(TABLE, [item(99)]))
    _insist(lambda: _search(reader))
    assert stored(reader.uri, TABLE, 1) == as_stored([*items(range(30)), item(99)])


@pytest.mark.slow
def test_a_frozen_store_is_noticed_in_seconds(server: S3Server, writer: IndexWriter, reader: IndexReader) -> None:
    """A server that takes connections and answers nothing is as bad as none."""
    writer.append(TABLE, [item(1)])
    with server.frozen():
        assert _seconds_until_noticed(lambda: _search(reader)) < NOTICED_SECONDS
    _insist(lambda: _search(reader))


def test_readers_do_not_wait_again_and_again(server: S3Server, writer: IndexWriter, reader: IndexReader) -> None:
    """Once a read failed, others are told so at once for a moment: whoever fetches has the catalog to ask."""
    writer.append(TABLE, [item(1)])
    server.kill()
    _seconds_until_noticed(lambda: _search(reader))
    assert _seconds_until_noticed(lambda: _search(reader)) < 0.2


def test_one_refusal_in_five_stops_nothing(proxy: FaultyProxy, writer: IndexWriter, reader: IndexReader) -> None:
    """Writes, upkeep and reads go through as if nothing were."""
    proxy.refuse_each = 5
    for number in range(6):
        writer.append(TABLE, items(range(10 * number, 10 * number + 10)))
        writer.upsert(TABLE, items(range(10 * number + 5, 10 * number + 10), version=2))
    writer.optimize(TABLE, keep=timedelta(minutes=1))
    assert proxy.faults > 10
    assert len(stored(reader.uri, TABLE, 1)) == 60
    assert set(_held(reader).values()) == {1}


def test_a_lost_answer_loses_and_doubles_nothing(proxy: FaultyProxy, writer: IndexWriter) -> None:
    """A commit whose outcome nobody told is repeated as an upsert, whether it had happened or not."""
    proxy.lose_each = 7
    for number in range(8):
        some = items(range(10 * number, 10 * number + 10))
        _insist(lambda: writer.upsert(TABLE, some))  # noqa: B023 - done before the next round
    proxy.lose_each = 0
    assert proxy.faults > 5
    assert _held(writer) == Counter({item(number).item_id: 1 for number in range(80)})


def test_appends_whose_answers_are_lost_are_upserted(proxy: FaultyProxy, writer: IndexWriter) -> None:
    """As the owner does it: new items are appended, unless the write before failed."""
    proxy.lose_each = 7
    for number in range(8):
        some = items(range(10 * number, 10 * number + 10))
        try:
            writer.append(TABLE, some)
        except IndexUnavailable:
            _insist(lambda: writer.upsert(TABLE, some))  # noqa: B023 - done before the next round
    proxy.lose_each = 0
    assert _held(writer) == Counter({item(number).item_id: 1 for number in range(80)})


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("AWS_ACCESS_KEY_ID", "somebody-else", "AWS_ACCESS_KEY_ID"),
        ("AWS_SECRET_ACCESS_KEY", "another-secret", "AWS_SECRET_ACCESS_KEY"),
    ],
)
@pytest.mark.usefixtures("s3_server")
def test_wrong_keys_are_told_in_words(monkeypatch: pytest.MonkeyPatch, variable: str, value: str, told: str) -> None:
    """What is wrong, and which variable to correct."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(IndexRefused) as refused:
        IndexReader(URI).check()
    assert told in refused.value.advice
    assert value not in refused.value.message or variable == "AWS_ACCESS_KEY_ID"


@pytest.mark.usefixtures("s3_server")
def test_a_missing_bucket_is_told_in_words() -> None:
    """Also of the bucket that it is missing, and how it is called."""
    with pytest.raises(IndexRefused, match=r"s3://no-such-bucket/index: there is no such bucket"):
        IndexReader("s3://no-such-bucket/index").check()


@pytest.mark.usefixtures("s3_server")
def test_an_unreachable_store_is_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Within seconds, and which variable may be wrong."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    started = time.monotonic()
    with pytest.raises(IndexUnavailable, match="does not answer") as away:
        IndexReader(URI).check()
    assert time.monotonic() - started < NOTICED_SECONDS
    assert "AWS_ENDPOINT_URL" in away.value.advice
