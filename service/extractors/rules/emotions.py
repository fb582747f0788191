"""Emotions: what somebody says they feel, its kind and how strong."""

from __future__ import annotations

import re

from service.domain.kinds import MemoryType
from service.extractors.rules.clauses import Clause
from service.extractors.rules.reading import Reading, Subject, Tense
from service.extractors.rules.table import Outcome

_WORDS = {
    "fear": "nervous anxious worried scared afraid terrified stressed overwhelmed panicking panicky panicked "
    "uneasy apprehensive dreading frightened"
    " petrified jittery worrying tense stressing",
    "joy": "happy glad excited thrilled delighted stoked buzzing proud relieved grateful chuffed hyped "
    "overjoyed pleased ecstatic elated"
    " thankful pumped grinning psyched content cheerful joyful optimistic",
    "sadness": "sad depressed heartbroken lonely upset gutted devastated homesick disappointed hopeless miserable "
    "crying bummed unhappy grieving"
    " discouraged crushed low blue",
    "anger": "angry annoyed furious frustrated irritated livid pissed mad resentful bitter outraged fuming",
    "fatigue": "exhausted drained swamped wrecked knackered burned burnt tired overworked shattered",
    "shame": "embarrassed ashamed guilty humiliated",
    "surprise": "shocked shaken stunned surprised baffled",
    "boredom": "bored restless unmotivated",
    "confusion": "confused torn conflicted lost",
    "jealousy": "jealous envious",
}
EMOTION_OF: dict[str, str] = {word: emotion for emotion, words in _WORDS.items() for word in words.split()}
"""The emotion an adjective or participle names."""

_VERY = r"(?:so |really |very |super |pretty )?"
_IT_IS = r"(?:^|\b(?:it's|that's|its|so|really|very|is|are) )" + _VERY

_PHRASES: tuple[tuple[str, str, re.Pattern[str]], ...] = tuple(
    (emotion, triggers, re.compile(pattern))
    for emotion, triggers, pattern in (
        ("anger", "fed sick had", r"\b(?:fed up|sick (?:and tired )?of|had enough of)\b"),
        ("joy", "moon nine", r"\bover the moon\b|\bcloud nine\b"),
        (
            "joy",
            "wait",
            r"\b(?:can't|cant|cannot) wait (?:for (?!it$|that$|you)|until |till |to (?!(?:hear|see|read|know|talk|chat|catch|find)\b))\w",
        ),
        ("joy", "grinning smiling", r"\bstop (?:grinning|smiling)\b"),
        ("joy", "god phew", r"\bthank god\b|^phew\b"),
        ("sadness", "cried tears down bits", r"\b(?:cried|in tears|feeling (?:really |so |a bit )?down|in bits)\b"),
        ("fear", "freaking freaked panic butterflies", r"\bfreak(?:ing|ed) (?:me |us )?out\b|\bpanic attacks?\b|\bbutterflies\b"),
        ("sadness", "miss", r"\b(?:i|we) (?:really |still |so |already )?miss (?:my|our|him|her|them|it|the|you|home|being)\b"),
        ("sadness", "missing", r"\bi'm (?:really )?missing (?:my|our|him|her|them|the|home|being)\b"),
        ("fear", "dread dreading", r"\bdread(?:ing)?\b"),
        (
            "anger",
            "frustrating annoying infuriating maddening irritating",
            _IT_IS + r"(?:frustrating|annoying|infuriating|maddening|irritating)\b",
        ),
        ("sadness", "heartbreaking depressing upsetting", _IT_IS + r"(?:heartbreaking|depressing|upsetting)\b"),
        ("fear", "stressful scary terrifying nervewracking", _IT_IS + r"(?:stressful|scary|terrifying|nerve-?wracking)\b"),
    )
)
"""Emotion, words one of which must be there, and what must be found."""

TRIGGERS = frozenset(EMOTION_OF) | {word for _, words, _ in _PHRASES for word in words.split()}

_STRONG = re.compile(
    r"\b(?:so|really|very|super|extremely|absolutely|totally|incredibly|completely|terribly|beyond|truly|"
    r"insanely)\b|!"
)
_WEAK = re.compile(r"\b(?:kinda|kind of|a bit|bit|slightly|a little|somewhat|sort of|pretty|mildly)\b")
_NEGATED = re.compile(r"\b(?:not|n't|never|no longer|isn't|aren't|wasn't|don't|didn't|without) (?:\w+ ){0,2}$|\bno $")
_THINGS = frozenset({"it", "that", "this", "there", "these", "those"})
_OWN_GLADNESS = re.compile(r"glad (?:that )?(?:i|i'm|i've|my|to be|to have|we finally|about my|about the)\b")
"""To be glad of anything else is courtesy towards the listener."""
_FEELERS = frozenset({"be", "feel", "get", "become"})
_NOT_FEELING = re.compile(
    r"\b(?:glad|happy|sorry|proud|impressed|excited|thrilled|grateful|pleased|thankful) (?:for|of|to hear|that|by)? ?(?:you|your|that you|i could)\b|"
    r"\b(?:happy|glad) (?:to|with|for)\b.*\b(?:help|either|any|whatever)\b|\b(?:tired|afraid|scared|"
    r"terrified|frightened) of\b|"
    r"\bi'm afraid (?:i|we|that|not|so|it)\b|\b(?:get|got|be|being|were|i'm|getting) lost (?!my)\b|"
    r"\bmad (?:about|at me)\b|\bhappy birthday\b|\blow (?:carb|fat|cal|on|key|sugar|salt)\b"
    r"|\bburnt? (?:my|the|a)\b|\btorn (?:ligament|acl|muscle)|"
    r"\bwould(?:'ve| have|n't)? (?:\w+ ){0,3}be(?:en)?\b|\bmust(?:'ve| have) been\b"
)
_HAS_OBJECT = re.compile(
    r"\b(?:lost|torn|shattered|crushed|low|blue|content|mad|tense|bitter|burned|surprised|worrying|grateful|thankful) "
    r"(?:my|the|a|an|weight|it|if|some)\b"
)
"""Words of feeling that are a verb or another adjective here."""
_ADJECTIVE_ONLY = frozenset(
    "lost low blue content bitter tense torn worrying burned burnt crushed shattered mad surprised drained".split()
)


def feel(clause: Clause, reading: Reading) -> Outcome | None:
    """The emotion a clause tells, or None. Negated feelings, and fears that are habits ("afraid of dogs"), are none."""
    if TRIGGERS.isdisjoint(clause.words):
        return None
    lower = clause.lower
    if _NOT_FEELING.search(lower):
        return None
    for emotion, words, pattern in _PHRASES:
        if not set(words.split()).isdisjoint(clause.words) and pattern.search(lower):
            return _outcome(emotion, lower, clause)
    for word in clause.words:
        emotion = EMOTION_OF.get(word, "")
        if emotion and _is_felt(word, lower, reading):
            return _outcome(emotion, lower, clause)
    return None


def _is_felt(word: str, lower: str, reading: Reading) -> bool:
    place = lower.find(word)
    before = lower[:place]
    if _HAS_OBJECT.match(lower, place):
        return False
    if _NEGATED.search(before) or reading.negated:
        return False
    if reading.tense is Tense.MODAL and reading.modal != "can":
        return False
    if reading.subject is Subject.PRONOUN and reading.subject_text.lower() in _THINGS:
        return False
    if word == "glad" and not _OWN_GLADNESS.match(lower, place):
        return False
    if reading.verb in _FEELERS and reading.subject is not Subject.YOU:
        return word not in _ADJECTIVE_ONLY or len(before.split()) <= 4
    if reading.verb in {"panic", "dread", "stress", "worry", "cry", "relax"} or reading.tense is Tense.PROGRESSIVE:
        return reading.subject is Subject.SELF
    return reading.subject is Subject.NONE and len(before.split()) <= 3 and word not in _ADJECTIVE_ONLY


def _outcome(emotion: str, lower: str, clause: Clause) -> Outcome:
    loud = _STRONG.search(lower) or clause.ends_with == "!"
    intensity = 0.9 if loud else 0.35 if _WEAK.search(lower) else 0.6
    return Outcome("feels", MemoryType.EMOTION, 0.8, emotion=emotion, intensity=intensity)
