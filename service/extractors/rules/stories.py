"""Episodes over several turns: what somebody tells of one event in turn after turn is one episode more, with all of these turns as its sources.

Turns belong together where nothing else of the speaker's stands between them, and the later one speaks of a name or the day of those before, or
answers a question about them ("and what did you do there?").
What each turn says stays a memory of its own; only the session itself is looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from service.domain.kinds import MemoryType, Precision
from service.domain.source import Mention, Observation, Segmented
from service.extractors.rules.keys import key_of

MOST_TURNS = 4
"""Turns of one story; a longer one goes on in the next."""
_MOST_BETWEEN = 2
"""Turns of others between two of the speaker's."""
_LONGEST = 280
"""Characters of a story."""
_ASKS_ON = re.compile(
    r"\b(?:did|was|were|how come)\b[^?.!]{0,60}\b(?:there|it|that|then|next|else)\b[^?.!]{0,40}\?|\bwhat happened\b[^?.!]{0,40}\?"
)
"""Asks on about what was told."""
_A_DAY = frozenset({Precision.DAY, Precision.MINUTE})


@dataclass(frozen=True, slots=True)
class _Told:
    """What one turn tells of."""

    source: int
    turn: int
    speaker: str
    is_answer: bool
    """Whether the turn before asked what happened."""
    episodes: tuple[Observation, ...]


def with_stories(talk: Sequence[Segmented], found: Sequence[tuple[Observation, ...]]) -> list[tuple[Observation, ...]]:
    """The observations of each source of a session, and those of the episodes that it shares with others."""
    whole = [list(observations) for observations in found]
    for story in _stories(list(_told(talk, found))):
        for told, observation in zip(story, _observations(story), strict=True):
            whole[told.source].append(observation)
    return [tuple(observations) for observations in whole]


def _told(talk: Sequence[Segmented], found: Sequence[tuple[Observation, ...]]) -> Iterator[_Told]:
    number, before = 0, ""
    for source, (segmented, observations) in enumerate(zip(talk, found, strict=True)):
        for turn in segmented.turns:
            number += 1
            episodes = tuple(
                one
                for one in observations
                if one.type is MemoryType.EPISODE and turn.start <= one.start < turn.end and one.polarity > 0
            )
            if turn.role is not None:
                yield _Told(source, number, turn.speaker or turn.role.value, bool(_ASKS_ON.search(before)), episodes)
            before = turn.text.lower()


def _stories(told: Sequence[_Told]) -> Iterator[list[_Told]]:
    """Runs of turns that tell of one event."""
    runs: dict[str, list[_Told]] = {}
    for one in told:
        run = runs.get(one.speaker, [])
        if not (run and _goes_on(run, one)):
            yield from (run,) if len(run) > 1 else ()
            runs[one.speaker] = [one] if one.episodes else []
    yield from (run for run in runs.values() if len(run) > 1)


def _goes_on(run: list[_Told], one: _Told) -> bool:
    """Whether a turn tells more of the event of a run, which then grows by what belongs to it."""
    if one.turn - run[-1].turn > 1 + _MOST_BETWEEN or len(run) >= MOST_TURNS:
        return False
    pairs = [
        (before, episode)
        for told in run
        for before in told.episodes
        for episode in one.episodes
        if (one.is_answer and not episode.event_start) or _is_one_event(episode, before, one.speaker)
    ]
    if not pairs or len(_statement([*run, replace(one, episodes=(pairs[0][1],))])) > _LONGEST:
        return False
    if len(run) == 1:
        run[0] = replace(run[0], episodes=(pairs[0][0],))
    run.append(replace(one, episodes=(pairs[0][1],)))
    return True


def _statement(story: Sequence[_Told]) -> str:
    return "; ".join(told.episodes[0].statement for told in story)


def _is_one_event(one: Observation, other: Observation, speaker: str) -> bool:
    if one.event_start and other.event_start and one.precision in _A_DAY and other.precision in _A_DAY:
        return one.event_start.date() == other.event_start.date()
    return not _names(one, speaker).isdisjoint(_names(other, speaker))


def _names(observation: Observation, speaker: str) -> set[str]:
    return {mention.name for mention in observation.mentions} - {speaker}


def _observations(story: Sequence[_Told]) -> Iterator[Observation]:
    """The one episode as each of its turns gives it: equal but for the place."""
    parts = [told.episodes[0] for told in story]
    statement = _statement(story)
    dated = next((part for part in parts if part.event_start), parts[0])
    mentions: dict[str, Mention] = {mention.name: mention for part in parts for mention in part.mentions}
    for part in parts:
        yield replace(
            part,
            statement=statement,
            key=key_of(statement),
            confidence=min(each.confidence for each in parts),
            subject=parts[0].subject,
            attribute="",
            value="",
            corrects=False,
            event_start=dated.event_start,
            event_end=dated.event_end,
            precision=dated.precision,
            participants=tuple(dict.fromkeys(name for each in parts for name in each.participants)),
            mentions=tuple(mentions.values()),
            relations=tuple(dict.fromkeys(edge for each in parts for edge in each.relations)),
            context=f"{statement}\n{part.context}",
        )
