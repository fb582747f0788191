"""Which LanceDB table is a shard's search index."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select

from service.catalog import schema
from service.catalog.sql import Statement, upsert

_t = schema.index_tables
_SELECT = Statement(select(_t.c.name, _t.c.lance_version, _t.c.generation).where(_t.c.shard == bindparam("shard")))
_put = upsert(_t).values({name: bindparam(name) for name in ("shard", "name", "lance_version", "generation")})
_PUT = Statement(
    _put.on_conflict_do_update(
        index_elements=["shard"], set_={name: _put.excluded[name] for name in ("name", "lance_version", "generation")}
    )
)


@dataclass(frozen=True, slots=True)
class IndexTable:
    """A shard's table, and the version of it that the catalog knows to be complete."""

    name: str
    lance_version: int
    generation: int


def index_table(connection: Connection, shard: int) -> IndexTable | None:
    """The shard's table, or None where there is none yet."""
    row = _SELECT.run(connection, shard=shard).first()
    return None if row is None else IndexTable(row[0], row[1], row[2])


def set_index_table(connection: Connection, shard: int, table: IndexTable) -> None:
    """Switch to a table, or note a newer version of it."""
    _PUT.run(connection, shard=shard, name=table.name, lance_version=table.lance_version, generation=table.generation)
