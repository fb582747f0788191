"""Stage 3: observations read out of a segmented source."""

from __future__ import annotations

from service.domain.source import Extracted, Segmented, StageError
from service.extractors.base import Extractor


def extract(segmented: Segmented, extractor: Extractor) -> Extracted:
    """Runs an extractor; when it fails, the passages stand and the failure is told as an error of this stage."""
    try:
        observations, errors = extractor.extract(segmented)
    except Exception as error:  # noqa: BLE001  # whatever an extractor does, what was said stays findable
        failure = StageError("extract", type(error).__name__, str(error)[:500])
        return Extracted(segmented.source, segmented.passages, (), (failure,))
    return Extracted(segmented.source, segmented.passages, observations, errors)
