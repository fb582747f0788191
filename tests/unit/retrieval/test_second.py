"""The second pass of accurate fetches: word pieces that match, the texts around, and a cache that stays within its room."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from service.domain.item import Item
from service.embedders.base import TokenVectors
from service.retrieval.rank import rank
from service.retrieval.request import RankedItem, RankRequest, kinds_of
from service.retrieval.scope import Scope
from service.retrieval.second import SecondPass
from service.retrieval.tokens import TokenCache, best_matches, embedded_text
from tests.unit.retrieval.memories import memory
from tests.unit.retrieval.rows import DAY, NOW, embed, item, vector_of

FILLER = [
    item(
        f"filler{number}", f"word{number} thing{number}", session=f"f{number}", number=number, speaker=["Ana", "Ben"][number % 2]
    )
    for number in range(30)
]
"""Two people talk."""


class Pieces:
    """A word piece for every word, with the vector of the word; remembers what it was asked."""

    def __init__(self) -> None:
        """Nothing was asked yet."""
        self.asked: list[str] = []

    def __call__(self, texts: Sequence[str]) -> list[TokenVectors]:
        """Embed word by word."""
        self.asked.extend(texts)
        return [self._one(text) for text in texts]

    def _one(self, text: str) -> TokenVectors:
        words = list(re.finditer(r"\w+", text.lower()))
        vectors = np.array([vector_of(word[0]) for word in words], np.float32).reshape(len(words), 384)
        return TokenVectors(vectors, tuple(word.span() for word in words))


def ask(question: str, rows: list[Item], second: SecondPass | None, **changes: object) -> list[RankedItem]:
    """Rank rows of one scope among thirty others."""
    request = RankRequest(query_time=NOW, **changes)  # type: ignore[arg-type]
    return rank([question], [Scope(1, 1, [*FILLER, *rows])], embed, request, second=second)


def _pass(pieces: Pieces, room: int = 10**6) -> SecondPass:
    return SecondPass(TokenCache(room), pieces)


def test_the_words_of_a_question_are_looked_for_one_by_one() -> None:
    """A text that has all the words leads over one that has one of them often, and says by which signals."""
    rows = [item("one", "piano piano piano"), item("all", "a red piano from the church")]
    found = ask("the red piano of the church", rows, _pass(Pieces()), explain=True)
    assert found[0].item.item_id == "psg_all"
    signals = {signal.name: signal for signal in found[0].signals}
    assert signals["around"].rank == 1
    assert abs(sum(signal.contribution for signal in found[0].signals) - found[0].raw_score) < 1e-4


def test_what_stands_around_a_turn_speaks_for_it() -> None:
    """Of two equal turns the one whose neighbours have the words of the question comes first."""
    rows = [
        item("plain", "I got it last week", session="a", number=501),
        item("asked", "did you get the red piano", session="b", number=600),
        item("answer", "I got it last week", session="b", number=601),
    ]
    found = [one.item.item_id for one in ask("the red piano", rows, _pass(Pieces()), max_results=50)]
    assert found.index("psg_answer") < found.index("psg_plain")


def test_in_talks_with_an_assistant_one_pass_is_enough() -> None:
    """Nothing is read again, and the answer is that of a fast fetch."""
    pieces, scope = (
        Pieces(),
        Scope(1, 1, [item("tea", "green tea"), item("dog", "brown dog", role="assistant", speaker="Assistant")]),
    )
    request = RankRequest(query_time=NOW)
    assert rank(["green tea"], [scope], embed, request, second=_pass(pieces)) == rank(["green tea"], [scope], embed, request)
    assert pieces.asked == []


def test_what_was_read_is_not_read_again() -> None:
    """A second fetch embeds the question alone; a changed item is read anew."""
    pieces = Pieces()
    second, rows = _pass(pieces), [item("tea", "green tea")]
    ask("green tea", rows, second)
    pieces.asked.clear()
    ask("green tea", rows, second)
    assert pieces.asked == ["green tea"]
    ask("green tea", [item("tea", "black tea", version=2)], second)
    assert pieces.asked[1:] == ["green tea", "black tea"]


def test_the_cache_stays_within_its_room() -> None:
    """What was not used for longest goes first, and a room for nothing still answers."""
    pieces, items = Pieces(), [item(f"t{number}", "one two three four") for number in range(20)]
    cache = TokenCache(5 * 4 * 384)
    cache.of(items, pieces)
    pieces.asked.clear()
    cache.of(items[-5:], pieces)
    assert pieces.asked == []
    cache.of(items[:1], pieces)
    assert len(pieces.asked) == 1
    assert len(TokenCache(0).of(items, pieces)) == 20


def test_texts_without_word_pieces_match_nothing() -> None:
    """An emoji, an empty text, a question without words: zeros, and no error."""
    question = np.ones((2, 4), np.float32)
    texts = [np.zeros((0, 4), np.int8), np.full((3, 4), 127, np.int8), np.zeros((0, 4), np.int8)]
    assert best_matches(question, texts).tolist() == [[0, 0], [4, 4], [0, 0]]
    assert best_matches(np.zeros((0, 4), np.float32), texts).shape == (3, 0)
    assert ask("\U0001f389", [item("party", "\U0001f389")], _pass(Pieces())) != []


def test_names_are_read_as_they_were_stored() -> None:
    """A turn is read with its speaker's name, a role or a memory without; only the head of a long text is."""
    assert embedded_text(item("a", "hello", speaker="Ana")) == "Ana: hello"
    assert embedded_text(item("b", "hello", speaker="User")) == "hello"
    assert embedded_text(memory("c", "likes tea", [], speaker="ana")) == "likes tea"
    assert len(embedded_text(item("d", "word " * 900)).split()) == 60


def test_what_held_once_stays_behind_in_the_second_pass_too() -> None:
    """However well its word pieces match, the excerpt of the superseded statement stands behind the new one."""
    rows = [
        item("then", "Ana live in Porto", said_time=NOW - 90 * DAY, session="a", number=501),
        item("now", "we moved, Ana is in Lyon", said_time=NOW - 10 * DAY, session="b", number=601),
        memory("porto", "Ana live in Porto", ["then"], superseded_by="lyon", valid_until=NOW - 10 * DAY),
        memory("lyon", "Ana live in Lyon", ["now"]),
    ]
    kinds = kinds_of(["excerpts"])
    found = [one.item.item_id for one in ask("Where does Ana live in?", rows, _pass(Pieces()), kinds=kinds)]
    assert found.index("psg_now") < found.index("psg_then")
