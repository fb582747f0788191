"""Statements written in SQLAlchemy Core and compiled once.

Building a statement costs over 100 µs a call, running its text through SQLAlchemy 40; the driver itself needs under 10, so that is what
runs it, on the connection and in the transaction that SQLAlchemy opened. Lists travel as one JSON parameter, so that the text never changes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, func, select
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.base import Executable

from service.catalog.result import Result


class Statement:
    """A Core statement that runs as driver text. Parameters are named like its bindparams."""

    def __init__(self, core: Executable) -> None:
        """Take the statement; it is compiled at its first use, for the dialect of the connection."""
        self._core = core
        self._compiled: dict[str, tuple[str, tuple[str, ...] | None, dict[str, Any]]] = {}

    def run(self, connection: Connection, **values: Any) -> Result:
        """Execute once."""
        text, order, constants = self._compile(connection.dialect)
        cursor = _cursor(connection)
        cursor.execute(text, _arrange(order, constants, values))
        return Result(cursor)

    def rows(self, connection: Connection, **values: Any) -> list[dict[str, Any]]:
        """Execute once; the rows by column name."""
        result = self.run(connection, **values)
        names = result.names
        return [dict(zip(names, row, strict=True)) for row in result]

    def run_many(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Execute once per row; no rows, no statement."""
        if rows:
            text, order, constants = self._compile(connection.dialect)
            _cursor(connection).executemany(text, _arrange_many(order, constants, rows))

    def _compile(self, dialect: Dialect) -> tuple[str, tuple[str, ...] | None, dict[str, Any]]:
        found = self._compiled.get(dialect.name)
        if found is None:
            compiled = self._core.compile(dialect=dialect)  # type: ignore[attr-defined]
            positions = compiled.positiontup
            order = tuple(positions) if positions is not None else None
            required = {name for name, bind in compiled.binds.items() if bind.required}
            constants = {name: value for name, value in compiled.params.items() if name not in required}
            found = self._compiled[dialect.name] = (str(compiled), order, constants)
        return found


def _cursor(connection: Connection) -> Any:
    """A cursor of the driver. `connection` must be in a transaction: SQLAlchemy does not see what runs here, and begins none."""
    return connection.connection.dbapi_connection.cursor()  # type: ignore[union-attr]  # open, or there were no transaction


def _arrange(
    order: tuple[str, ...] | None, constants: Mapping[str, Any], values: Mapping[str, Any]
) -> tuple[Any, ...] | dict[str, Any]:
    if order is None:
        return {**constants, **values}
    return tuple([values[name] if name in values else constants[name] for name in order])


def _arrange_many(order: tuple[str, ...] | None, constants: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> list[Any]:
    if order is not None and len(order) > 1 and all(name in rows[0] for name in order):
        return list(map(itemgetter(*order), rows))  # a quarter of the cost
    return [_arrange(order, constants, row) for row in rows]


def json_list(values: Iterable[object]) -> str:
    """The one parameter that a list becomes; see `in_list`."""
    return json.dumps(list(values), ensure_ascii=False, separators=(",", ":"))


def in_list(column: ColumnElement[Any], parameter: str) -> ColumnElement[bool]:
    """`column IN (the JSON list bound as parameter)`."""
    values = func.json_each(bindparam(parameter)).table_valued("value")
    return column.in_(select(values.c.value))
