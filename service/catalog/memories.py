"""Memories, the observations they add up to, and the graph around them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, func, insert, select, update

from service.catalog import schema
from service.catalog.sql import Statement, in_list, json_list, json_rows, upsert
from service.catalog.vectors import ITEM_COLUMNS, UNEMBEDDED, live_vector
from service.domain.item import Item
from service.domain.kinds import ScopeKind
from service.domain.scope import ScopeRef

_m, _o, _i, _s = schema.memories, schema.observations, schema.items, schema.scopes
_OBSERVATION_COLUMNS = [
    live_vector(_o) if column.name == "vector" else column for column in _o.columns if column.name not in UNEMBEDDED
]

_DEAD = Statement(
    select(schema.dead_observations.c.observation_id).where(in_list(schema.dead_observations.c.observation_id, "ids"))
)
_KILL = Statement(
    upsert(schema.dead_observations)
    .values({name: bindparam(name) for name in ("observation_id", "scope", "memory_id", "source_id")})
    .on_conflict_do_nothing(index_elements=["observation_id"])
)
_keys, (_key_scope, _key_type, _key_text) = json_rows("keys", _m.c.scope.type, _m.c.type.type, _m.c.key.type)
_BY_KEY = Statement(
    select(_m)
    .select_from(_keys)
    .join(
        _m,
        and_(
            _m.c.scope == _key_scope,
            _m.c.type == _key_type,
            _m.c.key == _key_text,
        ),
    )
)
_slots, (_slot_scope, _slot_subject, _slot_attribute) = json_rows(
    "slots", _m.c.scope.type, _m.c.subject.type, _m.c.attribute.type
)
_BY_SLOT = Statement(
    select(_m)
    .select_from(_slots)
    .join(
        _m,
        and_(
            _m.c.scope == _slot_scope,
            _m.c.subject == _slot_subject,
            _m.c.attribute == _slot_attribute,
        ),
    )
)
_BY_IDS = Statement(select(_m).where(in_list(_m.c.memory_id, "ids")))
_observation_values: dict[str, Any] = {column.name: bindparam(str(column.name)) for column in _OBSERVATION_COLUMNS}
_put_observation = upsert(_o).values(_observation_values)
_PUT_OBSERVATION = Statement(
    _put_observation.on_conflict_do_update(
        index_elements=["observation_id"],
        set_={name: _put_observation.excluded[name] for name in _observation_values if name != "observation_id"} | UNEMBEDDED,
    )
)
_OBSERVATIONS_OF = Statement(select(*_OBSERVATION_COLUMNS).where(in_list(_o.c.memory_id, "ids")))
_STATEMENTS = Statement(
    select(_o.c.observation_id, _o.c.statement)
    .where(_o.c.observation_id > bindparam("after"))
    .order_by(_o.c.observation_id)
    .limit(bindparam("most"))
)
_COUNT_OBSERVATIONS = Statement(select(func.count()).select_from(_o))
_SET_OBSERVATION_VECTOR = Statement(
    update(_o).where(_o.c.observation_id == bindparam("which")).values(vector=bindparam("new_vector"), **UNEMBEDDED)
)
_MEMORY_IDS_OF_SOURCE = Statement(
    select(_o.c.memory_id).where(_o.c.source_id == bindparam("source_id")).distinct().order_by(_o.c.memory_id)
)
_MEMORY_IDS_OF_SOURCES = Statement(select(_o.c.memory_id).where(in_list(_o.c.source_id, "ids")).distinct())
_DELETE_OBSERVATIONS_OF_SOURCES = Statement(delete(_o).where(in_list(_o.c.source_id, "ids")))
_DELETE_OBSERVATIONS_OF_MEMORY = Statement(delete(_o).where(_o.c.memory_id == bindparam("memory_id")))
_INSERT = Statement(insert(_m).values({column.name: bindparam(column.name) for column in _m.columns}))
_UPDATE = Statement(
    update(_m)
    .where(_m.c.memory_id == bindparam("which"))
    .values(
        subject=bindparam("new_subject"),
        attribute=bindparam("new_attribute"),
        superseded_by=bindparam("new_superseded_by"),
        update_time=bindparam("new_update_time"),
    )
)
_MARK_EDITED = Statement(
    update(_m)
    .where(_m.c.memory_id == bindparam("which"))
    .values(edited=1, key=bindparam("new_key"), update_time=bindparam("new_update_time"))
)
_DELETE = Statement(delete(_m).where(in_list(_m.c.memory_id, "ids")))
_ITEMS = Statement(select(*ITEM_COLUMNS).where(in_list(_i.c.item_id, "ids"), _i.c.is_live == 1))
_ALIAS = Statement(select(schema.memory_aliases.c.memory_id).where(schema.memory_aliases.c.alias_id == bindparam("alias_id")))
_VIEW_COLUMNS = [
    *ITEM_COLUMNS,
    _m.c.edited,
    _m.c.superseded_by,
    _m.c.create_time,
    _m.c.update_time,
    _m.c.attribute,
    _s.c.shard,
    _s.c.kind.label("scope_kind"),
    _s.c.customer_id,
    _s.c.user_id,
]
_view = select(*_VIEW_COLUMNS).join(_i, _i.c.item_id == _m.c.memory_id).join(_s, _s.c.scope == _m.c.scope)
_GET = Statement(
    _view.where(_m.c.memory_id == bindparam("memory_id"), _s.c.instance_id == bindparam("instance_id"), _i.c.is_live == 1)
)
_PUT_ENTITY = Statement(
    upsert(schema.entities)
    .values({column.name: bindparam(column.name) for column in schema.entities.columns})
    .on_conflict_do_nothing(index_elements=["entity_id"])
)
_PUT_ALIAS = Statement(
    upsert(schema.entity_aliases)
    .values({column.name: bindparam(column.name) for column in schema.entity_aliases.columns})
    .on_conflict_do_nothing(index_elements=["scope", "alias_key"])
)
_LINK_ENTITY = Statement(
    upsert(schema.memory_entities)
    .values({column.name: bindparam(column.name) for column in schema.memory_entities.columns})
    .on_conflict_do_nothing(index_elements=["memory_id", "entity_id"])
)
_PUT_RELATION = Statement(
    upsert(schema.relations)
    .values({column.name: bindparam(column.name) for column in schema.relations.columns})
    .on_conflict_do_nothing(index_elements=["memory_id", "subject_id", "predicate", "object_id"])
)
_UNLINK = [
    Statement(delete(table).where(in_list(table.c.memory_id, "ids"))) for table in (schema.memory_entities, schema.relations)
]
_DROP_LONELY_ENTITIES = Statement(
    delete(schema.entities).where(
        in_list(schema.entities.c.entity_id, "ids"),
        ~select(schema.memory_entities.c.entity_id)
        .where(schema.memory_entities.c.entity_id == schema.entities.c.entity_id)
        .exists(),
    )
)
_DROP_LONELY_ALIASES = Statement(
    delete(schema.entity_aliases).where(
        in_list(schema.entity_aliases.c.entity_id, "ids"),
        ~select(schema.entities.c.entity_id).where(schema.entities.c.entity_id == schema.entity_aliases.c.entity_id).exists(),
    )
)
_ENTITIES_OF = Statement(
    select(schema.memory_entities.c.entity_id).where(in_list(schema.memory_entities.c.memory_id, "ids")).distinct()
)


@dataclass(frozen=True, slots=True)
class MemoryRow:
    """A memory as its owner sees it."""

    item: Item
    is_edited: bool
    superseded_by: str
    create_time: int
    update_time: int
    attribute: str
    shard: int
    scope: ScopeRef


@dataclass(slots=True)
class Graph:
    """Rows for the tables around memories, with their columns as keys."""

    entities: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """By id."""
    aliases: dict[tuple[int, str], Mapping[str, Any]] = field(default_factory=dict)
    """By scope and folded alias."""
    links: list[Mapping[str, Any]] = field(default_factory=list)
    """Each memory with each entity that it names."""
    relations: list[Mapping[str, Any]] = field(default_factory=list)


def get_memory(connection: Connection, instance_id: str, memory_id: str) -> MemoryRow | None:
    """A live memory of an instance, also by the id of one that was merged into it."""
    row = _GET.run(connection, instance_id=instance_id, memory_id=memory_id).first()
    if row is None:
        alias = _ALIAS.run(connection, alias_id=memory_id).scalar()
        if alias is not None:
            row = _GET.run(connection, instance_id=instance_id, memory_id=alias).first()
    return None if row is None else _memory_row(row)


def _memory_row(row: Any) -> MemoryRow:
    size = len(ITEM_COLUMNS)
    edited, superseded_by, created, updated, attribute, shard, kind, customer_id, user_id = row[size:]
    scope = ScopeRef(ScopeKind(kind), customer_id, user_id)
    return MemoryRow(Item(*row[:size]), bool(edited), superseded_by, created, updated, attribute, shard, scope)


def dead_observations(connection: Connection, ids: Iterable[str]) -> set[str]:
    """Which of these observations belonged to a memory that its user deleted."""
    return {row[0] for row in _DEAD.run(connection, ids=json_list(ids))}


def kill_observations(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Let observations stay dead on replay. Keys: observation_id, scope, memory_id, source_id."""
    _KILL.run_many(connection, rows)


def memories_by_key(connection: Connection, keys: Iterable[tuple[int, str, str]]) -> list[dict[str, Any]]:
    """The memories with these (scope, type, key)."""
    return _BY_KEY.rows(connection, keys=json_list(keys))


def memories_by_slot(connection: Connection, slots: Iterable[tuple[int, str, str]]) -> list[dict[str, Any]]:
    """The memories in these (scope, subject, attribute)."""
    return _BY_SLOT.rows(connection, slots=json_list(slots))


def memories_by_ids(connection: Connection, ids: Iterable[str]) -> list[dict[str, Any]]:
    """The memories with these ids."""
    return _BY_IDS.rows(connection, ids=json_list(ids))


def put_observations(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert or replace observations; keys as the table's columns."""
    _PUT_OBSERVATION.run_many(connection, rows)


def observations_of(connection: Connection, memory_ids: Iterable[str]) -> dict[str, list[Mapping[str, Any]]]:
    """memory id → its observations."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in _OBSERVATIONS_OF.rows(connection, ids=json_list(memory_ids)):
        found.setdefault(row["memory_id"], []).append(dict(row))
    return found


def memory_ids_of_source(connection: Connection, source_id: str) -> list[str]:
    """The memories that a source contributed to."""
    return [row[0] for row in _MEMORY_IDS_OF_SOURCE.run(connection, source_id=source_id)]


def delete_observations_of_sources(connection: Connection, source_ids: Sequence[str]) -> list[str]:
    """Forget what some sources said. Returns the memories they contributed to."""
    ids = json_list(source_ids)
    touched = [row[0] for row in _MEMORY_IDS_OF_SOURCES.run(connection, ids=ids)]
    _DELETE_OBSERVATIONS_OF_SOURCES.run(connection, ids=ids)
    return touched


def delete_observations_of_memory(connection: Connection, memory_id: str) -> None:
    """Forget what a memory was made of."""
    _DELETE_OBSERVATIONS_OF_MEMORY.run(connection, memory_id=memory_id)


def insert_memories(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert memories; keys as the table's columns."""
    _INSERT.run_many(connection, rows)


def update_memories(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keys: which, new_subject, new_attribute, new_superseded_by, new_update_time."""
    _UPDATE.run_many(connection, rows)


def mark_edited(connection: Connection, memory_id: str, key: str, update_time: int) -> None:
    """Say that a memory's content is its user's from now on."""
    _MARK_EDITED.run(connection, which=memory_id, new_key=key, new_update_time=update_time)


def delete_memories(connection: Connection, ids: Sequence[str]) -> None:
    """Remove memories and their links; their items stay as tombstones."""
    unlink_memories(connection, ids)
    _DELETE.run(connection, ids=json_list(ids))


def unlink_memories(connection: Connection, ids: Sequence[str]) -> None:
    """Take memories out of the graph, with the entities that only they named."""
    wanted = json_list(ids)
    named = json_list([row[0] for row in _ENTITIES_OF.run(connection, ids=wanted)])
    for statement in _UNLINK:
        statement.run(connection, ids=wanted)
    _DROP_LONELY_ENTITIES.run(connection, ids=named)
    _DROP_LONELY_ALIASES.run(connection, ids=named)


def live_items(connection: Connection, ids: Iterable[str]) -> dict[str, Item]:
    """item id → item, for the live ones."""
    return {row[0]: Item(*row) for row in _ITEMS.run(connection, ids=json_list(ids))}


def put_graph(connection: Connection, graph: Graph) -> None:
    """Insert what is new of it."""
    _PUT_ENTITY.run_many(connection, [*graph.entities.values()])
    _PUT_ALIAS.run_many(connection, [*graph.aliases.values()])
    _LINK_ENTITY.run_many(connection, graph.links)
    _PUT_RELATION.run_many(connection, graph.relations)


def statements_after(connection: Connection, after: str, most: int) -> list[tuple[str, str]]:
    """A page of (observation id, statement) in id order."""
    return [(row[0], row[1]) for row in _STATEMENTS.run(connection, after=after, most=most)]


def count_observations(connection: Connection) -> int:
    """How many observations there are."""
    return int(_COUNT_OBSERVATIONS.run(connection).scalar_one())


def set_observation_vectors(connection: Connection, vectors: Sequence[tuple[str, bytes]]) -> None:
    """Replace the vectors of observations by those of another model."""
    _SET_OBSERVATION_VECTOR.run_many(connection, [{"which": name, "new_vector": vector} for name, vector in vectors])
