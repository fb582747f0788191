"""All use cases of one process over its collaborators; who the collaborators are is `service.bootstrap`'s."""

from __future__ import annotations

from dataclasses import dataclass

from service.app.backlog import Backlog
from service.app.batches import Batches
from service.app.changes import Changes
from service.app.context import Contexts
from service.app.conversations import Conversations
from service.app.documents import Documents
from service.app.ingestions import Ingestions
from service.app.instances import Instances
from service.app.keys import Keys
from service.app.memories import Memories, MemoryLimits
from service.app.merge import Merge
from service.app.model import Model
from service.app.pages import Pages
from service.app.positions import Positions
from service.app.reads import Reads
from service.app.sources import CatalogItems, ScopeTables
from service.app.stopping import Stopping
from service.app.streams import Streams
from service.app.workers import Workers
from service.catalog.commit import CommitQueue
from service.catalog.deployment import Deployment
from service.catalog.engine import Catalog
from service.extractors.base import Extractor
from service.log.base import Log
from service.ops.metrics import ApiMetrics
from service.retrieval.scopes import Scopes
from service.retrieval.tokens import TokenCache
from service.settings import Settings


@dataclass(frozen=True, slots=True)
class Collaborators:
    """What the use cases work with."""

    catalog: Catalog
    deployment: Deployment
    queue: CommitQueue
    log: Log
    extractor: Extractor
    metrics: ApiMetrics
    settings: Settings
    reads: Workers
    """Threads that read the catalog."""
    fetches: Workers
    """Threads of fetches: one statement, embedding, ranking."""
    page_secret: bytes
    """Binds page tokens; fixed for the life of the deployment."""


_TOKEN_BYTES = 64 * 2**20
"""For the word pieces of accurate fetches: those of some 5,000 short turns."""


@dataclass(frozen=True, slots=True)
class UseCases:
    """Everything that the wire offers, and what comes up after listening: `model` and `tables`."""

    keys: Keys
    instances: Instances
    conversations: Conversations
    documents: Documents
    ingestions: Ingestions
    memories: Memories
    contexts: Contexts
    scopes: Scopes
    """The scope cache, for its statistics."""
    model: Model
    """Told by bootstrap when the model is loaded, or cannot be."""
    tables: ScopeTables
    """Told by bootstrap when the index is open."""
    stopping: Stopping
    """Told by the server when it is about to stop."""


def use_cases(given: Collaborators) -> UseCases:
    """Wire the use cases."""
    settings = given.settings
    limits = settings.limits
    reads, pages = Reads(given.catalog, given.reads), Pages(given.page_secret)
    positions = Positions(given.deployment.log_epoch, given.deployment.shards)
    backlog = Backlog(reads, limits.backlog)
    streams = Streams(given.queue, backlog)
    changes = Changes(given.queue, positions, lambda: given.deployment.generation)
    model, tables = Model(), ScopeTables(given.catalog)
    scopes = Scopes(CatalogItems(given.catalog), tables, int(settings.cache.bytes), settings.cache.hold_limit)
    stopping = Stopping()
    batches = Batches(reads, given.queue, backlog)
    memory_limits = MemoryLimits(int(limits.message), int(limits.metadata), limits.metadata_keys)
    return UseCases(
        keys=Keys(reads),
        instances=Instances(reads, given.queue, pages),
        conversations=Conversations(reads, given.queue, backlog, streams, positions, pages, changes),
        documents=Documents(reads, given.queue, backlog, streams, positions, batches, changes),
        ingestions=Ingestions(reads, pages, stopping),
        memories=Memories(reads, given.fetches, model, Merge(given.extractor), pages, changes, memory_limits),
        contexts=Contexts(reads, given.fetches, scopes, TokenCache(_TOKEN_BYTES), model, given.log, positions, given.metrics),
        scopes=scopes,
        model=model,
        tables=tables,
        stopping=stopping,
    )
