"""Building the search index anew from the catalog, with another model's vectors where the model was changed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from service.catalog import deployment as deployments
from service.catalog import indexes, items, memories, passages, vectors
from service.catalog.deployment import Deployment
from service.catalog.engine import Catalog
from service.domain.errors import FailedPrecondition, Unavailable
from service.embedders.base import Embedder
from service.embedders.local import LocalEmbedder
from service.pipeline.index import IndexStep
from service.pipeline.prepare import embed_texts
from service.pipeline.shard import take_over
from service.pipeline.store import Ownership
from service.vectors.writer import IndexWriter

PAGE = 512

LOOK_SECONDS = 0.2
STILL_SECONDS = 120.0
"""A running service moves a build at least so often: the longest step is a pass of upkeep over the whole table, or waiting for a store."""

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


def reindex_online(catalog: Catalog, model_dir: Path, model_id: str, progress: Progress) -> None:
    """Have the owners of a running service build every shard's table beside the one in use, and watch until they have switched.

    What is under way already is watched. Interrupting this leaves it to go on.

    Args:
        catalog: of the deployment.
        model_dir: the configured model's files.
        model_id: of that model; another one than the deployment's embeds everything again, and the service switches to it.
        progress: told now and then.

    Raises:
        FailedPrecondition: a change to a third model is under way.
        Unavailable: nothing moves any more: the service stopped.
    """
    with catalog.write() as connection:
        deployment = deployments.load_deployment(connection)
        if deployment is None:
            return
        if deployment.next_model_id not in {None, model_id}:
            raise FailedPrecondition(
                f"the service is about to switch to {deployment.next_model_id}, the configured model is {model_id}: configure the former one",
                reason="MODEL_CHANGED",
            )
        if deployment.model_id != model_id and deployment.model_dir == str(model_dir):
            raise FailedPrecondition(
                f"the files of {deployment.model_id}, which the service uses, were replaced: stop it and run this again; "
                "a model with a directory of its own can be changed to while the service runs",
                reason="MODEL_CHANGED",
            )
        if deployment.model_id != model_id:
            deployments.begin_model_change(connection, model_id, str(model_dir))
        else:
            for shard in range(deployment.shards):
                indexes.want_index_build(connection, shard, deployment.generation)
    watch(lambda: _progress(catalog), progress)


def watch(look: Callable[[], tuple[str, int, int] | None], progress: Progress) -> None:
    """Tell how far a running service has come, until there is nothing left.

    Raises:
        Unavailable: nothing moves any more: the service stopped.
    """
    told, moved = ("", 0, 0), time.monotonic()
    while (now := look()) is not None:
        if now != told:
            told, moved = now, time.monotonic()
            progress(*told)
        if time.monotonic() - moved > STILL_SECONDS:
            raise Unavailable("nothing moves any more: is the service running? It goes on with its next start")
        time.sleep(LOOK_SECONDS)
    if told[0]:
        progress(told[0], told[2], told[2])


def _progress(catalog: Catalog) -> tuple[str, int, int] | None:
    """(stage, done, total) of what the owners do; None when they have switched."""
    with catalog.read() as connection:
        deployment = deployments.load_deployment(connection)
        builds = indexes.index_builds(connection)
        assert deployment is not None
        if deployment.next_model_id is not None:
            waiting, total = vectors.count_to_embed(connection, deployment.generation + 1), vectors.count_vectors(connection)
            if waiting or not builds:
                return "embedding", total - waiting, total
    if not builds:
        return None
    done = sum(build.done for build in builds)
    return "indexing", done, max(done, sum(build.total for build in builds))


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
