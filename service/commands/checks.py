"""What `eunoe doctor` looks at: one function per thing that can be wrong on a machine. They change nothing that stays."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from service.commands.remote import CallFailed, Where, connect
from service.domain.errors import EunoeError
from service.embedders.base import ModelUnusable
from service.embedders.build import model_directory
from service.embedders.manifest import verify
from service.ops.announce import Ready, read_ready
from service.ops.ports import why_not_free
from service.settings import Settings
from service.vectors.errors import IndexUnavailable
from service.vectors.place import endpoint_of, is_readable_on_the_way
from service.vectors.reader import IndexReader

if TYPE_CHECKING:
    from service.catalog.engine import Catalog
    from service.log.topics import Topic

MINIMUM_PYTHON = (3, 11)
ENOUGH_BYTES = 1024**3
"""Free space below which a warning is due: an index is rewritten beside itself when it is optimised."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    title: str
    state: str
    """`good`, `note` (works, but worth knowing) or `problem`."""
    detail: str
    advice: str = ""
    """What to do; set for notes and problems."""


def good(title: str, detail: str) -> Finding:
    """Nothing to do."""
    return Finding(title, "good", detail)


def note(title: str, detail: str, advice: str) -> Finding:
    """It works, but somebody should know."""
    return Finding(title, "note", detail, advice)


def problem(title: str, detail: str, advice: str) -> Finding:
    """It does not work."""
    return Finding(title, "problem", detail, advice)


def all_findings(settings: Settings, where: Where) -> Iterator[Finding]:
    """Every check, in the order in which trouble usually begins."""
    ready = read_ready(settings.ready_files[0])
    yield check_python()
    sqlite = check_sqlite()
    yield sqlite
    yield from check_data_dir(settings)
    yield from check_catalog(settings)
    yield from check_secrets(settings)
    yield from check_tls(settings)
    yield check_model(settings)
    yield from check_index(settings)
    if settings.kafka.bootstrap is not None:
        yield from check_kafka(settings)
    if ready is None:
        if sqlite.state == "good" and settings.catalog.url is None:
            yield from check_catalog_file(settings)
        yield note("service", f"none runs on {settings.data_dir}", f"start it with `eunoe up --data {settings.data_dir}`")
        yield check_port("gRPC port", settings.listen, "--listen")
        yield check_port("HTTP port", settings.http, "--http")
    else:
        yield check_grpc(ready, where)
        yield check_http(ready)


def check_python(version: tuple[int, ...] = sys.version_info[:3]) -> Finding:
    """Whether Python is new enough."""
    text = ".".join(map(str, version))
    if version < MINIMUM_PYTHON:
        return problem("Python", text, "install Python 3.11 or newer")
    return good("Python", text)


def check_sqlite() -> Finding:
    """Whether a catalog can be opened: SQLite is there, and free of the bug that can corrupt a write-ahead log."""
    advice = "reinstall the package pysqlite3: it brings a SQLite that is new enough with it"
    try:
        from service.catalog.engine import Catalog  # noqa: PLC0415 - fails where SQLite is missing, which is looked for
    except ImportError as error:
        return problem("SQLite", f"it cannot be imported: {error}", advice)
    with tempfile.TemporaryDirectory() as scratch:
        try:
            catalog = Catalog(Path(scratch) / "catalog.db")
            with catalog.read() as connection:
                version = str(connection.exec_driver_sql("SELECT sqlite_version()").scalar_one())
            catalog.close()
        except (RuntimeError, EunoeError) as error:
            return problem("SQLite", str(error), advice)
    return good("SQLite", version)


def check_data_dir(settings: Settings) -> Iterator[Finding]:
    """Whether the data directory can be made and used, and has room."""
    path = settings.data_dir
    place = next(parent for parent in (path, *path.parents) if parent.exists())
    if not place.is_dir():
        yield problem("data directory", f"{place} is a file", "give another directory with --data or EUNOE_DATA_DIR")
        return
    if not os.access(place, os.W_OK | os.X_OK):
        yield problem("data directory", f"{place} cannot be written", f"give this user write access to {place}, or use --data")
        return
    yield good("data directory", f"{path}" if place == path else f"{path} (will be made)")
    yield _hard_links(place)
    free = shutil.disk_usage(place).free
    room = f"{free / 1024**3:.1f} GB free"
    yield (
        good("disk space", room)
        if free >= ENOUGH_BYTES
        else note("disk space", room, "make room: below 1 GB the index may not fit")
    )


def check_catalog(settings: Settings) -> Iterator[Finding]:
    """Whether the PostgreSQL database that is set, if one is, can be used as it is."""
    if settings.catalog.url is None:
        return
    from service.catalog.engine import Catalog  # noqa: PLC0415 - as in `check_sqlite`
    from service.catalog.migrate import HEAD, require_schema  # noqa: PLC0415
    from service.catalog.reach import reach  # noqa: PLC0415

    try:
        server = reach(settings.catalog.url)
        yield good("PostgreSQL", f"{server.version} at {server.place}")
        if not server.is_synced:
            yield problem("durability", "fsync is off: what was acknowledged can be lost", "set fsync = on in postgresql.conf")
        if server.clocks_apart:
            yield note(
                "clocks", server.clocks_apart, "set both by a time server: times of what people say come from this machine"
            )
        with closing(Catalog(settings.catalog.url)) as catalog:
            require_schema(catalog)
            yield good("catalog", f"its schema is this service's, {HEAD}")
            yield from check_deployment(settings, catalog)
    except EunoeError as error:
        yield _refusal("catalog", error)


def check_deployment(settings: Settings, catalog: Catalog) -> Iterator[Finding]:
    """Whether a catalog is what these settings and this version would use it as."""
    from service.catalog.deployment import load_deployment, require_match  # noqa: PLC0415 - as in `check_sqlite`
    from service.catalog.migrate import require_schema  # noqa: PLC0415
    from service.embedders.build import find_prepared  # noqa: PLC0415
    from service.retrieval import terms  # noqa: PLC0415

    try:
        require_schema(catalog)
        with catalog.read() as connection:
            found = load_deployment(connection)
        if found is None:
            return
        model = find_prepared(settings.model.cache_dir, settings.model.source_dir)
        require_match(found, shards=settings.shards, model_id=model.model_id, analysis_version=terms.VERSION)
    except ModelUnusable:
        return  # which `check_model` tells
    except EunoeError as error:
        yield _refusal("deployment", error)
    else:
        yield good("deployment", f"{found.shards} shard{'s' * (found.shards > 1)}, model {found.model_id}")


def _refusal(title: str, error: EunoeError) -> Finding:
    """A problem in the words of what refuses to start on it: what was found, then what to do."""
    found, _, advice = error.message.rpartition(": ")
    return problem(title, found, advice)


def _hard_links(place: Path) -> Finding:
    advice = "put the data directory on a local file system with hard links (not FAT, not most network shares)"
    try:
        with tempfile.TemporaryDirectory(prefix=".eunoe-doctor-", dir=place) as scratch:
            first = Path(scratch) / "first"
            first.touch()
            (Path(scratch) / "second").hardlink_to(first)
    except OSError as error:
        return problem("hard links", f"not possible in {place}: {error.strerror}; the index needs them", advice)
    return good("hard links", "work")


def check_secrets(settings: Settings) -> Iterator[Finding]:
    """Whether others on this machine can read what they must not."""
    for path, allowed in ((settings.credentials_file, 0o077), (settings.database, 0o077)):
        if path.exists():
            mode = stat.S_IMODE(path.stat().st_mode)
            if mode & allowed:
                yield note(path.name, f"mode {mode:04o}: other users can read it", f"chmod 600 {path}")
            else:
                yield good(path.name, f"mode {mode:04o}")


def check_tls(settings: Settings) -> Iterator[Finding]:
    """Whether the certificate and its key can be used."""
    from service.rpc.tls import read_pair  # noqa: PLC0415 - costs only those who use TLS

    try:
        if read_pair(settings.tls) is not None:
            yield good("TLS", str(settings.tls.cert))
    except EunoeError as error:
        yield problem("TLS", error.message, "give PEM files with --tls-cert and --tls-key")


def check_catalog_file(settings: Settings) -> Iterator[Finding]:
    """Whether the catalog of a service that does not run is whole."""
    from service.catalog.engine import Catalog  # noqa: PLC0415 - where SQLite is missing nobody comes here

    if not settings.database.exists() and not settings.credentials_file.exists():
        return
    advice = f"restore a backup of {settings.database}; or, to begin with nothing, move {settings.data_dir} away"
    if not settings.database.exists() or not settings.database.stat().st_size:
        yield problem("catalog", f"{settings.database} is missing or empty, but there are credentials beside it", advice)
        return
    try:
        catalog = Catalog(settings.database)
        with closing(catalog):
            faults = catalog.faults()
            further = [] if faults else list(check_deployment(settings, catalog))
    except EunoeError as error:
        yield problem("catalog", f"{settings.database}: {error.values.get('cause') or error.message}", advice)
    except OSError as error:
        yield problem("catalog", f"{settings.database}: {error.strerror}", "give this user read and write access to it")
    else:
        yield problem("catalog", f"{settings.database} is damaged: {faults}", advice) if faults else good("catalog", "whole")
        yield from further


def check_model(settings: Settings) -> Finding:
    """Whether the model's files are whole, checksums included."""
    directory = model_directory(settings.model.cache_dir, settings.model.source_dir)
    try:
        manifest = verify(directory)
    except EunoeError as error:
        return problem("model", error.message.partition(";")[0], "run `eunoe model prepare`")
    return good("model", f"{manifest.model_id} in {directory}")


def check_index(settings: Settings) -> Iterator[Finding]:
    """Whether a bucket lets us in; an index in a directory has nothing that can be wrong before it is there."""
    reader = IndexReader(settings.index_uri)
    if not reader.place.is_remote:
        return
    if is_readable_on_the_way(os.environ):
        endpoint = endpoint_of(os.environ)
        yield note(
            "search index", f"what people said goes to {endpoint} in plaintext", "give an https address in AWS_ENDPOINT_URL"
        )
    try:
        reader.check()
    except IndexUnavailable as error:
        yield problem("search index", error.message, error.advice)
    else:
        yield good("search index", f"{settings.index_uri} can be read")
    finally:
        reader.close()


def check_kafka(settings: Settings) -> Iterator[Finding]:
    """Whether the brokers answer, and the topics are what this deployment needs."""
    from service.bootstrap.topics import shards_of  # noqa: PLC0415 - only where Kafka is used
    from service.log.broker import lanes_of_topics  # noqa: PLC0415 - as above
    from service.log.topics import describe_topics  # noqa: PLC0415 - as above

    try:
        shards = shards_of(settings)
    except EunoeError:
        yield note("Kafka", "how many shards there are is not known without the catalog", "mend the catalog first")
        return
    try:
        found = asyncio.run(describe_topics(settings.kafka))
    except EunoeError as error:
        yield problem("Kafka", error.message.partition(";")[0], "start the brokers, or correct kafka.bootstrap")
        return
    place = f"{settings.kafka.bootstrap} answers"
    missing = lanes_of_topics(settings.kafka).keys() - {topic.name for topic in found}
    if missing:
        yield note("Kafka", f"{place}, topics are missing", "run `eunoe topics create`, or let `eunoe serve` make them")
    wrong = [finding for topic in found for finding in _wrong_with(topic, shards)]
    yield from wrong
    if not missing and not wrong:
        yield good("Kafka", f"{place}, topics with {shards} partitions")


def _wrong_with(topic: Topic, shards: int) -> Iterator[Finding]:
    from service.log.topics import BROKERS_CLOCK, problems_of  # noqa: PLC0415 - as in `check_kafka`

    for each in problems_of(topic, shards):
        found, _, advice = each.partition(": ")
        yield problem("Kafka", found, advice)
    if topic.stamped_by != BROKERS_CLOCK:
        yield note(
            "Kafka",
            f"topic {topic.name} has message.timestamp.type={topic.stamped_by}: a machine whose clock is an hour ahead publishes nothing",
            f"set message.timestamp.type={BROKERS_CLOCK}",
        )


def check_port(title: str, address: str, flag: str) -> Finding:
    """Whether an address can be listened on."""
    why = why_not_free(address)
    if why:
        return problem(title, f"{address}: {why}", f"stop what holds it, or use another address with {flag}")
    return good(title, f"{address} is free")


def check_grpc(ready: Ready, where: Where) -> Finding:
    """Whether the running service answers calls, by its own word (gRPC health checking protocol)."""
    advice = f"look at its log; `kill {ready.pid}` stops it, `eunoe up` starts it again"
    try:
        with connect(where.find()) as service:
            stub: Any = health_pb2_grpc.HealthStub(service.channel)  # the package's types leave its methods out
            answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=5)
    except (CallFailed, grpc.RpcError) as error:
        return problem("service", f"pid {ready.pid} at {ready.address}: {_words(error)}", advice)
    if answer.status != health_pb2.HealthCheckResponse.SERVING:
        state = health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)
        return problem("service", f"pid {ready.pid} at {ready.address}: {state}", advice)
    return good("service", f"pid {ready.pid} serves at {ready.address}")


def check_http(ready: Ready) -> Finding:
    """Whether the running service calls itself ready, and why not."""
    url = f"http://{ready.http}/readyz"
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return good("readiness", answer.read().decode().strip())
    except urllib.error.HTTPError as error:
        reasons = "; ".join(error.read().decode(errors="replace").split("\n")).strip("; ")
        known = error.code == HTTPStatus.SERVICE_UNAVAILABLE
        return problem(
            "readiness",
            reasons if known else f"{url} answers {error.code}",
            "wait while it starts or stops; else look at its log",
        )
    except OSError as error:
        return problem("readiness", f"{url}: {error}", "look at the service's log")


def _words(error: Exception) -> str:
    return error.message.partition("\n")[0] if isinstance(error, CallFailed) else str(getattr(error, "details", lambda: error)())
