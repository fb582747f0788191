"""One name for one person or thing: names of a session are matched with each other and with what the scope already knows.

From sure to unsure: the same name; an alias or role that was learned ("user's sister"); a first name of a full name; a nickname; a slip of
the pen. Anything that fits two names fits none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from rapidfuzz import fuzz

from service.domain.refining import KnownEntity
from service.domain.resolution import fold_name
from service.domain.source import Mention, Observation, Relation

_NICKNAMES: dict[str, str] = {
    short: full
    for full, *shorts in map(
        str.split,
        """
    alexander alex xander sasha | alexandra alex sandra sasha lexi | andrew andy drew | anthony tony | barbara barb babs | benjamin ben
    benny | catherine kate cathy katie kitty | charles charlie chuck | christina tina chris | christopher chris kit | daniel dan danny |
    david dave | deborah deb debbie | edward ed eddie ted | eleanor ellie nell | elizabeth liz beth lizzie eliza betty | emily em emmy |
    francis frank | frederick fred freddie | gabriel gabe | gregory greg | jacob jake | james jim jimmy jamie | jennifer jen jenny | jessica
    jess jessie | john johnny jack | jonathan jon jonny | joseph joe joey | joshua josh | katherine kate kathy katie | kenneth ken kenny |
    kimberly kim | lawrence larry | leonard leo lenny | margaret maggie meg peggy | matthew matt | michael mike mick mikey | nathaniel nate
    nat | nathan nate | nicholas nick nicky | nicole nikki | oliver ollie | pamela pam | patricia pat trish tricia | patrick pat paddy |
    peter pete | philip phil | rebecca becky becca | richard rick dick richie | robert rob bob bobby robbie | ronald ron | samantha sam
    sammy | samuel sam sammy | stephen steve | steven steve | susan sue susie | theodore ted theo | theresa terry tess | thomas tom tommy |
    timothy tim | victoria vicky tori | vincent vince | william will bill billy liam | zachary zach zack
    """.split("|"),
    )
    for short in shorts
}
"""Short forms of first names; one that several names have counts for the last only where nobody else fits."""

_ALIKE = 90.0
"""Similarity, out of 100, from which on two spellings are one name."""
_SHORTEST_SPELLING = 6
"""Letters of a name that can be misspelled and still be meant: "Jon" and "Jan" are two people."""
_PERSON = "person"


@dataclass(slots=True)
class Names:
    """The names known so far."""

    entities: list[KnownEntity] = field(default_factory=list)

    def learn(self, observations: Iterable[Observation]) -> None:
        """Take in the names of observations, full names before short ones, and by which role somebody is known."""
        said = tuple(observations)
        mentions = {mention.name: mention for observation in said for mention in observation.mentions}
        for name in sorted(mentions, key=lambda name: (-len(name.split()), -len(name), name)):
            if self.canonical(name, mentions[name].kind) is None:
                self.entities.append(KnownEntity(name, mentions[name].kind))
        for relation in (relation for observation in said for relation in observation.relations):
            self._learn_role(relation)

    def _learn_role(self, relation: Relation) -> None:
        entity = self.canonical(relation.subject, _PERSON)
        role = fold_name(f"{relation.object}'s {relation.predicate.removesuffix('_of').replace('_', ' ')}")
        if entity is not None and role not in entity.aliases:
            self.entities[self.entities.index(entity)] = replace(entity, aliases=(*entity.aliases, role))

    def canonical(self, name: str, kind: str) -> KnownEntity | None:
        """The entity that a name means; None where it is new or fits several."""
        exact = self._exact(name)
        if exact is not None:
            return exact
        for candidates in (self._by_part(name, kind), self._by_nickname(name, kind), self._by_spelling(name)):
            if len(candidates) == 1:
                return candidates[0]
            if candidates:
                return None
        return None

    def _exact(self, name: str) -> KnownEntity | None:
        folded = fold_name(name)
        return next((one for one in self.entities if fold_name(one.name) == folded or folded in one.aliases), None)

    def _by_part(self, name: str, kind: str) -> list[KnownEntity]:
        """A first name means the full one, "Caroline" "Caroline Obi"; "Obi" alone is not sure enough."""
        folded = fold_name(name)
        if kind not in {_PERSON, "thing"} or " " in folded:
            return []
        return [one for one in self.entities if one.kind == _PERSON and fold_name(one.name).split()[0] == folded]

    def _by_nickname(self, name: str, kind: str) -> list[KnownEntity]:
        first = fold_name(name).split()[0] if name.strip() else ""
        full = _NICKNAMES.get(first)
        if kind not in {_PERSON, "thing"} or full is None or " " in fold_name(name):
            return []
        return [one for one in self.entities if one.kind == _PERSON and _is_full(fold_name(one.name).split()[0], first, full)]

    def _by_spelling(self, name: str) -> list[KnownEntity]:
        folded = fold_name(name)
        if len(folded) < _SHORTEST_SPELLING or any(character.isdigit() for character in folded):
            return []
        return [
            one
            for one in self.entities
            if len(one.name) >= _SHORTEST_SPELLING
            and fold_name(one.name)[0] == folded[0]
            and not fold_name(one.name).startswith(folded)
            and not folded.startswith(fold_name(one.name))
            and fuzz.ratio(folded, fold_name(one.name)) >= _ALIKE
            and not any(character.isdigit() for character in one.name)
        ]


def _is_full(first: str, short: str, full: str) -> bool:
    return first == full or _NICKNAMES.get(first) == full or (first.startswith(short) and len(first) > len(short))


def resolved(observations: Sequence[Observation], names: Names) -> tuple[Observation, ...]:
    """The observations with one name for each entity; what a name was written like becomes its alias."""
    return tuple(_resolved(observation, names) for observation in observations)


def _resolved(observation: Observation, names: Names) -> Observation:
    mentions = []
    for mention in observation.mentions:
        entity = names.canonical(mention.name, mention.kind)
        if entity is None or fold_name(entity.name) == fold_name(mention.name):
            roles = entity.aliases if entity else ()
            mentions.append(replace(mention, kind=entity.kind if entity else mention.kind, aliases=roles))
        else:
            mentions.append(Mention(entity.name, entity.kind, (*entity.aliases, fold_name(mention.name))))
    subject = observation.subject
    known = names.canonical(subject, _PERSON) if subject != "user" else None
    if known is not None:
        subject = fold_name(known.name)
    return replace(observation, mentions=tuple({mention.name: mention for mention in mentions}.values()), subject=subject)
