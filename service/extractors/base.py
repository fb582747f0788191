"""The port every extractor fulfils."""

from __future__ import annotations

from typing import Protocol

from service.domain.source import Observation, Segmented, StageError


class Extractor(Protocol):
    """Reads observations out of a segmented source.

    The answer depends on the source alone: no clock, no randomness, no memory of other sources. What could not be read is
    told as an error and never costs the rest of the source.
    """

    @property
    def version(self) -> str:
        """Names the behaviour: a change that alters any observation needs another version."""
        ...

    def extract(self, segmented: Segmented) -> tuple[tuple[Observation, ...], tuple[StageError, ...]]:
        """The observations of a source in the order of its text, and what was given up."""
        ...
