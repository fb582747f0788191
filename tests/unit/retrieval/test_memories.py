"""Memories and excerpts in one ranking: one place for what says the same, statements found by what stood around them, and now before once."""

from __future__ import annotations

import json
from dataclasses import replace

from service.domain.item import Item
from service.retrieval.rank import rank
from service.retrieval.request import RankedItem, RankRequest, kinds_of
from service.retrieval.scope import Scope
from service.retrieval.sources import Places, excerpts_of
from tests.unit.retrieval.memories import memory
from tests.unit.retrieval.rows import DAY, NOW, embed, item

FILLER = [item(f"filler{number}", f"word{number} thing{number}", session=f"f{number}", number=number) for number in range(30)]
ASK = RankRequest(query_time=NOW)
FACTS = kinds_of(["facts"])


def ask(question: str | list[str], items: list[Item], **changes: object) -> list[RankedItem]:
    """Rank items of one scope among thirty others."""
    questions = [question] if isinstance(question, str) else question
    return rank(questions, [Scope(1, 1, [*FILLER, *items])], embed, replace(ASK, **changes))  # type: ignore[arg-type]


def ids(found: list[RankedItem]) -> list[str]:
    """The ids of an answer in order."""
    return [one.item.item_id for one in found]


def test_a_memory_and_its_excerpt_take_one_place() -> None:
    """Whichever answers better is shown, the other is not, and two memories of one excerpt are two things."""
    said = item("said", "we moved to Porto and bought a piano")
    home, piano = memory("home", "lives in Porto", ["said"]), memory("piano", "has a piano", ["said"])
    found = ids(ask("Who lives in Porto and has a piano?", [said, home, piano], max_results=50))
    assert ("psg_said" in found) != bool({"mem_home", "mem_piano"} & set(found))
    assert {"mem_home", "mem_piano"} <= set(ids(ask("Who lives in Porto, who has a piano?", [home, piano], max_results=50)))


def test_they_take_one_place_over_several_questions_too() -> None:
    """A memory that one question finds and the excerpt that another finds are never shown together."""
    said = item("said", "we bought a piano when we moved to Porto by train")
    home = memory("home", "lives in Porto", ["said"])
    found = ids(ask(["bought a piano by train", "lives in Porto"], [said, home], max_results=50))
    assert len({"psg_said", "mem_home"} & set(found)) == 1


def test_a_further_chunk_is_the_excerpt_of_its_turn() -> None:
    """A memory made of a long turn takes the place of all of the turn."""
    head, chunk = item("head", "a long report"), item("chunk", "tea budget", parent="psg_head")
    found = ids(ask("tea budget", [head, chunk, memory("budget", "tea budget", ["head"])], max_results=50))
    assert len({"psg_head", "psg_chunk", "mem_budget"} & set(found)) == 1


def test_a_fact_is_found_by_what_stood_around_it() -> None:
    """Asked for facts only, a statement that shares no word with the question comes first because its excerpt does."""
    said = item("said", "since the wedding we are in the yellow house by the river", session="a", number=501)
    fact = memory("home", "lives at Rua das Flores 12", ["said"])
    others = [memory(f"m{number}", f"likes thing{number}", [f"filler{number}"]) for number in range(20)]
    assert ids(ask("Who has the house by the river?", [said, fact, *others], kinds=FACTS))[0] == "mem_home"


def test_what_a_caller_wrote_names_no_excerpt() -> None:
    """Only the service's own provenance counts, not a text that looks like it."""
    fact = memory("x", "x", [])
    assert excerpts_of(replace(fact, details='{"value":"\\"passage\\":\\"psg_said\\"","sources":[]}')) == ()
    assert excerpts_of(replace(memory("x", "x", ["a", "b", "a"]))) == ("psg_a", "psg_b")
    places = Places()
    assert places.take(memory("x", "x", ["a"])) and not places.take(item("a", "a")) and places.take(memory("y", "y", ["a"]))


def _homes() -> list[Item]:
    """Somebody lived in Porto, and lives in Lyon."""
    return [
        item("then", "Ana live in Porto, and my dog is called Rex", said_time=NOW - 90 * DAY, session="a", number=501),
        item("now", "we moved, Ana is in Lyon", said_time=NOW - 10 * DAY, session="b", number=601),
        memory(
            "porto",
            "Ana live in Porto",
            ["then"],
            superseded_by="lyon",
            valid_from=NOW - 90 * DAY,
            valid_until=NOW - 10 * DAY,
            said_time=NOW - 90 * DAY,
        ),
        memory("lyon", "Ana live in Lyon", ["now"], valid_from=NOW - 10 * DAY, said_time=NOW - 10 * DAY),
    ]


def test_what_holds_now_comes_before_what_held_once() -> None:
    """Asked about now, the excerpt of the superseded statement stands behind the new one, although it has more words of the question."""
    for kinds in (kinds_of(["excerpts"]), kinds_of(["all"])):
        found = ids(ask("Where does Ana live?", _homes(), kinds=kinds, max_results=50))
        assert min(found.index(each) for each in ("psg_now", "mem_lyon") if each in found) < found.index("psg_then")
        assert "mem_porto" not in found


def test_an_old_excerpt_still_answers_what_else_it_says() -> None:
    """What was superseded is one statement of the excerpt; a question about another one finds it first."""
    assert ids(ask("What is my dog called?", _homes()))[0] == "psg_then"


def test_what_was_superseded_is_served_for_its_time() -> None:
    """A question that asks about the past, names its time, or is asked as of then, gets the superseded memory; another does not."""
    homes = _homes()
    assert "mem_porto" in ids(ask("Where did Ana live two months ago?", homes, kinds=FACTS))
    assert "mem_porto" in ids(ask("Where did Ana live previously?", homes, kinds=FACTS))
    assert ids(ask("Where does Ana live?", homes, kinds=FACTS, as_of=NOW - 30 * DAY)) == ["mem_porto"]
    assert "mem_porto" not in ids(ask("Where does Ana live today?", homes, kinds=FACTS))
    assert "mem_porto" not in ids(ask("Where will Ana live in 2090?", homes, kinds=FACTS))


def test_the_latest_of_many_values_comes_first() -> None:
    """Of a chain of values, each superseding the one before, the excerpt of the last one leads."""
    said = [
        item(
            f"home{number}",
            f"Ana live in town{number}" if number < 4 else "moved, Ana is in town4",
            session=f"h{number}",
            number=900,
        )
        for number in range(5)
    ]
    kept = [
        memory(
            f"home{number}",
            f"Ana live in town{number}",
            [f"home{number}"],
            superseded_by=f"home{number + 1}" if number < 4 else "",
            valid_until=NOW - (9 - number) * DAY if number < 4 else None,
        )
        for number in range(5)
    ]
    assert ids(ask("Where does Ana live?", [*said, *kept], kinds=kinds_of(["excerpts"])))[0] == "psg_home4"


def test_explained_signals_have_places() -> None:
    """Every signal tells what was measured, the place by it, and whether it is a boost; contributions still add up."""
    found = ask("Where does Ana live?", _homes(), explain=True)[0]
    by_name = {signal.name: signal for signal in found.signals}
    assert by_name["words"].rank >= 1 and not by_name["words"].is_boost
    assert by_name["session"].is_boost
    assert abs(sum(signal.contribution for signal in found.signals) - found.raw_score) < 1e-4


def _sister(name: str) -> Item:
    """A memory that says whose sister somebody is."""
    edge = {"subject": name, "predicate": "sister_of", "object": "User"}
    told = memory(f"sister{name}", f"User's sister is called {name}", ["filler1"])
    return replace(told, details=told.details.replace("{", f'{{"relations":[{json.dumps(edge, separators=(",", ":"))}],', 1))


def test_a_role_brings_the_name_along() -> None:
    """Asked for the sister, what is said of Ana is found although nobody says "sister" there; and the other way round."""
    rows = [
        item("clinic", "Ana has a clinic"),
        item("wedding", "sister had a party"),
        item("x", "Zoe has a clinic"),
        _sister("Ana"),
    ]
    assert ids(ask("Has my sister a clinic?", rows, kinds=kinds_of(["excerpts"])))[0] == "psg_clinic"
    found = ids(ask("When was Ana's party?", [*rows, item("y", "Zoe had a party")], kinds=kinds_of(["excerpts"]), max_results=50))
    assert found.index("psg_wedding") < found.index("psg_y")


def test_who_is_whom_is_forgotten_with_its_memory() -> None:
    """A deleted memory brings nothing along any more."""
    scope = Scope(1, 1, [*FILLER, item("clinic", "Ana has a clinic"), item("x", "a clinic"), _sister("Ana")])
    assert scope.population().kin
    scope.apply((), ["mem_sisterAna"], 2)
    assert not scope.population().kin
