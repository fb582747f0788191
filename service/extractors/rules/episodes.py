"""Episodes: something that happened, told in the past by or about somebody known."""

from __future__ import annotations

from service.domain.kinds import MemoryType
from service.extractors.rules.reading import Subject, Tense
from service.extractors.rules.table import THEN, PhraseRule, Table, VerbRule, p

_E = MemoryType.EPISODE
_KNOWN = frozenset({Subject.SELF, Subject.MINE, Subject.PRONOUN, Subject.NOUN, Subject.NONE})
_PAST = frozenset({Tense.PAST})

PHRASES = (
    PhraseRule(
        "something_of_mine_happened",
        _E,
        "stolen burgled robbed mugged flooded hacked",
        p(r"\b(?:was|were|got|been|is)\b.*\b(?:stolen|burgled|robbed|mugged|flooded|hacked)\b"),
        confidence=0.75,
    ),
    PhraseRule(
        "passive_event",
        _E,
        "promoted fired hired diagnosed born accepted rejected admitted laid discharged operated evicted hit",
        p(
            r"\b(?:was|were|got|been|am|is) (?:just |recently |finally )?(?:promoted|fired|hired|diagnosed|born|"
            r"accepted|rejected|admitted|laid off|discharged|operated|evicted|hit by)\b"
        ),
        confidence=0.8,
    ),
    PhraseRule(
        "went_into",
        _E,
        "crashed rear accident",
        p(
            r"\b(?:went|crashed|drove|ran|backed) into (?:the back of )?(?:me|us|my)\b|"
            r"\b(?:car )?accident\b.*\b(?:yesterday|last|on)\b"
        ),
        confidence=0.75,
    ),
    PhraseRule(
        "had_event",
        _E,
        "had",
        p(
            r"\bhad (?:a|an|my|our|the|another|his|her) (?:\w+ ){0,3}(?:surgery|operation|baby|accident|"
            r"miscarriage|stroke|interview|exam|test|argument|fight|party|meeting|appointment|crash|fall|seizure|"
            r"scan|check-?up|call|date|falling out|break-?in|wedding|daughter|son)\b"
        ),
        confidence=0.75,
    ),
)

VERBS = (
    VerbRule(
        "did",
        _E,
        "adopt achieve announce apply arrive attend bake begin book borrow break bring build burn buy cancel "
        "catch celebrate change climb close collect come complete cook crack crash create cut cycle deliver "
        "design die"
        " discover donate draw drive drop eat emigrate enrol enroll enter exchange fail fall faint feed find "
        "finish fix fly forget found get give go graduate grow hike hire hit host hurt immigrate inherit "
        "injure install interview"
        " join knit launch lead learn leave lend lose make marry meet miss move offer open order organise "
        "organize paint pass pay perform pick plant play present publish purchase quit race reach read "
        "receive recover refund register"
        " relocate rent repair replace resign retire return ride ring run sail see sell send set ship sign "
        "ski speak spend split sprain stab start steal stop submit surf swim take teach tear throw tour "
        "train travel try turn upgrade visit"
        " volunteer wake walk watch win write separate divorce propose arrange schedule renew switch misread "
        "fire study raise lower reduce increase create film explore discuss foster rebuild renovate restore reschedule postpone restart",
        p(r"\S"),
        unless=p(
            r"^(?:to (?:mention|add|tell)\b|(?:it|this|that|them)(?: (?:this|yesterday|last|today|again|now|already|twice|once)\b.*)?$|"
            r"a (?:look|try|go|minute)|me (?:that|to think|wrong)|you\b|to (?:ask|know|say|"
            r"think|do that|see)|lost$|confused|stuck|the (?:point|idea|impression)|what|why|how|if|rid|going|"
            r"worse|better|wrong|back to (?:you|me))"
        ),
        tenses=THEN,
        subjects=_KNOWN,
        negated=False,
        confidence=0.7,
    ),
    VerbRule(
        "happened",
        _E,
        ("die arrive graduate retire divorce split quit crash resign marry win give break start finish close open leave fall"),
        tenses=_PAST,
        subjects=frozenset({Subject.MINE, Subject.PRONOUN, Subject.NOUN, Subject.SELF}),
        negated=False,
        confidence=0.65,
    ),
    VerbRule(
        "was_there",
        _E,
        "be",
        p(
            r"(?:in|at|to|on) \w.*\b(?:ago|last (?:week|month|year|summer|winter|spring|autumn|fall|night|weekend)|in (?:19|20)\d\d|yesterday)\b"
        ),
        tenses=THEN,
        subjects=_KNOWN,
        negated=False,
        confidence=0.6,
    ),
    VerbRule(
        "was_away",
        _E,
        "be",
        p(r"(?:out|away|off) (?:\w+ing|on|in|at|for|with)\b|on (?:vacation|holiday|tour|a \w+ ?trip)\b"),
        tenses=THEN,
        subjects=_KNOWN,
        negated=False,
        confidence=0.6,
    ),
    VerbRule(
        "had_something",
        _E,
        "have",
        p(
            r"(?:an?|my|our|another|some|the) (?!(?:question|idea|feeling|look|chance|point|problem|thought|doubt)\b)"
            r".*\b(?:at|in|on|with|from|during|time \w+ing)\b"
        ),
        unless=p(r"\b(?:you|mind|common|time to)\b"),
        tenses=_PAST,
        subjects=frozenset({Subject.SELF, Subject.NONE}),
        negated=False,
        confidence=0.6,
    ),
    VerbRule(
        "remembers",
        _E,
        "remember",
        p(r"(?:my|our|when (?:i|we|my)|that time|the (?:time|day|first)|going|being|playing|visiting)\b"),
        tenses=frozenset({Tense.PRESENT, Tense.FUTURE}),
        subjects=frozenset({Subject.SELF}),
        negated=False,
        confidence=0.6,
    ),
    VerbRule("arrived", _E, "arrive", p(r"\S"), tenses=THEN, subjects=_KNOWN, negated=False, confidence=0.7),
)

TABLE = Table(PHRASES, VERBS)
