"""A process that only puts a backup into an empty data directory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from service.bootstrap.opening import locked, refuse_database
from service.catalog import backup
from service.domain.errors import FailedPrecondition
from service.settings import Settings


def run_restore(settings: Settings, source: Path, progress: Callable[[str, int, int], None]) -> None:
    """Make a backup the catalog and the credentials of an empty data directory.

    Raises:
        FailedPrecondition: the directory is used already, or the backup is not what its manifest says.
    """
    refuse_database(settings)
    with locked(settings.data_dir):
        if settings.database.exists():
            raise FailedPrecondition(f"{settings.database} is there already: restore into an empty directory, named with --data")
        manifest = backup.check(source, progress)
        credentials = settings.credentials_file
        if credentials.name in manifest.files:
            backup.put_file(credentials, (source / credentials.name).read_bytes())
        backup.restore(source, settings.database, progress)
