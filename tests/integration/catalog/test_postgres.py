"""What is PostgreSQL's alone: a server that dies and comes back, connections that wait, processes that stand still."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import errors, sql

from service.catalog.engine import Catalog
from service.catalog.errors import Overtaken, StorageFull
from service.catalog.migrate import migrate
from service.catalog.ownership import FencedError, fence
from service.catalog.postgres import Postgres
from service.catalog.reach import reach
from service.catalog.recording import Recorder
from service.domain.errors import EunoeError, FailedPrecondition, Unavailable
from service.domain.writes import RecordedMessage
from service.pipeline.shard import take_over
from tests.support.catalogs import message, record, rows, run_sql, scalar
from tests.support.postgres import PostgresServer, running_postgres
from tests.support.stages import HandOwner

REPOSITORY = Path(__file__).resolve().parents[3]
NOWHERE = "postgresql://eunoe@127.0.0.1:1/eunoe"


@pytest.fixture
def catalog(postgres_catalog: Catalog) -> Catalog:
    """A fresh deployment of one shard on PostgreSQL."""
    return postgres_catalog


@pytest.fixture
def empty(postgres: PostgresServer) -> Iterator[str]:
    """The URL of a database without tables."""
    name = postgres.create()
    yield postgres.url(name)
    postgres.drop(name)


def end_sessions(catalog: Catalog) -> None:
    """What a server does that goes down, to everybody who is connected."""
    with psycopg.connect(str(catalog.place), autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_connections_that_died_while_they_waited(catalog: Catalog) -> None:
    """Connections that the server ended meanwhile are replaced: neither a read nor a write fails."""
    record(catalog, message("before"))
    end_sessions(catalog)
    record(catalog, message("after"))
    end_sessions(catalog)

    assert rows(catalog, "SELECT content FROM messages ORDER BY number") == [("before",), ("after",)]


def test_a_server_that_is_gone_when_connections_waited() -> None:
    """Connections of a server that does not come back are UNAVAILABLE for what they are; when it does, they are replaced."""
    with running_postgres() as server, closing(Catalog(server.url())) as catalog:
        with catalog.read(), catalog.read(), catalog.write():
            """Three of them wait from here on."""
        server.stop(signal.SIGQUIT)
        with pytest.raises(Unavailable) as error, catalog.read():
            raise AssertionError("there is no connection")
        server.start()
        assert scalar(catalog, "SELECT 1") == 1

    assert "refused" in error.value.values["cause"]


def test_a_session_that_ends_in_a_transaction(catalog: Catalog) -> None:
    """A write whose session the server ends is UNAVAILABLE, leaves nothing, and can be repeated."""
    with pytest.raises(Unavailable) as error, catalog.write() as connection:  # noqa: PT012 - the end of the block is what fails
        Recorder(1).record(connection, [message("lost")])
        end_sessions(catalog)
    (answer,) = record(catalog, message("kept"))

    assert error.value.retry_after
    assert isinstance(answer, RecordedMessage) and answer.number == answer.entry.seq == 1


def test_a_failed_transaction_is_never_acknowledged(catalog: Catalog) -> None:
    """A transaction in which a statement failed does not end as if it had been committed, whatever became of the error."""
    with pytest.raises(Unavailable), catalog.write() as connection:  # noqa: PT012 - as above
        Recorder(1).record(connection, [message("lost")])
        with pytest.raises(errors.DivisionByZero):
            connection.connection.cursor().execute("SELECT 1 / 0")

    assert rows(catalog, "SELECT content FROM messages") == []


def test_acknowledged_means_synced(postgres: PostgresServer) -> None:
    """Where somebody has made commits asynchronous, those of the service are not; where somebody asks for more, it stays."""
    for given, kept in (("off", "on"), ("local", "on"), ("remote_apply", "remote_apply")):
        name = postgres.create()
        postgres.run(sql.SQL("ALTER DATABASE {} SET synchronous_commit = {}").format(sql.Identifier(name), sql.Literal(given)))
        with closing(Catalog(postgres.url(name))) as catalog:
            assert scalar(catalog, "SHOW synchronous_commit") == kept
        postgres.drop(name)


def test_text_is_ordered_by_its_bytes(catalog: Catalog) -> None:
    """Whatever the server's locale, every text of every table sorts as on SQLite, so that pages are cut alike."""
    others = rows(
        catalog,
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema()"
        " AND table_name <> 'alembic_version' AND data_type IN ('text', 'character varying') AND collation_name IS DISTINCT FROM 'C'",
    )

    assert others == []


def test_nobody_there() -> None:
    """A server that is not there is UNAVAILABLE within seconds, with a time to wait."""
    started = time.monotonic()
    with closing(Catalog(NOWHERE)) as catalog:
        for use in (catalog.read, catalog.write):
            with pytest.raises(Unavailable) as error, use():
                raise AssertionError("there is no connection")
            assert error.value.retry_after
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("url", ["", "nonsense", "mysql://host/db", "sqlite:///file", "postgresql+asyncpg://host/db"])
def test_urls_of_nothing_we_know(url: str) -> None:
    """A text that is no URL of a PostgreSQL database is refused in words."""
    with pytest.raises(FailedPrecondition, match="catalog's URL"):
        Catalog(url)


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("53100", StorageFull),
        ("40001", Overtaken),
        ("40P01", Overtaken),
        ("55P03", Overtaken),
        ("57014", Unavailable),
        ("57P01", Unavailable),
        ("25006", Unavailable),
        ("53300", Unavailable),
        ("58030", Unavailable),
        ("XX000", Unavailable),
    ],
)
def test_what_a_caller_is_told(state: str, kind: type[EunoeError]) -> None:
    """Errors are told apart by the server's own code; each is one that a caller may retry, with a time to wait."""
    told = Postgres(NOWHERE).told(errors.lookup(state)("words in any language"))

    assert type(told) is kind
    assert told.retry_after


@pytest.mark.parametrize("state", ["22003", "22021", "23502", "23505"])
def test_errors_of_values_are_the_caller_s(state: str) -> None:
    """An error of a value is not taken for one of the database."""
    error = errors.lookup(state)("words")

    assert Postgres(NOWHERE).told(error) is error


def test_an_overtaken_transaction_is_repeated(catalog: Catalog) -> None:
    """What the database rolls back because others were at the same rows is run again, until it goes through."""
    tries = []

    def run(connection: Any) -> int:
        tries.append(1)
        if len(tries) < 3:
            connection.connection.cursor().execute("DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40001'; END $$")
        return len(tries)

    assert catalog.transact(run) == 3


@pytest.mark.slow
def test_a_process_that_stands_still_loses_its_transaction(catalog: Catalog) -> None:
    """An owner that is stopped in the middle of a transaction holds its shard up for seconds, not for ever, and commits nothing after."""
    former = HandOwner(catalog)
    record(catalog, message("likes tea"))
    with pytest.raises(Unavailable), catalog.write() as connection:  # noqa: PT012 - as above
        fence(connection, 0, former.ownership.epoch)
        with closing(Catalog(catalog.place)) as other:
            epoch = take_over(other, 0, "successor")
    with pytest.raises(FencedError):
        former.work()

    assert epoch == former.ownership.epoch + 1
    assert scalar(catalog, "SELECT count(*) FROM items") == 0


class Persistent:
    """A caller that sends a message again, with the same id, until it is acknowledged."""

    def __init__(self, url: str, name: int) -> None:
        self.catalog = Catalog(url)
        self.recorder = Recorder(1)
        self.name = name
        self.told: dict[str, int] = {}
        self.failures = 0

    def run(self, is_over: Callable[[], bool]) -> None:
        """Until it is over."""
        turn = 0
        while not is_over():
            self._send(f"{self.name}-{turn}")
            turn += 1
        self.catalog.close()

    def _send(self, message_id: str) -> None:
        while message_id not in self.told:
            turn = message(message_id, message_id=message_id)
            try:
                (answer,) = self.catalog.transact(partial(self.recorder.record, writes=[turn]))
            except Unavailable:
                self.failures += 1
                time.sleep(0.02)  # as a client does that was told to wait
                continue
            self.recorder.committed()
            assert isinstance(answer, RecordedMessage)
            self.told[message_id] = answer.number


@pytest.mark.slow
def test_a_server_that_crashes_under_writes() -> None:
    """PostgreSQL is restarted in immediate mode, again and again, under writes: nothing acknowledged is lost, nothing is doubled."""
    with running_postgres() as server:
        url = server.url(server.create())
        with closing(Catalog(url)) as catalog:
            migrate(catalog)
            run_sql(catalog, "INSERT INTO log_heads (shard, lane, seq) VALUES (0, 0, 0)")
        over = threading.Event()
        writers = [Persistent(url, name) for name in range(4)]
        with ThreadPoolExecutor(4) as pool:
            running = [pool.submit(writer.run, over.is_set) for writer in writers]
            try:
                for round_ in range(1, 4):
                    wait_for(writers, round_ * 30)
                    server.stop(signal.SIGQUIT)
                    server.start()
            finally:
                over.set()
            for each in running:
                each.result(50)
        with closing(Catalog(url)) as catalog:
            kept = dict(rows(catalog, "SELECT message_id, number FROM messages"))
            seqs = [row[0] for row in rows(catalog, "SELECT seq FROM messages ORDER BY number")]

    told = {name: number for writer in writers for name, number in writer.told.items()}
    assert kept == told
    assert sorted(kept.values()) == seqs == list(range(1, len(kept) + 1))
    assert sum(writer.failures for writer in writers) > 0


def wait_for(writers: Sequence[Persistent], acknowledged: int) -> None:
    """Until each of them has so many messages acknowledged."""
    deadline = time.monotonic() + 50
    while any(len(writer.told) < acknowledged for writer in writers):
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.005)


@pytest.mark.slow
def test_ten_processes_start_at_once(empty: str) -> None:
    """Ten processes that come up together on an empty database all come up; one makes the tables, and nobody makes them twice."""
    gate_read, gate_write = os.pipe()
    command = [sys.executable, "-c", _START, empty]
    started = [
        subprocess.Popen(command, stdin=gate_read, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=REPOSITORY)
        for _ in range(10)
    ]
    os.close(gate_read)
    for process in started:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    os.close(gate_write)
    told = [process.communicate(timeout=50) for process in started]

    assert [process.returncode for process in started] == [0] * 10, told
    assert sorted(out for out, _ in told) == ["'' 7\n", *["'0001' 7\n"] * 9]


_START = """
import sys
from service.catalog.deployment import settle_deployment
from service.catalog.engine import Catalog
from service.catalog.migrate import migrate
print("ready", flush=True)
sys.stdin.read()
catalog = Catalog(sys.argv[1])
found = migrate(catalog)
print(repr(found), settle_deployment(catalog, shards=7, default_shards=1, model_id="fake", model_dir="", extractor_version="1", analysis_version=1).shards)
catalog.close()
"""


def test_a_database_that_answers(empty: str) -> None:
    """What can be used is told with its version and place, and whether it syncs."""
    found = reach(empty)

    assert found.version and found.place == empty.partition("@")[2]
    assert not found.is_synced, "the server of the tests does not"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("/test", "/absent"), r"cannot be used \(database \"absent.*\" does not exist\): create the database"),
        (("eunoe@", "stranger@"), r"does not let stranger in \(role \"stranger\" does not exist\): check the user"),
        (("127.0.0.1", "nowhere.invalid"), r"cannot be reached \(.*\): is PostgreSQL running there"),
    ],
)
def test_a_database_that_does_not(empty: str, change: tuple[str, str], words: str) -> None:
    """A wrong database, user or host is told apart from the others, with what was found and what to do."""
    url = empty.replace(*change)

    with pytest.raises(FailedPrecondition, match=words):
        reach(url)
    with pytest.raises(FailedPrecondition, match=words), closing(Catalog(url)) as catalog:
        migrate(catalog)


def test_a_server_that_is_not_there() -> None:
    """Where nobody listens that is what is told."""
    with pytest.raises(FailedPrecondition, match=r"127.0.0.1:1/eunoe cannot be reached \(.*refused"):
        reach(NOWHERE)


def test_a_database_of_another_encoding(postgres: PostgresServer) -> None:
    """A database that cannot hold every text is refused before anything is made in it."""
    postgres.run(sql.SQL("CREATE DATABASE {} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0").format(sql.Identifier("latin")))
    with closing(Catalog(postgres.url("latin"))) as catalog, pytest.raises(FailedPrecondition, match="encoded in LATIN1"):
        migrate(catalog)
    postgres.drop("latin")
