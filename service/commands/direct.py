"""The catalog itself, for commands that need no service: beside one that runs, or without one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from service.domain.errors import EunoeError
from service.settings import Settings

if TYPE_CHECKING:
    from service.catalog.engine import Catalog


def require_catalog(settings: Settings) -> None:
    """Make sure that there is something to open.

    Raises:
        click.ClickException: the data directory holds none, and no database is set.
    """
    if settings.catalog.url is None and not settings.database.exists():
        raise click.ClickException(f"{settings.data_dir} holds no catalog\nGive the service's data directory with --data.")


@contextmanager
def open_existing(settings: Settings) -> Iterator[Catalog]:
    """The catalog of a deployment, as long as it is this version's.

    Raises:
        click.ClickException: there is none, or it cannot be used now; says what to do.
    """
    require_catalog(settings)
    from service.bootstrap.opening import open_catalog  # noqa: PLC0415 - takes a second, which a refusal should not wait for
    from service.catalog.migrate import require_schema  # noqa: PLC0415 - as above
    from service.catalog.reach import reach  # noqa: PLC0415 - as above

    try:
        if settings.catalog.url is not None:
            reach(settings.catalog.url)
        with open_catalog(settings, settings.catalog_place) as catalog:
            require_schema(catalog)
            yield catalog
    except EunoeError as error:
        raise click.ClickException(error.message) from error
