"""All use cases of one process over its collaborators; who the collaborators are is `service.bootstrap`'s."""

from __future__ import annotations

from dataclasses import dataclass

from service.app.backlog import Backlog
from service.app.batches import Batches
from service.app.changes import Changes
from service.app.context import Contexts
from service.app.conversations import Conversations
from service.app.documents import Documents
from service.app.eras import Eras
from service.app.gate import Gate, Quota
from service.app.ingestions import Ingestions
from service.app.instances import Instances
from service.app.keys import Keys
from service.app.memories import Memories, MemoryLimits
from service.app.merge import Merge
from service.app.pages import Pages
from service.app.positions import Positions
from service.app.rates import Rate
from service.app.reads import Reads
from service.app.sources import Attached, CatalogItems, ScopeTables
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
    ahead: Workers
    """Threads that embed a question while its scope is read for the first time."""
    page_secret: bytes
    """Binds page tokens; fixed for the life of the deployment."""


@dataclass(frozen=True, slots=True)
class UseCases:
    """Everything that the wire offers, and what comes up after listening: the model of `eras`, and `tables`."""

    keys: Keys
    instances: Instances
    conversations: Conversations
    documents: Documents
    ingestions: Ingestions
    memories: Memories
    contexts: Contexts
    eras: Eras
    """Its present model is told by bootstrap when it is loaded, or cannot be."""
    tables: Attached
    """Told by bootstrap when the index is open."""
    stopping: Stopping
    """Told by the server when it is about to stop."""


def use_cases(given: Collaborators) -> UseCases:
    """Wire the use cases."""
    settings = given.settings
    limits = settings.limits
    reads, pages = Reads(given.catalog, given.reads), Pages(given.page_secret)
    positions = Positions(given.deployment.log_epoch, given.deployment.shards)
    writes = Rate(limits.writes_rate, limits.burst.total_seconds())
    gate = Gate(reads, Backlog(reads, limits.backlog), writes, Quota(reads, limits.stored))
    streams = Streams(given.queue, gate)
    tables = Attached()

    def scopes(generation: int) -> Scopes:
        source, index = CatalogItems(given.catalog, generation), ScopeTables(given.catalog, tables, generation)
        return Scopes(source, index, int(settings.cache.bytes), settings.cache.hold_limit)

    eras = Eras(reads, scopes, given.deployment.generation)
    changes = Changes(given.queue, positions, lambda: eras.present.generation)
    stopping = Stopping()
    batches = Batches(reads, given.queue, gate)
    memory_limits = MemoryLimits(int(limits.message), int(limits.metadata), limits.metadata_keys)
    return UseCases(
        keys=Keys(reads),
        instances=Instances(reads, given.queue, pages),
        conversations=Conversations(reads, given.queue, gate, streams, positions, pages, changes),
        documents=Documents(reads, given.queue, gate, streams, positions, batches, changes),
        ingestions=Ingestions(reads, pages, stopping),
        memories=Memories(reads, given.fetches, eras, Merge(given.extractor), pages, changes, memory_limits),
        contexts=Contexts(reads, given.fetches, given.ahead, eras, given.log, positions, given.metrics),
        eras=eras,
        tables=tables,
        stopping=stopping,
    )
