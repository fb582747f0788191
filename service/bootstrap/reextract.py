"""A process that has the service's owners read again what an older extractor has read, and watches them."""

from __future__ import annotations

from collections.abc import Callable

from service.bootstrap.opening import AlreadyRunningError, locked
from service.catalog import reextraction
from service.catalog.engine import Catalog
from service.catalog.instances import find_instance
from service.catalog.reextraction import Which
from service.domain.errors import NotFound
from service.extractors import rules
from service.pipeline.reindex import watch
from service.settings import Settings

PAGE = 500
"""Passages marked in one transaction, so that nobody waits for long."""

Progress = Callable[[str, int, int], None]


def want_reextraction(catalog: Catalog, which: Which) -> int:
    """Mark what is to be read again. Returns how many sources are, those of former calls included.

    Raises:
        NotFound: there is no such instance.
    """
    with catalog.read() as connection:
        if which.instance and find_instance(connection, which.instance) is None:
            raise NotFound(f"there is no instance {which.instance!r}", reason="INSTANCE_NOT_FOUND")
    after = ""
    while True:
        start = after
        after = catalog.transact(lambda connection: reextraction.want_again(connection, which, rules.VERSION, start, PAGE))  # noqa: B023 - runs now
        if not after:
            break
    with catalog.read() as connection:
        return reextraction.count_unread(connection)


def is_anybody_there(settings: Settings) -> bool:
    """Whether a service may be running: of a data directory it is known, of a database it is not."""
    if settings.catalog.url is not None:
        return True
    try:
        with locked(settings.data_dir):
            return False
    except AlreadyRunningError:
        return True


def watch_reextraction(catalog: Catalog, total: int, progress: Progress) -> int:
    """Watch until nothing is left to be read again. Returns how many sources could not be.

    Raises:
        Unavailable: nothing moves any more.
    """

    def look() -> tuple[str, int, int] | None:
        with catalog.read() as connection:
            left = reextraction.count_unread(connection)
        return ("reading again", max(total - left, 0), max(total, left)) if left else None

    watch(look, progress)
    with catalog.read() as connection:
        return reextraction.count_given_up(connection)
