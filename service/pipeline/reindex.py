"""Building the search index anew from the catalog, with another model's vectors where the model was changed."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from service.catalog import deployment as deployments
from service.catalog import items, memories, passages
from service.catalog.deployment import Deployment
from service.catalog.engine import Catalog
from service.embedders.base import Embedder
from service.embedders.local import LocalEmbedder
from service.pipeline.index import IndexStep
from service.pipeline.prepare import embed_texts
from service.pipeline.shard import take_over
from service.pipeline.store import Ownership
from service.vectors.writer import IndexWriter

PAGE = 512

UNFINISHED = "of which only a part was embedded"
"""Stands behind the name of a model while the vectors are of two."""

Progress = Callable[[str, int, int], None]
"""Told (stage, done, total)."""


def reindex(catalog: Catalog, index_uri: str, model_dir: Path, model_id: str, extractor_version: str, progress: Progress) -> None:
    """Rebuild every shard's table. No service may run; interrupted, it can simply be started again.

    Args:
        catalog: of the deployment.
        index_uri: where the tables are.
        model_dir: the model's files; loaded only when vectors must be made anew.
        model_id: of that model.
        extractor_version: of the extractor in use.
        progress: told after every page.
    """
    with catalog.read() as connection:
        deployment = deployments.load_deployment(connection)
    if deployment is None:
        return
    if deployment.model_id != model_id:
        deployment = change_model(catalog, deployment, LocalEmbedder.open(model_dir), model_id, progress)
    writer = IndexWriter(index_uri)
    try:
        for shard in range(deployment.shards):
            epoch = take_over(catalog, shard, f"reindex {os.getpid()}")
            ownership = Ownership(shard, epoch, deployment.log_epoch, deployment.generation, extractor_version)
            IndexStep(catalog, writer, ownership).rebuild(lambda done, total: progress("indexing", done, total))
    finally:
        writer.close()


def change_model(catalog: Catalog, deployment: Deployment, embedder: Embedder, model_id: str, progress: Progress) -> Deployment:
    """Embed every text again. Until all are done the deployment names no model that a service could start with."""
    generation = deployment.generation + 1
    with catalog.write() as connection:
        total = sum(items.count_of_shard(connection, shard) for shard in range(deployment.shards))
        deployments.change_model(connection, f"{model_id}, {UNFINISHED}", deployment.generation)
    done = 0
    for shard in range(deployment.shards):
        after = items.FIRST_PAGE
        while True:
            with catalog.read() as connection:
                after, page = items.items_by_shard(connection, shard, after, PAGE, hidden_too=True)
                texts = passages.embed_texts(connection, [item.item_id for item in page])
            if not page:
                break
            vectors = embed_texts([texts.get(item.item_id, item.text) for item in page], embedder)
            with catalog.write() as connection:
                items.set_vectors(connection, list(zip([item.item_id for item in page], vectors, strict=True)), generation)
            done += len(page)
            progress("embedding", done, max(done, total))
    _change_observations(catalog, embedder, progress)
    with catalog.write() as connection:
        deployments.change_model(connection, model_id, generation)
    return replace(deployment, model_id=model_id, generation=generation)


def _change_observations(catalog: Catalog, embedder: Embedder, progress: Progress) -> None:
    after, done = "", 0
    while True:
        with catalog.read() as connection:
            page = memories.statements_after(connection, after, PAGE)
            total = memories.count_observations(connection)
        if not page:
            return
        vectors = embed_texts([statement for _, statement in page], embedder)
        with catalog.write() as connection:
            memories.set_observation_vectors(connection, list(zip([name for name, _ in page], vectors, strict=True)))
        after, done = page[-1][0], done + len(page)
        progress("embedding statements", done, max(done, total))
