"""Bringing memories in line with their observations, inside the caller's write transaction.

Used by the store step and by every deletion: whoever changes observations calls `settle_memories` for the memories touched.
Reading and writing happen in one transaction with the rows locked, so nothing can change in between.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection

from service.catalog import memories, scopes
from service.catalog.ids import now_us
from service.catalog.items import bury_items, put_items
from service.catalog.memories import Graph
from service.domain.item import Item
from service.domain.resolution import Composed, End, Said, compact_json, compose, entities_of, fold_name, slot_ends, undecided

_SAID_FIELDS = [entry.name for entry in fields(Said)]
_ITEM_FIELDS = [entry.name for entry in fields(Item)]
_ITEM_VALUES = attrgetter(*_ITEM_FIELDS)


@dataclass(slots=True)
class ScopeChange:
    """Everything one transaction changes in one scope, under one change number."""

    scope: int
    shard: int
    generation: int
    change_number: int
    growth: int = 0
    puts: dict[str, Item] = field(default_factory=dict)

    @classmethod
    def begin(cls, connection: Connection, scope: int, shard: int, generation: int) -> ScopeChange:
        """Draw the scope's next change number; its row stays locked until commit."""
        return cls(scope, shard, generation, scopes.draw_change(connection, scope))

    def put(self, item: Item, *, is_new: bool) -> None:
        """Write an item at `finish_changes`."""
        self.growth += int(is_new and item.item_id not in self.puts)
        self.puts[item.item_id] = item

    def bury(self, connection: Connection, ids: Sequence[str]) -> None:
        """Turn items into tombstones now."""
        for item_id in ids:
            self.puts.pop(item_id, None)
        self.growth -= bury_items(connection, ids, self.change_number)

    def following(self) -> ScopeChange:
        """What the same transaction changes after this was finished."""
        return ScopeChange(self.scope, self.shard, self.generation, self.change_number)

    def rows(self) -> list[dict[str, Any]]:
        """The rows of what was put."""
        return [self._row(item) for item in self.puts.values()]

    def _row(self, item: Item) -> dict[str, Any]:
        return dict(zip(_ITEM_FIELDS, _ITEM_VALUES(item), strict=True)) | {
            "has_time_word": int(item.has_time_word),
            "shard": self.shard,
            "change_number": self.change_number,
            "generation": self.generation,
        }


def finish_changes(connection: Connection, changes: Sequence[ScopeChange]) -> None:
    """Write what was put."""
    put_items(connection, [row for change in changes for row in change.rows()])
    scopes.grow(connection, {change.scope: change.growth for change in changes})


def settle_memories(connection: Connection, changes: Sequence[ScopeChange], touched: Iterable[str]) -> None:
    """Recompute memories whose observations changed, and all that share a slot with them.

    A memory left without observations becomes a tombstone; one that its user edited stays, without a source.

    Args:
        connection: in the transaction of the changes.
        changes: of the scopes of the memories. All of them are read and written together: what costs is the statement, not the row.
        touched: ids of the memories.
    """
    changed = set(touched)
    rows = {row["memory_id"]: row for row in memories.memories_by_ids(connection, sorted(changed))}
    slots = {_slot(row) for row in rows.values() if row["attribute"]}
    if slots:
        rows |= {row["memory_id"]: row for row in memories.memories_by_slot(connection, sorted(slots))}
    if not rows:
        return
    by_scope = {change.scope: change for change in changes}
    said = {memory_id: [_said(row) for row in found] for memory_id, found in memories.observations_of(connection, rows).items()}
    ends, related = _by_slot(rows, said)
    current = memories.live_items(connection, rows)
    gone = {memory_id for memory_id, row in rows.items() if memory_id not in said and not row["edited"]}
    _forget(connection, by_scope, {memory_id: rows[memory_id]["scope"] for memory_id in sorted(gone)})
    settled = _Settled()
    for memory_id in sorted(rows.keys() - gone):
        row, end, item = rows[memory_id], ends.get(memory_id), current.get(memory_id)
        change, others = by_scope[row["scope"]], related.get(memory_id, ())
        if memory_id not in said:
            settled.unsaid(change, row, current[memory_id])
        elif item is None or memory_id in changed or _stands_otherwise(row, item, end, others):
            settled.said(change, row, said[memory_id], end, item, others)
    settled.write(connection)


def _slot(row: Mapping[str, Any]) -> tuple[int, str, str]:
    return (row["scope"], row["subject"], row["attribute"])


def _forget(connection: Connection, changes: Mapping[int, ScopeChange], gone: Mapping[str, int]) -> None:
    """Bury memories, given with their scopes."""
    for scope in sorted(set(gone.values())):
        changes[scope].bury(connection, [memory_id for memory_id, of in gone.items() if of == scope])
    if gone:
        memories.delete_memories(connection, [*gone])


def _by_slot(
    rows: Mapping[str, Mapping[str, Any]], said: Mapping[str, list[Said]]
) -> tuple[dict[str, End], dict[str, tuple[str, ...]]]:
    """What each memory's slot tells of it: its end, and what it contradicts undecided."""
    by_slot: dict[tuple[int, str, str], list[Said]] = {}
    for memory_id, row in rows.items():
        if row["attribute"]:
            by_slot.setdefault(_slot(row), []).extend(said.get(memory_id, []))
    ends: dict[str, End] = {}
    related: dict[str, tuple[str, ...]] = {}
    for observations in by_slot.values():
        found = slot_ends(observations)
        ends |= found
        related |= undecided(observations, found)
    return ends, related


def _stands_otherwise(row: Mapping[str, Any], item: Item, end: End | None, related: Sequence[str]) -> bool:
    """Whether a memory's end, or what it contradicts, is another than it was so far."""
    ends_otherwise = (item.valid_until, row["superseded_by"]) != ((end.time, end.superseded_by) if end else (None, ""))
    return ends_otherwise or json.loads(item.details).get("related", []) != list(related)


@dataclass(slots=True)
class _Settled:
    """Memories as they are from now on, until all of them are written."""

    updates: list[dict[str, Any]] = field(default_factory=list)
    linked_anew: list[str] = field(default_factory=list)
    """Memories whose links are made again: what a deleted source alone named goes."""
    graph: Graph = field(default_factory=Graph)

    def said(
        self,
        change: ScopeChange,
        row: Mapping[str, Any],
        observations: Sequence[Said],
        end: End | None,
        current: Item | None,
        related: Sequence[str],
    ) -> None:
        """What its sources say."""
        memory_id = row["memory_id"]
        composed = compose(change.scope, observations, end, related)
        fresh = _edited_item(current, composed, end) if row["edited"] and current else _item(change.scope, row, composed, end)
        version = 1 if current is None else current.version
        if current is not None and replace(fresh, version=version) == current:
            return
        change.put(replace(fresh, version=version + (current is not None)), is_new=current is None)
        self.updates.append(
            {
                "which": memory_id,
                "new_subject": composed.latest.subject,
                "new_attribute": composed.latest.attribute,
                "new_superseded_by": end.superseded_by if end else "",
                "new_update_time": now_us(),
            }
        )
        if current is not None:
            self.linked_anew.append(memory_id)
        _link(self.graph, change.scope, memory_id, observations)

    def unsaid(self, change: ScopeChange, row: Mapping[str, Any], current: Item) -> None:
        """No source says it any more, only its user vouches for it."""
        self.linked_anew.append(row["memory_id"])
        kept = {"superseded_by": row["superseded_by"]} if row["superseded_by"] else {}
        unsaid = replace(current, details=compact_json({"sources": []} | kept))
        if unsaid != current:
            change.put(replace(unsaid, version=current.version + 1), is_new=False)

    def write(self, connection: Connection) -> None:
        """Everything but the items, which are their changes'."""
        memories.update_memories(connection, self.updates)
        if self.linked_anew:
            memories.unlink_memories(connection, self.linked_anew)
        memories.put_graph(connection, self.graph)


def _item(scope: int, row: Mapping[str, Any], composed: Composed, end: End | None) -> Item:
    latest = composed.latest
    return Item(
        item_id=row["memory_id"],
        scope=scope,
        kind=row["type"],
        version=1,
        text=latest.statement,
        terms=latest.terms,
        vector=latest.vector,
        speaker=latest.subject,
        role="",
        conversation="",
        session=latest.session,
        number=0,
        parent="",
        words=latest.words,
        has_time_word=bool(latest.has_time_word),
        said_time=latest.said_time,
        confidence=composed.confidence,
        event_time=latest.event_time,
        valid_from=composed.first_said,
        valid_until=end.time if end else None,
        details=composed.details,
        metadata=latest.metadata,
    )


def _edited_item(current: Item, composed: Composed, end: End | None) -> Item:
    """What its user wrote stays; provenance and an end of validity may come and go."""
    details = json.loads(current.details) | {"sources": json.loads(composed.details)["sources"]}
    details.pop("superseded_by", None)
    details.pop("related", None)
    if end is not None:
        details["superseded_by"] = end.superseded_by
    return replace(current, details=compact_json(details), valid_until=end.time if end else None)


def _link(graph: Graph, scope: int, memory_id: str, observations: Sequence[Said]) -> None:
    """Add what the observations of a memory name to the graph."""
    found: dict[str, dict[str, str]] = {}
    edges: set[tuple[str, str, str]] = set()
    aliases: set[tuple[str, str]] = set()
    for said in observations:
        told = json.loads(said.details)
        mentions = list(told.get("mentions", []))
        for relation in told.get("relations", []):
            ends = [{"name": relation[side], "kind": "thing"} for side in ("subject", "object")]
            subject, target = (entities_of(scope, [end])[0]["id"] for end in ends)
            edges.add((subject, relation["predicate"], target))
            mentions += ends
        for entity in entities_of(scope, mentions):
            found.setdefault(entity["id"], entity)
        for mention in mentions:
            if mention.get("aliases"):
                identity = entities_of(scope, [mention])[0]["id"]
                aliases |= {(alias, identity) for alias in mention["aliases"]}
    for identity, entity in found.items():
        graph.entities.setdefault(
            identity, {"entity_id": identity, "scope": scope, "name": entity["name"], "kind": entity["kind"]}
        )
    for alias, identity in (*((fold_name(entity["name"]), entity["id"]) for entity in found.values()), *sorted(aliases)):
        graph.aliases.setdefault((scope, alias), {"scope": scope, "alias_key": alias, "entity_id": identity})
    graph.links += [{"memory_id": memory_id, "entity_id": identity} for identity in found]
    graph.relations += [
        {"memory_id": memory_id, "subject_id": subject, "predicate": predicate, "object_id": target, "scope": scope}
        for subject, predicate, target in sorted(edges)
    ]


def _said(row: Mapping[str, Any]) -> Said:
    return Said(**{name: row[name] for name in _SAID_FIELDS})
