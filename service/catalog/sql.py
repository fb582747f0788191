"""Statements written in SQLAlchemy Core, once for both databases, and compiled once for each.

Building a statement costs over 100 µs a call, running its text through SQLAlchemy 40; the driver itself needs under 10, so that is what
runs it, on the connection and in the transaction that SQLAlchemy opened. Lists travel as one JSON parameter, so that the text never changes.
Where SQLite and PostgreSQL say the same differently, the words for it are here: `upsert`, `in_list`, `json_rows`, `Bulk`; the clock is in `clock`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, FromClause, LargeBinary, Table, Text, bindparam, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

from service.catalog.result import Result, Row

__all__ = ["Bulk", "Statement", "in_list", "insertion", "json_list", "json_rows", "together", "upsert"]
"""`upsert`: both dialects understand `ON CONFLICT`, and SQLite's compiler takes the other's construct."""


class _Compiled(NamedTuple):
    """A statement in the words of one database."""

    text: str
    order: tuple[str, ...]
    """The names of its parameters, in order."""
    constants: Mapping[str, Any]
    """The values that the statement itself brings."""
    arrange: Callable[[Mapping[str, Any]], tuple[Any, ...]]
    """What the driver takes, out of a row's values by name."""


class Statement:
    """A Core statement that runs as driver text. Parameters are named like its bindparams."""

    def __init__(self, core: Executable) -> None:
        """Take the statement; it is compiled at its first use, for the dialect of the connection."""
        self._core = core
        self._compiled: dict[str, _Compiled] = {}

    def run(self, connection: Connection, **values: Any) -> Result:
        """Execute once."""
        compiled = self.compile(connection.dialect)
        cursor = _cursor(connection)
        cursor.execute(compiled.text, compiled.arrange(values))
        return Result(cursor)

    def rows(self, connection: Connection, **values: Any) -> list[dict[str, Any]]:
        """Execute once; the rows by column name."""
        result = self.run(connection, **values)
        names = result.names
        return [dict(zip(names, row, strict=True)) for row in result]

    def run_many(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> int:
        """Execute once per row; no rows, no statement. Returns how many rows that has changed."""
        if not rows:
            return 0
        compiled = self.compile(connection.dialect)
        cursor = _cursor(connection)
        cursor.executemany(compiled.text, list(map(compiled.arrange, rows)))
        return int(cursor.rowcount)

    def run_each(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> list[Row | None]:
        """Execute once per row, in order, on PostgreSQL in one round trip; the first row that each gave."""
        return [next(iter(found), None) for _, found in self._each(connection, rows)]

    def rows_each(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> list[list[dict[str, Any]]]:
        """The same; all rows that each gave, by column name."""
        return [[dict(zip(names, row, strict=True)) for row in found] for names, found in self._each(connection, rows)]

    def _each(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> list[tuple[tuple[str, ...], list[Row]]]:
        if len(rows) < 2 or connection.dialect.name != "postgresql":
            return [(result.names, result.all()) for result in (self.run(connection, **row) for row in rows)]
        compiled = self.compile(connection.dialect)
        cursor = _cursor(connection)
        cursor.executemany(compiled.text, list(map(compiled.arrange, rows)), returning=True)
        return [(Result(result).names, result.fetchall()) for result in cursor.results()]

    def compile(self, dialect: Dialect) -> _Compiled:
        """The statement in the words of a dialect."""
        found = self._compiled.get(dialect.name)
        if found is None:
            found = self._compiled[dialect.name] = _compile(self._core, dialect)
        return found


def _compile(core: Executable, dialect: Dialect) -> _Compiled:
    compiled = core.compile(dialect=dialect)  # type: ignore[attr-defined]
    assert compiled.positiontup is not None, "both engines ask for positional parameters"
    required = {name for name, bind in compiled.binds.items() if bind.required}
    constants = {name: value for name, value in compiled.params.items() if name not in required}
    order = tuple(compiled.positiontup)
    return _Compiled(str(compiled), order, constants, _arranger(order, constants))


def _arranger(order: tuple[str, ...], constants: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    if len(order) > 1 and not constants:
        return itemgetter(*order)  # a quarter of the cost
    return lambda values: tuple([values[name] if name in values else constants[name] for name in order])


@contextmanager
def together(connection: Connection) -> Iterator[None]:
    """Statements that give no rows, on PostgreSQL in one round trip: the first error is raised, at a later statement or at the end."""
    if connection.dialect.name == "postgresql":
        with connection.connection.dbapi_connection.pipeline():  # type: ignore[union-attr]  # psycopg's own
            yield
    else:
        yield


def _cursor(connection: Connection) -> Any:
    """A cursor of the driver. `connection` must be in a transaction: SQLAlchemy does not see what runs here, and begins none."""
    return connection.connection.dbapi_connection.cursor()  # type: ignore[union-attr]  # open, or there were no transaction


class Bulk:
    """A change of many rows: on SQLite one statement a row, which it is fast at, on PostgreSQL one for all, which takes half of the time."""

    def __init__(self, each: Executable, whole: Executable, names: Sequence[str]) -> None:
        """Take both.

        Args:
            each: for one row; its parameters are `names`.
            whole: for all rows, bound as `rows`; see `json_rows`.
            names: what stands in a row, in order.
        """
        self.each, self.whole = Statement(each), Statement(whole)
        self._take = itemgetter(*names)

    def run(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Change rows, given by name; no rows, no statement."""
        if rows and connection.dialect.name == "postgresql":
            self.whole.run(connection, rows=json_list(map(self._take, rows)))
        else:
            self.each.run_many(connection, rows)


def insertion(table: Table, names: Iterable[str]) -> Bulk:
    """Insert rows; none of them may be there already."""
    columns = list(names)
    rows, parts = json_rows("rows", *[table.c[name].type for name in columns])
    whole = insert(table).from_select(columns, select(*parts).select_from(rows))
    return Bulk(insert(table).values({name: bindparam(name) for name in columns}), whole, columns)


def json_list(values: Iterable[object]) -> str:
    """The one parameter that a list becomes; see `in_list` and `json_rows`."""
    return json.dumps(list(values), ensure_ascii=False, separators=(",", ":"), default=bytes.hex)


def in_list(column: ColumnElement[Any], parameter: str) -> ColumnElement[bool]:
    """`column IN (the JSON list bound as parameter)`."""
    each = _each(parameter)
    return column.in_(select(_Part(each.c.value, column.type, None)))


def json_rows(parameter: str, *types: TypeEngine[Any]) -> tuple[FromClause, list[ColumnElement[Any]]]:
    """The table that a JSON list of lists is, bound as one parameter, and its columns, which have these types.

    Bytes travel as hexadecimal digits; only PostgreSQL makes bytes of them again.
    """
    each = _each(parameter)
    return each, [_Part(each.c.value, kind, at) for at, kind in enumerate(types)]


def _each(parameter: str) -> Any:
    return _Each(bindparam(parameter)).table_valued("value")


class _Each(FunctionElement[Any]):
    """The values of a JSON list, one a row."""

    name = "json_each"
    inherit_cache = True


class _Part(FunctionElement[Any]):
    """What stands at a place of a JSON list, or (None) a JSON value itself, as SQL has it."""

    name = "json_part"
    inherit_cache = False

    def __init__(self, value: ColumnElement[Any], kind: TypeEngine[Any], at: int | None) -> None:
        self.at = at
        self.type = kind
        super().__init__(value)


@compiles(_Each, "sqlite")
def _each_sqlite(element: _Each, compiler: SQLCompiler, **kw: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **kw)})"


@compiles(_Each, "postgresql")
def _each_postgres(element: _Each, compiler: SQLCompiler, **kw: Any) -> str:
    return f"jsonb_array_elements(CAST({compiler.process(element.clauses, **kw)} AS JSONB))"


@compiles(_Part, "sqlite")
def _part_sqlite(element: _Part, compiler: SQLCompiler, **kw: Any) -> str:
    value = compiler.process(element.clauses, **kw)
    return value if element.at is None else f"json_extract({value}, '$[{element.at}]')"


@compiles(_Part, "postgresql")
def _part_postgres(element: _Part, compiler: SQLCompiler, **kw: Any) -> str:
    value = compiler.process(element.clauses, **kw)
    text = f"({value} #>> '{{}}')" if element.at is None else f"({value} ->> {element.at})"
    if isinstance(element.type, LargeBinary):
        return f"decode({text}, 'hex')"
    return text if isinstance(element.type, Text) else f"CAST({text} AS {element.type.compile(compiler.dialect)})"
