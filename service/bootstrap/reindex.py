"""A process that only rebuilds the search index: by itself while no service runs, else by having the service's owners do it."""

from __future__ import annotations

from collections.abc import Callable

from service.bootstrap.opening import EXTRACTOR_VERSION, AlreadyRunningError, locked, prepared_model
from service.catalog.engine import Catalog
from service.catalog.migrate import migrate
from service.pipeline.reindex import reindex, reindex_online
from service.settings import Settings


def run_reindex(settings: Settings, progress: Callable[[str, int, int], None]) -> None:
    """Build the search index anew; with a changed model, embed everything again first.

    Raises:
        EunoeError: the index or the model cannot be used.
    """
    model = prepared_model(settings)
    catalog: Catalog | None = None
    try:
        with locked(settings.data_dir):
            catalog = Catalog(settings.database)
            migrate(catalog)
            reindex(catalog, settings.index_uri, model.directory, model.model_id, EXTRACTOR_VERSION, progress)
    except AlreadyRunningError:
        catalog = Catalog(settings.database)
        reindex_online(catalog, model.directory, model.model_id, progress)
    finally:
        if catalog is not None:
            catalog.close()
