"""Which LanceDB table is a shard's search index, and which one is being built beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select, update

from service.catalog import schema
from service.catalog.sql import Statement, upsert

_t = schema.index_tables
_SELECT = Statement(select(_t.c.name, _t.c.lance_version, _t.c.generation).where(_t.c.shard == bindparam("shard")))
_NAMES = Statement(select(_t.c.name).order_by(_t.c.shard))
_put = upsert(_t).values({name: bindparam(name) for name in ("shard", "name", "lance_version", "generation")})
_PUT = Statement(
    _put.on_conflict_do_update(
        index_elements=["shard"], set_={name: _put.excluded[name] for name in ("name", "lance_version", "generation")}
    )
)
_b = schema.index_builds
_BUILD_COLUMNS = ("name", "lance_version", "generation", "after_scope", "after_item", "done", "total", "is_complete")
_BUILD = Statement(select(*[_b.c[name] for name in _BUILD_COLUMNS]).where(_b.c.shard == bindparam("shard")))
_BUILDS = Statement(select(*[_b.c[name] for name in _BUILD_COLUMNS]).order_by(_b.c.shard))
_put_build = upsert(_b).values({name: bindparam(name) for name in ("shard", *_BUILD_COLUMNS)})
_PUT_BUILD = Statement(
    _put_build.on_conflict_do_update(index_elements=["shard"], set_={name: _put_build.excluded[name] for name in _BUILD_COLUMNS})
)
_WANT_BUILD = Statement(
    upsert(_b).values({name: bindparam(name) for name in ("shard", *_BUILD_COLUMNS)}).on_conflict_do_nothing()
)
_END_BUILDS = Statement(delete(_b))
_END_BUILD = Statement(delete(_b).where(_b.c.shard == bindparam("shard")))
_SWITCH_ALL = Statement(
    update(_t).values(
        {
            name: select(_b.c[name]).where(_b.c.shard == _t.c.shard).scalar_subquery()
            for name in ("name", "lance_version", "generation")
        }
    )
)


@dataclass(frozen=True, slots=True)
class IndexTable:
    """A shard's table, and the version of it that the catalog knows to be complete."""

    name: str
    lance_version: int
    generation: int


@dataclass(frozen=True, slots=True)
class IndexBuild:
    """A table that is being built from the catalog, scope by scope, beside the one in use."""

    name: str
    """Empty: it is wanted, and nobody has begun."""
    lance_version: int
    """The version of it that the catalog knows to hold all that this row says."""
    generation: int
    after: tuple[int, int]
    """Where the next page of items begins; see `items.items_by_shard`."""
    done: int = 0
    """Items that are in it."""
    total: int = 0
    """Items that there were when it was begun."""
    is_complete: bool = False
    """Whether nothing is left to be put into it but what changes."""


def index_table(connection: Connection, shard: int) -> IndexTable | None:
    """The shard's table, or None where there is none yet."""
    row = _SELECT.run(connection, shard=shard).first()
    return None if row is None else IndexTable(row[0], row[1], row[2])


def table_names(connection: Connection) -> list[str]:
    """The tables of all shards that have one."""
    return [row[0] for row in _NAMES.run(connection)]


def set_index_table(connection: Connection, shard: int, table: IndexTable) -> None:
    """Switch to a table, or note a newer version of it."""
    _PUT.run(connection, shard=shard, name=table.name, lance_version=table.lance_version, generation=table.generation)


def index_build(connection: Connection, shard: int) -> IndexBuild | None:
    """The build under way in a shard, or wanted there."""
    row = _BUILD.run(connection, shard=shard).first()
    return None if row is None else _build(row)


def index_builds(connection: Connection) -> list[IndexBuild]:
    """The builds of all shards that are under way or wanted."""
    return [_build(row) for row in _BUILDS.run(connection)]


def _build(row: Sequence[Any]) -> IndexBuild:
    return IndexBuild(row[0], row[1], row[2], (row[3], row[4]), row[5], row[6], bool(row[7]))


def want_index_build(connection: Connection, shard: int, generation: int) -> None:
    """Ask the shard's owner for a new table; nothing happens where one is being built."""
    _WANT_BUILD.run(connection, **_values(shard, IndexBuild("", 0, generation, (0, 0))))


def set_index_build(connection: Connection, shard: int, build: IndexBuild) -> None:
    """Note how far a build has come."""
    _PUT_BUILD.run(connection, **_values(shard, build))


def end_index_build(connection: Connection, shard: int) -> None:
    """Forget a build: it is the table in use now."""
    _END_BUILD.run(connection, shard=shard)


def switch_all(connection: Connection) -> None:
    """Use every shard's build at once: with another model they belong together."""
    _SWITCH_ALL.run(connection)
    _END_BUILDS.run(connection)


def _values(shard: int, build: IndexBuild) -> dict[str, Any]:
    return {
        "shard": shard,
        "name": build.name,
        "lance_version": build.lance_version,
        "generation": build.generation,
        "after_scope": build.after[0],
        "after_item": build.after[1],
        "done": build.done,
        "total": build.total,
        "is_complete": int(build.is_complete),
    }
