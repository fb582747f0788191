"""The stages of the child, one after the other, for one source: parse, segment, extract, analyse, embed.

Pure but for the extractor and the embedder it is handed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from service.domain.kinds import Stage
from service.domain.refining import Session, fingerprint
from service.domain.source import Embedded, Extracted, Observation, SearchText, Segmented, Source, StageError
from service.parsers.unreadable import UnreadableError
from service.pipeline.extract import extract
from service.pipeline.parse import parse
from service.pipeline.segment import segment
from service.retrieval.terms import analyse
from service.retrieval.times import has_time_word

if TYPE_CHECKING:
    from service.embedders.base import Embedder
    from service.extractors.base import Extractor

T = TypeVar("T")


class StageFailedError(Exception):
    """A stage raised; the record is tried again and in the end becomes a dead letter."""

    def __init__(self, error: StageError) -> None:
        """Take what the stage could not do."""
        super().__init__(error.message)
        self.error = error


@dataclass(frozen=True, slots=True)
class Analysed:
    """What full-text search needs of one text."""

    terms: str
    words: int
    has_time_word: bool


@dataclass(frozen=True, slots=True)
class Prepared:
    """A source with everything but its vectors."""

    extracted: Extracted
    analysed: tuple[Analysed, ...]
    """One per passage, then one per observation."""

    @property
    def texts(self) -> list[str]:
        """What is to be embedded: passages, then observations."""
        return [passage.embed_text for passage in self.extracted.passages] + self.statements

    @property
    def statements(self) -> list[str]:
        """The observations as they are embedded."""
        return [said.statement for said in self.extracted.observations]


def prepare(source: Source, extractor: Extractor) -> Prepared:
    """Run the stages before embedding.

    Raises:
        StageFailedError: a stage could not do its work.
    """
    segmented = _segmented(source)
    extracted = _run(Stage.EXTRACT, lambda: extract(segmented, extractor))
    analysed = [_analyse(passage.context, passage.text) for passage in extracted.passages]
    analysed += [_analyse(said.context, said.statement) for said in extracted.observations]
    return Prepared(extracted, tuple(analysed))


@dataclass(frozen=True, slots=True)
class Changed:
    """A source that says something else than before, but for the vectors of its statements."""

    prepared: Prepared

    def finished(self, vectors: Sequence[bytes]) -> Embedded:
        """Put the vectors beside the statements; the source's passages are stored already."""
        extracted = self.prepared.extracted
        search = tuple(
            SearchText(told.terms, vector, told.words, told.has_time_word)
            for told, vector in zip(self.prepared.analysed, vectors, strict=True)
        )
        return Embedded(extracted.source.source_id, extracted.passages, extracted.observations, (), (), search)


def refine(session: Session, extractor: Extractor) -> list[Changed]:
    """A second look at a session; the sources that now say something else than before.

    Raises:
        StageFailedError: a stage could not do its work.
    """
    segmented = [_segmented(source) for source in session.sources]
    refined = _run(Stage.EXTRACT, lambda: extractor.refine(segmented, session.known))
    return _changed(session, segmented, [found.observations for found in refined])


def reread(session: Session, extractor: Extractor) -> list[Changed]:
    """The first look once more, each source by itself; those that now say something else than before.

    Raises:
        StageFailedError: a stage could not do its work; what is kept of the source is better than a part.
    """
    segmented = [_segmented(source) for source in session.sources]
    found = [extract(one, extractor) for one in segmented]
    for error in (error for one in found for error in one.errors):
        raise StageFailedError(error)
    return _changed(session, segmented, [one.observations for one in found])


def _segmented(source: Source) -> Segmented:
    parsed = _run(Stage.PARSE, lambda: parse(source))
    return _run(Stage.SEGMENT, lambda: segment(parsed))


def _changed(session: Session, segmented: Sequence[Segmented], found: Sequence[tuple[Observation, ...]]) -> list[Changed]:
    changed = []
    for one, observations, known in zip(segmented, found, session.said, strict=True):
        if _prints(observations) != known:
            analysed = [_analyse(said.context, said.statement) for said in observations]
            changed.append(Changed(Prepared(Extracted(one.source, one.passages, observations), tuple(analysed))))
    return changed


def _prints(observations: Sequence[Observation]) -> frozenset[str]:
    return frozenset(
        fingerprint(one.type.value, one.key, one.statement, one.subject, tuple(mention.name for mention in one.mentions))
        for one in observations
    )


def embed_texts(texts: Sequence[str], embedder: Embedder) -> list[bytes]:
    """The vectors of texts, each 384 little-endian float16.

    Raises:
        StageFailedError: the model could not embed them.
    """
    return _run(Stage.EMBED, lambda: _embed(texts, embedder))


def _embed(texts: Sequence[str], embedder: Embedder) -> list[bytes]:
    vectors = embedder.embed(texts).astype("<f2")
    if not np.isfinite(vectors).all():
        raise ValueError("the model made numbers that no index can hold")
    return [row.tobytes() for row in vectors]


def finish(prepared: Prepared, vectors: Sequence[bytes]) -> Embedded:
    """Put a source's vectors beside its texts."""
    search = [
        SearchText(told.terms, vector, told.words, told.has_time_word)
        for told, vector in zip(prepared.analysed, vectors, strict=True)
    ]
    extracted, count = prepared.extracted, len(prepared.extracted.passages)
    return Embedded(
        source_id=extracted.source.source_id,
        passages=extracted.passages,
        observations=extracted.observations,
        errors=extracted.errors,
        passage_search=tuple(search[:count]),
        observation_search=tuple(search[count:]),
    )


def _analyse(context: str, text: str) -> Analysed:
    return Analysed(" ".join(analyse(context)), len(text.split()), has_time_word(text))


def _run(stage: Stage, work: Callable[[], T]) -> T:
    try:
        return work()
    except Exception as error:
        unreadable = error if isinstance(error, UnreadableError) else None
        code = unreadable.code if unreadable else type(error).__name__.upper()
        told = StageError(stage.value, code, str(error)[:500], is_final=unreadable is not None)
        raise StageFailedError(told) from error
