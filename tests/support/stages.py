"""An owner driven by hand over the stages of `tests.support.lines`, and what is left in the catalog afterwards."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from service.catalog import log, memories
from service.catalog.engine import Catalog
from service.catalog.memories import MemoryRow
from service.catalog.ownership import take_ownership
from service.catalog.sources import read_sources
from service.domain.item import Item
from service.domain.kinds import Lane, SourceKind
from service.domain.writes import LogEntry
from service.extractors.base import Extractor
from service.log.base import Record
from service.pipeline.child import RefineDone, RefineSlice
from service.pipeline.prepare import embed_texts, finish, prepare, refine
from service.pipeline.refine import RefineStep
from service.pipeline.store import Draft, Outcome, Ownership, store
from tests.support.catalogs import INSTANCE, rows
from tests.support.lines import HashEmbedder, LineExtractor


class NoIndex:
    """An index that is always up to date."""

    def flush(self) -> bool:
        """Nothing to do."""
        return False


def second_look(task: RefineSlice, extractor: Extractor) -> RefineDone:
    """What the child says to a session."""
    found = refine(task.session, extractor)
    return RefineDone(task.key, tuple(one.finished(embed_texts(one.prepared.statements, HashEmbedder())) for one in found))


def prepared_outcome(record: Record) -> Outcome:
    """What the child would make of a record."""
    if record.source is None:
        return Outcome(record)
    prepared = prepare(record.source.source, LineExtractor())
    return Outcome(record, finish(prepared, embed_texts(prepared.texts, HashEmbedder())))


@dataclass
class HandOwner:
    """The owner of a shard, one step at a time."""

    catalog: Catalog
    shard: int = 0
    generation: int = 1
    ownership: Ownership = field(init=False)

    def __post_init__(self) -> None:
        """Take the shard over."""
        self.take_over()

    def take_over(self) -> Ownership:
        """Become the owner anew; every owner before is fenced."""
        with self.catalog.write() as connection:
            epoch = take_ownership(connection, self.shard, "by hand")
            log_epoch = int(connection.exec_driver_sql("SELECT log_epoch FROM deployment").scalar_one())
        self.ownership = Ownership(self.shard, epoch, log_epoch, self.generation, LineExtractor.version)
        return self.ownership

    def waiting(self, lane: Lane = Lane.REALTIME) -> list[Outcome]:
        """What is not applied yet, prepared, in the order of the log."""
        with self.catalog.read() as connection:
            applied = log.progress(connection, "log_applied")[self.shard, lane]
            (found,) = log.read_records(connection, [(self.shard, lane, applied)], 100_000)
            ids: dict[str, list[str]] = {kind.value: [] for kind in SourceKind}
            for row in found:
                ids[row["source_kind"]].append(row["source_id"])
            sources = read_sources(connection, ids[SourceKind.MESSAGE.value], ids[SourceKind.DOCUMENT.value])
        return [
            prepared_outcome(
                Record(
                    LogEntry(self.shard, lane, row["seq"]),
                    row["instance_id"],
                    row["scope"],
                    SourceKind(row["source_kind"]),
                    row["source_id"],
                    sources.get(row["source_id"]),
                )
            )
            for row in found
        ]

    def store(self, batch: Sequence[Outcome]) -> None:
        """Transaction 1."""
        drafts = [Draft.of(self.ownership, outcome) for outcome in batch]
        with self.catalog.write() as connection:
            store(connection, self.ownership, drafts)

    def refine(self) -> None:
        """Second looks, as far as they are due."""
        step = RefineStep(self.catalog, NoIndex(), self.ownership)  # type: ignore[arg-type]
        while (task := step.next_slice()) is not None:
            step.take(second_look(task, LineExtractor()))

    def work(self) -> None:
        """Apply everything that waits, realtime first, in one batch per lane."""
        for lane in Lane:
            batch = self.waiting(lane)
            if batch:
                self.store(batch)


def live(catalog: Catalog, *, memories_only: bool = False) -> list[Item]:
    """Every live item of the catalog."""
    with catalog.read() as connection:
        ids = [row[0] for row in connection.exec_driver_sql("SELECT item_id FROM items ORDER BY item_id")]
        found = memories.live_items(connection, ids)
    return [item for item in found.values() if not memories_only or item.item_id.startswith("mem_")]


def excerpts(catalog: Catalog) -> list[str]:
    """The texts of the live passages, sorted."""
    return sorted(item.text for item in live(catalog) if item.kind == "passage")


def statements(catalog: Catalog) -> list[str]:
    """The texts of the live memories, sorted."""
    return sorted(item.text for item in live(catalog, memories_only=True))


def memory(catalog: Catalog, text: str) -> MemoryRow:
    """The live memory with this text."""
    (found,) = (item for item in live(catalog, memories_only=True) if item.text == text)
    with catalog.read() as connection:
        row = memories.get_memory(connection, INSTANCE, found.item_id)
    assert row is not None
    return row


def sources_of(item: Item) -> list[str]:
    """Where an item was said, by the caller's ids, in the order in which it names them."""
    return [source.get("message_id") or source["document_id"] for source in json.loads(item.details)["sources"]]


Told = tuple[Any, ...]


def told_by(catalog: Catalog) -> list[Told]:
    """All that callers are promised to be equal however records were processed: of memories and of excerpts."""
    found = live(catalog)
    texts = {item.item_id: item.text for item in found}
    return sorted((_told(item, texts) for item in found), key=repr)


def _told(item: Item, texts: dict[str, str]) -> Told:
    details = json.loads(item.details)
    superseded_by = texts.get(details.pop("superseded_by", ""), "")
    if "related" in details:
        details["related"] = sorted(texts[other] for other in details["related"])
    return (
        item.kind,
        item.text,
        item.speaker,
        item.confidence,
        item.said_time,
        item.valid_from,
        item.valid_until,
        superseded_by,
        json.dumps(details, sort_keys=True),
        item.terms,
        item.vector,
        item.metadata,
        item.conversation,
        item.number,
    )


def check_books(catalog: Catalog) -> None:
    """What must hold between the tables after every transaction."""
    assert rows(catalog, _MISCOUNTED) == [], "live_items counts what is live"
    assert rows(catalog, _UNTOLD) == [], "no item is ahead of its scope's change number"
    assert rows(catalog, _TALKING_TOMBSTONES) == [], "tombstones have no content"
    for name, sql in _ORPHANS.items():
        assert rows(catalog, sql) == [], name


_MISCOUNTED = """
    SELECT s.scope, s.live_items, count(i.item) FROM scopes AS s LEFT JOIN items AS i ON i.scope = s.scope AND i.is_live = 1
    GROUP BY s.scope HAVING s.live_items <> count(i.item)
"""
_UNTOLD = "SELECT item_id FROM items JOIN scopes USING (scope) WHERE items.change_number > scopes.change_number"
_TALKING_TOMBSTONES = """
    SELECT item_id FROM items WHERE deleted_time IS NOT NULL
    AND (is_live <> 0 OR text <> '' OR terms <> '' OR length(vector) <> 0 OR details <> '{}' OR metadata <> '' OR speaker <> '')
"""
_ORPHANS = {
    "a memory without a live item": """
        SELECT memory_id FROM memories LEFT JOIN items ON item_id = memory_id AND is_live = 1 WHERE item_id IS NULL""",
    "a live memory item without its memory": """
        SELECT item_id FROM items LEFT JOIN memories ON memory_id = item_id
        WHERE kind <> 'passage' AND is_live = 1 AND memory_id IS NULL""",
    "a live passage item without its passage": """
        SELECT item_id FROM items LEFT JOIN passages ON passage_id = item_id
        WHERE kind = 'passage' AND is_live = 1 AND passage_id IS NULL""",
    "an observation without its memory": """
        SELECT observation_id FROM observations LEFT JOIN memories USING (memory_id) WHERE memories.memory_id IS NULL""",
    "an observation without its source": """
        SELECT observation_id FROM observations AS o LEFT JOIN messages AS m USING (source_id) LEFT JOIN documents AS d USING (source_id)
        WHERE m.source_id IS NULL AND d.source_id IS NULL""",
    "a passage without its source": """
        SELECT passage_id FROM passages AS p LEFT JOIN messages AS m USING (source_id) LEFT JOIN documents AS d USING (source_id)
        WHERE m.source_id IS NULL AND d.source_id IS NULL""",
    "a link without its memory": """
        SELECT memory_id FROM memory_entities LEFT JOIN memories USING (memory_id) WHERE memories.memory_id IS NULL""",
    "a relation without its memory": """
        SELECT memory_id FROM relations LEFT JOIN memories USING (memory_id) WHERE memories.memory_id IS NULL""",
    "an entity without any memory": """
        SELECT entities.entity_id FROM entities LEFT JOIN memory_entities USING (entity_id) WHERE memory_entities.entity_id IS NULL""",
    "an alias without its entity": """
        SELECT entity_aliases.entity_id FROM entity_aliases LEFT JOIN entities USING (entity_id) WHERE entities.entity_id IS NULL""",
}


def batches(outcomes: Sequence[Outcome], sizes: Iterable[int]) -> list[Sequence[Outcome]]:
    """Outcomes cut into batches of these sizes; the last batch takes what is left."""
    cut, left = [], outcomes
    for size in sizes:
        if left:
            cut.append(left[:size])
            left = left[size:]
    return [*cut, left] if left else cut
