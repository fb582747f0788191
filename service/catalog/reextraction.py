"""Which sources are to be read again by the extractor: those whose passages name no version of it.

That is all the state there is. Whoever wants it takes the versions away, an owner puts its own in when a source is done; so either may be
killed or repeated at any moment, and what is left to do is what has no version.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, bindparam, func, literal_column, or_, select, update

from service.catalog import schema
from service.catalog.sql import Statement, in_list, json_list

GIVEN_UP = "none"
"""In place of a version: the source could not be read again, and is kept as it was."""

_p, _s, _i = schema.passages, schema.scopes, schema.instances
_IS_UNREAD = _p.c.extractor_version == literal_column("''")  # no parameter: SQLite takes the partial index for a constant only


def _is_of(name: str, column: ColumnElement[str]) -> ColumnElement[bool]:
    return or_(bindparam(name) == "", column == bindparam(name))


_WANTED = and_(
    _p.c.passage_id > bindparam("after"),
    ~_IS_UNREAD,
    or_(bindparam("is_all") == 1, _p.c.extractor_version != bindparam("version")),
    _is_of("instance", _i.c.name),
    _is_of("customer_id", _s.c.customer_id),
    _is_of("user_id", _s.c.user_id),
)
_WANTED_PAGE = Statement(
    select(_p.c.passage_id)
    .join(_s, _s.c.scope == _p.c.scope)
    .join(_i, _i.c.instance_id == _s.c.instance_id)
    .where(_WANTED)
    .order_by(_p.c.passage_id)
    .limit(bindparam("most"))
)
_UNREAD = Statement(
    select(_p.c.source_id, _p.c.source_kind, _p.c.scope)
    .join(_s, _s.c.scope == _p.c.scope)
    .where(_IS_UNREAD, _s.c.shard == bindparam("shard"))
    .distinct()
    .order_by(_p.c.scope, _p.c.source_id)
    .limit(bindparam("most"))
)
_MARK = Statement(update(_p).where(in_list(_p.c.passage_id, "ids")).values(extractor_version=""))
_SETTLE = Statement(
    update(_p).where(in_list(_p.c.source_id, "ids"), _IS_UNREAD).values(extractor_version=bindparam("new_version"))
)
_COUNT_UNREAD = Statement(select(func.count(_p.c.source_id.distinct())).where(_IS_UNREAD))
_COUNT_GIVEN_UP = Statement(select(func.count(_p.c.source_id.distinct())).where(_p.c.extractor_version == GIVEN_UP))


@dataclass(frozen=True, slots=True)
class Which:
    """Whose sources; empty: everybody's."""

    instance: str = ""
    customer_id: str = ""
    """Its own and its users'."""
    user_id: str = ""
    is_all: bool = False
    """Also what the present version has read."""


@dataclass(frozen=True, slots=True)
class Unread:
    """A source to be read again."""

    source_id: str
    source_kind: str
    scope: int


def want_again(connection: Connection, which: Which, version: str, after: str, most: int) -> str:
    """Let a page of passages, in id order after an id, be read again if another version has read them. Returns its last id, empty at the end."""
    ids = [
        row[0]
        for row in _WANTED_PAGE.run(
            connection,
            after=after,
            most=most,
            version=version,
            is_all=int(which.is_all),
            instance=which.instance,
            customer_id=which.customer_id,
            user_id=which.user_id,
        )
    ]
    _MARK.run(connection, ids=json_list(ids))
    return ids[-1] if ids else ""


def unread(connection: Connection, shard: int, most: int) -> list[Unread]:
    """Sources of a shard that are to be read again, scope by scope."""
    return [Unread(*row) for row in _UNREAD.run(connection, shard=shard, most=most)]


def settle(connection: Connection, source_ids: Sequence[str], version: str) -> None:
    """They were read by this version, or (`GIVEN_UP`) cannot be."""
    _SETTLE.run(connection, ids=json_list(source_ids), new_version=version)


def count_unread(connection: Connection) -> int:
    """How many sources are still to be read again."""
    return int(_COUNT_UNREAD.run(connection).scalar_one())


def count_given_up(connection: Connection) -> int:
    """How many sources could not be read again."""
    return int(_COUNT_GIVEN_UP.run(connection).scalar_one())
