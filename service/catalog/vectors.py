"""Two vectors of one row: while everything is embedded with another model both are kept, and which one counts is said by `deployment` alone.

So a change of the model is one row's change, however many vectors there are; afterwards they are moved over, a page at a time.
A row whose content changes loses its next vector and is embedded again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, bindparam, case, func, null, select, update
from sqlalchemy.sql.selectable import ScalarSelect

from service.catalog import schema
from service.catalog.sql import Statement, in_list, json_list
from service.domain.item import Item

NEEDS_NONE = 2**62
"""The next generation of a tombstone."""

UNEMBEDDED: dict[str, Any] = {"next_vector": null(), "next_generation": 0}
"""What a row whose content changes is set to."""


def _now() -> ScalarSelect[int]:
    return select(schema.deployment.c.generation).scalar_subquery()


def live_vector(table: Table) -> ColumnElement[Any]:
    """The vector of the model in use."""
    return case((table.c.next_generation == _now(), table.c.next_vector), else_=table.c.vector).label("vector")


def _columns(vector: ColumnElement[Any]) -> list[ColumnElement[Any]]:
    return [vector if field.name == "vector" else schema.items.c[field.name] for field in fields(Item)]


ITEM_COLUMNS = _columns(live_vector(schema.items))
"""The fields of `Item`, with the vector of the model in use."""

_o, _i = schema.observations, schema.items
NEXT_ITEM_COLUMNS = _columns(schema.items.c.next_vector)
"""With the vector of the next one, in rows that have it."""


_LACKS_ITEM = _i.c.next_generation < bindparam("generation")
_LACKS_OBSERVATION = _o.c.next_generation < bindparam("generation")
_WAITING_ITEMS = Statement(
    select(_i.c.item_id, _i.c.version, _i.c.text).where(_i.c.shard == bindparam("shard"), _LACKS_ITEM).limit(bindparam("most"))
)
_WAITING_OBSERVATIONS = Statement(select(_o.c.observation_id, _o.c.statement).where(_LACKS_OBSERVATION).limit(bindparam("most")))
_COUNT = Statement(
    select(
        select(func.count()).select_from(_i).where(_LACKS_ITEM).scalar_subquery()
        + select(func.count()).select_from(_o).where(_LACKS_OBSERVATION).scalar_subquery()
    )
)
_next: dict[str, Any] = {"next_vector": bindparam("new_vector"), "next_generation": bindparam("generation")}
_PUT_ITEM = Statement(
    update(_i)
    .where(_i.c.item_id == bindparam("which"), _i.c.version == bindparam("at_version"), _LACKS_ITEM)
    .values(vector=live_vector(_i), **_next)
)
_PUT_OBSERVATION = Statement(
    update(_o).where(_o.c.observation_id == bindparam("which"), _LACKS_OBSERVATION).values(vector=live_vector(_o), **_next)
)
_SETTLE_ITEMS = Statement(
    update(_i)
    .where(
        _i.c.item.in_(
            select(_i.c.item).where(_i.c.shard == bindparam("shard"), _i.c.next_generation == _now()).limit(bindparam("most"))
        )
    )
    .values(vector=_i.c.next_vector, generation=_i.c.next_generation, **UNEMBEDDED)
)
_SETTLE_OBSERVATIONS = Statement(
    update(_o)
    .where(_o.c.observation_id.in_(select(_o.c.observation_id).where(_o.c.next_generation == _now()).limit(bindparam("most"))))
    .values(vector=_o.c.next_vector, **UNEMBEDDED)
)
_NEXT_BY_IDS = Statement(
    select(*NEXT_ITEM_COLUMNS).where(
        in_list(_i.c.item_id, "ids"), _i.c.is_live == 1, _i.c.next_generation == bindparam("generation")
    )
)


def items_to_embed(connection: Connection, shard: int, generation: int, most: int) -> list[tuple[str, int, str]]:
    """(item id, version, text) of some items of a shard that lack the vector of the next model; hidden ones are among them."""
    return [(row[0], row[1], row[2]) for row in _WAITING_ITEMS.run(connection, shard=shard, generation=generation, most=most)]


def observations_to_embed(connection: Connection, generation: int, most: int) -> list[tuple[str, str]]:
    """(observation id, statement) of some that lack it."""
    return [(row[0], row[1]) for row in _WAITING_OBSERVATIONS.run(connection, generation=generation, most=most)]


def count_to_embed(connection: Connection, generation: int) -> int:
    """How many vectors the next model must still make, over all shards."""
    return int(_COUNT.run(connection, generation=generation).scalar_one())


def count_vectors(connection: Connection) -> int:
    """How many vectors there are in all."""
    return count_to_embed(connection, NEEDS_NONE)


def put_next_item_vectors(connection: Connection, vectors: Sequence[tuple[str, int, bytes]], generation: int) -> None:
    """Keep (item id, version, vector of the next model); an item that has another version by now is embedded again."""
    rows = [{"which": name, "at_version": at, "new_vector": vector, "generation": generation} for name, at, vector in vectors]
    _PUT_ITEM.run_many(connection, rows)


def put_next_observation_vectors(connection: Connection, vectors: Sequence[tuple[str, bytes]], generation: int) -> None:
    """Keep (observation id, vector of the next model)."""
    _PUT_OBSERVATION.run_many(
        connection, [{"which": name, "new_vector": vector, "generation": generation} for name, vector in vectors]
    )


def next_items(connection: Connection, ids: Iterable[str], generation: int) -> list[Item]:
    """The live ones among some items that have it, with the vector of the next model."""
    return [Item(*row) for row in _NEXT_BY_IDS.run(connection, ids=json_list(ids), generation=generation)]


def settle(connection: Connection, shard: int, most: int) -> bool:
    """After a change of the model move some vectors over to where they are kept. Returns whether there were any."""
    moved = _SETTLE_ITEMS.run(connection, shard=shard, most=most).rowcount
    return moved + _SETTLE_OBSERVATIONS.run(connection, most=most).rowcount > 0
