"""Facts that fill a single-valued attribute: home, job, employer, school, diet, relationship, age, plan, name.

The group `value` of a row is the attribute's value; `service.domain.slots` lists the attributes. Possessions ("my phone is ...")
are read in `attributes`.
"""

from __future__ import annotations

from service.domain.kinds import MemoryType
from service.extractors.rules.reading import Subject, Tense
from service.extractors.rules.table import TOLD, VerbRule, p

_F = MemoryType.FACT
_SELF = frozenset({Subject.SELF})
_KNOWN = frozenset({Subject.SELF, Subject.MINE, Subject.PRONOUN, Subject.NOUN})
_LASTING = frozenset({Tense.PRESENT, Tense.PROGRESSIVE, Tense.PERFECT})
_PRESENT = frozenset({Tense.PRESENT})

_VALUE = r"(?P<value>[^,.;()]{2,60}?)"
_STOP = (
    r"(?=$|[,.;(]| (?:and|but|so|now|at the moment|for|since|with|because|which|that|where|these days|"
    r"(?:last|this|next) (?:week|month|year|spring|summer|autumn|fall|winter)|yesterday|today|as (?:a|an|the)|currently|again|anyway|on my|in my|"
    r"until|from|any ?more|any longer|(?:in|on|since|by) (?:the )?(?:january|february|march|april|may|june|july|august|september|october|november|"
    r"december|spring|summer|autumn|winter|19\d\d|20\d\d|(?:mon|tues|wednes|thurs|fri|satur|sun)day))\b)"
)
_JOB_NOT = (
    r"(?!(?:bit|little|lot|few|big|huge|fan|couple|mess|total|bad|good|great|nice|real|real|night|morning|"
    r"early|sucker|mum|mom|dad|member|kid|person|man|woman|\w+ (?:person|fan))\b)"
)

SLOTS = (
    VerbRule(
        "lives_in",
        _F,
        "live reside",
        p(rf"(?:(?:right |just )?(?:in|at|near|outside|by) ){_VALUE}{_STOP}"),
        tenses=_LASTING,
        subjects=_KNOWN,
        negated=None,
        confidence=0.95,
        attribute="home",
    ),
    VerbRule(
        "moved_to",
        _F,
        "move relocate emigrate immigrate",
        p(
            rf"(?:back |over |out |down |up |here |from [\w' ]{{2,30}}? )?to {_VALUE}(?=$|[,.;(]| (?:and|but|so|in|on|last|at|because|"
            rf"with|after|when|right|from|for|about|this|two|three|a|\d|just|since)\b)"
        ),
        tenses=frozenset({Tense.PAST, Tense.PERFECT}),
        subjects=_KNOWN,
        negated=False,
        unless=p(r"^(?:back |over )?to (?:a (?:new|different|bigger|smaller|better)|another|the (?:next|other|new))"),
        confidence=0.9,
        attribute="home",
    ),
    VerbRule(
        "based_in",
        _F,
        "be",
        p(rf"(?:based|living|located|at home|now based|now living) (?:in|at|near) {_VALUE}{_STOP}"),
        tenses=_PRESENT,
        subjects=_KNOWN,
        negated=False,
        confidence=0.95,
        attribute="home",
    ),
    VerbRule(
        "at_address",
        _F,
        "be",
        p(r"(?:now )?(?:at|in) (?P<value>\d{1,4}[a-z]? [\w' ]{3,40}(?:, ?[\w ]{2,40}){0,3})"),
        tenses=_PRESENT,
        subjects=_SELF,
        negated=False,
        confidence=0.85,
        attribute="home",
    ),
    VerbRule(
        "in_place_now",
        _F,
        "be",
        p(r"(?:now )?in (?P<value>[\w' ]{3,40}?)(?: now\b|, now\b)"),
        tenses=_PRESENT,
        subjects=_SELF,
        negated=False,
        unless=p(r"\bin (?:a|the|my|touch|luck|trouble|pain|bed|charge|love|\d)\b"),
        confidence=0.8,
        attribute="home",
    ),
    VerbRule(
        "stays_in",
        _F,
        "stay",
        p(r"in (?P<value>[\w' ]{3,40})$"),
        tenses=frozenset({Tense.PROGRESSIVE}),
        subjects=frozenset({Subject.SELF, Subject.NONE}),
        negated=False,
        unless=p(r"\b(?:a|the|my|bed|touch|hotel|tonight|today)\b"),
        confidence=0.6,
        attribute="home",
    ),
    VerbRule(
        "works_as",
        _F,
        "work",
        p(rf"as (?:a|an|the) {_VALUE}(?=$|[,.;(]| (?:at|for|in|with|and|but|on|since|near|from)\b)"),
        tenses=_LASTING,
        subjects=_KNOWN,
        negated=None,
        confidence=0.95,
        attribute="job",
    ),
    VerbRule(
        "works_at",
        _F,
        "work",
        p(rf"(?:full[- ]time |part[- ]time |nights |days |remotely )?(?:at|for) {_VALUE}{_STOP}"),
        tenses=_LASTING,
        subjects=_KNOWN,
        negated=None,
        unless=p(r"^(?:at|for) (?:home|night|nights|me|us|weekends|the moment|it|myself|free|\d|hours|a while|years)\b"),
        confidence=0.9,
        attribute="employer",
    ),
    VerbRule(
        "joined",
        _F,
        "join",
        p(rf"{_VALUE}(?: as (?:a|an) .*| last .*| in .*| this .*|$)"),
        tenses=frozenset({Tense.PAST, Tense.PERFECT}),
        subjects=_KNOWN,
        negated=False,
        unless=p(r"\b(?:club|gym|class|course|group|team|band|choir|call|meeting|us|you|league|forum|\d)\b"),
        confidence=0.6,
        attribute="",
    ),
    VerbRule(
        "left_employer",
        MemoryType.EPISODE,
        "leave quit resign",
        p(rf"(?:(?:my|the) (?:\w+ )?(?:job|position|role) (?:at|with) |from )?(?P<value>[^,.;()]{{2,40}}?){_STOP}"),
        tenses=frozenset({Tense.PAST, Tense.PERFECT}),
        subjects=frozenset({Subject.SELF}),
        negated=False,
        unless=p(
            r"^(?:my|the|a|an|it|that|this|at|in|on|for|early|late|home|work|school|town|him|her|them|us|smoking|drinking|\w+ing)\b"
            r"(?! (?:\w+ )?(?:job|position|role) (?:at|with))|\b(?:club|gym|band|group|team|course|class)\b|^\w+ (?:behind|out|off)\b"
        ),
        confidence=0.75,
        attribute="employer",
        polarity=-1,
    ),
    VerbRule(
        "no_longer_with",
        _F,
        "be",
        p(rf"(?:any ?more )?(?:with|at|employed (?:by|at)) (?P<value>[A-Z]?[^,.;()]{{2,40}}?){_STOP}"),
        tenses=_PRESENT,
        subjects=frozenset({Subject.SELF}),
        negated=True,
        unless=p(r"\b(?:home|work|you|my|the|a|school|all|ease|risk)\b"),
        confidence=0.7,
        attribute="employer",
    ),
    VerbRule(
        "is_job",
        _F,
        "be",
        p(
            rf"(?:now )?(?:a|an) {_JOB_NOT}(?P<value>(?:[\w-]+ ){{0,3}}?[\w-]+(?:er|or|ist|ian|ant|ent|ect|man|"
            rf"nurse|chef|cook|vet|pilot|judge|clerk|coach|paramedic|mechanic|sre|cto|ceo|guide|midwife|intern|"
            rf"scientist|analyst|student|librarian|barista|dietician|surgeon|gp|dj))(?=$|[,.;(]| (?:at|for|in|with|"
            rf"and|by|now|but|on|from|who|so)\b)"
        ),
        tenses=_PRESENT,
        subjects=_KNOWN,
        negated=False,
        unless=p(
            r"\b(?:parent|patient|member|customer|client|president of the fan|beginner|lover|owner|sister|brother|"
            r"mother|father|daughter|winner|number|matter|reminder|letter|one|morning person|owner|resident|"
            r"citizen|user|subscriber|fighter|survivor|smoker|eater|drinker|present|accident|event|different|"
            r"important|recent|urgent|instant)\b"
        ),
        confidence=0.9,
        attribute="job",
    ),
    VerbRule(
        "promoted_to",
        _F,
        "get be become",
        p(rf"(?:just )?(?:promoted to|made) (?:a |an |the )?{_VALUE}{_STOP}"),
        tenses=frozenset({Tense.PAST, Tense.PERFECT}),
        subjects=_KNOWN,
        negated=False,
        confidence=0.9,
        attribute="job",
    ),
    VerbRule(
        "became",
        _F,
        "become",
        p(rf"(?:a|an|the) {_VALUE}{_STOP}"),
        tenses=frozenset({Tense.PAST, Tense.PERFECT}),
        subjects=_KNOWN,
        negated=False,
        confidence=0.8,
        attribute="job",
    ),
    VerbRule(
        "studies_at",
        _F,
        "study",
        p(rf"(?:.{{0,40}} )?at (?:the )?(?P<value>[\w' ]{{3,50}}?){_STOP}"),
        tenses=_LASTING,
        subjects=_KNOWN,
        negated=False,
        confidence=0.9,
        attribute="school",
    ),
    VerbRule(
        "goes_to_school",
        _F,
        "go",
        p(r"to (?P<value>[\w' ]{2,40} (?:school|college|university|uni|academy))\b"),
        tenses=_LASTING,
        subjects=_KNOWN,
        negated=False,
        confidence=0.85,
        attribute="school",
    ),
    VerbRule(
        "eats",
        _F,
        "be go turn become",
        p(
            r"(?:now |mostly |strictly |a |an |fully )*(?P<value>vegan|vegetarian|pescatarian|pescetarian|"
            r"gluten[- ]free|lactose[- ]free|dairy[- ]free|keto|halal|kosher|flexitarian|teetotal|sober)\b"
        ),
        tenses=TOLD,
        subjects=_KNOWN,
        confidence=0.95,
        attribute="diet",
    ),
    VerbRule(
        "relationship",
        _F,
        "be get become",
        p(
            r"(?:now |newly |recently |happily |just |legally |)*(?P<value>married|single|divorced|engaged|"
            r"widowed|separated)\b"
        ),
        tenses=TOLD,
        subjects=_KNOWN,
        negated=False,
        confidence=0.9,
        attribute="relationship",
    ),
    VerbRule(
        "age",
        _F,
        "be turn",
        p(
            r"(?:only |just |almost |nearly |now )?(?P<value>\d{1,3}|two|three|four|five|six|seven|eight|nine|ten|"
            r"eleven|twelve)(?: years? old)?(?=$|,| and| so| but)"
        ),
        tenses=_PRESENT,
        subjects=frozenset({Subject.SELF, Subject.PRONOUN, Subject.MINE, Subject.NOUN}),
        negated=False,
        unless=p(r"%|\bo'clock\b|\d[.:]\d|am\b|pm\b|€|£|\$"),
        confidence=0.8,
        attribute="age",
    ),
    VerbRule(
        "on_plan",
        _F,
        "be use have",
        p(r"(?:on )?the (?P<value>[\w ]{2,20}) (?:plan|tier|tariff|subscription|package)\b"),
        tenses=_LASTING,
        subjects=_KNOWN,
        negated=None,
        confidence=0.85,
        attribute="plan",
    ),
    VerbRule(
        "changed_plan",
        _F,
        "upgrade downgrade switch",
        p(
            r"(?:my plan |our plan |the plan )?to (?:the )?(?P<value>[\w ]{2,20}) (?:plan|tier|tariff|"
            r"subscription|package)\b"
        ),
        tenses=frozenset({Tense.PAST, Tense.PERFECT}),
        subjects=_KNOWN,
        negated=False,
        confidence=0.85,
        attribute="plan",
    ),
    VerbRule(
        "name",
        _F,
        "be",
        p(r"(?:called|named) (?P<value>[\w'-]+(?: [A-Z][\w'-]+)?)"),
        tenses=_PRESENT,
        subjects=_SELF,
        negated=False,
        confidence=0.9,
        attribute="name",
    ),
)
