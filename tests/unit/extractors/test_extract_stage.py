"""The stage around an extractor."""

from __future__ import annotations

from collections.abc import Sequence

from service.domain.refining import Known, Refined
from service.domain.source import Observation, Segmented, StageError
from service.pipeline.extract import extract
from service.pipeline.parse import parse
from service.pipeline.segment import segment
from tests.unit.parsers.sources import message


class _Failing:
    version = "failing-1"

    def extract(self, segmented: Segmented) -> tuple[tuple[Observation, ...], tuple[StageError, ...]]:
        raise LookupError(segmented.source.content)

    def refine(self, talk: Sequence[Segmented], known: Known) -> tuple[Refined, ...]:
        raise LookupError(len(talk), known)


def test_a_failing_extractor_costs_no_passage() -> None:
    """What was said stays findable, and the error names the stage."""
    extracted = extract(segment(parse(message("Hello there"))), _Failing())
    assert [passage.text for passage in extracted.passages] == ["Hello there"]
    assert extracted.observations == ()
    assert extracted.errors == (StageError("extract", "LookupError", "Hello there"),)
