"""Text analysis for BM25: the one function that turns text into terms, at store time and for every question.

What lives here: word splitting, folding, stemming, for any script.
What does not: what is analysed (the context field is built by segmentation), scoring, what a text says of times (`times`).

Terms are stored, so that a change of what this file returns needs another `VERSION`: then what is stored has to be analysed again.
"""

from __future__ import annotations

import re
import threading
import unicodedata

import Stemmer

from service.retrieval.stopwords import STOP_WORDS

VERSION = 2
"""Of the terms; kept with a deployment."""

LONGEST_TERM = 40
"""Characters kept of a term; LanceDB's full-text index drops longer tokens."""

_REMEMBERED_WORDS = 100_000
"""Words whose terms are kept; the memory is emptied when full, so that hostile text cannot grow it."""

_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff"
"""Thai, Lao, Burmese, Khmer, Kana and Han are written without spaces, and Hangul words carry particles: all are indexed as overlapping
pairs of characters, as Lucene's CJK analysis does. A dictionary would be right more often and wrong about every name it lacks."""

_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
"""A Han character is often a word, so it is a term by itself too."""

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

_STEMMERS = [
    (re.compile("[\u0600-\u06ff]"), Stemmer.Stemmer("arabic", 0)),
    (re.compile("[\u0900-\u097f]"), Stemmer.Stemmer("hindi", 0)),
    (re.compile("[\u0400-\u04ff]"), Stemmer.Stemmer("russian", 0)),
    (re.compile("[\u0370-\u03ff]"), Stemmer.Stemmer("greek", 0)),
    (re.compile("[\u0530-\u058f]"), Stemmer.Stemmer("armenian", 0)),
    (re.compile("[\u0b80-\u0bff]"), Stemmer.Stemmer("tamil", 0)),
]
"""By script, as a word does not tell its language: a question of three words could not be told to be Spanish as surely as a page. Every
Latin word is stemmed as English."""
_ARABIC_JOINED = re.compile("\\A[\u0648\u0641\u0628\u0643](?=\u0627\u0644.{3})")
"""A conjunction or preposition of one letter written together with the article after it, which the Arabic stemmer leaves on."""
_english = Stemmer.Stemmer("english", 0)
_stemmer_lock = threading.Lock()
"""A Snowball stemmer holds a buffer, so one thread at a time may use it."""
_known: dict[str, tuple[str, ...]] = {}


def analyse(text: str) -> list[str]:
    """Return the terms of a text in order, repeated as often as they occur.

    Case and accents are folded, English stop words left out, words stemmed by their script (Snowball), ordinals become
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
        pairs = [word[i : i + 2] for i in range(max(1, len(word) - 1))]
        return (*pairs, *(_HAN.findall(word) if len(word) > 1 else ()))
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
    stemmer = _english
    if not word.isascii():
        word = _ARABIC_JOINED.sub("", word)
        stemmer = next((other for script, other in _STEMMERS if script.search(word)), _english)
    with _stemmer_lock:
        stem: str = stemmer.stemWord(word)
    return stem or word
