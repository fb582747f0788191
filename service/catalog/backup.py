"""Backups: a copy of the catalog as it was at one moment, and a manifest that says what it is, by which it is checked before it is used.

What lives here: the manifest, and copying a SQLite catalog, also one that a running service writes. What does not: which files go along,
and where they come from (`service.bootstrap`). Settings are not in a backup, nor is the search index, which is rebuilt.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pysqlite3 import dbapi2

from service.catalog import deployment as deployments
from service.catalog.engine import Catalog
from service.catalog.migrate import HEAD, migrate
from service.domain.errors import FailedPrecondition

FORMAT = 1
MANIFEST = "manifest.json"
DATABASE = "catalog.db"
COUNTED = ("instances", "conversations", "messages", "documents", "items", "memories", "outbox")
"""Tables whose rows the manifest counts."""

_PAGES = 1_000
_CHUNK = 1 << 20

Progress = Callable[[str, int, int], None]
"""Told (stage, done, total), in bytes."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup is."""

    format: int
    database: str
    """The kind of catalog: `sqlite`."""
    service: str
    """The version of the service that made it."""
    create_time: str
    schema: str
    """The newest migration of the catalog."""
    log_epoch: int
    model_id: str
    generation: int
    shards: int
    counts: Mapping[str, int]
    """Rows by table."""
    files: dict[str, str]
    """SHA-256 by name of every file that belongs to it."""


def save(database: Path, others: Sequence[Path], target: Path, progress: Progress) -> Manifest:
    """Copy a catalog, as it is now, and some small files into a directory that is empty or not there yet.

    Raises:
        FailedPrecondition: something is there already.
        OSError: it cannot be written; there is no manifest then, so nobody takes it for a backup.
    """
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    if any(target.iterdir()):
        raise _refused(f"{target} is not empty: a backup goes into a directory of its own")
    _copy_database(database, target / DATABASE, progress)
    for path in others:
        put_file(target / path.name, path.read_bytes())
    files = {path.name: _checksum(path, progress) for path in sorted(target.iterdir())}
    manifest = _describe(target / DATABASE, files)
    put_file(target / MANIFEST, json.dumps(asdict(manifest), indent=2).encode() + b"\n")
    _sync(target)
    return manifest


def check(source: Path, progress: Progress) -> Manifest:
    """Read a backup's manifest and compare its files with it.

    Raises:
        FailedPrecondition: it is no backup, not whole, not what its manifest says, or a newer service's.
    """
    manifest = _read_manifest(source)
    if manifest.format != FORMAT or manifest.database != "sqlite" or manifest.schema > HEAD:
        raise _refused(
            f"{source} was made by service {manifest.service} (format {manifest.format}, {manifest.database}, schema {manifest.schema}); "
            f"this one knows format {FORMAT}, sqlite and schemas up to {HEAD}: restore it with that version, or a newer one"
        )
    for name, expected in ({DATABASE: ""} | manifest.files).items():
        path = source / name
        if Path(name).name != name or not path.is_file() or _checksum(path, progress) != expected:
            raise _refused(f"{path} is missing, or is not what it was when the backup was made")
    found = _describe(source / DATABASE, manifest.files)
    if _facts(found) != _facts(manifest):
        raise _refused(f"the manifest of {source} speaks of another catalog: {_facts(manifest)}, not {_facts(found)}")
    return manifest


def restore(source: Path, database: Path, progress: Progress) -> None:
    """Put a checked backup's catalog into use, under a new log epoch: positions and index tables of before are none of its own.

    Until it is complete there is no file `database`.
    """
    partial = database.with_suffix(".restoring")
    for leftover in database.parent.glob(f"{partial.name}*"):
        leftover.unlink()
    _copy_file(source / DATABASE, partial, progress)
    catalog = Catalog(partial)
    try:
        migrate(catalog)
        with catalog.write() as connection:
            deployments.begin_epoch(connection)
        catalog.checkpoint()
    finally:
        catalog.close()
    _sync(partial)
    partial.replace(database)
    _sync(database.parent)


def _copy_database(database: Path, target: Path, progress: Progress) -> None:
    """SQLite's online backup, of one moment: the transaction around it keeps it from beginning anew with every write of others."""
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    source, copy = dbapi2.connect(f"file:{database}?mode=ro", uri=True), dbapi2.connect(target)
    try:
        source.isolation_level = None
        source.execute("BEGIN")
        (size,) = source.execute("PRAGMA page_size").fetchone()
        source.execute("SELECT count(*) FROM deployment").fetchone()  # the transaction begins with its first read
        source.backup(
            copy, pages=_PAGES, progress=lambda _, left, total: progress("copying", (total - left) * size, total * size)
        )
        source.execute("COMMIT")
    finally:
        copy.close()
        source.close()


def _describe(database: Path, files: Mapping[str, str]) -> Manifest:
    # Nobody writes it, and it has no log of its own: nothing is to appear beside it.
    connection = dbapi2.connect(f"file:{database}?mode=ro&immutable=1", uri=True)
    try:
        return _manifest(connection, files)
    except dbapi2.Error as error:
        raise _refused(f"{database} is no catalog: {error}") from error
    finally:
        connection.close()


def _manifest(connection: Any, files: Mapping[str, str]) -> Manifest:
    def one(statement: str) -> Any:
        row = connection.execute(statement).fetchone()
        if row is None:
            raise _refused("the catalog holds no deployment: nothing was ever written to it")
        return row[0]

    return Manifest(
        format=FORMAT,
        database="sqlite",
        service=version("eunoe-service"),
        create_time=datetime.now(UTC).isoformat(timespec="seconds"),
        schema=str(one("SELECT version_num FROM alembic_version")),
        log_epoch=int(one("SELECT log_epoch FROM deployment")),
        model_id=str(one("SELECT model_id FROM deployment")),
        generation=int(one("SELECT generation FROM deployment")),
        shards=int(one("SELECT shards FROM deployment")),
        counts={table: int(one(f"SELECT count(*) FROM {table}")) for table in COUNTED},  # noqa: S608 - names of ours
        files=dict(files),
    )


def _facts(manifest: Manifest) -> tuple[object, ...]:
    """What a manifest says of the catalog itself."""
    return (
        manifest.schema,
        manifest.log_epoch,
        manifest.model_id,
        manifest.generation,
        manifest.shards,
        dict(manifest.counts),
    )


def _read_manifest(source: Path) -> Manifest:
    try:
        return Manifest(**json.loads((source / MANIFEST).read_bytes()))
    except FileNotFoundError:
        raise _refused(f"{source} is no backup: it holds no {MANIFEST}") from None
    except (OSError, ValueError, TypeError) as error:
        raise _refused(f"{source / MANIFEST} cannot be read: {error}") from error


def _checksum(path: Path, progress: Progress) -> str:
    digest, done, total = hashlib.sha256(), 0, path.stat().st_size
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            done += len(chunk)
            progress("checking", done, total)
    return digest.hexdigest()


def _copy_file(source: Path, target: Path, progress: Progress) -> None:
    done, total = 0, source.stat().st_size
    with source.open("rb") as file, os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as copy:
        while chunk := file.read(_CHUNK):
            copy.write(chunk)
            done += len(chunk)
            progress("restoring", done, total)


def put_file(path: Path, content: bytes) -> None:
    """A small file for its owner alone, there whole or not at all."""
    fresh = path.with_name(f".{path.name}.partial")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _sync(path: Path) -> None:
    """Make a file or the names in a directory outlive a power cut."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _refused(message: str) -> FailedPrecondition:
    return FailedPrecondition(message, reason="BACKUP_REFUSED")
