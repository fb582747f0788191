"""A process that only rebuilds the search index: by itself while no service runs, else by having the service's owners do it."""

from __future__ import annotations

from collections.abc import Callable

from service.bootstrap.opening import AlreadyRunningError, locked, open_catalog, prepared_model
from service.catalog.migrate import migrate, require_schema
from service.extractors import rules
from service.pipeline.reindex import reindex, reindex_online
from service.settings import Settings

Progress = Callable[[str, int, int], None]


def run_reindex(settings: Settings, progress: Progress) -> None:
    """Build the search index anew; with a changed model, embed everything again first.

    Raises:
        EunoeError: the index or the model cannot be used.
    """
    if settings.catalog.url is None:  # with a database nobody here knows whether services run: their owners do it when they do
        try:
            _by_ourselves(settings, progress)
        except AlreadyRunningError:
            pass
        else:
            return
    model = prepared_model(settings)
    with open_catalog(settings, settings.catalog_place) as catalog:
        require_schema(catalog)
        reindex_online(catalog, model.directory, model.model_id, progress)


def _by_ourselves(settings: Settings, progress: Progress) -> None:
    with locked(settings.data_dir), open_catalog(settings, settings.database) as catalog:
        migrate(catalog)
        model = prepared_model(settings)
        reindex(catalog, settings.index_uri, model.directory, model.model_id, rules.VERSION, progress)
