"""What holds for every text: exact spans, the same answer twice, bounded work, and no statement out of an assistant's mouth."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.domain.kinds import DocumentType, Role
from service.domain.slots import is_slot
from service.domain.source import Extracted, Source
from service.extractors.rules.extractor import MOST_PER_SOURCE, RuleExtractor
from service.pipeline.extract import extract
from service.pipeline.parse import parse
from service.pipeline.segment import segment
from tests.unit.parsers.sources import document, message

PIECES = st.one_of(
    st.sampled_from(
        (
            "I live in Turku. ", "my sister Ana works at Nokia, ", "she's 40 ", "on Friday at 10 ", "I hate olives! ", "if ", "not ", "? ", "in 2019 ",
            "we moved to Oslo last May. ", "I'm so tired ", "every other Tuesday ", "please don't call me ", "the 31st of February ", "'s ", "because ",
            "never ", "\n", "- ", "I've been ", "the 99th ", "9999-12-31 ", "in 999 years ", "25:99 ", "my ", "um uh ", "and I ", "Ana: ", "\"", "`", "**",
            "vivo en Lugo ", "mi hermana ", "Ich wohne in Ulm ", "am 3. Mai ", "j'habite à Pau ", "não gosto de ", "mi piace ", "sorry, it's actually ",
            "the meeting ", "Action: Ana to ", "call Bo ", "a: ", "*", "_", "\u202e", "yes ",
        )
    ),
    st.text(max_size=10),
)  # fmt: skip
TEXTS = st.lists(PIECES, max_size=25).map("".join)
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A busy machine is no failure."""


def run(source: Source) -> Extracted:
    """A source through the pure stages."""
    return extract(segment(parse(source)), RuleExtractor())


@UNHURRIED
@given(TEXTS, st.sampled_from([None, *DocumentType]))
def test_observations_are_well_formed(text: str, kind: DocumentType | None) -> None:
    """Spans slice to readable text, keys and statements say something, times are aware, slots are documented ones."""
    extracted = run(message(text) if kind is None else document(text, kind))
    assert extracted.errors == ()
    for observation in extracted.observations:
        assert text[observation.start : observation.end].strip()
        assert observation.statement
        assert observation.key
        assert 0 < observation.confidence <= 1
        assert observation.polarity in {1, -1}
        assert observation.event_start is None or observation.event_start.utcoffset() is not None
        assert (observation.event_start is None) == (observation.precision is None)
        assert not observation.attribute or (is_slot(observation.attribute) and observation.value)
        assert observation.statement in observation.context


@UNHURRIED
@given(TEXTS)
def test_the_same_text_gives_the_same_observations(text: str) -> None:
    """No clock, no randomness, nothing remembered from other sources."""
    alone = run(message(text))
    run(message("My sister Zoe lives in Lima. She's a vet."))
    assert run(message(text)) == alone


@UNHURRIED
@given(TEXTS)
def test_assistants_say_nothing(text: str) -> None:
    """The assistant's chatter, recalled memories included, is nobody's memory."""
    assert run(message(text, role=Role.ASSISTANT)).observations == ()


UNITS = (
    "a ",
    "I ",
    "my ",
    "is ",
    "I'm ",
    "and I ",
    ", ",
    ". ",
    "? ",
    '" ',
    "A ",
    "Ab Cd ",
    "on the ",
    "1 ",
    "1/",
    "every ",
    "no ",
)
MORE_UNITS = (
    "x no ",
    "so ",
    "ok ok, ",
    "lol ",
    "and so ",
    "um ",
    "aa aa ",
    "'s ",
    "\u201c",
    ">",
    "`",
    "*",
    "I live in ",
    "my sister ",
    "the 1st to ",
)


@pytest.mark.parametrize("unit", UNITS + MORE_UNITS)
def test_hostile_text_is_read_in_bounded_time(unit: str) -> None:
    """32 KB of anything in one message ends well within the suite's time limit."""
    assert run(message(unit * (32_000 // len(unit.encode())))).errors == ()


def test_a_source_of_very_many_statements_is_cut_and_says_so() -> None:
    """The number of observations of one source is bounded."""
    text = "\n\n".join(f"I live in house {number}." for number in range(MOST_PER_SOURCE + 20))
    extracted = run(document(text, DocumentType.NOTE))
    assert len(extracted.observations) == MOST_PER_SOURCE
    assert [error.code for error in extracted.errors] == ["TOO_MANY_OBSERVATIONS"]
