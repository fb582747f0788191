"""A turn in one of the five languages, read clause by clause with the words of its lexicon."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from functools import cache

from service.domain.kinds import MemoryType, Precision
from service.domain.sentences import sentence_spans
from service.domain.slots import is_slot
from service.domain.source import Mention, Observation, Relation, Segmented
from service.domain.zones import date_words, local_time
from service.extractors.rules.appointments import corrects
from service.extractors.rules.around import own_turns
from service.extractors.rules.clauses import spans_between
from service.extractors.rules.dates import When, local_moment
from service.extractors.rules.keys import key_of
from service.extractors.rules.languages.dates import DatePhrases
from service.extractors.rules.languages.french import FRENCH
from service.extractors.rules.languages.german import GERMAN
from service.extractors.rules.languages.italian import ITALIAN
from service.extractors.rules.languages.lexicon import Lexicon
from service.extractors.rules.languages.portuguese import PORTUGUESE
from service.extractors.rules.languages.spanish import SPANISH
from service.extractors.rules.mask import own_words

LEXICONS = {lexicon.code: lexicon for lexicon in (SPANISH, FRENCH, GERMAN, PORTUGUESE, ITALIAN)}
"""By language code."""

_QUOTES = str.maketrans({"\u2019": "'", "\u2018": "'", "\u00a0": " "})
_FEWEST, _MOST = 2, 45
"""Words of a clause."""
_SPOKEN_WORDS = 25
_NAME = r"[A-ZÀ-ÖØ-Ý][\w'-]+(?: (?:d[aeo]s? )?[A-ZÀ-ÖØ-Ý][\w'-]+)?"
_ANY_NAME = re.compile(rf"(?<![\w.-])(?:(?:Dr|Dra|Sr|Sra|Mme|Prof)\.? )?{_NAME}")
_SAME_DAY = frozenset({Precision.DAY, Precision.MINUTE, Precision.WEEK, Precision.MONTH})


@dataclass(frozen=True, slots=True)
class _Person:
    label: str
    key: str
    name: str
    relation: str
    kind: str


@dataclass(slots=True)
class _Talk:
    """What is known while a turn is read."""

    segmented: Segmented
    number: int
    speaker: str
    said: datetime
    people: list[_Person] = field(default_factory=list)
    has_told: bool = False
    """Whether a clause of the turn stated something of the speaker's."""


class Reader:
    """Reads turns of one language."""

    def __init__(self, lexicon: Lexicon) -> None:
        """Compile the words of a language."""
        self._words = lexicon
        self._dates = DatePhrases(lexicon.dates)
        relations = "|".join(sorted(map(re.escape, lexicon.relations), key=len, reverse=True))
        behind = r"(?= [a-zäöü(])" if lexicon.name_after else ""  # where nouns are capitalised, a name has its verb behind it
        self._relation = re.compile(
            rf"(?i:\b(?:{lexicon.possessives}) (?:[\w-]+ )?(?P<relation>{relations}))\b,?(?: (?P<name>{_NAME}){behind})?(?![\w-])"
        )
        head = rf"(?:[\w'-]+ ){{0,2}}?(?:{lexicon.own}|{lexicon.others}|{lexicon.asking}|{lexicon.nothing})"
        boundary = rf":\s(?=.{{0,120}}\d)|[;–—]\s|\s[-–—]\s|,?\s{lexicon.boundary}\s(?={head})|,\s(?={head})"
        self._boundary = re.compile(boundary, re.IGNORECASE)
        self._spoken_boundary = re.compile(rf"{boundary}|\s(?:(?:{lexicon.fillers})\s)+", re.IGNORECASE)
        self._opening = re.compile(
            rf"(?:(?:{lexicon.boundary}|{lexicon.fillers}|ah|oh|ok|hola|salut|olá|oi|ciao|hi|moin|hallo|danke|merci|gracias|grazie|obrigad[oa])[,.!]?\s+)+",
            re.IGNORECASE,
        )
        self._slots = tuple((attribute, re.compile(pattern, re.IGNORECASE)) for attribute, pattern in lexicon.slots)
        self._feelings = tuple((emotion, re.compile(pattern)) for emotion, pattern in lexicon.feelings)
        for name in (
            "own",
            "others",
            "asking",
            "nothing",
            "likes",
            "dislikes",
            "requests",
            "past",
            "past_time",
            "courtesy",
            "negation",
        ):
            setattr(self, f"_{name}", re.compile(getattr(lexicon, name)))
        self._name_after = re.compile(rf"(?i:\b{lexicon.name_after}) (?P<name>{_NAME})") if lexicon.name_after else None
        self._titled_relation = re.compile(rf"(?i:\b(?:{lexicon.possessives}) [\w-]+ )$")
        self._institution = re.compile(lexicon.institutions)
        self._article = re.compile(rf"^(?:{lexicon.indefinite}) ", re.IGNORECASE)
        self._description = re.compile(rf"(?:{lexicon.indefinite}) (?=.*\d)")

    _own: re.Pattern[str]
    _others: re.Pattern[str]
    _asking: re.Pattern[str]
    _nothing: re.Pattern[str]
    _likes: re.Pattern[str]
    _dislikes: re.Pattern[str]
    _requests: re.Pattern[str]
    _past: re.Pattern[str]
    _past_time: re.Pattern[str]
    _courtesy: re.Pattern[str]
    _negation: re.Pattern[str]

    def read(self, segmented: Segmented, number: int) -> Iterator[Observation]:
        """The observations of a turn in the order of its text."""
        turn = segmented.turns[number]
        said = local_time(turn.said_time, segmented.source.time_zone)
        talk = _Talk(segmented, number, turn.speaker or "User", said)
        own = own_turns(segmented, number)
        for around in (*own.later, *own.earlier):
            self._meet(talk, around)
        text = own_words(turn.text).translate(_QUOTES)
        for start, end, is_asked in self._statements(text):
            clause = text[start:end]
            self._meet(talk, clause)
            if not is_asked:
                yield from self._clause(talk, clause, start)

    def _statements(self, text: str) -> Iterator[tuple[int, int, bool]]:
        """Spans of the clauses that may state something, and whether they only ask."""
        for first, last in sentence_spans(text):
            sentence = text[first:last]
            is_spoken = sentence.count(" ") > _SPOKEN_WORDS and not re.search(r"[,;.!?]", sentence[:-1])
            spans = list(spans_between(sentence, self._spoken_boundary if is_spoken else self._boundary))
            asked = sentence.rstrip("\"')*")[-1:] == "?"
            for place, (left, right) in enumerate(spans):
                clause = sentence[left:right].lower()
                opening = self._opening.match(clause)
                begin = left + (opening.end() if opening and opening.end() < len(clause) else 0)
                clause = sentence[begin:right].lower()
                is_last = place + 1 == len(spans)
                if self._nothing.search(clause) and not is_last and not is_spoken and clause.split(" ", 1)[0] in _CONDITIONS:
                    break  # what follows hangs on the condition
                if self._nothing.search(clause) or self._courtesy.match(clause) or not _FEWEST <= clause.count(" ") + 1 <= _MOST:
                    continue
                yield first + begin, first + right, bool(self._asking.match(clause)) or (asked and is_last)

    def _meet(self, talk: _Talk, text: str) -> None:
        """Take note of everybody introduced in a text."""
        for match in self._relation.finditer(text):
            relation, name = match["relation"].lower(), match["name"] or ""
            known = next((person for person in talk.people if person.relation == relation), None)
            if known and not name:
                talk.people.remove(known)
                talk.people.append(known)
                continue
            label = f"{talk.speaker}'s {match['relation']}" + (f" {name}" if name else "")
            key = name.lower() or f"{talk.speaker.lower()}'s {relation}"
            talk.people.append(_Person(label, key, name, relation, self._words.relations[relation]))

    def _clause(self, talk: _Talk, clause: str, start: int) -> Iterator[Observation]:
        text = clause.strip(" .!…,:;")
        lower = text.lower()
        about = self._about(talk, text, lower) or self._described(talk, lower)
        past = bool(self._past.search(lower) or self._past_time.search(lower))
        when, recurrence = self._dates.find(lower, talk.said.date(), past=past)
        found = self._kind(talk, lower, when, is_known=about is not None, past=past, recurrence=recurrence)
        if found is None:
            return
        kind, polarity, emotion = found
        label, key = about or (talk.speaker, talk.speaker.lower())
        talk.has_told = True
        yield self._observation(talk, (label, key), text, start, kind, polarity, emotion, when, recurrence)

    def _about(self, talk: _Talk, text: str, lower: str) -> tuple[str, str] | None:
        """Who a clause is about: the speaker, somebody of theirs, or whom a pronoun means; None where nobody can be made out."""
        related = self._relation.search(text)
        if related and text[: related.start()].count(" ") <= 1 and not self._own.search(lower[: related.start()]):
            person = next((one for one in reversed(talk.people) if one.relation == related["relation"].lower()), None)
            return talk.speaker, person.key if person else talk.speaker.lower()
        if self._own.search(lower):
            return talk.speaker, talk.speaker.lower()
        if self._others.search(lower):
            return (talk.people[-1].label, talk.people[-1].key) if talk.people else None
        named = text.split(" ", 1)[0].strip(",:")
        return (named, named.lower()) if named and named in self._known_names(talk) else None

    def _described(self, talk: _Talk, lower: str) -> tuple[str, str] | None:
        """The speaker, where a clause without a verb of its own describes in figures what they just told of."""
        is_description = talk.has_told and self._description.match(lower) is not None
        return (talk.speaker, talk.speaker.lower()) if is_description else None

    @staticmethod
    def _known_names(talk: _Talk) -> set[str]:
        segmented = talk.segmented
        speakers = {turn.speaker for turn in segmented.turns} | {turn.speaker for turn in segmented.source.previous}
        return speakers | {person.name for person in talk.people}

    def _kind(
        self, talk: _Talk, lower: str, when: When | None, *, is_known: bool, past: bool, recurrence: str
    ) -> tuple[MemoryType, int, str] | None:
        negated = -1 if self._negation.search(lower) else 1
        if self._requests.search(lower):
            return MemoryType.PREFERENCE, negated, ""
        for emotion, pattern in self._feelings:
            felt = pattern.search(lower)
            if felt and is_known and not self._negation.search(lower[: felt.start()]):
                return MemoryType.EMOTION, 1, emotion
        if self._dislikes.search(lower):
            return MemoryType.PREFERENCE, -1, ""
        if self._likes.search(lower) and is_known:
            return MemoryType.PREFERENCE, 1, ""
        is_exact = when is not None and when.precision in _SAME_DAY
        if (
            when
            and is_exact
            and not recurrence
            and when.start >= talk.said.date().replace(day=1 if when.precision is Precision.MONTH else talk.said.day)
        ):
            return MemoryType.TEMPORAL_EVENT, negated, ""
        if past and is_known:
            return MemoryType.EPISODE, negated, ""
        return (MemoryType.FACT, negated, "") if is_known or recurrence else None

    def _observation(
        self,
        talk: _Talk,
        about: tuple[str, str],
        text: str,
        start: int,
        kind: MemoryType,
        polarity: int,
        emotion: str,
        when: When | None,
        recurrence: str,
    ) -> Observation:
        turn = talk.segmented.turns[talk.number]
        statement = f"{about[0]}: {text}"
        told = self._slot(text)
        attribute, value = told if kind in {MemoryType.FACT, MemoryType.EPISODE} else ("", "")
        known = [person for person in talk.people if person.name and person.name in statement]
        return Observation(
            type=MemoryType.FACT if attribute else kind,
            statement=statement,
            key=key_of(statement),
            start=turn.start + start,
            end=turn.start + start + len(text),
            confidence=0.8 if attribute else 0.7,
            said_time=turn.said_time,
            subject=about[1],
            attribute=attribute,
            value=value,
            corrects=bool(attribute) and corrects(turn.text, start, start + len(text)),
            polarity=polarity,
            emotion=emotion,
            intensity=0.6 if emotion else None,
            strength=0.7 if kind is MemoryType.PREFERENCE else None,
            event_start=local_moment(when, talk.said).astimezone(UTC) if when else None,
            event_end=datetime.combine(when.end, time(0), tzinfo=talk.said.tzinfo).astimezone(UTC) if when and when.end else None,
            precision=when.precision if when else None,
            recurrence=recurrence,
            mentions=self._mentions(talk, text, statement, (*known, *_named_by(told))),
            relations=tuple(Relation(person.name, f"{person.relation}_of", talk.speaker) for person in known),
            context=f"{date_words(talk.said)}\n{statement}",
        )

    def _slot(self, text: str) -> tuple[str, str]:
        for attribute, pattern in self._slots:
            match = pattern.search(text)
            if match and is_slot(attribute):
                return attribute, _ARTICLE.sub("", match["value"].strip())
        return "", ""

    def _mentions(self, talk: _Talk, text: str, statement: str, known: Sequence[_Person]) -> tuple[Mention, ...]:
        found = {person.name: Mention(person.name, person.kind) for person in known}
        if talk.segmented.turns[talk.number].speaker:
            found[talk.speaker] = Mention(talk.speaker, "person")
        parts = {part for name in found for part in name.split()}
        for name, start in self._names(text):
            opens = start == 0 and " " not in name
            if not opens and name not in parts and not self._is_common(name):
                found.setdefault(name, Mention(name, "place" if self._follows_place_word(text, start) else "thing"))
        for match in self._institution.finditer(text):
            found.setdefault(match[0], Mention(match[0], "organisation"))
        return tuple(mention for name, mention in found.items() if name in statement)

    def _names(self, text: str) -> Iterator[tuple[str, int]]:
        """What capitals, or the words before them, show to be names; "meine Frau" is no title."""
        if self._name_after is None:
            for match in _ANY_NAME.finditer(text):
                yield self._article.sub("", match[0]), match.start()
            return
        for match in self._name_after.finditer(text):
            if not self._titled_relation.search(text[: match.start("name")]):
                yield match["name"], match.start()

    def _is_common(self, name: str) -> bool:
        lower = name.lower()
        words = (*self._words.dates.weekdays, *self._words.dates.months, *self._words.dates.units)
        return lower in self._words.relations or any(re.fullmatch(pattern, lower) for pattern in words)

    @staticmethod
    def _follows_place_word(text: str, place: int) -> bool:
        before = text[:place].lower().split()
        return bool(before) and before[-1] in _PLACE_WORDS


def _named_by(told: tuple[str, str]) -> tuple[_Person, ...]:
    """The name that an attribute's value is, also where nobody wrote it with capitals."""
    kind = {"home": "place", "employer": "organisation"}.get(told[0], "")
    name = told[1]
    return (_Person("", "", name, "", kind),) if kind and 0 < name.count(" ") + 1 <= _LONGEST_NAME and name[:1].isalpha() else ()


_ARTICLE = re.compile(r"^(?:(?:el|la|los|las|le|les|der|die|das|o|a|os|as|il|lo|gli)\s+|l')", re.IGNORECASE)
_LONGEST_NAME = 3
_CONDITIONS = frozenset({"si", "s'il", "wenn", "falls", "se"})
_PLACE_WORDS = frozenset({"en", "a", "à", "in", "nach", "aus", "em", "ad", "de", "do", "da", "para", "von"})


@cache
def reader(code: str) -> Reader:
    """The reader of a language, compiled once."""
    return Reader(LEXICONS[code])
