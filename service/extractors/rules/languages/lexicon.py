"""What a language module has to tell."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DateWords:
    """How a language says when; patterns over lower-case text.

    In rows, `{w}` stands for a weekday, `{m}` a month, `{n}` a count, `{u}` a unit, `{d}` a day of the month, `{y}` a year. The right side
    is the same in English, which `service.extractors.rules.dates` reads.
    """

    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    units: tuple[str, ...]
    """Day, week, month, year."""
    numbers: dict[str, int]
    rows: tuple[tuple[str, str], ...]
    clock: str
    """A time of day with groups `h` and perhaps `min`."""
    recurring: str
    """What is again and again: `{w}` as in rows."""


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The words of one language; patterns over lower-case text."""

    code: str
    dates: DateWords
    own: str
    """The speaker as subject, object or owner: I, me, my, first-person verb forms."""
    others: str
    """Third-person pronouns that can stand for somebody spoken of."""
    possessives: str
    """My, our."""
    relations: dict[str, str]
    """Words for relatives, friends and animals: person or animal."""
    boundary: str
    """Conjunctions that begin another statement."""
    asking: str
    """How a question begins."""
    nothing: str
    """Conditions, wishes, doubts, hearsay, jokes: nothing is stated."""
    likes: str
    dislikes: str
    requests: str
    """How something is to be done from now on."""
    feelings: tuple[tuple[str, str], ...]
    """Emotion and how somebody says that they feel it."""
    negation: str
    past: str
    """First-person verb forms of what happened."""
    past_time: str
    """Words that put a statement in the past, whoever it is about."""
    courtesy: str = r"(?!)"
    """Thanks, greetings, agreement: no statement."""
    name_after: str = ""
    """Small words behind which a capitalised word is a name, where capitals alone tell nothing (German); empty: capitals tell."""
    institutions: str = r"(?!)"
    """Nouns that name an authority or an organisation by their ending, in their own capitals."""
    indefinite: str = r"(?!)"
    """A, an: begins the description of what was just told of ("a two-room flat in Graz, 700 € a month")."""
    fillers: str = r"(?!)"
    """Words between the statements of unpunctuated speech."""
    slots: tuple[tuple[str, str], ...] = ()
    """Attribute (see `service.domain.slots`) and how somebody tells its `value`."""
