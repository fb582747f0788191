"""A deployment that cannot work as it is set up: `eunoe doctor` and the start say what was found and what to do, and nobody sees a traceback.

What else can be wrong is in `test_start.py` (one machine), `test_object_store.py` (buckets) and `test_kafka.py` (processes that do not fit together).
"""

from __future__ import annotations

import asyncio
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

import psycopg
import pytest
from aiokafka.admin import NewTopic

from deploy import s3
from deploy.eunoe import environment
from deploy.kafka.brokers import Brokers
from service.catalog.deployment import create_deployment
from service.catalog.engine import Catalog
from service.catalog.migrate import migrate
from service.domain.kinds import Lane
from service.embedders.build import find_prepared
from service.log.broker import open_admin, topic_of
from service.log.topics import BROKERS_CLOCK
from service.retrieval import terms
from service.settings import Kafka, load_settings
from service.settings.schema import Brokers as Addresses
from service.settings.schema import TopicPrefix
from tests.e2e.fault import OTHER_CLOCK
from tests.support.catalogs import run_sql
from tests.support.postgres import PostgresServer

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

SHARDS = 4
PASSWORD = "right-word"


@dataclass
class Place:
    """A deployment that is set up as it should be, until a test spoils it."""

    url: str
    kafka: Kafka
    settings: dict[str, object] = field(default_factory=dict)
    """Set over those that lead there."""
    beside: dict[str, str] = field(default_factory=dict)
    """What else stands in the environment."""

    def name_dead_store(self) -> None:
        """Have the index where nobody listens."""
        self.settings["vectors_uri"] = s3.URI
        self.beside |= s3.environment("http://127.0.0.1:1")

    def sql(self, statement: str) -> None:
        """Change the catalog."""
        with closing(Catalog(self.url)) as catalog:
            run_sql(catalog, statement)

    async def make_topics(self, partitions: int, cleanup: str) -> None:
        """As somebody else would make them."""
        async with open_admin(self.kafka) as admin:
            configs = {"cleanup.policy": cleanup, "message.timestamp.type": BROKERS_CLOCK}
            await admin.create_topics(
                [NewTopic(topic_of(self.kafka, lane), partitions, 1, topic_configs=configs) for lane in Lane]
            )


@pytest.fixture(scope="module")
def template(postgres: PostgresServer) -> str:
    """A database with a deployment of the model in use."""
    name, model = postgres.create(), load_settings({}, {}, None).settings.model
    with closing(Catalog(postgres.url(name))) as catalog:
        migrate(catalog)
        with catalog.write() as connection:
            model_id = find_prepared(model.cache_dir, model.source_dir).model_id
            create_deployment(connection, shards=SHARDS, model_id=model_id, extractor_version="1", analysis_version=terms.VERSION)
    return name


@pytest.fixture
def place(postgres: PostgresServer, template: str, brokers: Brokers) -> Iterator[Place]:
    """A deployment of this test's own."""
    name = postgres.create(template=template)
    yield Place(
        postgres.url(name), Kafka(bootstrap=Addresses(brokers.bootstrap), prefix=TopicPrefix(f"test-{secrets.token_hex(4)}."))
    )
    postgres.drop(name)


@pytest.fixture(scope="module")
def locked(postgres: PostgresServer) -> str:
    """A user who is asked for a password."""
    rules = postgres.daemon.directory / "data" / "pg_hba.conf"
    rules.write_text("host all locked 127.0.0.1/32 scram-sha-256\n" + rules.read_text())
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute(f"CREATE ROLE locked SUPERUSER LOGIN PASSWORD '{PASSWORD}'")
        connection.execute("SELECT pg_reload_conf()")
    return "locked"


async def _run(place: Place, data: Path, command: str, program: tuple[str, ...] = ("-m", "service")) -> tuple[int, str]:
    """(exit status, everything it said) of a command that ends by itself."""
    settings = {"catalog_url": place.url, "kafka_bootstrap": place.kafka.bootstrap, "kafka_prefix": place.kafka.prefix}
    ports = {"http": "127.0.0.1:0", "listen": "127.0.0.1:0"}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *program,
        command,
        "--data",
        str(data),
        env=environment({**settings, **ports, **place.settings}) | {"COLUMNS": "300", "PGPASSWORD": "wrong-word", **place.beside},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(60):
        told, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, told.decode()


def _is_elsewhere(place: Place, change: tuple[str, str]) -> None:
    place.url = place.url.replace(*change)


SPOILED: dict[str, tuple[Callable[[Place], object], str, str]] = {
    "a wrong password": (
        lambda place: _is_elsewhere(place, ("eunoe@", "locked@")),
        "does not let locked in (password authentication failed",
        "check the user in catalog.url, and PGPASSWORD or ~/.pgpass",
    ),
    "no database server": (
        lambda place: setattr(place, "url", "postgresql://eunoe@127.0.0.1:1/eunoe"),
        "127.0.0.1:1/eunoe cannot be reached",
        "is PostgreSQL running there",
    ),
    "no brokers": (
        lambda place: place.settings.update(kafka_bootstrap="127.0.0.1:1"),
        "Kafka at 127.0.0.1:1 cannot be used",
        "correct kafka.bootstrap",
    ),
    "no object store": (
        Place.name_dead_store,
        f"{s3.URI} does not answer: nobody listens there",
        "look whether the store runs and can be reached",
    ),
    "a newer schema": (
        lambda place: place.sql("UPDATE alembic_version SET version_num = '9999'"),
        "the catalog is at migration 9999, newer than this service knows",
        "start a newer service",
    ),
    "a schema from before the first release": (
        lambda place: place.sql("ALTER TABLE passages DROP COLUMN passage_id CASCADE"),
        "by a service with other tables (it lacks passages.passage_id)",
        "begin with an empty place",
    ),
    "an index of another model": (
        lambda place: place.sql("UPDATE deployment SET model_id = 'another-model'"),
        "the vectors in this catalog were made by another-model",
        "run `eunoe reindex`",
    ),
    "another number of shards": (
        lambda place: place.settings.update(shards=SHARDS + 1),
        f"this deployment has {SHARDS} shards, this service is to have {SHARDS + 1}",
        "the number is fixed when a deployment is created",
    ),
    "topics with other partitions": (
        lambda place: asyncio.run(place.make_topics(SHARDS - 1, "delete")),
        f"has {SHARDS - 1} partitions and the deployment has {SHARDS} shards",
        "delete it (the service makes it again and nothing is lost",
    ),
    "a compacted topic": (
        lambda place: asyncio.run(place.make_topics(SHARDS, "compact")),
        "has cleanup.policy=compact, which would drop records by key",
        "set cleanup.policy=delete",
    ),
}


@pytest.mark.usefixtures("locked")
@pytest.mark.parametrize(("what", "start"), [*zip(SPOILED, cycle(("serve", "work")), strict=False)])
async def test_what_cannot_work_is_refused_in_words(tmp_path: Path, place: Place, what: str, start: str) -> None:
    """By `eunoe doctor`, and by `serve` and `work` in turn: status 1, what was found, what to do."""
    spoil, found, advice = SPOILED[what]
    await asyncio.to_thread(spoil, place)
    async with asyncio.TaskGroup() as tasks:
        runs = [tasks.create_task(_run(place, tmp_path / command, command)) for command in ("doctor", start)]
    for run in runs:
        status, told = run.result()
        assert status == 1, told
        assert found in told and advice in told and "Traceback" not in told, told


async def test_a_schema_that_nobody_knows_a_way_from(tmp_path: Path, place: Place) -> None:
    """What `eunoe migrate` would have to bring up to date and cannot: said by it and by a start."""
    place.sql("UPDATE alembic_version SET version_num = '0000'")
    for command in ("migrate", "serve"):
        status, told = await _run(place, tmp_path, command)
        assert status == 1 and "Traceback" not in told, told
        assert "this service knows no way from there" in told and "run what made it" in told


@pytest.mark.parametrize(("seconds", "words"), [(3600, "3600 s behind"), (-3600, "3600 s ahead of")])
async def test_clocks_that_are_apart_are_told(tmp_path: Path, place: Place, seconds: int, words: str) -> None:
    """By `eunoe doctor`, and in the log of a start (which goes on to be refused for another reason)."""
    clock = ("-c", OTHER_CLOCK.format(nanoseconds=seconds * 10**9))
    place.settings["shards"] = SHARDS + 1
    for command in ("doctor", "serve"):
        _, told = await _run(place, tmp_path, command, clock)
        assert f"the clock of PostgreSQL is {words} this machine's" in told and "set both by a time server" in told, told


async def test_a_deployment_as_it_should_be_is_good(tmp_path: Path, place: Place) -> None:
    """Nothing but the durability of the tests' own server is found wrong."""
    await place.make_topics(SHARDS, "delete")
    _, told = await _run(place, tmp_path, "doctor")
    assert [line for line in told.splitlines() if line.startswith("✗")] == [
        "✗ durability: fsync is off: what was acknowledged can be lost"
    ]
    assert f"topics with {SHARDS} partitions" in told and "clock" not in told.partition("Python:")[2]
