"""Text analysis for BM25: the one function that turns text into terms, at store time and for every question.

What lives here: word splitting, folding, stemming, and the two questions about time that ranking asks of a text.
What does not: what is analysed (the context field is built by segmentation) and scoring.

Terms are stored, so a change of this file calls for a re-analysis of what is stored.
"""

from __future__ import annotations

import re
import threading
import unicodedata

import Stemmer

from service.retrieval.stopwords import STOP_WORDS

LONGEST_TERM = 40
"""Characters kept of a term; LanceDB's full-text index drops longer tokens."""

_REMEMBERED_WORDS = 100_000
"""Words whose terms are kept; the memory is emptied when full, so that hostile text cannot grow it."""

_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
"""Thai, Lao, Burmese, Khmer, Kana and Han: written without spaces, indexed as overlapping pairs of characters."""

_LETTER = "(?:[^\\W_" + _UNSPACED + "]|[\u0900-\u0963\u0966-\u0dff])"
"""A letter or digit of a spaced script; the second class adds the vowel signs of Indic scripts, which are not in `\\w`."""

_WORD = re.compile(
    r"\d{4}-\d{1,2}-\d{1,2}(?!\d)"  # 2023-05-08
    rf"|\d+(?:[.,:]\d+)*(?!{_LETTER})"  # 7  3.5  1,000  09:30
    f"|{_LETTER}+(?:'{_LETTER}+)*"  # word  don't  8th
    f"|[{_UNSPACED}]+"
)
_MARKS = re.compile("[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u200c\u200d]+")
"""Accents, Hebrew points, Arabic vowel marks and joiners: readers type them or not."""
_APOSTROPHES = str.maketrans({"\u2019": "'", "\u2018": "'", "\u02bc": "'"})
_ORDINAL = re.compile(r"(\d+)(?:st|nd|rd|th)")
_IS_UNSPACED = re.compile(f"[{_UNSPACED}]")
_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip

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

_stemmer = Stemmer.Stemmer("english", 0)
_stemmer_lock = threading.Lock()
"""A Snowball stemmer holds a buffer, so one thread at a time may use it."""
_known: dict[str, tuple[str, ...]] = {}


def analyse(text: str) -> list[str]:
    """Return the terms of a text in order, repeated as often as they occur.

    Case and accents are folded, English stop words left out, English words stemmed (Snowball), ordinals become
    numbers, leading zeros go, an ISO date becomes year, month name and day, scripts without spaces give pairs of characters.
    A term holds no white space. The same text always gives the same terms.
    """
    terms: list[str] = []
    known = _known
    for word in _WORD.findall(fold(text)):
        found = known.get(word)
        terms.extend(_learn(word) if found is None else found)
    return terms


def fold(text: str) -> str:
    """Return the text without case, accents, vowel points and typographic apostrophes."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.translate(_APOSTROPHES).casefold())
    return unicodedata.normalize("NFC", _MARKS.sub("", decomposed))


def has_time_word(text: str) -> bool:
    """Whether an English text says when something is: a date, a weekday, "last week", "two years ago", "at 9:30"."""
    return _TIME_WORD.search(fold(text)) is not None


def when_question(text: str) -> bool:
    """Whether an English question asks for a time or a span of time."""
    return _WHEN_QUESTION.search(fold(text)) is not None


def _learn(word: str) -> tuple[str, ...]:
    terms = _terms_of(word)
    if len(_known) >= _REMEMBERED_WORDS:
        _known.clear()
    if len(word) <= LONGEST_TERM:
        _known[word] = terms
    return terms


def _terms_of(word: str) -> tuple[str, ...]:
    if word[0].isdecimal() and word.isascii():
        numeric = _numeric_terms(word)
        if numeric is not None:
            return numeric
    if _IS_UNSPACED.match(word):
        return tuple(word[i : i + 2] for i in range(max(1, len(word) - 1)))
    if word in STOP_WORDS:
        return ()
    stem = _stem(word.removesuffix("'s")[:LONGEST_TERM]).replace("'", "")
    if len(stem) < 2 and word.isascii() and not stem.isdecimal():
        return ()
    return (stem,)


def _numeric_terms(word: str) -> tuple[str, ...] | None:
    """Terms of a word of digits and separators; None where letters other than an ordinal's take part."""
    ordinal = _ORDINAL.fullmatch(word)
    if ordinal:
        word = ordinal[1]
    if "-" in word:
        return _date_terms(word)
    if not all(part.isdecimal() for part in re.split("[.,:]", word)):
        return None
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+", word):
        word = word.replace(",", "")
    return ((word.lstrip("0") or "0")[:LONGEST_TERM],)


def _date_terms(word: str) -> tuple[str, ...]:
    year, month, day = word.split("-")
    name = _stem(_MONTHS[int(month) - 1]) if 1 <= int(month) <= 12 else month
    return (year, name, day.lstrip("0") or "0")


def _stem(word: str) -> str:
    with _stemmer_lock:
        stem: str = _stemmer.stemWord(word)
    return stem
