"""What one fetch may expect of a ranking over scopes in memory."""

from __future__ import annotations

from dataclasses import replace

import pytest

from service.domain.errors import InvalidArgument
from service.domain.item import Item
from service.domain.kinds import PASSAGE, MemoryType
from service.retrieval.pack import tokens
from service.retrieval.rank import rank
from service.retrieval.request import EVERYTHING, RankedItem, RankRequest, kinds_of
from service.retrieval.scope import Scope
from tests.unit.retrieval.rows import DAY, NOW, embed, item

FILLER = [item(f"filler{number}", f"word{number} thing{number}", session=f"f{number}", number=number) for number in range(30)]
ASK = RankRequest(query_time=NOW)


def ask(question: str | list[str], items: list[Item], request: RankRequest = ASK, **changes: object) -> list[RankedItem]:
    """Rank items of one scope among thirty others."""
    questions = [question] if isinstance(question, str) else question
    return rank(questions, [Scope(1, 1, [*FILLER, *items])], embed, replace(request, **changes))  # type: ignore[arg-type]


def ids(found: list[RankedItem]) -> list[str]:
    """The ids of an answer in order."""
    return [one.item.item_id for one in found]


def test_what_speaks_of_the_question_comes_first() -> None:
    """Shared words and meaning put an item above the others, and scores fall from there."""
    found = ask("Which tea does she drink?", [item("tea", "she drinks green tea"), item("rain", "rain on the garden")])
    assert ids(found)[0] == "psg_tea"
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    assert all(0.0 <= one.score <= 1.0 for one in found)


def test_equal_items_are_ordered_by_id() -> None:
    """Equal scores never depend on chance."""
    twins = [item(name, "green tea", said_time=NOW - DAY) for name in ("c", "a", "b")]
    assert ids(ask("green tea", twins))[:3] == ["psg_a", "psg_b", "psg_c"]


def test_the_person_named_is_the_speaker_meant() -> None:
    """Of two equal turns the one said by the only participant named comes first."""
    turns = [item("ben", "the trip was fine", speaker="Ben"), item("ana", "the trip was fine", speaker="Ana")]
    assert ids(ask("How was Ana's trip?", turns))[0] == "psg_ana"
    assert ids(ask("How was Ben's trip?", turns))[0] == "psg_ben"


def test_first_person_questions_mean_the_user() -> None:
    """Asking for "my" trip prefers what the user said over what the assistant said."""
    turns = [item("bot", "the trip was fine", speaker="Assistant", role="assistant"), item("me", "the trip was fine")]
    assert ids(ask("How was my trip?", turns))[0] == "psg_me"


def test_a_date_in_the_question_prefers_its_time() -> None:
    """What was said in the month asked for comes before the same words said at another time."""
    turns = [item("now", "we met for lunch"), item("then", "we met for lunch", said_time=NOW - 60 * DAY)]
    assert ids(ask("Whom did we meet for lunch two months ago?", turns))[0] == "psg_then"


def test_a_when_question_prefers_what_tells_a_time() -> None:
    """Asked when, a turn that names a time comes before one that does not."""
    turns = [item("how", "we moved house"), item("when", "we moved house in June")]
    assert ids(ask("When did we move house?", turns))[0] == "psg_when"


def test_what_was_said_next_speaks_for_a_turn() -> None:
    """Of two equal turns the one to which somebody answered with the words of the question comes first."""
    turns = [
        item("plain", "I got it last week", session="a", number=501),
        item("after_plain", "nice weather", session="a", number=502),
        item("answered", "I got it last week", session="b", number=601),
        item("answer", "a new piano, wonderful", session="b", number=602),
    ]
    found = ids(ask("Who got a new piano?", turns, max_results=50))
    assert found.index("psg_answered") < found.index("psg_plain")


def test_between_people_a_question_is_no_answer() -> None:
    """A turn that ends with a question ranks lower in a talk of named people, and not where a user asks an assistant."""
    people = [
        item("asks", "the garden party?", speaker="Ben", number=700),
        item("tells", "the garden party", speaker="Ana", number=800),
    ]
    assert ids(ask("garden party", people))[0] == "psg_tells"
    alone = {one.item.item_id: one for one in ask("garden party", [item("asks", "the garden party?", number=700)], explain=True)}
    assert "asks" not in {signal.name for signal in alone["psg_asks"].signals}


def test_a_turn_takes_one_place_with_its_best_chunk() -> None:
    """Head and further chunks of a turn never come twice; the text that answers is served."""
    head = item("head", "a long report about the office")
    chunks = [item("c1", "tea budget for spring", parent="psg_head"), item("c2", "tea budget", parent="psg_head")]
    found = ask("tea budget", [head, *chunks], max_results=50)
    assert len({one.item.parent or one.item.item_id for one in found}) == len(found) == 31
    assert ids(found)[0] in {"psg_c1", "psg_c2"}


def test_only_named_types_are_served() -> None:
    """Facts alone, excerpts alone, or everything in one ranking."""
    fact = item("x", "drinks tea", kind=str(MemoryType.FACT), item_id="mem_x")
    said = item("y", "I drink tea")
    assert ids(ask("tea", [fact, said], kinds=kinds_of(["facts"]))) == ["mem_x"]
    assert "mem_x" not in ids(ask("tea", [fact, said], kinds=kinds_of(["excerpts"]), max_results=50))
    assert set(ids(ask("tea", [fact, said]))[:2]) == {"mem_x", "psg_y"}


@pytest.mark.parametrize(
    ("names", "kinds"),
    [
        ([], EVERYTHING),
        (["all"], EVERYTHING),
        (["facts", "Preference"], {"fact", "preference"}),
        (["temporal"], {"temporal_event"}),
        (["temporal-events", "excerpts"], {"temporal_event", PASSAGE}),
    ],
)
def test_types_have_the_names_that_users_know(names: list[str], kinds: set[str]) -> None:
    """Singular, plural, `temporal` and `excerpts` are understood."""
    assert kinds_of(names) == kinds


def test_an_unknown_type_is_refused_by_name() -> None:
    """The answer names the type and what is allowed."""
    with pytest.raises(InvalidArgument, match="'dreams' is no type"):
        kinds_of(["dreams"])


def test_what_is_no_longer_true_is_served_only_for_its_time() -> None:
    """A memory whose validity ended is absent now and there for a question as of then; one said later is not."""
    old = item("old", "lives in Porto", valid_until=NOW - 5 * DAY, said_time=NOW - 50 * DAY)
    new = item("new", "lives in Lyon", valid_from=NOW - 5 * DAY, said_time=NOW - 5 * DAY)
    assert "psg_old" not in ids(ask("lives in", [old, new], max_results=50))
    then = ids(ask("lives in", [old, new], as_of=NOW - 20 * DAY, max_results=50))
    assert "psg_old" in then
    assert "psg_new" not in then


def test_metadata_is_matched_exactly() -> None:
    """Every key of the filter must be there with an equal value; true is not 1, but 1 is 1.0."""
    rows = [
        item("a", "tea", metadata='{"team": "red", "level": 1, "tags": ["x", {"y": null}]}'),
        item("b", "tea", metadata='{"team": "red", "level": true}'),
        item("c", "tea", metadata='{"team": "blue"}'),
        item("d", "tea"),
    ]
    assert ids(ask("tea", rows, metadata={"team": "red"})) == ["psg_a", "psg_b"]
    assert ids(ask("tea", rows, metadata={"team": "red", "level": 1.0})) == ["psg_a"]
    assert ids(ask("tea", rows, metadata={"tags": ["x", {"y": None}]})) == ["psg_a"]
    assert ids(ask("tea", rows, metadata={"' OR 1=1 --": "%"})) == []


def test_turns_shown_as_recent_do_not_rank() -> None:
    """The question just recorded never comes back as the best excerpt; the same words elsewhere do."""
    rows = [
        item("now", "which tea do I like", number=900),
        item("elsewhere", "which tea do I like", number=900, conversation="other"),
        item("fact", "likes which tea", number=900, kind=str(MemoryType.FACT), item_id="mem_fact"),
    ]
    found = ids(ask("Which tea do I like?", rows, recent_conversation="talk", recent_numbers=frozenset({900}), max_results=50))
    assert "psg_now" not in found
    assert {"psg_elsewhere", "mem_fact"} <= set(found)


def test_several_questions_give_one_ranking() -> None:
    """Each item comes once, with its best score and all questions that found it."""
    rows = [item("tea", "green tea"), item("dog", "brown dog"), item("both", "green dog")]
    found = ask(["green tea", "brown dog"], rows, max_results=3)
    assert set(ids(found)) == {"psg_tea", "psg_dog", "psg_both"}
    by_id = {one.item.item_id: one for one in found}
    alone = {one.item.item_id: one for one in ask("green tea", rows, max_results=3)}
    assert by_id["psg_tea"].raw_score == alone["psg_tea"].raw_score
    assert by_id["psg_both"].matched_queries == (0, 1)


def test_without_a_question_the_most_recent_and_certain_come_first() -> None:
    """Blank questions count as none; age and doubt push an item down."""
    rows = [
        item("old", "tea", said_time=NOW - 90 * DAY),
        item("doubtful", "tea", said_time=NOW, confidence=0.2),
        item("sure", "tea", said_time=NOW),
    ]
    scope = Scope(1, 1, rows)
    for questions in ([], ["  "]):
        assert ids(rank(questions, [scope], embed, ASK)) == ["psg_sure", "psg_doubtful", "psg_old"]


def test_an_answer_keeps_within_its_budget() -> None:
    """Items are cut in rank order, by count and by the estimated tokens of their texts."""
    rows = [item(f"t{number}", "tea " * 20) for number in range(9)]
    assert len(ask("tea", rows, max_results=4)) == 4
    found = ask("tea", rows, token_budget=2 * tokens("tea " * 20) + 3)
    assert len(found) == 2
    assert ask("tea", rows, token_budget=0) == []


def test_explained_items_say_why() -> None:
    """The contributions of the signals add up to the raw score."""
    found = ask("When did Ana drink tea?", [item("a", "Ana drank tea yesterday", speaker="Ana")], explain=True)[0]
    assert {signal.name for signal in found.signals} >= {"meaning", "words", "speaker", "time_word", "session"}
    assert sum(signal.contribution for signal in found.signals) == pytest.approx(found.raw_score, abs=1e-4)
    assert ask("tea", [item("a", "tea")])[0].signals == ()


def test_several_scopes_are_ranked_as_one() -> None:
    """Statistics span all scopes read, and neither the order of scopes nor the split changes the ranking."""
    rows = [item(f"r{number}", f"tea garden w{number % 3}", said_time=NOW - number * DAY) for number in range(12)]
    whole = [Scope(1, 1, rows)]
    split = [Scope(2, 1, rows[7:]), Scope(1, 1, rows[:7])]
    one, two, three = (
        [(x.item.item_id, x.raw_score) for x in rank(["garden w1"], scopes, embed, ASK)] for scopes in (whole, split, split[::-1])
    )
    assert one == two == three


def test_nothing_to_read_is_nothing_found() -> None:
    """No scopes, or scopes without rows, give an empty answer."""
    assert rank(["tea"], [], embed, ASK) == []
    assert rank(["tea"], [Scope(1)], embed, ASK) == []
    assert rank([], [], embed, ASK) == []
