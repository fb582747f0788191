"""The port every extractor fulfils."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from service.domain.refining import Known, Refined
from service.domain.source import Observation, Segmented, StageError


class Extractor(Protocol):
    """Reads observations out of a segmented source.

    The answer of `extract` depends on the source alone: no clock, no randomness, no memory of other sources. What could not be read is
    told as an error and never costs the rest of the source.
    """

    @property
    def version(self) -> str:
        """Names the behaviour: a change that alters any observation needs another version."""
        ...

    def refine(self, talk: Sequence[Segmented], known: Known) -> tuple[Refined, ...]:
        """A second look at the sources of one session, which knows all of them and what their scope has learned; one answer per source."""
        ...

    def extract(self, segmented: Segmented) -> tuple[tuple[Observation, ...], tuple[StageError, ...]]:
        """The observations of a source in the order of its text, and what was given up."""
        ...
