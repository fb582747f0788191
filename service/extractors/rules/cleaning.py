"""What a clause loses before it is read: greetings, fillers, laughter, corrected words, closing marks.

Every step is tried only where a cheap look at the first or last word says that it can matter.
"""

from __future__ import annotations

import re
from itertools import pairwise

_FOLLOWERS = (
    r"(?:i|i'm|im|i've|i'd|i'll|we|we've|we're|my|our|she|he|they|it|she's|he's|it's|that's|there's|the|there|please|pls|no|not|"
    r"can|could|so|and|but|also|oh|actually|btw|yeah|ok|well|that|you|don't|for|in|on|at|until|always|never|a|an|this)\b"
)
_ALWAYS = (
    "and but also plus btw oh ok okay k hi hey hello hiya yeah yep yes yup nope nah ah aw haha hahaha lol omg ugh wow hmm um uh erm well anyway anyways"
    " honestly tbh god lmao definitely totally absolutely exactly agreed cheers woah whoa yay aww gosh damn sheesh yikes"
).split()
_BEFORE_A_STATEMENT = (
    "so then great perfect thanks thx cool nice right sure good alright sorry fyi actually basically context apparently luckily unfortunately"
    " sadly thankfully besides worked fine indeed finally lately nowadays currently now no brilliant lovely awesome done fair true remember"
).split()
_PHRASES = (
    "by the way|thank you|heads up|just so you know|guess what|quick update|big news|good news|bad news|no worries|fair enough|one more thing|"
    "another thing|first of all|i mean|for context|for the record|note that|remember that|as you know|turns out|to be honest|in fact|"
    "i got that wrong|i got it wrong|i misspoke|my mistake|my bad|scratch that|correction|small correction|quick correction|hold on|no wait|wait|oops|whoops|"
    "these days|right now|at the moment|hang on|funny story|long story short|little update|small update|side note|sure thing|no way|of course|same here"
)
_OPENING = re.compile(
    rf"(?:(?:{'|'.join(_ALWAYS)})(?:[,!.:…]+\s*|\s+(?=\S))"
    rf"|(?:{'|'.join(_BEFORE_A_STATEMENT)}|{_PHRASES})(?:[,!.:…]+\s*|\s+(?={_FOLLOWERS}|(?:{_PHRASES})\b)))+",
    re.IGNORECASE,
)
_OPENING_WORDS = frozenset(_ALWAYS) | frozenset(_BEFORE_A_STATEMENT) | {phrase.split()[0] for phrase in _PHRASES.split("|")}
_HEDGE = re.compile(
    r"(?:(?:(?:i|we) )?(?:just )?(?:want(?:ed)?|wanna) to (?:let you know|tell you|clarify|share)|just (?:to )?let(?:ting)? you know|"
    r"i (?:think|guess|believe|reckon|suppose|know|must say|have to say|should (?:add|mention|say)|"
    r"forgot to (?:say|mention)|(?:just )?wanted to (?:say|mention))|(?:just )?(?:remember|note)|did i mention|you should know|"
    r"(?:i've|i have|i|we've|we) (?:just |recently )?(?:been told|found out|learnt|learned)(?= that (?:my|our|i|we)\b)|"
    r"the thing is|thing is|fact is|to be clear)(?: that)?,? (?=\S+ \S)",
    re.IGNORECASE,
)
_HEDGE_WORDS = frozenset("i we i've we've wanted want just remember note did you the thing fact to".split())
_ENDING = re.compile(
    r"(?:[\s,]*(?:\b(?:lol|haha+|hehe|lmao|btw|tbh|though|tho|honestly|to be honest|if i'?m honest|obviously|remember|by the way|"
    r"xd|ugh|i guess|anyway|actually|you know|thank god|innit|or something|or whatever|too|as well)\b|[:;]-?[)D(]))+\s*(?=[.!?…]*$)",
    re.IGNORECASE,
)
_ENDING_WORDS = frozenset(
    "lol haha hahaha hehe lmao btw tbh though tho honestly honest obviously remember way xd ugh guess anyway actually know god innit something"
    " whatever too well".split()
)
_BULLET = re.compile(r"(?:[-*•·+]|\d{1,2}[.)]|\[[ x]?\])\s+")
_FILLER = re.compile(r"\b(?:um+|uh+|erm?|hmm+|uhm)\b,?\s*|(?<!let )(?<!as )(?<!do )\byou know\b,?\s*|\blike,\s", re.IGNORECASE)
_REPEATED = re.compile(r"\b(\w[\w']*(?: \w[\w']*){0,2}) \1\b", re.IGNORECASE)
_CORRECTED = re.compile(
    r"(?:\b(?:on|in|at|by) )?(?:\bthe )?(?:\b[\w']+ )(?:no,? )(?:sorry,? |wait,? |i mean,? |not (?:the )?\w+ )+(?:\w+ (?=the\b))?",
    re.IGNORECASE,
)
_EMPHASIS = re.compile(
    r"(?<!\w)(?P<mark>\*{1,3}|_{1,3})(?=\S)(?P<text>[^*_]{1,200}?)(?<=\S)(?P=mark)(?!\w)|(?<!\w)[*_]{1,3}(?=\w)|(?<=[\w.,:!?])\*{1,3}(?!\w)"
)
_EXAGGERATED = re.compile(r"\b(so [\w-]+),? (?:that )?(?:i|we) could\b.*", re.IGNORECASE)
_CLEFT = re.compile(
    r"what (?P<who>i|we) (?P<verb>(?:really |also )?(?:don't |do not )?(?:want|need|like|love|hate|prefer|enjoy)) is (?:that )?(?P<what>.+)",
    re.IGNORECASE,
)
_BELONGS = re.compile(
    r"(?:it's|it is|its) (?P<what>(?:my|our) [\w' ]{3,40}?|[\w' ]{2,30}'s \w+) (?P<when>(?:on|this|next|in) .+|today|tomorrow|tonight|\w+day)$",
    re.IGNORECASE,
)
"""A day that is somebody's: "it's my birthday on Friday" is "my birthday is on Friday"."""
_MARKS = ".,!?…:;()\"'"


def cleaned(raw: str) -> str:
    """A clause of plain text: single blanks, no openings, no endings, no closing marks."""
    text = " ".join(raw.split())
    if "*" in text or "_" in text:
        text = _EMPHASIS.sub(r"\g<text>", text)
    if not text:
        return ""
    if not text[0].isalpha():
        text = _BULLET.sub("", text, count=1) if _BULLET.match(text) else text
    lower = text.lower()
    if (
        " um" in lower
        or " uh" in lower
        or " er" in lower
        or lower[:2] in {"um", "uh"}
        or "you know" in lower
        or "like, " in lower
    ):
        text = _FILLER.sub("", text)
    if _may_repeat(lower):
        text = _REPEATED.sub(r"\1", text)
    if " no " in lower or " no," in lower:
        text = _CORRECTED.sub("", text)
    if " could " in lower and "so " in lower:
        text = _EXAGGERATED.sub(r"\1", text)
    return _closed(_inner(text).strip(" .!?…,:;"))


def _closed(text: str) -> str:
    """Without a mark at the end that closes nothing; a quoted title keeps its own."""
    while text.endswith(("(", "'", '"')) and not (text.endswith('"') and text.count('"') % 2 == 0):
        text = text[:-1].rstrip()
    return text


def _may_repeat(lower: str) -> bool:
    words = lower.split(" ")
    if len(set(words)) == len(words):
        return False
    return any(left == right for left, right in pairwise(words)) or any(
        left == right for left, right in zip(words, words[2:], strict=False)
    )


def _inner(text: str) -> str:
    if _first_word(text) in _OPENING_WORDS:
        opening = _OPENING.match(text)
        if opening and opening.end() < len(text):
            text = text[opening.end() :]
    first = _first_word(text)
    if first in _HEDGE_WORDS:
        hedge = _HEDGE.match(text)
        text = text[hedge.end() :] if hedge else text
    elif first in {"it's", "it", "its"}:
        text = _BELONGS.sub(r"\g<what> is \g<when>", text)
    elif first == "what":
        cleft = _CLEFT.match(text)
        text = f"{cleft['who']} {cleft['verb']} {cleft['what']}" if cleft else text
    if text.rsplit(" ", 1)[-1].strip(_MARKS).lower() in _ENDING_WORDS or text.endswith((")", "D", "(")):
        ending = _ENDING.search(text)
        if ending and ending.start() > 0:
            text = text[: ending.start()] + text[ending.end() :]
    return text


def _first_word(text: str) -> str:
    return text.split(" ", 1)[0].strip(_MARKS).lower()
