"""Before anything else: the lock on the data directory, the catalog, the model, the deployment's row and the first credentials."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from service.app.keys import draw_key
from service.catalog import indexes, instances
from service.catalog.deployment import Deployment, settle_deployment
from service.catalog.engine import Catalog, Connection
from service.catalog.ids import new_id, now_us
from service.catalog.instances import InstanceRow, KeyRow
from service.catalog.migrate import migrate
from service.domain.errors import DataLoss, FailedPrecondition
from service.domain.kinds import Isolation
from service.embedders.base import ModelUnusable
from service.embedders.build import PreparedModel, find_prepared, prepare_model
from service.extractors import rules
from service.ops.announce import Credentials, read_credentials, write_credentials
from service.ops.logging import get_logger
from service.retrieval import terms
from service.settings import Settings
from service.vectors.errors import IndexRefused, IndexUnavailable
from service.vectors.reader import IndexReader

EMBEDDED_SHARDS = 1
CLUSTER_SHARDS = 16
"""Of a deployment that `serve` or `work` creates, where the settings do not say."""

FIRST_INSTANCE = "default"

logger = get_logger(__name__)


class AlreadyRunningError(FailedPrecondition):
    """Another process uses the data directory."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A deployment that this process may use."""

    catalog: Catalog
    deployment: Deployment
    model_dir: Path
    """Of the model in use, which is another one than the configured one while that is being made ready."""


@contextmanager
def open_embedded(settings: Settings) -> Iterator[Opened]:
    """Have a data directory to oneself, with its one shard.

    Raises:
        EunoeError: it cannot be used; says why and what to do.
    """
    refuse_database(settings)
    with locked(settings.data_dir), open_catalog(settings, settings.database) as catalog:
        yield _prepare(settings, catalog, EMBEDDED_SHARDS, EMBEDDED_SHARDS)


@contextmanager
def open_shared(settings: Settings) -> Iterator[Opened]:
    """Use a deployment beside other processes of it, which may come up at the same time.

    Raises:
        EunoeError: it cannot be used; says why and what to do.
    """
    with locked(settings.data_dir, is_shared=True), open_catalog(settings, settings.catalog_place) as catalog:
        with taking_turns(settings.data_dir):
            opened = _prepare(settings, catalog, settings.shards, CLUSTER_SHARDS)
        yield opened


@contextmanager
def open_catalog(settings: Settings, place: Path | str) -> Iterator[Catalog]:
    """The catalog at a place; a new file where there is none and there never was.

    Raises:
        FailedPrecondition: it is damaged, or gone.
    """
    with files_in_words():
        if isinstance(place, Path):
            _prepare_file(settings, place)
        catalog = Catalog(place)
    try:
        yield catalog
    except DataLoss as error:
        raise _damaged(settings, error.values.get("cause", "")) from error
    finally:
        catalog.close()


def _prepare_file(settings: Settings, database: Path) -> None:
    if read_credentials(settings.credentials_file) is not None and not (database.exists() and database.stat().st_size):
        raise _damaged(settings, "it is missing or empty, but there are credentials of an older one beside it")
    database.touch(mode=0o600)  # what people said is nobody else's


def _damaged(settings: Settings, cause: str) -> FailedPrecondition:
    return FailedPrecondition(
        f"the catalog {settings.database} is damaged ({cause}): restore a backup of it; "
        f"or, to begin with nothing, move {settings.data_dir} away",
        reason="STORAGE_DAMAGED",
    )


@contextmanager
def files_in_words() -> Iterator[None]:
    """A file that cannot be read or written, because of its mode or of a full disk, is no accident of the program."""
    try:
        yield
    except OSError as error:
        raise FailedPrecondition(
            f"{error.filename or 'a file of the service'} cannot be used: {error.strerror}", reason="DATA_DIR_UNUSABLE"
        ) from error


def refuse_database(settings: Settings) -> None:
    """Hold what keeps everything in one data directory to that.

    Raises:
        FailedPrecondition: the settings name a catalog elsewhere.
    """
    if settings.catalog.url is not None:
        raise FailedPrecondition(
            "catalog.url names a PostgreSQL database, and this command keeps everything in the data directory: "
            "take the setting away (EUNOE_CATALOG_URL), or use `eunoe serve` and `eunoe work`",
            reason="CATALOG_ELSEWHERE",
        )


def _prepare(settings: Settings, catalog: Catalog, shards: int | None, default_shards: int) -> Opened:
    migrate(catalog)
    with files_in_words():
        model = prepared_model(settings)
    deployment = settle_deployment(
        catalog,
        shards=shards,
        default_shards=default_shards,
        model_id=model.model_id,
        model_dir=str(model.directory),
        extractor_version=rules.VERSION,
        analysis_version=terms.VERSION,
    )
    _check_index(settings.index_uri, catalog)
    return Opened(catalog, deployment, Path(deployment.model_dir or model.directory))


@contextmanager
def locked(data_dir: Path, *, is_shared: bool = False) -> Iterator[None]:
    """Keep every other service away from a data directory, or all but those that share it. The lock is not inherited and dies with this process."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = _open_lock(data_dir / "lock")
    except OSError as error:
        raise FailedPrecondition(
            f"cannot keep data in {data_dir}: {error.strerror}; give a directory that you can write to with --data",
            reason="DATA_DIR_UNUSABLE",
        ) from error
    try:
        fcntl.flock(lock, (fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise AlreadyRunningError(
            f"another service uses {data_dir}: stop it, or choose another directory with --data", reason="DATA_DIR_IN_USE"
        ) from None
    try:
        yield
    finally:
        os.close(lock)


@contextmanager
def taking_turns(data_dir: Path) -> Iterator[None]:
    """One process at a time creates what all of them need; the others wait, and find it."""
    lock = _open_lock(data_dir / "setup-lock")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _open_lock(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def prepared_model(settings: Settings) -> PreparedModel:
    """The model's files; built now where `eunoe model prepare` was never run."""
    source, cache = settings.model.source_dir, settings.model.cache_dir
    try:
        return find_prepared(cache, source)
    except ModelUnusable:
        return prepare_model(cache, source, lambda step: logger.info("model_prepare", step=step))


def _check_index(uri: str, catalog: Catalog) -> None:
    """Refuse to start on a bucket that does not let us in. One that was used before and is away now is waited for while running."""
    reader = IndexReader(uri)
    if not reader.place.is_remote:
        return
    try:
        reader.check()
    except IndexRefused as error:
        raise _refused(error) from error
    except IndexUnavailable as error:
        with catalog.read() as connection:
            if not indexes.table_names(connection):
                raise _refused(error) from error
        logger.warning("index_away", error=error.message)
    finally:
        reader.close()


def _refused(error: IndexUnavailable) -> FailedPrecondition:
    return FailedPrecondition(f"the search index cannot be used: {error.message}\n{error.advice}", reason="VECTORS_REFUSED")


def first_credentials(settings: Settings, catalog: Catalog) -> Credentials:
    """The stored credentials; on an empty directory the first instance, its key and an admin token are made.

    Raises:
        FailedPrecondition: another isolation is asked for than the first instance has.
    """
    with files_in_words(), taking_turns(settings.data_dir):
        with catalog.read() as connection:
            _check_isolation(settings, instances.find_instance(connection, FIRST_INSTANCE))
        return read_credentials(settings.credentials_file) or _make_credentials(settings, catalog)


def _check_isolation(settings: Settings, first: InstanceRow | None) -> None:
    if first is not None and settings.isolation is not None and first.isolation.value != settings.isolation:
        raise FailedPrecondition(
            f"isolation={settings.isolation} is asked for, but the instance {first.name!r} in {settings.data_dir} is {first.isolation.value}, "
            "and that is fixed when an instance is made: leave the setting out, give another directory with --data, "
            "or make another instance with CreateInstance",
            reason="ISOLATION_FIXED",
        )


def _make_credentials(settings: Settings, catalog: Catalog) -> Credentials:
    key, instance = draw_key(), InstanceRow(new_id(), FIRST_INSTANCE, Isolation(settings.isolation or "strict"), now_us())

    def make(connection: Connection) -> str:
        existing = instances.find_instance(connection, FIRST_INSTANCE)
        if existing is None:
            instances.insert_instance(connection, instance)
        owner = existing or instance
        instances.insert_key(connection, KeyRow(key.key_id, owner.instance_id, key.secret_hash, "first key", now_us(), None))
        return owner.name

    made = Credentials(catalog.transact(make), key.secret, secrets.token_urlsafe(32))
    write_credentials(settings.credentials_file, made)
    logger.info("credentials_made", file=str(settings.credentials_file))
    return made
