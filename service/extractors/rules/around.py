"""What was said around a turn, and by whom: in a document by its other turns, for a message by those that came with it.

A second look brings a whole session: what came later first, a gap, then what came before.
"""

from __future__ import annotations

import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from service.domain.kinds import IngestionMode
from service.domain.source import PreviousTurn, Segmented, Turn
from service.extractors.rules.mask import UNSEEN

GAP = (PreviousTurn("", ""),) * 2
"""Between what comes later and what came before a message, so that the turns just before the first one are none."""
_PUNCTUATION = UNSEEN | str.maketrans(dict.fromkeys(string.punctuation + "\u2019\u2018\u201c\u201d\u2026\u2014\u2013", " "))
_ALL_TURNS = 60
_TURNS_BEFORE = 4
"""Turns of a document that can say who "she" is; a message brings its two."""
_JUST_BEFORE = 2
_SERVICE = frozenset({"Assistant", "Agent", "Operator", "Representative", "Support", "Advisor", "Adviser", "Receptionist"})
"""Whose turns speak for an organisation."""


@dataclass(frozen=True, slots=True)
class Own:
    """What the same speaker said besides, the nearest last."""

    later: list[str]
    earlier: list[str]


def before(segmented: Segmented, number: int) -> PreviousTurn | None:
    """The turn before, whoever said it."""
    if segmented.source.document_type is None:
        return segmented.source.previous[-1] if segmented.source.previous else None
    return _as_previous(segmented.turns[number - 1]) if number else None


def own_turns(segmented: Segmented, number: int) -> Own:
    """What the same speaker said around a turn; what comes later only where a source is read at long range."""
    turn, source = segmented.turns[number], segmented.source
    if source.document_type is None:
        later, earlier = _at_gap(source.previous)
        return Own(_spoken_by(turn, later), _spoken_by(turn, earlier))
    if source.mode is not IngestionMode.LONG_RANGE:
        return Own([], _written_by(turn, segmented.turns[max(0, number - _TURNS_BEFORE) : number]))
    after = segmented.turns[number + 1 : number + 1 + _ALL_TURNS]
    return Own(_written_by(turn, after), _written_by(turn, segmented.turns[max(0, number - _ALL_TURNS) : number]))


def just_before(segmented: Segmented, number: int) -> list[str]:
    """What the same speaker said a moment ago: a game or a story goes on for a few turns."""
    turn = segmented.turns[number]
    if segmented.source.document_type is None:
        return _spoken_by(turn, segmented.source.previous[-_JUST_BEFORE:])
    return _written_by(turn, segmented.turns[max(0, number - _TURNS_BEFORE) : number])


def lately(segmented: Segmented, number: int) -> Iterator[str]:
    """What anybody said in the turns just before."""
    return (each.text for each in _all_before(segmented, number)[-_JUST_BEFORE:])


def others(segmented: Segmented, speaker: str) -> frozenset[str]:
    """Names of those who speak too."""
    names = {each.speaker for each in segmented.source.previous} | {turn.speaker for turn in segmented.turns}
    return frozenset(names - {speaker, "", "User"} - _SERVICE)


def said_by_others(segmented: Segmented, number: int) -> Iterator[str]:
    """What other people said before a turn of somebody with a name."""
    speaker = segmented.turns[number].speaker
    return (each.text for each in _all_before(segmented, number) if speaker and each.speaker not in {speaker, ""})


def said_by_service(segmented: Segmented, number: int) -> Iterator[str]:
    """What those who speak for an organisation said before a turn."""
    return (each.text for each in _all_before(segmented, number) if each.speaker in _SERVICE)


def words_of(text: str) -> frozenset[str]:
    """The words of a text in lower case."""
    return frozenset(text.lower().translate(_PUNCTUATION).split())


def _all_before(segmented: Segmented, number: int) -> Sequence[PreviousTurn]:
    if segmented.source.document_type is None:
        return _at_gap(segmented.source.previous)[1]
    return tuple(map(_as_previous, segmented.turns[:number]))


def _as_previous(turn: Turn) -> PreviousTurn:
    return PreviousTurn(turn.speaker or (turn.role.value.capitalize() if turn.role else ""), turn.text)


def _at_gap(previous: tuple[PreviousTurn, ...]) -> tuple[tuple[PreviousTurn, ...], tuple[PreviousTurn, ...]]:
    """What comes later, and what came before."""
    places = [place for place in range(len(previous) - 1) if previous[place : place + 2] == GAP]
    return (previous[: places[0]], previous[places[0] + 2 :]) if places else ((), previous)


def _spoken_by(turn: Turn, previous: Sequence[PreviousTurn]) -> list[str]:
    return [each.text for each in previous if each.speaker == (turn.speaker or "User")]


def _written_by(turn: Turn, others: Sequence[Turn]) -> list[str]:
    return [each.text for each in others if (each.role, each.speaker) == (turn.role, turn.speaker)]
