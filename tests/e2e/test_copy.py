"""`eunoe copy`: what an embedded service remembers goes on in PostgreSQL, with `eunoe serve` and `eunoe work` answering as it did."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import grpc
import psycopg
import pytest

from deploy.kafka.brokers import Brokers
from service.catalog.engine import Catalog
from service.vectors.reader import IndexReader
from tests.e2e.crash import connect
from tests.support.catalogs import rows, scalar
from tests.support.cluster import RunningCluster, start_cluster
from tests.support.datadir import backlog
from tests.support.postgres import PostgresServer
from tests.support.service import RunningService, start_service, until
from tests.support.wire import Wire, refused, turn

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(300)]

USERS = 6
CITIES = ("Porto", "Lisbon", "Braga")
QUESTIONS = ("Where does my sister live?", "Who lives in Braga?", "train to Lisbon")
SECONDS = 120.0
SHARDS = 16

Answers = list[list[tuple[str, str]]]


def _start(*arguments: str | Path, **environ: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "service", *map(str, arguments)]
    return subprocess.Popen(command, env=os.environ | environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _run(*arguments: str | Path, **environ: str) -> tuple[int, str]:
    """Run a command to its end. Returns the exit status, and what it said."""
    command = _start(*arguments, **environ)
    told, complained = command.communicate(timeout=SECONDS)
    return command.returncode, told + complained


async def _copy(directory: Path, url: str) -> tuple[int, str]:
    return await asyncio.to_thread(_run, "copy", "--data", directory, "--to", url)


async def _talk(wire: Wire) -> None:
    for user in range(USERS):
        for city in CITIES:
            said = turn(f"talk {user}", f"My sister number {user} lives in {city}.", user_id=f"u{user}", customer_id=f"c{user}")
            await wire.record(said)
            await wire.record(
                turn(f"talk {user}", f"The train to {city} leaves at nine.", user_id=f"u{user}", customer_id=f"c{user}")
            )


async def _answers(wire: Wire) -> Answers:
    """What is found, best first: (id, content)."""
    found: Answers = []
    for user in range(USERS):
        for question in QUESTIONS:
            context = await wire.fetch(f"u{user}", f"c{user}", search_queries=[question])
            assert not context.retrieval.degraded
            found.append([(item.item_id, item.content) for item in context.items])
    return found


async def _remember(service: RunningService) -> tuple[Answers, str]:
    """Say much and see it indexed; then one thing more that no owner has seen when the service dies. Gives the answers, and a position."""

    async def is_drained() -> bool:
        return backlog(service.directory) == 0

    async with connect(service) as wire:
        await _talk(wire)
        await until(is_drained, SECONDS, "it does not drain")
        answers = await _answers(wire)
        owner = service.owner
        owner.send(signal.SIGSTOP)
        position = (await wire.record(turn("late", "My uncle Tio lives in Faro.", user_id="late", customer_id="late"))).position
    await asyncio.to_thread(service.kill, "api")
    owner.kill()
    return answers, position


@contextmanager
def _held_up(url: str) -> Iterator[None]:
    """Nobody can write the last table that is copied meanwhile."""
    with psycopg.connect(url) as connection:
        connection.execute("LOCK TABLE scopes IN SHARE MODE")
        yield


async def _cut_off(directory: Path, url: str) -> None:
    """Kill it while it copies."""
    with psycopg.connect(url, autocommit=True) as watching, _held_up(url):
        command = _start("copy", "--data", directory, "--to", url)

        async def is_held_up() -> bool:
            assert command.poll() is None, command.communicate()
            waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'COPY%'"
            return bool(watching.execute(waits).fetchone() != (0,))

        await until(is_held_up, SECONDS, "it never copies")
        command.kill()
        command.communicate()
    with closing(Catalog(url)) as catalog:
        assert scalar(catalog, "SELECT (SELECT count(*) FROM deployment) + (SELECT count(*) FROM messages)") == 0


async def _is_whole(cluster: RunningCluster, url: str) -> None:
    """Workers build the index by themselves, and it holds what the catalog serves."""
    with closing(Catalog(url)) as catalog:

        async def is_built() -> bool:
            waiting = "SELECT count(*) FROM index_pending"
            return (scalar(catalog, "SELECT count(*) FROM index_tables"), scalar(catalog, waiting)) == (SHARDS, 0)

        await until(is_built, SECONDS, "the index is not built")
        served = Counter(rows(catalog, "SELECT item_id, version FROM items WHERE is_live = 1"))
        names = [name for (name,) in rows(catalog, "SELECT name FROM index_tables")]
    with closing(IndexReader(str(cluster.directory / "index"))) as reader:
        assert Counter(row for name in names for page in reader.sweep(name) for row in page) == served


async def test_a_deployment_moves(tmp_path: Path, brokers: Brokers, postgres: PostgresServer) -> None:
    """Refused while the service runs; killed in the middle nothing is there; then all is, also what had waited, with the same answers."""
    url = postgres.url(postgres.create())
    with start_service(tmp_path / "data") as service:
        status, told = await _copy(service.directory, url)
        assert status == 1 and "another service uses" in told
        before, position = await _remember(service)
    status, told = await asyncio.to_thread(_run, "migrate", EUNOE_CATALOG_URL=url)
    assert status == 0, told
    await _cut_off(service.directory, url)
    status, told = await _copy(service.directory, url)
    assert status == 0 and "rows are there as they were" in told, told
    status, told = await _copy(service.directory, url)
    assert status == 1 and "not empty" in told

    (tmp_path / "new").mkdir()
    shutil.copy(service.directory / "credentials.json", tmp_path / "new")
    with start_cluster(tmp_path / "new", brokers, 1, catalog_url=url, shards=SHARDS) as cluster:
        async with connect(cluster) as wire:
            assert await _answers(wire) == before
            found = await refused(wire.fetch("late", "late", min_position=position))
            assert (found.code, found.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "POSITION_INVALID")
            late = await wire.fetch("late", "late", search_queries=["Where does my uncle live?"])
            assert any("Faro" in item.content for item in late.items)
            written = await wire.record(turn("late", "My aunt Mia lives in Evora.", user_id="late", customer_id="late"))
            fresh = await wire.fetch("late", "late", search_queries=["my aunt"], min_position=written.position)
            assert any("Evora" in item.content for item in fresh.items)
        await _is_whole(cluster, url)
        await asyncio.to_thread(cluster.api.restart)
        async with connect(cluster) as wire:
            assert await _answers(wire) == before
