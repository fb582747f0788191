"""Moving all that a drained SQLite catalog holds into an empty PostgreSQL database, in one transaction there.

Cut off at any moment it leaves nothing, and is simply started again. The row of the deployment is written first: a service that comes up on
the database meanwhile waits for it in vain, instead of making a deployment of its own.

What lives here: which rows, what changes in them, and comparing them. What does not: stopping and draining the service that wrote them
(`service.bootstrap.copy`), and the search index, which the owners of the new deployment build.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from psycopg import sql
from sqlalchemy import BigInteger, Connection, Float, Integer, LargeBinary, Table, Text, func, select, text, update

from service.catalog import schema
from service.catalog.deployment import create_deployment
from service.catalog.engine import Catalog
from service.catalog.postgres import driver
from service.domain.errors import FailedPrecondition
from service.domain.kinds import ScopeKind
from service.domain.scope import ScopeRef, shard_of

Row = Sequence[Any]
Progress = Callable[[str, int, int], None]
"""Told (stage, rows done, rows in all)."""

_PROGRESS = (schema.log_heads, schema.log_published, schema.log_applied, schema.log_indexed)
_OF_THE_LOG = {schema.outbox, schema.log_held, schema.log_attempts, *_PROGRESS}
_OF_OWNERS = {schema.shard_owner, schema.relay_leases, schema.index_pending, schema.index_tables, schema.index_builds}
MOVED = [table for table in schema.metadata.sorted_tables if table not in {schema.deployment, *_OF_THE_LOG, *_OF_OWNERS}]
"""The others say how far work is, which is done, and who does it; in a new deployment they begin anew."""

_UNHURRIED = ("SET LOCAL statement_timeout = 0", "SET LOCAL idle_in_transaction_session_timeout = 0")
_PAGE = 1_000
_TYPES = {Integer: "int8", BigInteger: "int8", Text: "text", LargeBinary: "bytea", Float: "float8"}


@dataclass(frozen=True, slots=True)
class _Content:
    """What a table holds, for comparing."""

    rows: int
    checksum: str


def left_to_do(connection: Connection) -> int:
    """Records and changes that an owner must still work off before a catalog is drained."""
    heads, indexed = (select(func.coalesce(func.sum(table.c.seq), 0)) for table in (schema.log_heads, schema.log_indexed))
    pending = select(func.count()).select_from(schema.index_pending)
    found = select(heads.scalar_subquery(), indexed.scalar_subquery(), pending.scalar_subquery())
    head, done, changes = connection.execute(found).one()
    return int(head - done + changes)


def require_empty(connection: Connection) -> None:
    """Make sure that nothing is in a database which has our tables.

    Raises:
        FailedPrecondition: something is.
    """
    for table in schema.metadata.sorted_tables:
        if connection.execute(select(func.count()).select_from(select(table).limit(1).subquery())).scalar_one():
            raise FailedPrecondition(
                f"the database is in use already: its table {table.name} is not empty; give an empty database",
                reason="COPY_REFUSED",
            )


def transfer(source: Catalog, target: Catalog, shards: int, progress: Progress) -> Mapping[str, int]:
    """Move everything, compare it with what was read, and only then make it be there.

    Args:
        source: a drained SQLite catalog that nobody writes.
        target: an empty PostgreSQL database with our tables.
        shards: of the new deployment; each scope gets its place among them.
        progress: told now and then.

    Returns:
        How many rows each table has.

    Raises:
        FailedPrecondition: the source is not drained, the target is not empty, or what arrived there is not what was sent.
        Unavailable: the target cannot be written now.
    """

    def run(writing: Connection) -> Mapping[str, int]:
        with source.read() as reading:
            return _Transfer(reading, writing, shards, progress).run()

    return target.transact(run)


class _Transfer:
    """One attempt, within a transaction on either side."""

    def __init__(self, source: Connection, target: Connection, shards: int, progress: Progress) -> None:
        """Take both ends."""
        self._source = source
        self._target = target
        self._shards = shards
        self._progress = progress
        self._counts = {table: int(source.execute(select(func.count()).select_from(table)).scalar_one()) for table in MOVED}
        self._shard_of_scope: dict[int, int] = {}

    def run(self) -> Mapping[str, int]:
        """Do it, up to the commit."""
        for statement in _UNHURRIED:
            self._target.execute(text(statement))
        require_empty(self._target)
        self._begin()
        self._shard_of_scope = self._placed()
        sent = self._over_all("copying", self._send)
        arrived = self._over_all("comparing", self._read_back)
        for table in MOVED:
            if sent[table] != arrived[table]:
                raise FailedPrecondition(
                    f"the database changes what it is given: table {table.name} arrived otherwise than it was sent; nothing was copied",
                    reason="COPY_DIFFERS",
                )
        return {table.name: content.rows for table, content in arrived.items()}

    def _begin(self) -> None:
        """The deployment, under a new log epoch. Messages keep their numbers: every shard goes on from the last one of the lane."""
        former = self._source.execute(select(schema.deployment)).mappings().one()
        if former["next_model_id"] is not None or left_to_do(self._source):
            raise FailedPrecondition(
                "the service has not finished its work: start it, and wait until it has", reason="NOT_DRAINED"
            )
        create_deployment(
            self._target,
            shards=self._shards,
            model_id=former["model_id"],
            extractor_version=former["extractor_version"],
            analysis_version=former["analysis_version"],
        )
        kept = {name: former[name] for name in ("generation", "create_time")}
        self._target.execute(update(schema.deployment).values(kept))
        heads = select(schema.log_heads.c.lane, func.max(schema.log_heads.c.seq)).group_by(schema.log_heads.c.lane)
        for lane, seq in self._source.execute(heads).all():
            for table in _PROGRESS:
                self._target.execute(update(table).where(table.c.lane == lane).values(seq=seq))

    def _placed(self) -> dict[int, int]:
        s = schema.scopes.c
        found = self._source.execute(select(s.scope, s.instance_id, s.kind, s.customer_id, s.user_id))
        return {
            scope: shard_of(instance, ScopeRef(ScopeKind(kind), customer, user), self._shards)
            for scope, instance, kind, customer, user in found
        }

    def _over_all(self, stage: str, work: Callable[[Table], Iterator[Row]]) -> dict[Table, _Content]:
        """Do something with the rows of every table, one after another, and say what they were."""
        total, done = sum(self._counts.values()), 0
        contents: dict[Table, _Content] = {}
        for table in MOVED:
            digest, rows = hashlib.blake2b(digest_size=16), 0
            for row in work(table):
                digest.update(repr(tuple(row)).encode())
                rows += 1
                if rows % _PAGE == 0:
                    self._progress(stage, done + rows, total)
            done += rows
            contents[table] = _Content(rows, digest.hexdigest())
        self._progress(stage, done, total)
        return contents

    def _send(self, table: Table) -> Iterator[Row]:
        place = self._placing(table)
        statement = select(table).order_by(*table.primary_key).execution_options(yield_per=_PAGE)
        into = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table.name), _names(table))
        with driver(self._target).cursor() as cursor:
            with cursor.copy(into) as copy:
                for row in map(place, self._source.execute(statement)):
                    copy.write_row(row)
                    yield row
            cursor.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(table.name)))
        self._go_on_counting(table)

    def _placing(self, table: Table) -> Callable[[Row], Row]:
        """What gives a row of a table its new shard, where it has one: that of its scope."""
        if "shard" not in table.c:
            return tuple
        names = list(table.c.keys())
        scope, shard = itemgetter(names.index("scope")), names.index("shard")
        return lambda row: (*row[:shard], self._shard_of_scope[scope(row)], *row[shard + 1 :])

    def _go_on_counting(self, table: Table) -> None:
        """Numbers that were drawn once are not drawn again."""
        column = table.autoincrement_column
        if column is None:
            return
        last = self._source.execute(text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": table.name}).scalar()
        if last:
            numbers = {"table": table.name, "column": column.name, "last": last}
            self._target.execute(text("SELECT setval(pg_get_serial_sequence(:table, :column), :last)"), numbers)

    def _read_back(self, table: Table) -> Iterator[Row]:
        key = sql.SQL(", ").join(sql.Identifier(column.name) for column in table.primary_key)
        select_all = sql.SQL("SELECT {} FROM {} ORDER BY {}").format(_names(table), sql.Identifier(table.name), key)
        with driver(self._target).cursor() as cursor, cursor.copy(sql.SQL("COPY ({}) TO STDOUT").format(select_all)) as copy:
            copy.set_types([_type(column.type) for column in table.columns])
            yield from copy.rows()


def _names(table: Table) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(column.name) for column in table.columns)


def _type(column_type: object) -> str:
    return next(name for kind, name in _TYPES.items() if isinstance(column_type, kind))
