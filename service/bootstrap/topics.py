"""What the command line asks about a deployment's topics: they belong to the deployment's number of shards."""

from __future__ import annotations

from service.bootstrap.opening import CLUSTER_SHARDS
from service.catalog.deployment import load_deployment
from service.catalog.engine import Catalog
from service.catalog.migrate import HEAD, schema_version
from service.settings import Settings


def shards_of(settings: Settings) -> int:
    """How many shards the deployment has, or will have when it is created."""
    if settings.catalog.url or settings.database.exists():
        catalog = Catalog(settings.catalog_place)
        try:
            if schema_version(catalog) == HEAD:
                with catalog.read() as connection:
                    found = load_deployment(connection)
                if found is not None:
                    return found.shards
        finally:
            catalog.close()
    return settings.shards or CLUSTER_SHARDS
