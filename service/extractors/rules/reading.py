"""What the grammar makes of a clause: its subject, verb, tense and rest.

Whole numbers stand for the members because the tables look them up for every clause.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Subject(IntEnum):
    """Who a clause speaks of, as far as its first words tell."""

    SELF = 1
    """I, we."""
    MINE = 2
    """My ..., our ...."""
    PRONOUN = 3
    """She, he, they, it."""
    YOU = 4
    """You."""
    NOUN = 5
    """Anything else before a verb."""
    NONE = 6
    """No subject."""


class Tense(IntEnum):
    """When, as the verb tells."""

    PRESENT = 1
    PAST = 2
    PERFECT = 3
    PROGRESSIVE = 4
    FUTURE = 5
    MODAL = 6
    IMPERATIVE = 7


@dataclass(frozen=True, slots=True)
class Reading:
    """What the grammar makes of a clause."""

    text: str
    """The clause in the order it was read: a time or place before the subject stands at the end."""
    subject: Subject
    subject_text: str
    """As written: "my guide dog", "she"; empty without a subject."""
    adverbs: tuple[str, ...]
    """Between subject and verb: always, never, really."""
    modal: str
    """can, would, must, have to; empty for none."""
    negated: bool
    verb: str
    """Base form of the main verb; empty for a fragment."""
    tense: Tense
    rest: str
    """Everything behind the main verb, as written."""
    predicate: str
    """Everything behind the subject, as written."""

    @property
    def is_past(self) -> bool:
        """Whether the clause tells what was."""
        return self.tense is Tense.PAST or (self.tense is Tense.PERFECT and self.verb != "get")


ADVERBS = frozenset(
    """always never usually often sometimes rarely seldom really just also still only already actually currently now mostly mainly normally generally
    recently finally definitely absolutely totally literally honestly probably basically kinda sorta simply truly fully deeply secretly even ever
    occasionally regularly typically officially temporarily previously originally initially apparently obviously certainly both all quite rather
    so very too pretty fairly super extremely bit slightly particularly especially desperately strongly much proudly happily luckily sadly
    accidentally suddenly quickly slowly eventually first then soon long hardly barely nearly almost first half partly gladly personally
    """.split()
)
"""Words between subject and verb that leave the grammar as it is."""
