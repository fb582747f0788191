"""Which rows of a scope point to which places: memories to their excerpts, superseded memories to what took their place.

What lives here: the pairs, growth and renumbering. What does not: what is pointed to (`sources`), what ranking makes of it (`fuse`).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int32]


class Links:
    """Pairs of a row and the code of a place, in the order of the rows."""

    __slots__ = ("_added", "_places", "_rows")

    def __init__(self) -> None:
        """Start empty."""
        self._rows: Numbers = np.zeros(0, np.int32)
        self._places: Numbers = np.zeros(0, np.int32)
        self._added: list[tuple[int, int]] = []

    @property
    def rows(self) -> Numbers:
        """The rows, ascending; a row that points to several places comes several times."""
        self._settle()
        return self._rows

    @property
    def places(self) -> Numbers:
        """The code of the place each of them points to."""
        self._settle()
        return self._places

    @property
    def size_bytes(self) -> int:
        """Memory held."""
        return self._rows.nbytes + self._places.nbytes

    def add(self, pairs: Iterable[tuple[int, int]]) -> None:
        """Let rows point to places: (row, code of the place), rows ascending and new."""
        self._added.extend(pairs)

    def keep(self, kept: Numbers) -> None:
        """Renumber: row `kept[i]` becomes row i, the pairs of all others go."""
        renumbered = np.full(max(int(kept.max(initial=-1)), int(self.rows.max(initial=-1))) + 1, -1, np.int32)
        renumbered[kept] = np.arange(len(kept), dtype=np.int32)
        rows = renumbered[self._rows]
        self._rows, self._places = rows[rows >= 0], self._places[rows >= 0]

    def rename(self, places: Numbers) -> None:
        """Give the places of all pairs other codes, in the order of the pairs."""
        self._places = places

    def _settle(self) -> None:
        if self._added:
            added = np.array(self._added, np.int32)
            self._rows, self._places = np.concatenate((self._rows, added[:, 0])), np.concatenate((self._places, added[:, 1]))
            self._added = []
