"""The composition root: the only module that knows every concrete class, and the order in which a service begins and ends.

Begin: the lock on the data directory, the catalog, the deployment's row, the first credentials; then listen; then, while calls are taken
already, the owner process, the model and the index reader come up. End: see `_Service.stop`.
"""

from __future__ import annotations

import asyncio
import fcntl
import gc
import hashlib
import os
import secrets
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CollectorRegistry

from service.app.keys import draw_key
from service.app.wiring import Collaborators, UseCases, use_cases
from service.app.workers import Workers
from service.catalog import deployment as deployments
from service.catalog import instances, log
from service.catalog.commit import CommitQueue, GroupLimits
from service.catalog.deployment import Deployment
from service.catalog.engine import Catalog
from service.catalog.ids import new_id, now_us
from service.catalog.instances import InstanceRow, KeyRow
from service.catalog.migrate import migrate
from service.domain.errors import DataLoss, EunoeError, FailedPrecondition, Unavailable
from service.domain.kinds import Isolation, Lane
from service.embedders.base import Embedder, ModelUnusable
from service.embedders.build import PreparedModel, find_prepared, prepare_model
from service.extractors.rules.extractor import RuleExtractor
from service.log.base import Trouble
from service.log.embedded import EmbeddedLog
from service.ops.announce import Credentials, Ready, read_credentials, write_credentials, write_ready
from service.ops.http import HttpServer, Probes
from service.ops.logging import configure_logging, get_logger
from service.ops.metrics import ApiMetrics, exposition
from service.ops.ports import why_not_free
from service.pipeline.process import OwnerPlan
from service.pipeline.supervise import Supervisor
from service.rpc.server import Server
from service.settings import Settings, is_loopback
from service.vectors.reader import IndexReader

EMBEDDED_SHARDS = 1
EXTRACTOR_VERSION = "rules-1"
"""Of the extractor that `service.pipeline.child` runs."""

FIRST_INSTANCE = "default"

READS_WAITING = 512
"""Reads that run or wait for a thread; one takes a fraction of a millisecond."""
FETCH_THREADS = 2
"""Fetches that run at the same time: ranking holds the interpreter for half of its time, so more of them only wait for each other."""

logger = get_logger(__name__)


TROUBLES = {
    Trouble.STORAGE_FULL: "the volume is full: what is accepted waits until there is room",
    Trouble.STORAGE_DAMAGED: "the catalog is damaged: restore a backup",
    Trouble.STORAGE_AWAY: "the catalog cannot be written: what is accepted waits; see the log",
    Trouble.INDEX_AWAY: "the search index cannot be written: what is new is found late; see the log",
}
"""What the owner waits for, as readiness says it."""


class AlreadyRunningError(FailedPrecondition):
    """Another process uses the data directory."""


@dataclass(frozen=True, slots=True)
class _Opened:
    """A data directory that this process has to itself."""

    catalog: Catalog
    deployment: Deployment
    model: PreparedModel
    credentials: Credentials


def run_embedded(settings: Settings) -> int:
    """Run the whole service until SIGTERM or Ctrl-C. Returns the exit status.

    Raises:
        EunoeError: it cannot start; says why and what to do.
    """
    configure_logging(process="api", form=settings.log.format, level=settings.log.level)
    if not settings.insecure and settings.tls.cert is None and not is_loopback(settings.listen):
        raise FailedPrecondition(
            f"{settings.listen} can be reached from other machines, and without TLS keys and content could be read on the way: "
            "set tls.cert and tls.key, listen on 127.0.0.1, or say --insecure",
            reason="TLS_REQUIRED",
        )
    with _opened(settings) as opened:
        return asyncio.run(_serve(settings, opened))


async def _serve(settings: Settings, opened: _Opened) -> int:
    return await _Service(settings, opened).run()  # built on the loop: gRPC's server belongs to the loop it is made on


def reindex(settings: Settings, progress: Callable[[str, int, int], None]) -> None:
    """Build the search index of a stopped service anew; with a changed model, embed everything again first.

    Raises:
        EunoeError: the service runs, or the model cannot be used.
    """
    from service.pipeline.reindex import reindex as rebuild  # noqa: PLC0415 - loads the model's runtime

    with _locked(settings.data_dir), _opened_catalog(settings) as catalog:
        model = _prepared_model(settings)
        rebuild(catalog, str(settings.index_dir), model.directory, model.model_id, EXTRACTOR_VERSION, progress)


@contextmanager
def _opened(settings: Settings) -> Iterator[_Opened]:
    with _locked(settings.data_dir), _opened_catalog(settings) as catalog:
        with _files_in_words():
            model = _prepared_model(settings)
            deployment = _deployment(catalog, model.model_id)
            opened = _Opened(catalog, deployment, model, _credentials(settings, catalog))
        yield opened


@contextmanager
def _opened_catalog(settings: Settings) -> Iterator[Catalog]:
    database = settings.database
    with _files_in_words():
        if read_credentials(settings.credentials_file) is not None and not (database.exists() and database.stat().st_size):
            raise _damaged(database, "it is missing or empty, but there are credentials of an older one beside it")
        database.touch(mode=0o600)  # what people said is nobody else's
        catalog = Catalog(database)
    try:
        migrate(catalog)
        yield catalog
    except DataLoss as error:
        raise _damaged(database, error.values.get("cause", "")) from error
    finally:
        catalog.close()


@contextmanager
def _files_in_words() -> Iterator[None]:
    """A file that cannot be read or written, because of its mode or of a full disk, is no accident of the program."""
    try:
        yield
    except OSError as error:
        raise FailedPrecondition(
            f"{error.filename or 'a file of the service'} cannot be used: {error.strerror}", reason="DATA_DIR_UNUSABLE"
        ) from error


def _damaged(database: Path, cause: str) -> FailedPrecondition:
    """What to say of a catalog that is no catalog any more."""
    return FailedPrecondition(
        f"the catalog {database} is damaged ({cause}): restore a backup of it; or, to begin with nothing, move {database.parent} away",
        reason="STORAGE_DAMAGED",
    )


@contextmanager
def _locked(data_dir: Path) -> Iterator[None]:
    """Keep every other service away from a data directory. The lock is not inherited and dies with this process."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(data_dir / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise FailedPrecondition(
            f"cannot keep data in {data_dir}: {error.strerror}; give a directory that you can write to with --data",
            reason="DATA_DIR_UNUSABLE",
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise AlreadyRunningError(
            f"another service uses {data_dir}: stop it, or choose another directory with --data", reason="DATA_DIR_IN_USE"
        ) from None
    try:
        yield
    finally:
        os.close(lock)


def _prepared_model(settings: Settings) -> PreparedModel:
    """The model's files; built now where `eunoe model prepare` was never run."""
    source, cache = settings.model.source_dir, settings.model.cache_dir
    try:
        return find_prepared(cache, source)
    except ModelUnusable:
        return prepare_model(cache, source, lambda step: logger.info("model_prepare", step=step))


def _deployment(catalog: Catalog, model_id: str) -> Deployment:
    with catalog.read() as connection:
        found = deployments.load_deployment(connection)
    if found is None:
        with catalog.write() as connection:
            return deployments.create_deployment(
                connection, shards=EMBEDDED_SHARDS, model_id=model_id, extractor_version=EXTRACTOR_VERSION
            )
    if found.shards != EMBEDDED_SHARDS:
        raise FailedPrecondition(
            f"this data directory has {found.shards} shards, the embedded service has {EMBEDDED_SHARDS}: the number is fixed when a deployment is created",
            reason="SHARDS_MISMATCH",
        )
    if found.model_id != model_id:
        raise FailedPrecondition(
            f"the vectors in this data directory were made by {found.model_id}, the configured model is {model_id}: "
            "run `eunoe reindex` to embed everything again, or configure the former model",
            reason="MODEL_CHANGED",
        )
    return found


def _credentials(settings: Settings, catalog: Catalog) -> Credentials:
    """The stored credentials; on an empty directory the first instance, its key and an admin token are made."""
    with catalog.read() as connection:
        existing = instances.find_instance(connection, FIRST_INSTANCE)
    _check_isolation(settings, existing)
    stored = read_credentials(settings.credentials_file)
    if stored is not None:
        return stored
    key, instance = draw_key(), InstanceRow(new_id(), FIRST_INSTANCE, Isolation(settings.isolation or "strict"), now_us())
    with catalog.write() as connection:
        if existing is None:
            instances.insert_instance(connection, instance)
        owner = existing or instance
        instances.insert_key(connection, KeyRow(key.key_id, owner.instance_id, key.secret_hash, "first key", now_us(), None))
    made = Credentials(owner.name, key.secret, secrets.token_urlsafe(32))
    write_credentials(settings.credentials_file, made)
    logger.info("credentials_made", file=str(settings.credentials_file))
    return made


def _check_isolation(settings: Settings, first: InstanceRow | None) -> None:
    if first is not None and settings.isolation is not None and first.isolation.value != settings.isolation:
        raise FailedPrecondition(
            f"isolation={settings.isolation} is asked for, but the instance {first.name!r} in {settings.data_dir} is {first.isolation.value}, "
            "and that is fixed when an instance is made: leave the setting out, give another directory with --data, "
            "or make another instance with CreateInstance",
            reason="ISOLATION_FIXED",
        )


class _Service:
    """One running service."""

    def __init__(self, settings: Settings, opened: _Opened) -> None:
        self._settings = settings
        self._opened = opened
        self._metrics_file = settings.data_dir / "owner.prom"
        for stale in (self._metrics_file, *settings.ready_files):
            with suppress(OSError):  # what cannot be removed cannot be written either, which is said in its turn
                stale.unlink()
        self._registry = CollectorRegistry()
        self._metrics = ApiMetrics(self._registry)
        with opened.catalog.read() as connection:
            applied, indexed = log.progress(connection, "log_applied"), log.progress(connection, "log_indexed")
        self._log = EmbeddedLog(applied, indexed)
        self._queue = self._commit_queue()
        self._supervisor = Supervisor(self._owner_plan(), self._log, self._metrics.owner_restarts.inc)
        self._reads = Workers("read", threads=2, bound=READS_WAITING)
        self._fetches = Workers("fetch", threads=FETCH_THREADS, bound=settings.limits.fetches)
        self._index = IndexReader(str(settings.index_dir))
        self._app = self._use_cases()
        self._metrics.watch_scopes(self._app.scopes.statistics)
        self._server = Server(settings, self._app, self._metrics, self._admin_token())
        self._http = HttpServer(Probes(live=self._dead_parts, ready=self._unready_parts, metrics=self._exposition))

    async def run(self) -> int:
        """Serve until told to stop."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        self._queue.start(loop)
        try:
            self._announce(await self._listen())
            async with asyncio.TaskGroup() as tasks:
                owner = tasks.create_task(self._supervisor.run())
                tasks.create_task(self._bring_up())
                _tune_collector()
                await stop.wait()
                logger.info("service_stops")
                await self._server.stop()
                owner.cancel()
        finally:  # also when a part of it failed: an owner that nobody ends would keep this process from ending
            await self.stop()
        return 0

    async def _listen(self) -> str:
        """Open both ports. Returns the address of HTTP, with the real port."""
        try:
            http = await self._http.start(self._settings.http)
        except OSError as error:
            raise _cannot_listen("http", self._settings.http) from error
        try:
            await self._server.start()
        except RuntimeError as error:
            raise _cannot_listen("listen", self._settings.listen) from error
        return http

    async def stop(self) -> None:
        """1. calls are over; 2. what was accepted is committed; 3. the owner finishes its round; 4. the ports close."""
        await self._server.stop()
        await asyncio.to_thread(self._queue.close)
        await self._supervisor.stop(self._settings.shutdown.grace.total_seconds())
        await self._http.stop()
        self._fetches.close()
        self._reads.close()
        await asyncio.to_thread(self._index.close)
        for path in self._settings.ready_files:
            with suppress(OSError):
                path.unlink()

    def _commit_queue(self) -> CommitQueue:
        commit = self._settings.commit
        limits = GroupLimits(commit.group_items, int(commit.group_bytes), commit.linger.total_seconds(), commit.queue)
        return CommitQueue(
            self._opened.catalog,
            self._opened.deployment.shards,
            limits,
            on_commit=self._log.appended,
            on_death=self._writer_died,
            observe=self._observe_group,
        )

    def _writer_died(self) -> None:
        logger.critical("writer_died")
        self._server.writer_died()

    def _observe_group(self, items: int, seconds: float) -> None:
        self._metrics.commit_items.observe(items)
        self._metrics.commit_seconds.observe(seconds)

    def _owner_plan(self) -> OwnerPlan:
        deployment = self._opened.deployment
        return OwnerPlan(
            database=self._settings.database,
            index_uri=str(self._settings.index_dir),
            model_dir=self._opened.model.directory,
            shard=0,
            log_epoch=deployment.log_epoch,
            generation=deployment.generation,
            extractor_version=EXTRACTOR_VERSION,
            metrics_file=self._metrics_file,
            log_format=self._settings.log.format,
            log_level=self._settings.log.level,
        )

    def _use_cases(self) -> UseCases:
        token = self._admin_token()
        return use_cases(
            Collaborators(
                catalog=self._opened.catalog,
                deployment=self._opened.deployment,
                queue=self._queue,
                log=self._log,
                extractor=RuleExtractor(),
                metrics=self._metrics,
                settings=self._settings,
                reads=self._reads,
                fetches=self._fetches,
                page_secret=hashlib.blake2b(token.encode(), digest_size=32, person=b"pages").digest(),
            )
        )

    def _admin_token(self) -> str:
        return self._settings.admin_token or self._opened.credentials.admin_token

    async def _bring_up(self) -> None:
        """Load what calls can wait for: the model of questions, then the search index."""
        model_dir = self._opened.model.directory
        try:
            self._app.model.loaded(await asyncio.to_thread(_open_model, model_dir))
        except ModelUnusable as error:
            logger.critical("model_not_loaded", error=error.message)
            self._app.model.failed(error)
        try:
            await asyncio.to_thread(self._index.warm_up)
        except Unavailable as error:
            logger.warning("index_not_opened", error=error.message)
        self._app.tables.attach(self._index)

    def _measure(self) -> None:
        self._metrics.commit_queue.set(self._queue.statistics().waiting)
        with self._opened.catalog.read() as connection:
            heads = log.progress(connection, "log_heads")
        applied, indexed = self._log.applied(), self._log.indexed()
        for (shard, lane), head in heads.items():
            place = (str(shard), Lane(lane).name.lower())
            done, found = applied.get((shard, lane), 0), indexed.get((shard, lane), 0)
            self._metrics.applied_lag.labels(*place).set(head - done)
            self._metrics.indexed_lag.labels(*place).set(done - found)
            self._metrics.backlog.labels(place[1]).set(head - found)

    def _exposition(self) -> bytes:
        """The metrics of this process, and the last ones of the owner."""
        for trouble in TROUBLES:
            self._metrics.owner_waits.labels(trouble.name.lower()).set(trouble is self._log.trouble())
        with suppress(EunoeError):  # a catalog that cannot be read has no numbers, which the others need not suffer for
            self._measure()
        try:
            of_owner = self._metrics_file.read_bytes()
        except FileNotFoundError:  # it has not measured anything yet
            of_owner = b""
        return exposition(self._registry) + of_owner

    def _dead_parts(self) -> list[str]:
        return [] if self._queue.statistics().is_alive else ["the thread that commits died"]

    def _unready_parts(self) -> list[str]:
        failing = ["the owner process keeps dying: what is written waits; see the log"] if self._supervisor.is_failing else []
        trouble = TROUBLES.get(self._log.trouble())
        return self._dead_parts() + failing + ([trouble] if trouble else [])

    def _announce(self, http: str) -> None:
        settings = self._settings
        host = settings.listen.rpartition(":")[0]
        cert = str(settings.tls.cert) if settings.tls.cert else None
        ready = Ready(
            address=f"{host}:{self._server.port}",
            http=http,
            pid=os.getpid(),
            credentials=str(settings.credentials_file),
            data_dir=str(settings.data_dir),
            tls_cert=cert,
        )
        with _files_in_words():
            for path in settings.ready_files:
                write_ready(path, ready)
        logger.info("service_ready", address=ready.address, http=http, data=str(settings.data_dir))


def _cannot_listen(setting: str, address: str) -> FailedPrecondition:
    why = why_not_free(address) or "it cannot be listened on"
    return FailedPrecondition(
        f"{setting}={address}: {why}; stop what holds it, or give another address with --{setting}", reason="ADDRESS_IN_USE"
    )


def _open_model(model_dir: Path) -> Embedder:
    from service.embedders.local import LocalEmbedder  # noqa: PLC0415 - the runtime takes its time, and calls are taken already

    return LocalEmbedder.open(model_dir)


def _tune_collector() -> None:
    """What exists now lives as long as the process: about 10 % more calls when the collector never walks it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 1000)
