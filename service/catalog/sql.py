"""Statements written in SQLAlchemy Core and compiled once.

Building a statement costs over 100 µs a call; the compiled text with a tuple of values costs under 20. Lists travel as one
JSON parameter, so that the text never changes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, func, select
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.base import Executable


class Statement:
    """A Core statement that runs as driver text. Parameters are named like its bindparams."""

    def __init__(self, core: Executable) -> None:
        """Take the statement; it is compiled at its first use, for the dialect of the connection."""
        self._core = core
        self._compiled: dict[str, tuple[str, tuple[str, ...] | None, dict[str, Any]]] = {}

    def run(self, connection: Connection, **values: Any) -> Any:
        """Execute once. Returns a `CursorResult`, whose rows hold driver values."""
        text, order, constants = self._compile(connection.dialect)
        return connection.exec_driver_sql(text, _arrange(order, constants, values))

    def rows(self, connection: Connection, **values: Any) -> list[dict[str, Any]]:
        """Execute once; the rows by column name."""
        result = self.run(connection, **values)
        names = tuple(result.keys())  # a dictionary of a row's mapping would look each name up again
        return [dict(zip(names, row, strict=True)) for row in result]

    def run_many(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Execute once per row; no rows, no statement."""
        if rows:
            text, order, constants = self._compile(connection.dialect)
            connection.exec_driver_sql(text, _arrange_many(order, constants, rows))

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
