"""The second look at a session: names, roles, spellings and near-doubles."""

from __future__ import annotations

from datetime import timedelta

import pytest

from service.domain.kinds import MemoryType
from service.domain.refining import Known, KnownEntity, KnownStatement
from service.domain.source import Mention, Observation, Segmented
from service.extractors.rules.entities import Names
from service.extractors.rules.extractor import RuleExtractor
from service.pipeline.parse import parse
from service.pipeline.segment import segment
from tests.unit.parsers.sources import SAID, message


def talk(*texts: str) -> list[Segmented]:
    """The messages of a session, a second apart."""
    return [segment(parse(message(text, said=SAID + timedelta(seconds=number)))) for number, text in enumerate(texts)]


def refined(*texts: str, known: Known | None = None) -> list[Observation]:
    """What a second look finds in a session."""
    found = RuleExtractor().refine(talk(*texts), known or Known())
    return [observation for one in found for observation in one.observations]


def statements(*texts: str, known: Known | None = None) -> list[str]:
    """The statements of a second look."""
    return [observation.statement for observation in refined(*texts, known=known)]


def test_a_name_that_comes_later() -> None:
    """Who "my sister" and "she" are is known from the whole session; a first look could not know."""
    assert statements("My sister lives in Tromsø.", "She's a vet.", "Rain again.", "My sister Aino is visiting next week.") == [
        "User's sister Aino lives in Tromsø",
        "User's sister Aino is a vet",
        "User's sister Aino is visiting next week",
    ]


def test_two_sisters_stay_two() -> None:
    """A relation that two people have names neither."""
    found = statements("My sister Aino lives in Oslo. My sister Liv lives in Bergen.", "My sister hates olives.")
    assert found[-1] == "User's sister hates olives"


def test_a_nickname_and_a_first_name_are_the_same_person() -> None:
    """One entity, one subject; the other forms are aliases."""
    found = refined("Michael Dorn is my neighbour. He plays the drums.", "Mike hates cats.", "Michael lives in Ulm.")
    assert {observation.subject for observation in found} == {"michael dorn"}
    aliases = {alias for observation in found for mention in observation.mentions for alias in mention.aliases}
    assert aliases == {"mike", "michael", "user's neighbour"}


def test_a_role_is_an_alias() -> None:
    """What says "my sister" is found under her name."""
    (found,) = refined("My sister Aino lives in Oslo.")
    assert found.mentions[0] == Mention("Aino", "person", ("user's sister",))


def test_what_the_scope_knows_counts() -> None:
    """A name of an earlier session is the one that is used."""
    known = Known((KnownEntity("Hakala Yards", "organisation", ("hakala yards",)),))
    (found,) = refined("I work at Hakalla Yards.", known=known)
    assert [mention.name for mention in found.mentions] == ["Hakala Yards"]


@pytest.mark.parametrize(
    ("name", "known", "means"),
    [
        ("Jon", "Jan", ""),
        ("Anna", "Hanna", ""),
        ("Robert", "Roberta", ""),
        ("Bob", "Robert", "Robert"),
        ("Windows 10", "Windows 11", ""),
        ("Caroline", "Caroline Obi", "Caroline Obi"),
        ("Obi", "Caroline Obi", ""),
        ("Brightwey Bank", "Brightway Bank", "Brightway Bank"),
    ],
)
def test_how_alike_names_must_be(name: str, known: str, means: str) -> None:
    """Short names and numbers are never slips of the pen."""
    found = Names([KnownEntity(known, "person")]).canonical(name, "person")
    assert (found.name if found else "") == means


def test_a_name_that_fits_two_fits_none() -> None:
    """Undecidable: it stays a name of its own."""
    names = Names([KnownEntity("Samantha Roy", "person"), KnownEntity("Samantha Lind", "person")])
    assert names.canonical("Samantha", "person") is None


def test_almost_the_same_words_are_one_memory() -> None:
    """The same fact twice has one key; another number, name or a negation makes another."""
    keys = [
        observation.key
        for observation in refined(
            "I work at Hakala Yards.",
            "I work at Hakala Yards now.",
            "I still work at Hakala Yards.",
            "I don't work at Hakala Yards.",
            "I have 12 bee hives.",
            "I have 13 bee hives.",
        )
    ]
    assert keys[0] == keys[1] == keys[2]
    assert len(set(keys)) == 4


def test_a_double_of_what_the_scope_knows() -> None:
    """A near-double of an earlier session takes its key."""
    known = Known((), (KnownStatement("fact", "user", "User grows red peppers and tomatoes", 1),))
    (found,) = refined("I grow tomatoes and red peppers.", known=known)
    assert (found.type, found.key) == (MemoryType.FACT, "grows red peppers and tomatoes")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("I prefer green tea to black coffee.", "I prefer black coffee to green tea."),
        ("I moved from Oslo to Lisbon.", "I moved from Lisbon to Oslo."),
        ("I drive from the harbour to the office.", "I drive from the office to the harbour."),
    ],
)
def test_what_order_tells_is_not_lost(one: str, other: str) -> None:
    """The same words in another order can say the opposite: two memories."""
    keys = [observation.key for observation in refined(one, other)]
    assert len(set(keys)) == len(keys) >= 2


def test_a_double_is_found_however_others_were_read() -> None:
    """What was said first gives the key, whether or not what was said in between got its second look before."""
    first, second = "User grows red peppers and tomatoes", "User grows tomatoes and red peppers"
    known = Known((), tuple(KnownStatement("fact", "user", said, 1) for said in (first, second)))
    (found,) = refined("I grow tomatoes and red peppers.", known=known)
    assert found.key == "grows red peppers and tomatoes"


def test_a_game_in_between_costs_its_own_turns_only() -> None:
    """A story told in the session hides neither what came before it nor what comes long after."""
    found = statements("I live in Ulm.", "Let's pretend you are a dragon.", "I am the queen.", "ok", "hm", "I play the cello.")
    assert found == ["User lives in Ulm", "User plays the cello"]


def stories(*texts: str) -> list[tuple[str, int]]:
    """Episodes that several turns tell, each with the number of its turns."""
    told = [one.statement for one in refined(*texts) if "; " in one.statement]
    return [(statement, told.count(statement)) for statement in dict.fromkeys(told)]


def test_an_event_told_over_several_turns_is_one_episode_more() -> None:
    """It has a source in each of its turns, and what each turn says stays."""
    texts = "We went to Lund last weekend.", "I lost my scarf in Lund.", "In Lund we met Tove.", "I like tea."
    parts = ["User went to Lund last weekend", "User lost their scarf in Lund", "User met Tove in Lund"]
    found = refined(*texts)
    whole = [one for one in found if one.statement == "; ".join(parts)]
    assert stories(*texts) == [("; ".join(parts), 3)]
    assert [one.statement for one in found if "; " not in one.statement] == [*parts, "User likes tea"]
    assert {one.key for one in whole} == {whole[0].key}
    assert {mention.name for mention in whole[0].mentions} == {"Lund", "Tove"}


@pytest.mark.parametrize(
    "texts",
    [
        ("We went to Lund last weekend.", "I sold my bike."),
        ("We went to Lund last weekend.", "I like tea.", "I lost my scarf in Lund."),
        ("We went to Lund on 3 May 2020.", "We flew to Lund on 7 June 2021."),
        ("We went to Lund last weekend. I lost my scarf in Lund.",),
    ],
    ids=["nothing in common", "something between", "another day", "one turn"],
)
def test_what_is_no_one_event_stays_apart(texts: tuple[str, ...]) -> None:
    """A wrong story would be worse than none."""
    assert stories(*texts) == []


def spoken(*lines: str) -> list[Segmented]:
    """A session of several people: "Ana: We went to Lund."."""
    turns = (line.split(": ", 1) for line in lines)
    return [
        segment(parse(message(text, speaker=who, said=SAID + timedelta(seconds=number))))
        for number, (who, text) in enumerate(turns)
    ]


def test_an_answer_goes_on_with_what_was_told() -> None:
    """Who is asked what they did there tells of the same event; who is asked something else does not."""
    talk_of_two = spoken(
        "Ana: We went to Lund last weekend.",
        "Bo: And what did you do there?",
        "Ana: I visited the cathedral.",
        "Bo: Did you vote?",
        "Ana: I sold my car.",
    )
    found = RuleExtractor().refine(talk_of_two, Known())
    told = [observation.statement for one in found for observation in one.observations]
    assert [text for text in told if "; " in text] == ["Ana went to Lund last weekend; Ana visited the cathedral"] * 2
    assert "Ana sold their car" in told


def test_a_long_story_goes_on_in_the_next() -> None:
    """No memory grows without bound."""
    told = stories(*[f"We went to Lund by {way}." for way in ("bike", "boat", "bus", "car", "train", "tram")])
    assert [count for _, count in told] == [4, 2]
    assert all(len(statement) < 300 for statement, _ in told)
