"""What text analysis promises to full-text search."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.retrieval.terms import LONGEST_TERM, analyse
from service.retrieval.times import asks_for_past, has_time_word, when_question


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("The dogs were RUNNING", ["dog", "run"]),
        ("Caroline's café", ["carolin", "cafe"]),
        ("I don\u2019t think it\u2019s Ana\u2019s", ["think", "ana"]),
        ("the 8th of May, 2023", ["8", "may", "2023"]),
        ("2023-05-08 09:30", ["2023", "may", "8", "9:30"]),
        ("1,000 or 3.5 or 007", ["1000", "3.5", "7"]),
        ("covid19 h2o", ["covid19", "h2o"]),
        ("東京タワー", ["東京", "京タ", "タワ", "ワー", "東", "京"]),
        ("서울에서", ["서울", "울에", "에서"]),
        ("ทะเล", ["ทะ", "ะเ", "เล"]),
        ("المدرسة والكتب", ["مدرس", "كتب"]),
        ("लड़कियों", ["लड़क"]),
        ("в городе", ["в", "город"]),
        ("नमस्ते दुनिया", ["नमस्त", "दुनिय"]),
        ("مُحَمَّد", ["محمد"]),
        ("", []),
        ("\U0001f389 !!! \u2014", []),
    ],
)
def test_analysis_gives_the_words_that_matter(text: str, terms: list[str]) -> None:
    """Words are folded and stemmed, function words go, numbers and dates keep their value."""
    assert analyse(text) == terms


@given(st.text(max_size=200))
def test_any_text_gives_terms_that_survive_a_white_space_tokenizer(text: str) -> None:
    """Joining the terms with spaces and splitting again loses nothing, whatever was typed."""
    terms = analyse(text)
    assert " ".join(terms).split() == terms
    assert all(0 < len(term) <= LONGEST_TERM for term in terms)
    assert analyse(text) == terms


def test_a_word_without_end_is_cut() -> None:
    """A text without a space is one short term, not a problem."""
    assert analyse("x" * 400_000) == ["x" * LONGEST_TERM]


@pytest.mark.parametrize(
    "text",
    ["we met yesterday", "See you on Tuesday", "two weeks ago", "since 2019", "at 9:30", "in May", "next month", "May 3rd"],
)
def test_a_text_that_says_when_has_a_time_word(text: str) -> None:
    """Dates, weekdays, clock times and relative expressions are noticed."""
    assert has_time_word(text)


@pytest.mark.parametrize("text", ["you may go", "march on", "I like tea", "room 12"])
def test_a_text_without_a_time_has_no_time_word(text: str) -> None:
    """Modal verbs and plain numbers are no times."""
    assert not has_time_word(text)


@pytest.mark.parametrize("text", ["When did Ana move?", "What day is it", "which year was that", "how long ago was it"])
def test_a_question_for_a_time_is_recognised(text: str) -> None:
    """Questions for a point or span of time are told apart from others."""
    assert when_question(text)


@pytest.mark.parametrize(
    "text", ["¿Cuándo vino Ana?", "Quand est-ce que", "Wann war das?", "Когда это было?", "いつ行きますか", "什么时候"]
)
def test_a_question_for_a_time_is_recognised_in_other_languages(text: str) -> None:
    """The question word is enough, with accents or without."""
    assert when_question(text)


@pytest.mark.parametrize(
    ("text", "is_past"),
    [("Where did she live before that?", True), ("my previous job", True), ("what I used to eat", True), ("before lunch", False)],
)
def test_a_question_for_what_was_is_recognised(text: str, is_past: bool) -> None:
    """What is perhaps no more is asked for by some words, and never by the past tense alone."""
    assert asks_for_past(text) is is_past


def test_a_question_for_something_else_is_no_when_question() -> None:
    """A question that names no time does not ask for one."""
    assert not when_question("Where does Ana live?")
