"""What a statement gave: plain tuples of driver values, straight from the driver's cursor.

SQLAlchemy's own result costs 30 µs to set up, as much as a small statement takes, and a group of one runs seven of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Row = tuple[Any, ...]


class Result:
    """The rows of one execution; read once, whole."""

    __slots__ = ("_cursor",)

    def __init__(self, cursor: Any) -> None:
        """Take a cursor that has executed."""
        self._cursor = cursor

    def __iter__(self) -> Iterator[Row]:
        """Every row."""
        return iter(self.all())

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, in order."""
        return tuple([column[0] for column in self._cursor.description])

    @property
    def rowcount(self) -> int:
        """How many rows a statement without rows of its own has changed."""
        return int(self._cursor.rowcount)

    def all(self) -> list[Row]:
        """Every row."""
        rows: list[Row] = self._cursor.fetchall()
        self._cursor.close()
        return rows

    def first(self) -> Row | None:
        """The first row, or None where there is none."""
        row: Row | None = self._cursor.fetchone()
        self._cursor.close()  # an unfinished statement would stand in the way of the commit
        return row

    def one(self) -> Row:
        """The only row.

        Raises:
            LookupError: there is none, or more.
        """
        rows = self.all()
        if len(rows) != 1:
            raise LookupError(f"{len(rows)} rows where there must be one")
        return rows[0]

    def scalar(self) -> Any:
        """The first value of the first row, or None where there is none."""
        row = self.first()
        return None if row is None else row[0]

    def scalar_one(self) -> Any:
        """The first value of the only row.

        Raises:
            LookupError: there is no row, or more than one.
        """
        return self.one()[0]
