"""How a new text joins the text of a memory."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from enum import StrEnum

from service.domain.kinds import IngestionMode, Role, SourceKind
from service.domain.sentences import sentence_spans
from service.domain.source import Segmented, Source, Turn
from service.extractors.base import Extractor


class MergeStrategy(StrEnum):
    """The ways to join."""

    REPLACE = "replace"
    APPEND = "append"
    SMART_MERGE = "smart-merge"


Slot = tuple[str, str]
"""Whom or what, and the single-valued attribute: of one slot only one value is true at a time."""


class Merge:
    """Joins texts; asks an extractor which sentences give values to slots."""

    def __init__(self, extractor: Extractor) -> None:
        """Take the extractor that reads documents too."""
        self._extractor = extractor

    def join(self, old: str, new: str, strategy: MergeStrategy) -> str:
        """The text of a memory after a new text came.

        SMART_MERGE keeps the sentences of both in order, each once; an old sentence goes when the new text says it too, or gives another
        value to what it is about (home, job, plan...).
        """
        if strategy is MergeStrategy.REPLACE or not old:
            return new
        if strategy is MergeStrategy.APPEND:
            return f"{old}\n{new}"
        return self._smart(old, new)

    def _smart(self, old: str, new: str) -> str:
        fresh = _sentences(new)
        said = {_folded(sentence) for sentence in fresh}
        slots = {slot for sentence in fresh for slot in self._slots(sentence)}
        kept = [
            sentence
            for sentence in _sentences(old)
            if _folded(sentence) not in said and not (slots and slots.intersection(self._slots(sentence)))
        ]
        return _paragraph(_once([*kept, *fresh]))

    def _slots(self, sentence: str) -> Collection[Slot]:
        source = Source(
            source_id="",
            kind=SourceKind.MESSAGE,
            content=sentence,
            said_time=_ANY_TIME,
            time_zone="",
            mode=IngestionMode.FAST,
            role=Role.USER,
        )
        turn = Turn(sentence, 0, len(sentence), Role.USER, "", _ANY_TIME)
        observations, _ = self._extractor.extract(Segmented(source, (turn,), ()))
        return {(said.subject, said.attribute) for said in observations if said.attribute and said.polarity > 0}


_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)
"""Slots do not depend on it."""
_MARKS = frozenset(".!?…。！？:;,\"'”’)*_")


def _sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


def _paragraph(sentences: Sequence[str]) -> str:
    """Sentences in a row; one that ends without a mark and is followed by another gets a full stop."""
    ended = [sentence if sentence[-1] in _MARKS else f"{sentence}." for sentence in sentences[:-1]]
    return " ".join([*ended, *sentences[-1:]])


def _folded(sentence: str) -> str:
    return " ".join(sentence.casefold().split()).rstrip(".!? ")


def _once(sentences: Iterable[str]) -> list[str]:
    return list({_folded(sentence): sentence for sentence in reversed(list(sentences))}.values())[::-1]
