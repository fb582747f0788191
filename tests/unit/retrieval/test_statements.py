"""A memory and its excerpt in the one place they have: which of them is shown, and that no word is lost by it."""

from __future__ import annotations

from service.retrieval.request import RankedItem, kinds_of
from tests.unit.retrieval.memories import memory
from tests.unit.retrieval.rows import item
from tests.unit.retrieval.test_memories import ask

SAID = item("said", "work mostly, Ana is an architect in Lisbon and has a dog", session="a", number=501)
JOB = memory("job", "Ana is an architect", ["said"])
DOG = memory("dog", "Ana has a dog", ["said"])


def shown(found: list[RankedItem]) -> list[tuple[str, str]]:
    """What an answer shows of these three: (id, id of the excerpt beside it)."""
    pairs = [(one.item.item_id, one.excerpt.item_id if one.excerpt else "") for one in found]
    return [pair for pair in pairs if pair[0] in ("psg_said", "mem_job", "mem_dog")]


def test_a_statement_that_is_asked_for_stands_in_the_place_of_its_excerpt() -> None:
    """It comes first, with the words that were said, and with the score that the place has without it."""
    found = ask("Who is an architect?", [SAID, JOB])

    assert shown(found) == [("mem_job", "psg_said")]
    assert found[0].item.item_id == "mem_job"


def test_of_two_statements_the_one_that_was_asked_for_is_shown() -> None:
    """The other one keeps out of that place, and is never shown in two."""
    assert shown(ask("Who is an architect?", [SAID, JOB, DOG]))[0] == ("mem_job", "psg_said")
    assert shown(ask("Who has a dog?", [SAID, JOB, DOG]))[0] == ("mem_dog", "psg_said")


def test_a_statement_never_stands_beside_another_of_its_excerpts() -> None:
    """What was said twice is told by both excerpts, or by the statement with one of them: not by the statement and the other excerpt too."""
    again = item("again", "yes, Ana is an architect, that is her job", session="b", number=502)
    twice = memory("twice", "Ana is an architect", ["said", "again"])

    found = ask("Who is an architect?", [SAID, again, twice])

    told = [one.item.item_id for one in found if one.item.item_id in ("psg_said", "psg_again", "mem_twice")]
    assert set(told) in ({"psg_said", "psg_again"}, {"mem_twice"})
    assert len(told) == len(set(told))


def test_an_excerpt_that_says_more_of_it_stays() -> None:
    """A question about words that no statement has is answered by the excerpt."""
    assert shown(ask("Who works mostly in Lisbon?", [SAID, DOG]))[0] == ("psg_said", "")


def test_what_was_not_asked_for_is_not_beside_it() -> None:
    """With types of memories no excerpt, with excerpts no memory."""
    assert shown(ask("Who is an architect?", [SAID, JOB], kinds=kinds_of(["facts"]))) == [("mem_job", "")]
    assert shown(ask("Who is an architect?", [SAID, JOB], kinds=kinds_of(["excerpts"]))) == [("psg_said", "")]


def test_the_words_beside_count_in_the_budget() -> None:
    """An answer that may be as long as the statement alone has no room for it with its excerpt."""
    assert shown(ask("Who is an architect?", [SAID, JOB], token_budget=8)) == []
    assert shown(ask("Who is an architect?", [SAID, JOB], token_budget=25)) == [("mem_job", "psg_said")]
