"""What a text says of times, without computing any: whether it tells when, and what a question asks about when.

What lives here: recognition by patterns, English first. What does not: dates as periods (`dates`).
"""

from __future__ import annotations

import re

from service.retrieval.terms import fold

_TIME_WORD = re.compile(
    r"\b(?:yesterday|today|tonight|tomorrow|ago|recently|nowadays|soon"
    r"|(?:last|next|this|past|coming|every|previous|following)\s+"
    r"(?:few\s+|couple\s+of\s+)?(?:night|morning|afternoon|evening|day|week|weekend|month|year|summer|winter|spring"
    r"|autumn|fall|decade)s?"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)days?|(?:january|february|april|june|july|august|september|october"
    r"|november|december)|(?:in|on|since|until|by|last|next|this|early|late|mid)\s+(?:march|may)"
    r"|(?:march|may)\s+(?:\d{1,2}(?:st|nd|rd|th)?|the)|\d+(?:st|nd|rd|th)?\s+(?:of\s+)?(?:march|may)"
    r"|(?:19|20)\d\d|\d{1,2}[:.]\d\d|\d{1,2}\s?(?:am|pm)|\d{1,2}/\d{1,2}(?:/\d{2,4})?"
    r"|(?:\d+|one|two|three|four|five|six|seven|eight|nine|ten|a|an|few|several)\s+"
    r"(?:day|week|weekend|month|year|hour|minute)s?)\b"
)
_WHEN_QUESTION = re.compile(
    r"\bwhen\b(?!ever)|\b(?:what|which)\s+(?:\w+\s+)?(?:date|day|weekday|week|weekend|month|year|time)\b"
    r"|\bhow\s+(?:long|recently|soon|often)\b|\bsince\s+what\b"
)
_WHEN_ELSEWHERE = re.compile(
    r"\b(?:cuando|en que (?:fecha|dia|mes|ano)|quand|a quelle date|wann|quando|em que (?:data|dia|mes|ano)|wanneer|kiedy|nar"
    r"|\u043a\u043e\u0433\u0434\u0430|\u0645\u062a\u0649|\u0915\u092c)\b"
    r"|\u4ec0\u4e48\u65f6\u5019|\u4f55\u65f6|\u3044\u3064|\uc5b8\uc81c|\u0e40\u0e21\u0e37\u0e48\u0e2d\u0e44\u0e2b\u0e23\u0e48|\u0e40\u0e21\u0e37\u0e48\u0e2d\u0e44\u0e23"
)
"""Spanish, French, German, Italian and Portuguese, Dutch, Polish, Swedish, Russian, Arabic, Hindi; Chinese, Japanese, Korean, Thai."""
_PAST = re.compile(
    r"\b(?:used to|previous|previously|former|formerly|earlier|originally|initially|at first|back then|in the past|once upon"
    r"|no longer|any ?more|before (?:that|now|moving|changing|switching)|old (?:job|address|home|house|flat|apartment|phone|number"
    r"|name|employer|boss|plan|diet)|history|ever)\b"
)


def has_time_word(text: str) -> bool:
    """Whether an English text says when something is: a date, a weekday, "last week", "two years ago", "at 9:30"."""
    return _TIME_WORD.search(fold(text)) is not None


def when_question(text: str) -> bool:
    """Whether a question asks for a time or a span of time."""
    folded = fold(text)
    return _WHEN_QUESTION.search(folded) is not None or _WHEN_ELSEWHERE.search(folded) is not None


def asks_for_past(text: str) -> bool:
    """Whether an English question asks for what was and perhaps is no more: "where did she live before that", "my previous job"."""
    return _PAST.search(fold(text)) is not None
