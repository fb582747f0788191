"""What can go wrong with the search index, as its callers see it."""

from __future__ import annotations

from service.domain.errors import Unavailable

LANCE_ERRORS = (RuntimeError, ValueError, OSError, NotImplementedError)
"""What LanceDB raises, for whatever reason: its types tell little apart."""


class IndexUnavailable(Unavailable):
    """The index did not answer, or answered with an error; the outcome of a write is unknown and repeating it is safe."""
