"""What the index tells besides items: candidates of a search, and what a table is. No LanceDB or Arrow here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Candidate:
    """One row that a search found, by its vector, its terms or both."""

    item_id: str
    version: int
    distance: float | None
    """Cosine distance, 0 (same direction) to 2; None when the vector query did not return it."""
    score: float | None
    """BM25 score with statistics of the whole table; None when the text query did not return it."""


@dataclass(frozen=True, slots=True)
class TableState:
    """What a table says about itself."""

    version: int
    """Grows by one with every commit, also with one that changes nothing."""
    log_epoch: int
    """The log whose records it holds."""
    generation: int
    """The generation of the model that made its vectors."""
