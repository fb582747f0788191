"""A process that only rebuilds the search index, while no service runs."""

from __future__ import annotations

from collections.abc import Callable

from service.bootstrap.opening import EXTRACTOR_VERSION, locked, open_catalog, prepared_model, refuse_database
from service.catalog.migrate import migrate
from service.pipeline.reindex import reindex
from service.settings import Settings


def run_reindex(settings: Settings, progress: Callable[[str, int, int], None]) -> None:
    """Build the search index of a stopped service anew; with a changed model, embed everything again first.

    Raises:
        EunoeError: the service runs, or the model cannot be used.
    """
    refuse_database(settings)
    with locked(settings.data_dir), open_catalog(settings, settings.database) as catalog:
        migrate(catalog)
        model = prepared_model(settings)
        reindex(catalog, str(settings.index_dir), model.directory, model.model_id, EXTRACTOR_VERSION, progress)
