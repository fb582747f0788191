"""Stage 3: observations read out of a segmented source. What extraction cannot do costs the memories, never the passages."""

from __future__ import annotations

from service.domain.kinds import Stage
from service.domain.source import Extracted, Segmented, StageError
from service.extractors.base import Extractor


def extract(segmented: Segmented, extractor: Extractor) -> Extracted:
    """Reads the observations; an exception becomes an error beside the passages."""
    try:
        observations, errors = extractor.extract(segmented)
    except Exception as error:  # noqa: BLE001 - whatever a rule trips over, the passages stay
        told = StageError(Stage.EXTRACT.value, type(error).__name__.upper(), str(error)[:500])
        return Extracted(segmented.source, segmented.passages, (), (told,))
    return Extracted(segmented.source, segmented.passages, observations, errors)
